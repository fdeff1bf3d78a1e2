"""V1-15: keys against a second derivation, margins, and the search behind the challenge."""

import itertools
import math
from typing import Any

import numpy as np
import pytest

from labs.contract import RIGHT, TRACKS
from labs.explore.vol1.lab_15_responsible_engr.equalities import Groups, prices
from labs.explore.vol1.lab_15_responsible_engr.release import (
    BRIEFS,
    INTERVALS,
    RULES,
    THRESHOLDS,
    Release,
)
from labs.loader import load_lab
from tests.labs.trying import Trying

LAB = load_lab("v1-15-no-free-fairness")
TRY = Trying(LAB)
MARGINS = {"a": 1.5, "c": 1.6, "d": 1.9}
"""Ratio of the key to the nearest wrong number."""
PAIRS = {"a": 1.5, "c": 1.5, "d": 1.3}

every_track = pytest.mark.parametrize("track", TRACKS)


def options(part: str, p: Any) -> dict[str, float]:
    return {o.id: float(o.value) for o in TRY.parts[part].model.questions(p)[0].options}


# ---------------------------------------------------------------------------------- questions


@every_track
@pytest.mark.parametrize("name", sorted(MARGINS))
def test_wrong_options_are_clear_of_the_key_and_of_each_other(name: str, track: str) -> None:
    for p in TRY.combinations(name, track):
        found = options(name, p)
        assert len(found) == 4
        right = found.pop(RIGHT)
        assert min(max(right / x, x / right) for x in found.values()) >= MARGINS[name] - 1e-9, p
        pairs = itertools.combinations([right, *found.values()], 2)
        assert min(max(x / y, y / x) for x, y in pairs) >= PAIRS[name], p


def test_part_a_counts_people_of_both_groups() -> None:
    for p in TRY.combinations("a", "cloud"):
        shares = []
        for base in (p["base_a"], p["base_b"]):
            right = 1000 * base * p["found"]
            wrong = right * (1 - p["precision"]) / p["precision"]
            shares.append(wrong / (1000 * (1 - base)))
        assert options("a", p)[RIGHT] == pytest.approx(shares[0] / shares[1])
        shown = TRY.at("a", p)
        assert [shown["wrong_a"], shown["wrong_b"]] == pytest.approx(shares)
        people = [shown[f"{what}_a"] for what in ("rightly", "wrongly", "overlooked", "cleared")]
        assert sum(people) == pytest.approx(1000)


def test_the_dearest_equality_is_another_for_other_groups_and_never_close() -> None:
    found: dict[str, int] = {}
    for p in TRY.combinations("b", "cloud"):
        dearest, price = TRY.parts["b"].model.questions(p)
        facts = TRY.parts["b"].model.facts(p)
        found[str(dearest.key)] = found.get(str(dearest.key), 0) + 1
        assert price.key >= 0.02
        assert facts["price"] / facts["others"] >= 4

    assert found == {"selected": 12, "true_positive": 12, "false_positive": 12}


def test_prices_agree_with_thresholds_tried_one_by_one() -> None:
    groups = Groups((0.25, 0.25), (2.5, 1.2), 0.7)
    grid = np.linspace(-4, 4, 801)
    below = np.asarray([0.5 * math.erfc(-z / math.sqrt(2)) for z in np.linspace(-8, 8, 16001)])

    def tail(z: Any) -> Any:
        return np.interp(-z, np.linspace(-8, 8, 16001), below)

    hits = [tail(grid - d / 2) for d in groups.separations]
    alarms = [tail(grid + d / 2) for d in groups.separations]
    right = [w * (p * h + (1 - p) * (1 - f)) for w, p, h, f in
             zip((0.7, 0.3), groups.bases, hits, alarms, strict=True)]  # fmt: skip
    free = right[0].max() + right[1].max()
    both = right[0][:, None] + right[1][None, :]
    near = np.abs(hits[0][:, None] - hits[1][None, :]) < 2.5e-3

    assert prices(groups)["true_positive"] == pytest.approx(free - both[near].max(), abs=1e-3)


@every_track
def test_a_reason_takes_its_passes_and_a_batch_divides_them(track: str) -> None:
    for p in TRY.combinations("c", track):
        asked = 2 * p["features"] + 2048
        expected = math.ceil(asked / p["at_once"]) * p["time"]
        assert options("c", p)[RIGHT] == pytest.approx(expected)
        assert TRY.at("c", p, method="shap")["latency"] == pytest.approx(expected)
        assert TRY.at("c", p, method="path")["asked"] == 150


@every_track
def test_the_account_is_a_sum_of_three(track: str) -> None:
    for p in TRY.combinations("d", track):
        training = p["trainings"] * p["training_energy"]
        answers = 365 * p["requests"] * p["request_energy"]
        reasons = answers * p["explained"] * (2 * p["features"] + 2048)
        expected = (training + answers + reasons) / (training + answers)
        assert options("d", p)[RIGHT] == pytest.approx(expected)
        assert TRY.at("d", p, method="shap")["growth"] == pytest.approx(expected)
        assert not TRY.at("d", p, method="gradient")["over_cap"]


def test_a_cleaner_grid_divides_carbon_and_not_the_factor() -> None:
    p = TRY.combinations("d", "cloud")[0]
    clean, dirty = (TRY.at("d", p, grid_now=grid) for grid in ("norway", "poland"))

    assert clean["growth"] == dirty["growth"]
    assert dirty["carbon"] / clean["carbon"] > 15


# ----------------------------------------------------------------------------------- challenge

BEST = {
    ("cloud", "true_positive"): (0.4, 0.5, 180), ("cloud", "false_positive"): (0.5, 0.9, 90),
    ("edge", "true_positive"): (0.9, 1.0, 90), ("edge", "false_positive"): (0.8, 1.3, 180),
    ("mobile", "true_positive"): (0.7, 0.8, 180), ("mobile", "false_positive"): (0.8, 1.0, 90),
    ("tiny", "true_positive"): (1.2, 1.3, 90), ("tiny", "false_positive"): (1.1, 1.3, 180),
}  # fmt: skip


def brief(track: str, rule: str) -> dict[str, Any]:
    floor = BRIEFS[track].floors[list(RULES).index(rule)]
    return {"place": track, "rule": rule, "floor": floor, "grid": "germany"}


@pytest.mark.parametrize(("where", "best"), BEST.items())
def test_the_leanest_release_is_found_by_search(
    where: tuple[str, str], best: tuple[float, float, int]
) -> None:
    design, carbon = Release().optimum(brief(*where))

    assert (design["threshold_a"], design["threshold_b"], design["interval"]) == best
    assert design["method"] == "path"
    assert carbon > 0


def test_every_constraint_is_met_by_some_and_broken_by_some() -> None:
    grid = list(itertools.product(THRESHOLDS[::5], THRESHOLDS[::5], ("shap", "lime"), INTERVALS))
    names = ("threshold_a", "threshold_b", "method", "interval")
    k = {n: np.asarray(x) for n, x in zip(names, zip(*grid, strict=True), strict=True)}
    found = Release().assess(brief("cloud", "true_positive"), k)

    for name in ("unequal", "inaccurate", "does_not_add_up"):
        assert found[name].any()
        assert not found[name].all()
    assert found["feasible"].any()


def test_more_reasons_or_more_training_never_emit_less() -> None:
    p = brief("edge", "true_positive")
    k = {
        "threshold_a": np.asarray([1.0, 0.5, 1.0]),
        "threshold_b": np.asarray([1.0, 1.0, 1.0]),
        "method": np.asarray(["path"] * 3),
        "interval": np.asarray([90, 90, 30]),
    }
    base, lower, oftener = Release().assess(p, k)["objective"]

    assert lower > base
    assert oftener > base


# --------------------------------------------------------------------------------------- words


def test_the_lab_fits_an_hour_and_leaves_what_the_audit_reads() -> None:
    assert 45 <= LAB.minutes <= 60
    assert [(read.key, read.default) for read in LAB.reads] == [("ops_plan.T", 30.0)]
    written = {write.key for one in LAB.parts for write in one.writes}
    assert {"fairness.ratio_log10_error", "fairness.criterion", "fairness.price_points",
            "explain.time_log10_error", "explain.evals", "responsible.energy_log10_error",
            "responsible.criterion", "responsible.price_points", "responsible.grid",
            "responsible.interval", "responsible.score"} <= written  # fmt: skip
