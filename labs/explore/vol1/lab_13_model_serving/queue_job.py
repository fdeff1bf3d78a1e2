"""The long run of part A: the queue simulated request by request, beside its closed form."""

from collections.abc import Sequence

import numpy as np

from labs.contract import Estimate, JobResult, Json, Knob, LongJob, Params
from simcore.equations.queue_tails import mgc_sojourn_quantile, mgc_sojourn_tail
from simcore.equations.queueing import allen_cunneen_wait_mean
from simcore.stochastic.intervals import Interval, mean_interval
from simcore.stochastic.laws import ServiceLaw
from simcore.stochastic.queue import Station, stays, summary

from .tracks import LATE

SEEDS = 20
LAWS = {
    "fixed": (ServiceLaw.FIXED, 0.0),
    "exponential": (ServiceLaw.EXPONENTIAL, 1.0),
    "log_normal": (ServiceLaw.LOG_NORMAL, float(np.e - 1.0)),
    "two_speeds": (ServiceLaw.HYPEREXPONENTIAL, 4.0),
}
LOADS = (0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)
SERVERS = (1, 2, 4, 8)
REQUESTS = (100_000, 1_000_000, 5_000_000, 10_000_000)
PROBABILITIES = (0.5, 0.95, LATE)
POINTS = 41

# Measured on one core of a small server: s per request, by recursion and by heap.
_RECURSION, _HEAP = 0.08e-6, 0.4e-6
_PATIENCE = 60.0


class QueueJob(LongJob):
    """G/G/c, first come first served; one seed is one unit. The service time is the part's."""

    def inputs(self, p: Params) -> tuple[Knob, ...]:
        return (
            Knob(id="load", steps=LOADS, default=LOADS.index(float(p["load"]))),
            Knob(id="law", steps=tuple(LAWS), default=1),
            Knob(id="servers", steps=SERVERS),
            Knob(id="requests", steps=REQUESTS, default=1),
        )

    def check(self, inputs: Params) -> None:
        walks = int(inputs["servers"]) == 1 or inputs["law"] == "fixed"
        needed = SEEDS * int(inputs["requests"]) * (_RECURSION if walks else _HEAP)
        if needed > _PATIENCE:
            raise ValueError(
                f"this run would take about {needed:.0f} s, more than {_PATIENCE:.0f}; several "
                "servers are simulated one request at a time: take fewer requests a seed"
            )

    def units(self, inputs: Params) -> int:
        return SEEDS

    def run_unit(self, inputs: Params, seed: np.random.SeedSequence) -> Json:
        times = stays(station_of(inputs), seed, requests=int(inputs["requests"]))
        found = summary(times, PROBABILITIES, at=grid_of(inputs))
        return {"mean": found.mean, "quantiles": list(found.quantiles), "tail": list(found.tail)}

    def combine(self, inputs: Params, units: Sequence[Json]) -> JobResult:
        runs = sorted(units, key=lambda unit: (unit["mean"], unit["quantiles"]))
        mean = mean_interval([run["mean"] for run in runs])
        median, p95, p99 = (
            mean_interval([run["quantiles"][i] for run in runs]) for i in range(len(PROBABILITIES))
        )
        closed_mean, closed_p99 = closed_form(inputs)
        tail = [mean_interval([run["tail"][i] for run in runs]) for i in range(POINTS)]
        times = np.asarray(grid_of(inputs))
        return JobResult(
            values={
                "requests": Estimate(value=float(len(runs)) * float(inputs["requests"])),
                "mean": estimate(mean),
                "closed_mean": Estimate(value=closed_mean),
                "median": estimate(median),
                "p95": estimate(p95),
                "p99": estimate(p99),
                "closed_p99": Estimate(value=closed_p99),
                "ratio": estimate(p99, 1.0 / closed_p99),
            },
            curves={
                "times": times.tolist(),
                "tail": [one.mean for one in tail],
                "tail_low": [max(0.0, one.low) for one in tail],
                "tail_high": [one.high for one in tail],
                "closed_tail": closed_tail(inputs, times).tolist(),
            },
        )


def estimate(found: Interval, scale: float = 1.0) -> Estimate:
    return Estimate(value=found.mean * scale, low=found.low * scale, high=found.high * scale)


def station_of(inputs: Params) -> Station:
    law, variation = LAWS[str(inputs["law"])]
    return Station(
        mean_service=float(inputs["service"]),
        utilisation=float(inputs["load"]),
        servers=int(inputs["servers"]),
        service_law=law,
        service_scv=variation,
    )


def closed_form(inputs: Params) -> tuple[float, float]:
    """Mean and 99th percentile of the stay from the first two moments of the service. [s]"""
    at = station_of(inputs)
    wait = allen_cunneen_wait_mean(at.mean_service, at.utilisation, at.servers, 1.0, at.service_scv)
    p99 = mgc_sojourn_quantile(at.mean_service, at.utilisation, at.servers, at.service_scv, LATE)
    return at.mean_service + float(wait), float(p99)


def closed_tail(inputs: Params, times: np.ndarray) -> np.ndarray:
    at = station_of(inputs)
    return mgc_sojourn_tail(times, at.mean_service, at.utilisation, at.servers, at.service_scv)


def grid_of(inputs: Params) -> tuple[float, ...]:
    """Times at which the tail is counted: up to twice the closed form's 99th percentile. [s]"""
    _, p99 = closed_form(inputs)
    return tuple((p99 * np.linspace(0.02, 2.0, POINTS)).tolist())
