"""Volume I, lab 3: clear keys, safe starts, figures by hand, measured tries, a release."""

import numpy as np
import pytest

from labs.contract import TRACKS
from labs.explore.vol1.lab_03_ml_workflow.measured import ACCURACIES, HELD_OUT, READ_RIGHT
from labs.explore.vol1.lab_03_ml_workflow.soon import SITES
from labs.loader import load_lab
from tests.labs.measure_settings import read_right, settings
from tests.labs.trying import Trying

LAB = load_lab("v1-03-constraint-tax")
TRYING = Trying(LAB)
PARTS, combinations, one, at = TRYING.parts, TRYING.combinations, TRYING.one, TRYING.at


@pytest.mark.parametrize("track", TRACKS)
def test_in_part_a_what_somebody_chose_does_not_fit_and_eight_bits_do(track):
    for p in combinations("a", track):
        facts = PARTS["a"].model.facts(p)
        assert facts["over"] > 1.1
        assert at("a", p, format_now="fp32")["infeasible"]
        assert not at("a", p, format_now="int8")["infeasible"]


def test_part_a_redoes_what_was_built_on_the_choice_and_spares_the_rest():
    p = one("a", "edge", growth=3.0, found=4)

    assert PARTS["a"].model.questions(p)[0].key == 135
    assert at("a", p, found_at=4, bound_at=1)["work"] == pytest.approx(135)
    assert at("a", p, found_at=4, bound_at=3)["work"] == pytest.approx(135 - 15)
    assert at("a", p, found_at=2, bound_at=4)["work"] == 0


@pytest.mark.parametrize("track", TRACKS)
def test_in_part_b_the_average_is_missed_by_more_than_a_third(track):
    for p in combinations("b", track):
        facts = PARTS["b"].model.facts(p)
        assert 0.34 < facts["ever_missed"] < 0.37
        assert facts["chance_fast"] > facts["chance_slow"]
        assert at("b", p, careful=p["slow"], horizon=1)["unfinished"]


def test_part_b_real_tries_are_what_training_gives_again():
    tried = settings()

    assert len(tried) == len(READ_RIGHT) == 300
    # Other libraries of matrices add up in another order: calm settings, and some digits' room.
    for number in (1, 7, 17, 30):
        assert read_right(tried[number]) == pytest.approx(READ_RIGHT[number], abs=8)
    assert max(ACCURACIES) == 710 / HELD_OUT


def test_part_b_more_tries_gain_less_and_less():
    p = one("b", "cloud", share=0.05)
    best = [float(at("b", p, careful=3600.0, horizon=w)["best_careful"]) for w in (1, 4, 52)]

    assert best == sorted(best)
    assert best[1] - best[0] > best[2] - best[1]


def test_part_b_counts_whole_tries_and_weeks():
    curves = PARTS["b"].model.curves(one("b", "cloud"), TRYING.settings("b", one("b", "cloud")))

    for name in ("tries", "weeks"):
        assert np.all(np.diff(curves[name][0]) >= 1)
        assert np.all(curves[name] == np.round(curves[name]))


def test_part_c_a_night_of_forty_gigabytes_takes_two_days():
    p = one("c", "edge", faster=5.0, images=2500, share=0.23)

    assert PARTS["c"].model.questions(p)[0].key == pytest.approx(0.184)
    full = at("c", p, sent=1.0, link_faster=1.0)
    assert full["upload_now"] == pytest.approx(160e3)
    assert full["idle"]
    assert not at("c", p, sent=1.0, link_faster=5.0)["idle"]
    assert at("c", p, activity_now="cleansing", faster_now=2.0) == {
        **at("c", p), "share_now": 0.26, "saved_now": pytest.approx(0.13), "faster_at": 2.0,
        "speedup_now": pytest.approx(1 / 0.87),
    }  # fmt: skip


def test_part_d_doubles_five_clinics_six_times():
    p = one("d", "edge", start=5, end=200, factor=2.0)

    assert PARTS["d"].model.questions(p)[0].key == 6
    doubled = at("d", p, grow=2.0)
    assert doubled["loops_now"] == 6
    # The last but one step goes from 80 to 160: 2,522 of 160 × 20 a day, and a week.
    assert doubled["worst"] == pytest.approx(80 * 20 * (2522.5 / 3200 + 7), rel=1e-3)
    assert at("d", p, grow=8.0)["too_many"]


@pytest.mark.parametrize("track", TRACKS)
def test_each_limit_of_the_release_binds_somewhere_and_plans_differ(track):
    challenge = PARTS["d"].model.challenge
    tasks = {(p["task_exposed"], p["task_link"]): p for p in combinations("d", track)}
    binds: dict[str, list[float]] = {}
    best = set()

    for p in tasks.values():
        knobs = challenge.variables(p)
        grid = np.meshgrid(*[np.arange(len(knob.steps)) for knob in knobs], indexing="ij")
        k = {n.id: np.asarray(n.steps)[i.ravel()] for n, i in zip(knobs, grid, strict=True)}
        outputs = challenge.assess(p, k)
        for name in ("too_slow", "too_large", "too_long_a_night", "too_exposed"):
            binds.setdefault(name, []).append(float(outputs[name].mean()))
        assert 10 <= outputs["feasible"].sum() <= 200
        best.add(tuple(challenge.optimum(p)[0].values()))

    assert len(tasks) == len(best) == 3
    assert all(max(shares) > 0 for shares in binds.values())
    assert all(shares[0] < 1 for shares in binds.values())


def test_the_release_counts_its_first_wave_and_its_readings():
    p = one("d", "edge", task_exposed=10000)
    challenge = PARTS["d"].model.challenge
    design = {"device": "pi", "numbers": "int8", "first": 20, "growth": 1.5, "upload": 1.0}
    found = challenge.assess(p, {name: np.asarray([value]) for name, value in design.items()})

    # 20, 30, 45, 68, 101, 152, 200: seven verdicts of 2,522 patients at 5 USD.
    assert found["verdicts"] == 7
    assert found["readings"] == pytest.approx(7 * 2522.5 * 5, rel=1e-3)
    assert found["devices"] == 200 * SITES["edge"].prices["pi"] == 16_000
    assert found["objective"] > found["readings"] + found["devices"]
