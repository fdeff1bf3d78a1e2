"""Part B: a loss that was measured once, beside one that grows while nobody measures."""

from collections.abc import Sequence
from itertools import product

import numpy as np

from labs.arranging import Array, column, floats, rows, same
from labs.contract import (
    Curves,
    Knob,
    Knobs,
    Numeric,
    Outputs,
    Params,
    Part,
    Question,
    Scalar,
)
from simcore.catalog import item
from simcore.equations.drift import turned_error
from simcore.equations.evidence import labels_to_notice, time_to_notice

from .tracks import remembered

NETWORKS = {
    "cloud": "resnet-50",
    "edge": "resnext-101",
    "mobile": "mobilenet-v2",
    "tiny": "shufflenet-v2-10",
}
"""Whose published accuracies in floats and in 8 bits are compared."""
TURNS = (0.5, 0.75, 1.0)
"""Degrees a week."""
MONTHS = {3: 13, 6: 26, 12: 52}
"""Weeks of each."""
NOISE = 0.05

FLOOR = 0.03
ONE_SIDED, POWER = 1.645, 0.842
"""Normal quantiles of a false alarm in twenty, and of 80% at the known rate: about three rises in
four are noticed."""
WEEKS = np.arange(0, 53)
TURN_STEPS = tuple(round(x, 2) for x in np.arange(0.0, 2.01, 0.25))
LABELS = (0, 10, 20, 50, 100, 200, 500, 1000)
"""Labelled examples a week."""


class B(Part):
    def combinations(self, track: str) -> Sequence[Params]:
        network = item("classifiers", NETWORKS[track])
        return [
            {
                "turn": turn, "months": months, "weeks": weeks, "noise": NOISE,
                "network": network.name,
                "before": network.value("accuracy.fp32"), "after": network.value("accuracy.int8"),
            }
            for turn, (months, weeks) in product(TURNS, MONTHS.items())
        ]  # fmt: skip

    def questions(self, p: Params) -> tuple[Question, ...]:
        return (Numeric(id="ratio", key=_drifted(p) / _quantized(p)),)

    def facts(self, p: Params) -> dict[str, Scalar]:
        lost = _drifted(p)
        weekly = float(rise(floats(float(p["turn"])), floats(1.0)))
        floor = float(labels_to_notice(NOISE, FLOOR, z_alpha=ONE_SIDED, z_beta=POWER))
        plan_weeks = float(p["past_interval"]) / 7
        own = min(2.0, max(0.05, float(p["past_turn"])))
        planned = float(rise(floats(own), floats(plan_weeks)))
        return {
            "ratio": lost / _quantized(p),
            "drifted": lost,
            "quantized": _quantized(p),
            "error_after": NOISE + lost,
            "to_notice": float(
                labels_to_notice(NOISE, 0.02, z_alpha=ONE_SIDED, z_beta=POWER)
            ),
            "floor_weeks": FLOOR / weekly,
            "floor_labels": np.ceil(floor * weekly / FLOOR).item(),
            "own_turn": own,
            "planned": planned,
            "planned_mean": planned / 2,
            "past_drift": remembered(float(p["drift_error"])),
            "past_rework": remembered(float(p["rework_error"])),
        }  # fmt: skip

    def knobs(self, p: Params) -> tuple[Knob, ...]:
        weeks = tuple(range(1, 53))
        calm = int(np.sum(rise(floats(float(p["turn"])), floats(weeks)) <= FLOOR))
        return (
            Knob(id="turn_now", steps=TURN_STEPS, default=TURN_STEPS.index(float(p["turn"]))),
            Knob(id="weeks_now", steps=weeks, default=weeks.index(calm)),
            Knob(id="labels", steps=LABELS),
        )

    def evaluate(self, p: Params, k: Knobs) -> Outputs:
        turn, weeks = floats(k["turn_now"]), floats(k["weeks_now"])
        noticed = notice_week(turn, floats(k["labels"]))
        lost = rise(turn, watched(weeks, noticed))
        return {
            "lost": lost,
            "unwatched": rise(turn, weeks),
            "quantized": same(_quantized(p), lost),
            "ratio_now": lost / _quantized(p),
            "inputs": np.zeros(lost.shape),
            "noticed": np.where(np.isfinite(noticed), noticed, 0.0),
            "noticed_text": np.asarray(
                [f"every {x:.3g} weeks" if x <= 52 else "not this year" for x in noticed.tolist()]
            ),
            "worst": rise(turn, np.minimum(weeks, noticed)),
            "weeks_here": weeks,
            "floor_here": same(FLOOR, lost),
            "below_floor": rise(turn, np.minimum(weeks, noticed)) > FLOOR,
        }

    def curves(self, p: Params, k: Knobs) -> Curves:
        turn = column(k["turn_now"])
        noticed = notice_week(turn, column(k["labels"]))
        many = len(turn)
        return {
            "weeks_axis": rows(WEEKS, many),
            "unwatched_line": rise(turn, floats(WEEKS)[np.newaxis, :]),
            "watched_line": rise(turn, watched(floats(WEEKS)[np.newaxis, :], noticed)),
            "quantized_line": rows(np.full(WEEKS.shape, _quantized(p)), many),
        }


def rise(turn: Array, weeks: Array) -> Array:
    """Return the error that a boundary turned so many degrees a week has added. [1]"""
    return turned_error(np.deg2rad(turn * weeks), noise=NOISE) - NOISE


def notice_week(turn: Array, labels: Array) -> Array:
    """Return after how many weeks labels show the rise; never without labels, or without a rise."""
    return time_to_notice(
        NOISE, growth=rise(turn, np.ones(np.shape(turn))), label_rate=labels,
        z_alpha=ONE_SIDED, z_beta=POWER,
    )  # fmt: skip


def watched(weeks: Array, noticed: Array) -> Array:
    """Return the weeks since the last training, which follows at once when a rise is noticed."""
    weeks, noticed = np.broadcast_arrays(weeks, noticed)
    return np.where(np.isfinite(noticed), np.mod(weeks, np.where(noticed > 0, noticed, 1)), weeks)


def _drifted(p: Params) -> float:
    return float(rise(floats(float(p["turn"])), floats(float(p["weeks"]))))


def _quantized(p: Params) -> float:
    return float(p["before"]) - float(p["after"])
