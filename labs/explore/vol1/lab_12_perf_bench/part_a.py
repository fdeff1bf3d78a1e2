"""Part A: one stage of a path made faster."""

from collections.abc import Sequence
from itertools import product

import numpy as np

from labs.arranging import Array, column, floats, given, rows
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
    log_steps,
    with_value,
)
from simcore.equations.parallelism import amdahl_speedup
from simcore.equations.stages import pipelined_speedup, required_factor

from .tracks import MS

TOTALS = {"cloud": 40 * MS, "edge": 60 * MS, "mobile": 90 * MS, "tiny": 250 * MS}
"""One item, from end to end, before anything is made faster. [s]"""
RESTS = (0.30, 0.35, 0.40, 0.45, 0.50)
FACTORS = (5.0, 10.0, 20.0, 50.0)

REST_STEPS = tuple(round(x, 2) for x in np.arange(0.05, 0.96, 0.05))
FACTOR_AXIS = np.geomspace(1.0, 1000.0, 49)

WORTH_IT = 0.05
"""Doubling the factor once more is worth nobody's money below this gain. [1]"""
CLOSE = 0.9
SMALL_REST, TENFOLD = 0.05, 10.0


class A(Part):
    def combinations(self, track: str) -> Sequence[Params]:
        return [
            {
                "rest": rest,
                "inference": 1.0 - rest,
                "faster": faster,
                "total": TOTALS[track],
                "total_text": given(TOTALS[track], "time"),
            }
            for rest, faster in product(RESTS, FACTORS)
        ]

    def questions(self, p: Params) -> tuple[Question, ...]:
        rest, faster = float(p["rest"]), float(p["faster"])
        return (
            Choice(
                id="speedup",
                options=(
                    Option(id=RIGHT, value=float(amdahl_speedup(1 - rest, faster))),
                    Option(id="the_slide", value=faster),
                    Option(id="mean_of_speedups", value=rest + (1 - rest) * faster),
                    Option(id="nothing_changes", value=1.0),
                ),
            ),
        )

    def facts(self, p: Params) -> dict[str, Scalar]:
        rest, faster, total = (float(p[name]) for name in ("rest", "faster", "total"))
        speedup = float(amdahl_speedup(1 - rest, faster))
        cap = float(amdahl_speedup(1 - rest, np.inf))
        return {
            "speedup": speedup,
            "cap": cap,
            "rest_before": rest,
            "rest_now": rest * speedup,
            "latency": total / speedup,
            "slide_latency": total / faster,
            "rest_time": rest * total,
            "twice": float(amdahl_speedup(1 - rest, 2 * faster)),
            "close": CLOSE,
            "close_factor": float(required_factor(1 - rest, CLOSE * cap)),
            "pipelined": float(pipelined_speedup(1 - rest, faster)),
            "small_rest": SMALL_REST,
            "small_cap": float(amdahl_speedup(1 - SMALL_REST, np.inf)),
            "tenfold": TENFOLD,
            "tenfold_factor": float(required_factor(1 - SMALL_REST, TENFOLD)),
        }

    def knobs(self, p: Params) -> tuple[Knob, ...]:
        rests, rest = with_value(REST_STEPS, float(p["rest"]))
        factors, _ = with_value(log_steps(1.0, 1000.0, 37), float(p["faster"]))
        return (
            Knob(id="rest", steps=rests, default=rest),
            Knob(id="faster", steps=factors),
            Knob(id="overlap", steps=(False, True)),
        )

    def evaluate(self, p: Params, k: Knobs) -> Outputs:
        rest, faster = floats(k["rest"]), floats(k["faster"])
        overlap, total = np.asarray(k["overlap"], dtype=bool), float(p["total"])
        serial = amdahl_speedup(1 - rest, faster)
        speedup = gain(rest, faster, overlap)
        more = gain(rest, 2 * faster, overlap) / speedup - 1.0
        cap = gain(rest, np.full(rest.shape, np.inf), overlap)
        return {
            "speedup": speedup,
            "cap": cap,
            "more": more,
            "rest_now": rest * serial,
            "latency": total / serial,
            "rest_time": rest * total,
            "inference_time": (1 - rest) * total / faster,
            "saved": total - total / serial,
            "slide_latency": total / faster,
            "close_factor": required_factor(1 - rest, CLOSE / rest),
            "faster_now": faster,
            "no_effect": more < WORTH_IT,
        }

    def curves(self, p: Params, k: Knobs) -> Curves:
        rest, overlap = column(k["rest"]), np.asarray(k["overlap"], dtype=bool)[:, np.newaxis]
        axis = np.broadcast_to(FACTOR_AXIS, (len(rest), FACTOR_AXIS.size))
        return {
            "factors": rows(FACTOR_AXIS, len(rest)),
            "speedup_line": gain(rest, axis, overlap),
            "next_line": gain(rest, 2 * axis, overlap) / gain(rest, axis, overlap) - 1.0,
        }


def gain(rest: Array, faster: Array, overlap: np.ndarray) -> Array:
    """Gain of the whole: of the time where stages follow one another, of the rate where not."""
    return np.where(overlap, pipelined_speedup(1 - rest, faster), amdahl_speedup(1 - rest, faster))
