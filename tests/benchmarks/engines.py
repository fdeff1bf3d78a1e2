"""The stochastic engines: queue customers a second, and events a second of the serving simulator.

CPU time, so that other work on the machine does not count.
"""

import time
from collections.abc import Callable, Iterator
from itertools import product

import numpy as np

from simcore.stochastic.laws import ServiceLaw
from simcore.stochastic.queue import Station, stays, stays_of_each
from simcore.stochastic.serving import Lengths, Routing, Trace, draw_trace, serving_run
from simcore.stochastic.serving_engine import Admission, Engine, Prefill, StepCost
from tests.benchmarks.place import Place
from tests.benchmarks.report import Baseline, Figure

TITLE = "Stochastic engines, by CPU time"
CUSTOMERS, BY_HEAP, REPLICATIONS = 10_000_000, 1_000_000, 1000
REQUESTS = 4000
MOST_SECONDS, LEAST_EVENTS_PER_SECOND = 1.0, 3e5
COST = StepCost(base=8e-3, per_sequence=2e-5, per_kv_token=4e-8, per_prompt_token=3e-5)
STATIONS = {
    "M/M/1": (Station(mean_service=1.0, utilisation=0.8), CUSTOMERS),
    "M/G/1, log-normal service": (
        Station(mean_service=1.0, utilisation=0.8, service_law=ServiceLaw.LOG_NORMAL,
                service_scv=4.0), CUSTOMERS),
    "M/D/8": (
        Station(mean_service=1.0, utilisation=0.8, servers=8, service_law=ServiceLaw.FIXED,
                service_scv=0.0), CUSTOMERS),
    "M/M/8": (Station(mean_service=1.0, utilisation=0.8, servers=8), BY_HEAP),
}  # fmt: skip


def measure(place: Place) -> list[Figure]:
    return [*_queues(), _side_by_side(), _serving()]


def _queues() -> Iterator[Figure]:
    for name, (station, customers) in STATIONS.items():
        seconds = _seconds(
            lambda station=station, n=customers: stays(
                station, np.random.SeedSequence(1), requests=n
            )
        )
        draws = _seconds(lambda n=customers: _drawn(n))
        yield Figure(
            name=f"{name}, {customers:,} customers",
            unit="ns/customer",
            value=1e9 * seconds / customers,
            n=customers,
            baseline=Baseline(
                name="numpy drawing two exponential times for each", value=1e9 * draws / customers
            ),
            at_most=1e9 * MOST_SECONDS / CUSTOMERS if customers == CUSTOMERS else None,
            counts={"s in all": seconds},
        )


def _side_by_side() -> Figure:
    """Return the same of several servers with many replications at once."""
    station, customers = STATIONS["M/M/8"][0], CUSTOMERS // REPLICATIONS
    seeds = np.random.SeedSequence(1).spawn(REPLICATIONS)
    seconds = _seconds(
        lambda: [each.mean() for each in stays_of_each(station, seeds, requests=customers)]
    )
    alone = _seconds(lambda: stays(station, seeds[0], requests=BY_HEAP)) / BY_HEAP
    return Figure(
        name=f"M/M/8, {REPLICATIONS:,} replications of {customers:,} customers",
        unit="ns/customer",
        value=1e9 * seconds / CUSTOMERS,
        n=CUSTOMERS,
        baseline=Baseline(name="one replication by its heap", value=1e9 * alone),
        at_most=1e9 * MOST_SECONDS / CUSTOMERS,
        counts={"s in all": seconds},
    )


def _drawn(customers: int) -> None:
    rng = np.random.Generator(np.random.SFC64(1))
    rng.standard_exponential(customers)
    rng.standard_exponential(customers)


def _serving() -> Figure:
    """Return the slowest of all mixtures of routing, admission, prefill, memory and pool."""
    times = {}
    for case in product((1, 8, 64), Routing, Admission, Prefill, (400_000.0, 12_000.0)):
        times[case] = _ns_per_event(*case)
    slowest = max(times, key=lambda case: times[case])
    replicas, routing, admission, prefill, memory = slowest
    return Figure(
        name=f"serving simulator, the slowest of {len(times)} cases",
        unit="ns/event",
        value=times[slowest],
        n=REQUESTS,
        baseline=Baseline(name="the median case", value=float(np.median(list(times.values())))),
        at_most=1e9 / LEAST_EVENTS_PER_SECOND,
        counts={
            "events/s": 1e9 / times[slowest],
            "events/s of the fastest case": 1e9 / min(times.values()),
        },
        note=f"{replicas} replicas, {routing}, {admission}, {prefill}, {memory:,.0f} cache tokens",
    )


def _ns_per_event(
    replicas: int, routing: Routing, admission: Admission, prefill: Prefill, memory: float
) -> float:
    engine = Engine(cost=COST, kv_tokens=memory, max_running=256, max_prompt_tokens=1024,
                    admission=admission, prefill=prefill)  # fmt: skip
    trace = _trace(replicas, memory)
    began = time.thread_time()
    run = serving_run(engine, trace, replicas=replicas, routing=routing,
                      seed=np.random.SeedSequence(2))  # fmt: skip
    return 1e9 * (time.thread_time() - began) / run.events


def _trace(replicas: int, memory: float) -> Trace:
    rate = (10.0 if memory > 1e5 else 4.0) * replicas
    return draw_trace(
        np.random.SeedSequence(1),
        requests=REQUESTS,
        arrival_rate=rate,
        prompts=Lengths(mean=500.0, scv=0.5),
        answers=Lengths(mean=200.0, scv=0.5),
    )


def _seconds(work: Callable[[], object]) -> float:
    began = time.thread_time()
    work()
    return time.thread_time() - began
