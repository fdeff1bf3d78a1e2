"""Volume I, lab 14: clear keys, safe starts, worked values, tables that are measured."""

import numpy as np
import pytest

from labs.contract import TRACKS
from labs.explore.vol1.lab_14_ml_ops import measured
from labs.loader import load_lab
from tests.labs import measure_ageing
from tests.labs.trying import Trying

LAB = load_lab("v1-14-silent-degradation")
TRYING = Trying(LAB)
PARTS, combinations, one, at = TRYING.parts, TRYING.combinations, TRYING.one, TRYING.at


@pytest.mark.parametrize("track", TRACKS)
def test_freezes_are_savings_as_well_as_loans(track):
    keys = [PARTS["d"].model.questions(p)[0].key for p in combinations("d", track)]

    assert 0.25 < np.mean(np.asarray(keys) < 1) < 0.75


def test_part_a_no_monitor_of_inputs_sees_the_border_turn():
    p = one("a", "cloud", noise=0.05, turn=1.0, weeks=26)
    found = at("a", p, week=26)

    assert found["error_now"] == pytest.approx(0.18)
    assert found["index"] == 0
    assert found["index_alarm"] == "never"
    assert found["silent"]
    assert not at("a", p, week=26, labels=500)["silent"]
    # A shift by half a deviation in half a year costs nothing, and alarms a week later (0.512 do).
    shifted = at("a", p, week=26, turning=0.0, shift=0.5)
    assert shifted["index"] == pytest.approx(0.238, abs=1e-3)
    assert shifted["lost"] == 0
    assert shifted["index_alarm"] == "week 27"


def test_part_a_more_labels_alarm_earlier():
    p = one("a", "tiny", noise=0.04, turn=1.25)

    weeks = [at("a", p, labels=n)["label_alarm"] for n in (20, 100, 500, 2000)]
    found = [int(text.removeprefix("week ")) for text in weeks]
    assert found == sorted(found, reverse=True)
    assert found[-1] < 4 < found[0]
    assert at("a", p, labels=0)["label_alarm"] == "never"


def test_part_a_an_index_is_not_damage():
    p = combinations("a", "edge")[0]
    loud, quiet = at("a", p, camera="dim_a_little"), at("a", p, camera="a_pixel")

    assert loud["camera_index"] > 0.5
    assert loud["camera_lost"] < 0.5
    assert quiet["camera_index"] < 0.05
    assert quiet["camera_lost"] > 40


def test_part_b_both_halves_are_equal_at_the_root():
    p = one("b", "cloud", cost=10e3, loss=500.0)
    facts = PARTS["b"].model.facts(p)

    assert facts["best_days"] == pytest.approx(6.32, abs=0.01)
    assert facts["half_of_it"] == pytest.approx(1581, abs=1)
    at_six = at("b", p, days=6)
    assert at_six["training"] == pytest.approx(10e3 / 6)
    assert at_six["staleness"] == pytest.approx(1500)
    assert at_six["over_least"] == pytest.approx(1.0014, abs=1e-4)
    assert at("b", p, days=14)["below_floor"]
    assert at("b", p, dearer=4.0)["best_days"] == pytest.approx(2 * facts["best_days"])


@pytest.mark.parametrize(("grows", "ratio"), [("price", 10.0), ("stake", 0.1)])
def test_part_c_a_hundred_times_is_ten_times_one_way_or_the_other(grows, ratio):
    p = one("c", "edge", times=100, grows=grows)
    facts = PARTS["c"].model.facts(p)

    assert PARTS["c"].model.questions(p)[0].key == pytest.approx(ratio)
    assert facts["daily_ratio"] == pytest.approx(10)
    assert facts["in_proportion_times"] == pytest.approx((10 + 0.1) / 2)


def test_part_c_a_fleet_pays_for_its_bytes():
    p = combinations("c", "mobile")[0]
    whole, tenth = at("c", p, days=30), at("c", p, days=30, delta=0.1)

    # 2 million phones and 50 MB at 0.09 USD/GB: 9,000 dollars an update.
    assert whole["update"] == pytest.approx(1e3 + 9e3)
    assert whole["bill"] == pytest.approx(9e3 * 365 / 30)
    assert tenth["bill"] == pytest.approx(whole["bill"] / 10)
    assert at("c", p, days=1)["too_dear"]
    assert whole["interval_times"] == pytest.approx(10**0.5)


def test_part_d_a_freeze_ends_where_its_line_says():
    p = combinations("d", "mobile")[0]
    model = PARTS["d"].model
    k = {"skips": np.asarray([3]), "pace": np.asarray([1.0]), "models": np.asarray([0]),
         "passed_on": np.asarray([0.0])}  # fmt: skip
    lines, found = model.curves(p, k), model.evaluate(p, k)

    # 12 points a cycle: just before the fourth cycle ends, and at its end the next begins.
    assert lines["frozen_line"][0, 47] < found["frozen_cost"][0]
    assert lines["frozen_line"][0, 49] > found["frozen_cost"][0]
    assert lines["ratio_line"][0, 3] == pytest.approx(found["ratio"][0])
    gap = lines["frozen_line"][0] - lines["kept_line"][0]
    assert gap[60] == pytest.approx(found["extra"][0], rel=1e-3)


@pytest.mark.parametrize(
    ("track", "training", "best", "cost"),
    [("cloud", 10e3, (5, 0), 3798), ("cloud", 50e3, (14, 1000), 6520),
     ("edge", 20e3, (17, 100), 2760), ("edge", 50e3, (30, 500), 3649),
     ("mobile", 30e3, (10, 1000), 5684), ("mobile", 50e3, (17, 1000), 4939),
     ("tiny", 100e3, (50, 50), 3915), ("tiny", 50e3, (50, 50), 2231)],
)  # fmt: skip
def test_the_cheapest_plan_is_found_by_search(track, training, best, cost):
    p = one("d", track, plan_training=training)
    design, least = PARTS["d"].model.challenge.optimum(p)

    assert (design["interval"], design["labels"]) == best
    assert least == pytest.approx(cost, abs=1)


@pytest.mark.parametrize("track", TRACKS)
def test_every_limit_of_the_plan_binds(track):
    challenge = PARTS["d"].model.challenge
    for p in combinations("d", track)[:2]:
        knobs = challenge.variables(p)
        grid = np.meshgrid(*[np.arange(len(knob.steps)) for knob in knobs], indexing="ij")
        k = {
            knob.id: np.asarray(knob.steps)[i.ravel()] for knob, i in zip(knobs, grid, strict=True)
        }
        outputs = challenge.assess(p, k)
        for name in ("below_floor", "too_many_alarms", "too_many_labels"):
            assert 0.03 < outputs[name].mean() < 0.97, name
        assert 200 <= outputs["feasible"].sum() <= 400


def test_the_camera_ages_as_the_table_says():
    for change, amount in (("dimmed", 0.1), ("moved", 1.0)):
        accuracy, _, index = measure_ageing.measure(change, amount)
        expected = measured.AGED[change, amount]
        # Sums of floats differ by machine; points are far less than what is told apart here.
        assert accuracy == pytest.approx(expected[0], abs=0.03)
        assert index == pytest.approx(expected[2], abs=1e-3)


def test_the_table_says_how_it_was_measured():
    assert {
        (change, amount) for change, amounts in measure_ageing.CHANGES.items() for amount in amounts
    } == set(measured.AGED) - {("dimmed", 0.0)}
    assert measured.TRAINED + measured.TESTED == 1797
