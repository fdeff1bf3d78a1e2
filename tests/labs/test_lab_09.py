"""Volume I, lab 9: clear keys, safe starts, worked values, tables that are measured."""

import numpy as np
import pytest

from labs.contract import TRACKS
from labs.explore.vol1.lab_09_data_selection import measured
from labs.loader import load_lab
from tests.labs import measure_selection
from tests.labs.trying import Trying

LAB = load_lab("v1-09-data-selection")
TRYING = Trying(LAB)
PARTS, combinations, one, at = TRYING.parts, TRYING.combinations, TRYING.one, TRYING.at


def test_part_a_follows_its_curve_back_to_what_was_allowed():
    p = one("a", "cloud", error=0.05, exponent=0.25)
    facts = PARTS["a"].model.facts(p)

    assert PARTS["a"].model.questions(p)[0].key == pytest.approx(1 - 1.2**-4)
    assert facts["halve"] == pytest.approx(16)
    assert at("a", p, kept=0.5)["error_now"] == pytest.approx(0.05 * 2**0.25)
    assert at("a", p, copies=0.6)["error_now"] == at("a", p, kept=0.4)["error_now"]
    assert at("a", p, price=100.0)["blown"]


def test_part_b_the_same_score_is_a_gift_and_a_trap():
    p = combinations("b", "cloud")[0]

    clean = at("b", p, way="hardest", kept=0.3, wrong=0, trainings=10)
    dirty = at("b", p, way="hardest", kept=0.3, wrong=10, trainings=10)
    easy = at("b", p, way="easiest", kept=0.9, wrong=10, trainings=1)
    # Nothing lost, beyond the errors of both; almost half of it lost; and more than everything.
    assert abs(clean["over_everything"]) < 2 * clean["uncertainty"]
    assert dirty["misled"]
    assert dirty["over_chance"] < -30
    assert easy["over_everything"] > 5
    assert at("b", p, way="random")["scores_hours"] == 0
    assert at("b", p, way="easiest", kept=0.5)["misled"]


def test_part_b_scores_pay_when_they_are_shared():
    for p in combinations("b", "tiny"):
        facts = PARTS["b"].model.facts(p)
        alone, enough = (
            facts["scores_share"] / m + float(p["share"]) for m in (1, max(1, facts["reuse"]))
        )
        assert (alone > 1) == (facts["hours_total"] > float(p["full"]))
        assert enough <= 1


def test_part_c_the_slower_of_two_sets_the_pace():
    p = one("c", "mobile", machine="t4", workers=3, operations=5)
    facts = PARTS["c"].model.facts(p)

    # 3 cores, 16 ms for each: 187.5 of 530 a second.
    assert facts["supplied"] == pytest.approx(187.5)
    assert PARTS["c"].model.questions(p)[0].key == pytest.approx(187.5 / 530)
    assert at("c", p, workers=16, operations=5)["busy"] == 1
    hurried = at("c", p, workers=4, operations=5, faster=4.0)
    assert hurried["busy"] == pytest.approx(250 / 530 / 4)
    assert hurried["rate"] == pytest.approx(250)
    assert at("c", p, workers=1, operations=10, faster=2.0)["starving"]


@pytest.mark.parametrize("track", TRACKS)
def test_part_d_the_best_cut_is_the_least_loss_and_clearly_so(track):
    for p in combinations("d", track):
        facts = PARTS["d"].model.facts(p)
        losses = {size: facts[f"{size}_loss"] for size in ("small", "middle", "large")}
        assert min(losses, key=lambda size: losses[size]) == p["best"]
        # Above the floor by a fifth, and by more than such laws can tell apart.
        assert facts["next_times"] > 1.2
        assert sorted(losses.values())[1] - min(losses.values()) > 0.035


@pytest.mark.parametrize(
    ("track", "money", "price", "best", "loss"),
    [("cloud", 500e3, 5e-7, (19.8, 237.0, 6), 2.0220),
     ("edge", 50e3, 2e-7, (2.39, 75.0, 16), 2.1735),
     ("mobile", 20e3, 2e-7, (1.18, 56.2, 12), 2.2641),
     ("tiny", 1e3, 5e-8, (0.089, 13.3, 24), 2.8075)],
)  # fmt: skip
def test_the_best_plan_is_found_by_search(track, money, price, best, loss):
    p = one("d", track, plan_money=money, plan_token=price)
    design, least = PARTS["d"].model.challenge.optimum(p)

    assert tuple(design.values()) == pytest.approx(best)
    assert least + 1.8172 == pytest.approx(loss, abs=2e-4)


@pytest.mark.parametrize("track", TRACKS)
def test_every_limit_of_the_plan_binds_and_once_is_not_enough(track):
    challenge = PARTS["d"].model.challenge
    for p in combinations("d", track)[:2]:
        knobs = challenge.variables(p)
        grid = np.meshgrid(*[np.arange(len(knob.steps)) for knob in knobs], indexing="ij")
        k = {
            knob.id: np.asarray(knob.steps)[i.ravel()] for knob, i in zip(knobs, grid, strict=True)
        }
        outputs = challenge.assess(p, k)
        for name in ("over_budget", "too_large", "no_such_text"):
            assert 0.03 < outputs[name].mean() < 0.97, name
        loss = np.where(outputs["feasible"], outputs["objective"], np.inf)
        assert loss.min() < 0.9 * loss[k["epochs"] == 1].min()
        assert loss.min() < loss[k["epochs"] == 64].min()


def test_the_accuracies_are_what_training_on_the_part_gives():
    wrong_first = measure_selection.measure("hardest", 10, 1, 0.3)
    without_worst = measure_selection.measure("easiest", 10, 1, 0.9)

    # Sums of floats differ by machine; a point or two is far less than what is told apart here.
    assert wrong_first[0] == pytest.approx(measured.KEPT["hardest", 10, 1, 0.3][0], abs=0.03)
    assert without_worst[0] == pytest.approx(measured.KEPT["easiest", 10, 1, 0.9][0], abs=0.015)


def test_the_tables_say_how_they_were_measured():
    assert (measure_selection.SHARES, measure_selection.SEEDS) == (measured.SHARES, measured.SEEDS)
    assert measured.WARM_UPS == measure_selection.WARM_UPS
    assert measured.TESTED["pool"] == measure_selection.POOL
    assert len(measured.KEPT) == 2 * (10 + 2 * 3 * 9)
