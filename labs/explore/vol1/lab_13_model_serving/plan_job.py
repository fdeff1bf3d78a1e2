"""The long run of part D: a plan simulated request by request, beside its closed form."""

from collections.abc import Sequence

import numpy as np

from labs.contract import Estimate, JobResult, Json, Knob, LongJob, Params
from simcore.stochastic.batch_server import BatchPlan, batch_stays
from simcore.stochastic.intervals import mean_interval
from simcore.stochastic.queue import summary

from .plan import BATCHES, REPLICAS, plan_of
from .queue_job import estimate
from .tracks import LATE, LOSSES, SERVICES

SEEDS = 20
REQUESTS = (100_000, 1_000_000, 4_000_000)
TRAFFIC = (0.8, 0.9, 1.0, 1.1, 1.2)
POINTS = 41


class PlanJob(LongJob):
    """Batches of B into c replicas of fixed service time; one seed is one unit.

    Place and promise are the part's.
    """

    def inputs(self, p: Params) -> tuple[Knob, ...]:
        rate = float(p["rate"])
        return (
            Knob(id="precision", steps=tuple(LOSSES), default=1),
            Knob(id="batch", steps=BATCHES, default=4),
            Knob(id="replicas", steps=REPLICAS, default=11),
            Knob(id="rate", steps=tuple(rate * x for x in TRAFFIC), default=2),
            Knob(id="requests", steps=REQUESTS, default=1),
        )

    def check(self, inputs: Params) -> None:
        busy = plan_from(inputs).utilisation
        if busy >= 1.0:
            raise ValueError(
                f"these replicas would be {100 * busy:.0f}% busy: the queue would grow for ever "
                "and no percentile would settle; add replicas or batch more"
            )

    def units(self, inputs: Params) -> int:
        return SEEDS

    def run_unit(self, inputs: Params, seed: np.random.SeedSequence) -> Json:
        found = batch_stays(plan_from(inputs), seed, requests=int(inputs["requests"]))
        everyone = summary(found.total.ravel(), (0.5, LATE), at=grid_of(inputs))
        first = summary(found.total[:, 0], (LATE,))
        promise = float(inputs["promise"])
        return {
            "mean": everyone.mean,
            "median": everyone.quantiles[0],
            "p99": everyone.quantiles[1],
            "first_p99": first.quantiles[0],
            "late": float(np.mean(found.total > promise)),
            "tail": list(everyone.tail),
        }

    def combine(self, inputs: Params, units: Sequence[Json]) -> JobResult:
        runs = sorted(units, key=lambda unit: (unit["p99"], unit["mean"]))
        found = {
            name: mean_interval([run[name] for run in runs])
            for name in ("mean", "median", "p99", "first_p99", "late")
        }
        closed = closed_p99(inputs)
        tail = [mean_interval([run["tail"][i] for run in runs]) for i in range(POINTS)]
        return JobResult(
            values={
                "requests": Estimate(value=float(len(runs)) * float(inputs["requests"])),
                "busy": Estimate(value=plan_from(inputs).utilisation),
                **{name: estimate(interval) for name, interval in found.items()},
                "closed_p99": Estimate(value=closed),
                "ratio": Estimate(value=closed / found["p99"].mean),
            },
            curves={
                "times": list(grid_of(inputs)),
                "tail": [one.mean for one in tail],
                "tail_low": [max(0.0, one.low) for one in tail],
                "tail_high": [one.high for one in tail],
                "promise_x": [float(inputs["promise"])] * 2,
                "promise_y": [1e-4, 1.0],
            },
        )


def plan_from(inputs: Params) -> BatchPlan:
    service = SERVICES[str(inputs["place"])]
    batch = int(inputs["batch"])
    return BatchPlan(
        arrival_rate=float(inputs["rate"]),
        batch=batch,
        replicas=int(inputs["replicas"]),
        service=service.setup + service.slope(str(inputs["precision"])) * batch,
    )


def closed_p99(inputs: Params) -> float:
    settings = {name: np.asarray([inputs[name]]) for name in ("precision", "batch", "replicas")}
    return float(plan_of(inputs, settings).total[0])


def grid_of(inputs: Params) -> tuple[float, ...]:
    """Times at which the tail is counted: to twice the promise, or to the closed form. [s]"""
    last = max(2.0 * float(inputs["promise"]), 1.2 * closed_p99(inputs))
    return tuple(np.linspace(last / POINTS, last, POINTS).tolist())
