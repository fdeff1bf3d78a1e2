"""Part D: four proposals, one month."""

from collections.abc import Mapping, Sequence

import numpy as np

from labs.arranging import Array, floats, given, rows, same
from labs.contract import (
    RIGHT,
    Choice,
    Curves,
    Knob,
    Knobs,
    Option,
    Outputs,
    Params,
    Part,
    Question,
    Scalar,
)
from labs.text import quantity
from simcore.equations.parallelism import amdahl_speedup

from .tracks import remembered

STAGES = ("pre", "model", "post", "net")
NAMES: Mapping[str, Mapping[str, str]] = {
    "cloud": {"pre": "Fetch and resize", "model": "Run the model", "post": "Sort and format",
              "net": "Network"},
    "edge": {"pre": "Expose and unwarp", "model": "Run the model", "post": "Draw and log",
             "net": "Bus to the controller"},
    "mobile": {"pre": "Camera pipeline", "model": "Run the model", "post": "Draw the frame",
               "net": "Sync with the server"},
    "tiny": {"pre": "Record and transform", "model": "Run the model", "post": "Smooth and decide",
             "net": "Wake the radio and send"},
}  # fmt: skip
SETS = (
    ((0.15, 20.0), (0.50, 2.0), (0.05, 100.0), (0.30, 1.3)),
    ((0.12, 10.0), (0.58, 1.8), (0.04, 50.0), (0.26, 1.2)),
    ((0.45, 2.0), (0.25, 1.5), (0.10, 30.0), (0.20, 1.3)),
    ((0.40, 2.5), (0.30, 1.4), (0.06, 60.0), (0.24, 1.3)),
    ((0.10, 50.0), (0.25, 1.6), (0.05, 100.0), (0.60, 1.6)),
    ((0.08, 40.0), (0.30, 1.5), (0.04, 80.0), (0.58, 1.7)),
)
"""Share of the time and speed-up on offer, of each stage. [1]"""
TOTALS = {"cloud": 0.08, "edge": 0.06, "mobile": 0.12, "tiny": 0.3}
"""One request from end to end; assumed. [s]"""

DEFAULT_BUSY = 0.5
"""The ledger's default: none on record. [1]"""
NOTHING = "nothing"
WORTH = 0.05
"""Of the time as it was: below, a month was spent without effect. [1]"""


class D(Part):
    def combinations(self, track: str) -> Sequence[Params]:
        return [
            {
                "place": track, "total": TOTALS[track],
                "total_text": given(TOTALS[track], "time"),
                **{f"{name}_name": NAMES[track][name] for name in STAGES},
                **{f"{name}_share": share
                   for name, (share, _) in zip(STAGES, stages, strict=True)},
                **{f"{name}_faster": faster
                   for name, (_, faster) in zip(STAGES, stages, strict=True)},
            }
            for stages in SETS
        ]  # fmt: skip

    def questions(self, p: Params) -> tuple[Question, ...]:
        best = order(p)[0]
        return (
            Choice(
                id="first",
                options=tuple(
                    Option(id=RIGHT if name == best else name, value=name) for name in STAGES
                ),
            ),
        )

    def facts(self, p: Params) -> dict[str, Scalar]:
        saved = savings(p)
        best, second, third, _ = order(p)
        loudest = max(STAGES, key=lambda name: float(p[f"{name}_faster"]))
        speedup = float(amdahl_speedup(float(p[f"{best}_share"]), float(p[f"{best}_faster"])))
        return {
            "first": best,
            "best_name": str(p[f"{best}_name"]),
            "best_saved": saved[best],
            "best_speedup": speedup,
            "second_name": str(p[f"{second}_name"]),
            "second_saved": saved[second],
            "third_name": str(p[f"{third}_name"]),
            "loudest_name": str(p[f"{loudest}_name"]),
            "loudest_faster": float(p[f"{loudest}_faster"]),
            "loudest_saved": saved[loudest],
            "left": 1 - saved[best] - saved[second] - saved[third],
            "seconds": float(p["total"]) * saved[best],
            "past_tool": remembered(float(p["tool_error"])),
            "past_amdahl": remembered(float(p["amdahl_error"])),
            "past_busy_text": "nothing on record"
            if float(p["past_busy"]) == DEFAULT_BUSY
            else quantity(float(p["past_busy"]), "pct"),
        }

    def knobs(self, p: Params) -> tuple[Knob, ...]:
        steps = (NOTHING, *STAGES)
        return (
            Knob(id="first_month", steps=STAGES, default=STAGES.index(order(p)[1])),
            Knob(id="second_month", steps=steps),
            Knob(id="third_month", steps=steps),
        )

    def evaluate(self, p: Params, k: Knobs) -> Outputs:
        chosen = [np.asarray(k[name]) for name in MONTHS]
        gains = months(p, chosen)
        done = {name: np.logical_or.reduce([c == name for c in chosen]) for name in STAGES}
        times = {
            name: float(p["total"]) * float(p[f"{name}_share"])
            / np.where(done[name], float(p[f"{name}_faster"]), 1.0)
            for name in STAGES
        }  # fmt: skip
        total = np.sum(list(times.values()), axis=0)
        spent = np.asarray([c != NOTHING for c in chosen])
        wasted = np.any(spent & (np.asarray(gains) < WORTH), axis=0)
        return {
            **{f"{name}_time": x for name, x in times.items()},
            "latency": total,
            "before": same(float(p["total"]), total),
            "saved": 1 - total / float(p["total"]),
            "speedup": float(p["total"]) / total,
            "best_saved_now": floats(
                [sum(sorted(savings(p).values())[::-1][: int(n)]) for n in spent.sum(axis=0)]
            ),
            "least": floats(np.where(spent, gains, np.inf).min(axis=0)),
            "spent": floats(spent.sum(axis=0)),
            "wasted": wasted,
        }

    def curves(self, p: Params, k: Knobs) -> Curves:
        gains = floats(months(p, [np.asarray(k[name]) for name in MONTHS]))
        many = gains.shape[1]
        best = floats([savings(p)[name] for name in order(p)[:3]])
        total = float(p["total"])
        yours = 1 - np.concatenate((np.zeros((1, many)), np.cumsum(gains, axis=0)))
        return {
            "months": rows((0, 1, 2, 3), many),
            "yours_line": total * yours.T,
            "best_line": rows(total * (1 - np.concatenate(([0.0], np.cumsum(best)))), many),
        }


MONTHS = ("first_month", "second_month", "third_month")


def savings(p: Params) -> dict[str, float]:
    """Return the share of the time as it was that each proposal saves. [1]"""
    return {
        name: 1 - 1 / float(amdahl_speedup(float(p[f"{name}_share"]), float(p[f"{name}_faster"])))
        for name in STAGES
    }


def order(p: Params) -> list[str]:
    """Return the stages, the one that saves most first."""
    saved = savings(p)
    return sorted(STAGES, key=lambda name: -saved[name])


def months(p: Params, chosen: Sequence[np.ndarray]) -> list[Array]:
    """Return what each month saves; the same proposal works once."""
    saved = {**savings(p), NOTHING: 0.0}
    gains = []
    for i, stage in enumerate(chosen):
        again = np.logical_or.reduce(
            [np.zeros(stage.shape, bool), *(c == stage for c in chosen[:i])]
        )
        gains.append(np.where(again, 0.0, floats([saved[name] for name in stage.tolist()])))
    return gains
