"""Part B: what a request waits for when the server works on whole batches."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import numpy as np

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
from simcore.equations.batching import (
    BatchLatency,
    batch_fill_mean,
    batch_fill_quantile,
    batch_latency,
)
from simcore.equations.queueing import overload_wait

from .tracks import LATE, MS, OVERLOAD_AFTER, given


@dataclass(frozen=True, slots=True, kw_only=True)
class Batcher:
    """A track's server, its traffic [1/s], batches, promise and instrument ranges. SI."""

    setup: float
    per_request: float
    rates: tuple[float, ...]
    batches: tuple[int, ...]
    promise: float
    rate_range: tuple[float, float]
    window_range: tuple[float, float]


BATCHERS = {
    "cloud": Batcher(
        setup=0.5 * MS, per_request=0.1 * MS, rates=(300, 400, 500), batches=(16, 32, 48),
        promise=50 * MS, rate_range=(50, 4000), window_range=(1 * MS, 200 * MS),
    ),
    "edge": Batcher(
        setup=4 * MS, per_request=1 * MS, rates=(30, 40, 50), batches=(8, 12, 16),
        promise=300 * MS, rate_range=(5, 400), window_range=(10 * MS, 1.0),
    ),
    "mobile": Batcher(
        setup=8 * MS, per_request=3 * MS, rates=(12, 16, 20), batches=(4, 6, 8),
        promise=400 * MS, rate_range=(2, 150), window_range=(20 * MS, 2.0),
    ),
    "tiny": Batcher(
        setup=20 * MS, per_request=10 * MS, rates=(4, 5, 6), batches=(4, 6, 8),
        promise=1.5, rate_range=(0.5, 60), window_range=(50 * MS, 5.0),
    ),
}  # fmt: skip
SIZES = (1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 28, 32, 40, 48, 56, 64)

RUSH = 1.25
"""Traffic of a rush, over what the server could take one request at a time."""


class B(Part):
    def combinations(self, track: str) -> Sequence[Params]:
        at = BATCHERS[track]
        return [
            {
                "rate": rate, "batch": batch, "setup": at.setup, "per_request": at.per_request,
                "promise": at.promise, "place": track,
                "setup_text": given(at.setup, "time"),
                "per_request_text": given(at.per_request, "time"),
                "promise_text": given(at.promise, "time"),
            }
            for rate, batch in product(at.rates, at.batches)
        ]  # fmt: skip

    def questions(self, p: Params) -> tuple[Question, ...]:
        rate, batch = float(p["rate"]), int(p["batch"])
        setup, each = float(p["setup"]), float(p["per_request"])
        return (
            Choice(
                id="fill",
                options=(
                    Option(id=RIGHT, value=float(batch_fill_mean(rate, batch))),
                    Option(id="all_wait_like_the_first", value=(batch - 1) / rate),
                    Option(id="one_after_another", value=batch * (setup + each)),
                    Option(id="only_extra_work", value=each * (batch - 1)),
                ),
            ),
        )

    def facts(self, p: Params) -> dict[str, Scalar]:
        rate, batch = float(p["rate"]), int(p["batch"])
        setup, each = float(p["setup"]), float(p["per_request"])
        fill = float(batch_fill_mean(rate, batch))
        work = setup + each * batch
        alone_limit = 1 / (setup + each)
        best, best_total = best_batch(rate, setup, each)
        rush_best, rush_total = best_batch(RUSH * alone_limit, setup, each)
        return {
            "fill": fill,
            "others": batch - 1,
            "first": (batch - 1) / rate,
            "first_p99": float(batch_fill_quantile(rate, batch, LATE)),
            "work": work,
            "fill_per_work": fill / work,
            "fill_share": fill / float(p["promise"]),
            "alone": setup + each,
            "best_batch": best,
            "best_total": best_total,
            "alone_limit": alone_limit,
            "rush_rate": RUSH * alone_limit,
            "rush_batch": rush_best,
            "rush_total": rush_total,
        }

    def knobs(self, p: Params) -> tuple[Knob, ...]:
        at = BATCHERS[str(p["place"])]
        rates, drawn = with_value(log_steps(*at.rate_range, 24), float(p["rate"]))
        windows, middle = with_value(log_steps(*at.window_range, 18), at.promise / 5)
        return (
            Knob(id="batch", steps=SIZES),
            Knob(id="rate", steps=rates, default=drawn),
            Knob(id="closes", steps=(False, True)),
            Knob(id="window", steps=windows, default=middle),
        )

    def evaluate(self, p: Params, k: Knobs) -> Outputs:
        found = latency(p, k)
        first = found.first_fill + found.queue + found.compute
        promise = np.full(found.fill.shape, float(p["promise"]))
        unstable = found.utilisation >= 1.0
        terms = np.stack((found.fill, found.queue, found.compute))
        names = np.asarray(["filling the batch", "queueing", "computing"])
        return {
            "total": found.total,
            "fill": found.fill,
            "queue": found.queue,
            "compute": found.compute,
            "first": first,
            "busy": found.utilisation,
            "size": found.size,
            "throughput": found.throughput,
            "promise": promise,
            "longest": names[np.argmax(terms, axis=0)],
            "growth": np.maximum(0.0, np.asarray(k["rate"], dtype=float) - found.throughput),
            "unstable": unstable,
            "late": ~unstable & (first > promise),
        }

    def curves(self, p: Params, k: Knobs) -> Curves:
        settings = zip(k["rate"].tolist(), k["closes"].tolist(), k["window"].tolist(), strict=True)
        setup, each = float(p["setup"]), float(p["per_request"])
        lines = np.asarray(
            [
                u_curve(setup, each, float(rate), float(window) if closes else float("inf"))
                for rate, closes, window in settings
            ]
        )
        return {
            "sizes": np.broadcast_to(np.asarray(SIZES, dtype=float), lines[:, 0].shape),
            "total_line": lines[:, 0],
            "fill_line": lines[:, 1],
            "rest_line": lines[:, 2],
        }


def best_batch(rate: float, setup: float, per_request: float) -> tuple[int, float]:
    """The batch size with the least mean time at this traffic, and that time [s]."""
    totals = batch_latency(rate, np.asarray(SIZES), setup=setup, per_request=per_request).total
    best = int(np.argmin(totals))
    return SIZES[best], float(totals[best])


def latency(p: Params, k: Knobs) -> BatchLatency:
    """The batching server at m settings; overloaded queues as they stand after ten minutes."""
    closes = np.asarray(k["closes"], dtype=bool)
    found = batch_latency(
        k["rate"],
        k["batch"],
        setup=float(p["setup"]),
        per_request=float(p["per_request"]),
        window=np.where(closes, np.asarray(k["window"], dtype=float), np.inf),
    )
    return settled(found)


def settled(found: BatchLatency) -> BatchLatency:
    backlog = overload_wait(found.utilisation, OVERLOAD_AFTER)
    return BatchLatency(
        fill=found.fill,
        queue=np.where(found.utilisation < 1.0, found.queue, backlog),
        compute=found.compute,
        first_fill=found.first_fill,
        utilisation=found.utilisation,
        size=found.size,
        throughput=found.throughput,
    )


@lru_cache(maxsize=4096)
def u_curve(
    setup: float, per_request: float, rate: float, window: float
) -> tuple[tuple[float, ...], ...]:
    """Total, fill, and queue with compute along all batch sizes; gaps where it is overloaded."""
    found = batch_latency(
        rate, np.asarray(SIZES), setup=setup, per_request=per_request, window=window
    )
    rest = np.where(found.utilisation < 1.0, found.queue + found.compute, np.nan)
    return (
        tuple((found.fill + rest).tolist()),
        tuple(found.fill.tolist()),
        tuple(rest.tolist()),
    )
