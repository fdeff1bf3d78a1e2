"""Part D: what a mean says of the slowest, and the protocol that signs a contract."""

from collections.abc import Sequence
from itertools import product

import numpy as np
from numpy.typing import ArrayLike

from labs.arranging import Array, column, floats, given, rows, same
from labs.contract import (
    RIGHT,
    Choice,
    Curves,
    Knob,
    Knobs,
    Numeric,
    Option,
    Outputs,
    Params,
    Part,
    Question,
    Scalar,
    linear_steps,
    log_steps,
    with_value,
)
from simcore.equations.lognormal import lognormal_above, lognormal_quantile
from simcore.equations.robustness import at_least_one
from simcore.equations.throttling import governed_run

from .bench import TARGETS, Bench, device_for
from .tracks import LATE, MS

MEANS = {
    "cloud": (40 * MS, 50 * MS, 60 * MS),
    "edge": (16 * MS, 20 * MS, 25 * MS),
    "mobile": (70 * MS, 80 * MS, 90 * MS),
    "tiny": (100 * MS, 120 * MS, 150 * MS),
}
DEVIATIONS = (0.6, 0.7, 0.8, 0.9, 1.0)
SERVERS = (20, 50, 100)
PROMISE = 2.5
"""The promised time over the mean. [1]"""
MOST_SERVERS = 200
SERVER_AXIS = np.unique(np.geomspace(1, MOST_SERVERS, 60).round())
MULTIPLES = np.geomspace(0.1, 30.0, 60)
"""Times on the plot of tails, over the mean. [1]"""


class D(Part):
    challenge = Bench()

    def combinations(self, track: str) -> Sequence[Params]:
        return [
            {
                "place": track,
                "mean": mean,
                "deviation": deviation,
                "promise": PROMISE * mean,
                "servers": servers,
                "target": target,
                "mean_text": given(mean, "time"),
                "promise_text": given(PROMISE * mean, "time"),
                "target_text": f"{100 * target:g}%",
            }
            for mean, deviation, servers, target in product(
                MEANS[track], DEVIATIONS, SERVERS, TARGETS
            )
        ]

    def questions(self, p: Params) -> tuple[Question, ...]:
        mean = float(p["mean"])
        return (
            Choice(
                id="p99",
                options=(
                    Option(id=RIGHT, value=_p99(p)),
                    Option(id="mean_for_tail", value=mean),
                    Option(id="twice_for_safety", value=2.0 * mean),
                    Option(id="bound_for_value", value=mean / (1.0 - LATE)),
                ),
            ),
            Numeric(id="pages", key=float(at_least_one(1.0 - LATE, float(p["servers"])))),
        )

    def facts(self, p: Params) -> dict[str, Scalar]:
        mean, deviation = float(p["mean"]), float(p["deviation"])
        law: dict[str, ArrayLike] = {"mean": mean, "deviation": deviation}
        device = device_for(p)
        warm = governed_run(0.0, start=device.ambient, **device.body())
        second, run = self.challenge.variations(p)
        return {
            "p99": _p99(p),
            "factor": _p99(p) / mean,
            "median": float(lognormal_quantile(0.5, **law)),
            "late": float(lognormal_above(float(p["promise"]), **law)),
            "above_mean": float(lognormal_above(mean, **law)),
            "pages_now": float(
                at_least_one(lognormal_above(float(p["promise"]), **law), float(p["servers"]))
            ),
            "pages_late": float(at_least_one(1.0 - LATE, float(p["servers"]))),
            "markov": mean / (1.0 - LATE),
            "device_onset": float(warm.onset),
            "device_held": device.held,
            "second_text": f"{100 * second:g}%",
            "run_text": f"{100 * run:g}%",
        }

    def knobs(self, p: Params) -> tuple[Knob, ...]:
        spreads = tuple(round(x, 2) for x in linear_steps(0.1, 1.5, 29))
        promises, promise = with_value(log_steps(1.0, 10.0, 21), PROMISE)
        fans, fan = with_value(
            (1.0, 2.0, 3.0, 5.0, 8.0, 12.0, 20.0, 30.0, 50.0, 70.0, 100.0, 150.0, 200.0),
            float(p["servers"]),
        )
        return (
            Knob(id="spread", steps=spreads),
            Knob(id="promised", steps=promises, default=promise),
            Knob(id="fan", steps=tuple(int(x) for x in fans), default=fan),
        )

    def evaluate(self, p: Params, k: Knobs) -> Outputs:
        mean, fan = float(p["mean"]), floats(k["fan"])
        law: dict[str, ArrayLike] = {"mean": mean, "deviation": floats(k["spread"])}
        promise = mean * floats(k["promised"])
        p99 = lognormal_quantile(LATE, **law)
        late = lognormal_above(promise, **law)
        pages = at_least_one(late, fan)
        return {
            "p99": p99,
            "factor": p99 / mean,
            "median": lognormal_quantile(0.5, **law),
            "average": same(mean, fan),
            "promise_now": promise,
            "late": late,
            "pages": pages,
            "fan_now": fan,
            "missed": late > 1.0 - LATE,
            "most_pages_late": pages > 0.5,
        }

    def curves(self, p: Params, k: Knobs) -> Curves:
        times = float(p["mean"]) * MULTIPLES
        law: dict[str, ArrayLike] = {"mean": float(p["mean"]), "deviation": column(k["spread"])}
        alone = lognormal_above(times[np.newaxis, :], **law)
        late = lognormal_above(float(p["mean"]) * column(k["promised"]), **law)
        return {
            "times": rows(times, len(alone)),
            "alone_line": _shown(alone),
            "page_line": _shown(at_least_one(alone, column(k["fan"]))),
            "fans": rows(SERVER_AXIS, len(alone)),
            "pages_line": at_least_one(late, SERVER_AXIS[np.newaxis, :]),
        }


def _p99(p: Params) -> float:
    return float(lognormal_quantile(LATE, mean=float(p["mean"]), deviation=float(p["deviation"])))


def _shown(share: Array) -> Array:
    """A logarithmic axis has no place for nothing."""
    return np.maximum(share, 1e-6)
