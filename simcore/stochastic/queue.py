"""A queue simulated request by request: G/G/c, first come, first served.

One server, and several servers of fixed service time, follow Lindley's recursion, which numpy
runs as a running minimum of a random walk: ten million requests in about a second. Other stations
with several servers keep the times at which servers become free: in a heap for one replication, and
in an array for many, which go through their requests side by side.
"""

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simcore.stochastic.intervals import Interval, mean_interval
from simcore.stochastic.laws import ServiceLaw, check_variation, draw_times

Floats = NDArray[np.float64]

_SIDE_BY_SIDE = 48  # from so many replications on, numpy's overhead is less than the heap's
_TOGETHER = 256  # replications at once
_BLOCK = 1 << 16  # requests at a time: the walk stays in the second-level cache


@dataclass(frozen=True, slots=True, kw_only=True)
class Station:
    """A station and its load. Arrivals are Poisson unless `arrival_law` says otherwise.

    Attributes
    ----------
    mean_service : float
        Mean service time at one server. [s]
    utilisation : float
        Share of the capacity of all servers in use. [1]
    servers : int
        Number of servers. [1]
    service_law, arrival_law : ServiceLaw
        Family of the service times and of the times between arrivals.
    service_scv, arrival_scv : float
        Squared coefficients of variation; 0 and 1 where the law leaves no choice. [1]
    """

    mean_service: float
    utilisation: float
    servers: int = 1
    service_law: ServiceLaw = ServiceLaw.EXPONENTIAL
    service_scv: float = 1.0
    arrival_law: ServiceLaw = ServiceLaw.EXPONENTIAL
    arrival_scv: float = 1.0

    def __post_init__(self) -> None:
        if not self.mean_service > 0 or not self.utilisation > 0:
            raise ValueError(
                f"service and load must be positive: {self.mean_service=}, {self.utilisation=}"
            )
        if self.servers < 1:
            raise ValueError(f"at least one server is needed: {self.servers=}")
        check_variation(self.service_law, self.service_scv)
        check_variation(self.arrival_law, self.arrival_scv)

    @property
    def mean_interval(self) -> float:
        """Mean time between arrivals. [s]"""
        return self.mean_service / (self.utilisation * self.servers)


def stays(
    station: Station, seed: np.random.SeedSequence, *, requests: int, warm_up: float = 0.1
) -> Floats:
    """Return the time in the system of each request of one replication.

    Parameters
    ----------
    station : Station
        What is simulated, from empty.
    seed : numpy.random.SeedSequence
        Decides everything random; the same seed gives the same times.
    requests : int
        Arrivals simulated. [1]
    warm_up : float
        Share of them, from the start, that is simulated and left out. [1]

    Returns
    -------
    ndarray, shape (requests - floor(warm_up * requests),)
        Waiting and service, in order of arrival. [s]

    Raises
    ------
    ValueError
        If there is no request, or the warm-up would leave none.

    References
    ----------
    D. V. Lindley, "The theory of queues with a single server", Proc. Cambridge Phil. Soc. 48(2),
    1952. doi:10.1017/S0305004100027638; J. Kiefer, J. Wolfowitz, "On the theory of queues with
    many servers", Trans. AMS 78(1), 1955. doi:10.1090/S0002-9947-1955-0066587-3
    """
    _check(requests, warm_up)
    rng = np.random.Generator(np.random.SFC64(seed))
    if station.servers > 1 and station.service_law is not ServiceLaw.FIXED:
        found = _stays_by_heap(station, rng, requests)
    else:
        found = _stays_by_walk(station, rng, requests)
    return found[int(warm_up * requests) :]


def stays_of_each(
    station: Station,
    seeds: Sequence[np.random.SeedSequence],
    *,
    requests: int,
    warm_up: float = 0.1,
) -> Iterator[Floats]:
    """Yield what `stays` returns for each seed, in order, and the same numbers.

    Many replications of several servers advance together, a request of each at a time.

    Parameters
    ----------
    station : Station
        What is simulated, from empty.
    seeds : sequence of numpy.random.SeedSequence
        One for each replication.
    requests : int
        Arrivals simulated in each. [1]
    warm_up : float
        Share of them, from the start, that is simulated and left out. [1]

    Raises
    ------
    ValueError
        If there is no request, or the warm-up would leave none.

    References
    ----------
    J. Kiefer, J. Wolfowitz, "On the theory of queues with many servers", Trans. AMS 78(1), 1955.
    doi:10.1090/S0002-9947-1955-0066587-3
    """
    is_walk = station.servers == 1 or station.service_law is ServiceLaw.FIXED
    if is_walk or len(seeds) < _SIDE_BY_SIDE:
        for seed in seeds:
            yield stays(station, seed, requests=requests, warm_up=warm_up)
        return
    _check(requests, warm_up)
    for start in range(0, len(seeds), _TOGETHER):
        rngs = [np.random.Generator(np.random.SFC64(seed))
                for seed in seeds[start : start + _TOGETHER]]  # fmt: skip
        yield from _stays_side_by_side(station, rngs, requests)[:, int(warm_up * requests) :]


def lindley_waits(steps: Floats, first_wait: float = 0.0) -> Floats:
    """Return the waits of one server's requests from the steps of its random walk.

    W[n+1] = max(0, W[n] + step[n]) is a walk minus its running minimum below zero.

    Parameters
    ----------
    steps : ndarray, shape (n,)
        Service of a request minus the time to the next arrival. [s]
    first_wait : float
        Wait of the request before the first step. [s]

    Returns
    -------
    ndarray, shape (n,)
        Wait after each step. [s]

    References
    ----------
    D. V. Lindley, Proc. Cambridge Phil. Soc. 48(2), 1952. doi:10.1017/S0305004100027638
    """
    walk = np.cumsum(steps)
    walk += first_wait
    lowest = np.minimum.accumulate(walk)
    np.minimum(lowest, 0.0, out=lowest)
    walk -= lowest
    return walk


def _stays_by_walk(station: Station, rng: np.random.Generator, requests: int) -> Floats:
    """Lindley in blocks. Servers of fixed time take turns, so each sees every c-th request."""
    c = station.servers
    rows = -(-requests // c)
    out = np.empty((rows, c))
    waits = np.zeros(c)
    block = max(1, _BLOCK // c)
    ahead = _intervals(station, rng, c)
    for start in range(0, rows, block):
        count = min(block, rows - start)
        service = _services(station, rng, count * c).reshape(count, c)
        intervals = np.concatenate((ahead, _intervals(station, rng, count * c)))
        ahead = intervals[-c:]
        gaps = _gaps_of_turns(intervals, c).reshape(count, c)
        for turn in range(c):
            after = lindley_waits(service[:, turn] - gaps[:, turn], waits[turn])
            out[start, turn] = waits[turn]
            out[start + 1 : start + count, turn] = after[:-1]
            waits[turn] = after[-1]
        out[start : start + count] += service
    return out.ravel()[:requests]


def _gaps_of_turns(intervals: Floats, turns: int) -> Floats:
    """Time from each request to the one `turns` later; the last `turns` intervals only close."""
    if turns == 1:
        return intervals[:-1]
    passed = np.concatenate(([0.0], np.cumsum(intervals)))
    return passed[turns:-1] - passed[: -turns - 1]


def _stays_by_heap(station: Station, rng: np.random.Generator, requests: int) -> Floats:
    """Each request takes the server that is free first; Python's heap holds those times."""
    free = [0.0] * station.servers
    out, now = np.empty(requests), 0.0
    for begin in range(0, requests, _BLOCK):
        count = min(_BLOCK, requests - begin)
        service = _services(station, rng, count)
        arrivals = now + np.cumsum(_intervals(station, rng, count))
        now = float(arrivals[-1])
        ends = _ends(free, arrivals.tolist(), service.tolist())
        out[begin : begin + count] = np.asarray(ends) - arrivals
    return out


def _stays_side_by_side(
    station: Station, rngs: Sequence[np.random.Generator], requests: int
) -> Floats:
    """Return the stays of some replications, shape (replications, requests)."""
    free, now = np.zeros((len(rngs), station.servers)), np.zeros(len(rngs))
    servers, first_of = free.ravel(), station.servers * np.arange(len(rngs))
    out = np.empty((len(rngs), requests))
    for begin in range(0, requests, _BLOCK):
        count = min(_BLOCK, requests - begin)
        drawn = [(_services(station, rng, count), np.cumsum(_intervals(station, rng, count)))
                 for rng in rngs]  # fmt: skip
        services = np.stack([service for service, _ in drawn], axis=1)
        arrivals = np.stack([passed for _, passed in drawn], axis=1)
        arrivals += now
        now = arrivals[-1].copy()
        ends = np.empty_like(arrivals)
        for arrival, service, end in zip(arrivals, services, ends, strict=True):
            chosen = free.argmin(axis=1)
            chosen += first_of
            np.maximum(servers.take(chosen), arrival, out=end)
            end += service
            servers[chosen] = end
        ends -= arrivals
        out[:, begin : begin + count] = ends.T
    return out


def _check(requests: int, warm_up: float) -> None:
    if requests < 1 or not 0 <= warm_up < 1:
        raise ValueError(f"need requests and a warm-up below 1: {requests=}, {warm_up=}")


def _ends(free: list[float], arrivals: list[float], services: list[float]) -> list[float]:
    """When each request leaves; `free` is the heap of times at which servers become free."""
    ends = []
    for arrival, service in zip(arrivals, services, strict=True):
        start = free[0]
        end = (start if start > arrival else arrival) + service
        heapq.heapreplace(free, end)
        ends.append(end)
    return ends


def _services(station: Station, rng: np.random.Generator, count: int) -> Floats:
    return draw_times(
        rng, count,
        mean=station.mean_service, law=station.service_law, scv=station.service_scv,
    )  # fmt: skip


def _intervals(station: Station, rng: np.random.Generator, count: int) -> Floats:
    return draw_times(
        rng, count,
        mean=station.mean_interval, law=station.arrival_law, scv=station.arrival_scv,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueSummary:
    """What one replication is remembered by.

    Attributes
    ----------
    mean : float
        Mean time in the system. [s]
    quantiles : tuple of float
        Time in the system at each probability asked for. [s]
    tail : tuple of float
        Share of requests longer than each time asked for. [1]
    """

    mean: float
    quantiles: tuple[float, ...]
    tail: tuple[float, ...] = ()


def summary(
    times: Floats, probabilities: Sequence[float], at: Sequence[float] = ()
) -> QueueSummary:
    """Return mean, quantiles and tail of one replication's times.

    Parameters
    ----------
    times : ndarray, shape (n,)
        Times in the system. [s]
    probabilities : sequence of float
        Quantiles wanted. [1]
    at : sequence of float
        Times at which the tail is wanted. [s]

    Returns
    -------
    QueueSummary

    Raises
    ------
    ValueError
        If there are no times.
    """
    if times.size == 0:
        raise ValueError("no times to summarise")
    ranks = [min(times.size - 1, int(np.ceil(p * times.size)) - 1) for p in probabilities]
    ordered = np.partition(times, ranks) if ranks else times
    return QueueSummary(
        mean=float(times.mean()),
        quantiles=tuple(float(ordered[rank]) for rank in ranks),
        tail=tuple(float(np.count_nonzero(times > t)) / times.size for t in at),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueResult:
    """Mean and quantiles over replications, each with its 95% interval. [s]"""

    mean: Interval
    quantiles: tuple[Interval, ...]


def queue_result(replications: Sequence[QueueSummary]) -> QueueResult:
    """Return the intervals over replications, at least two.

    Raises
    ------
    ValueError
        If there are fewer than 2 replications.
    """
    by_quantile = zip(*(one.quantiles for one in replications), strict=True)
    return QueueResult(
        mean=mean_interval([one.mean for one in replications]),
        quantiles=tuple(mean_interval(values) for values in by_quantile),
    )


def queue_simulation(
    station: Station,
    seed: int | np.random.SeedSequence,
    *,
    requests: int,
    replications: int,
    probabilities: Sequence[float] = (0.5, 0.95, 0.99),
    warm_up: float = 0.1,
) -> QueueResult:
    """Return mean and quantiles of the time in the system with their 95% intervals.

    Parameters
    ----------
    station : Station
        What is simulated.
    seed : int or numpy.random.SeedSequence
        Root seed; each replication gets a child of its own.
    requests : int
        Arrivals in each replication. [1]
    replications : int
        Independent runs, at least 2. [1]
    probabilities : sequence of float
        Quantiles wanted. [1]
    warm_up : float
        Share of each replication left out at its start. [1]

    Returns
    -------
    QueueResult

    Raises
    ------
    ValueError
        If there are fewer than 2 replications, or nothing to simulate.

    References
    ----------
    A. M. Law, Simulation Modeling and Analysis, 5th ed., McGraw-Hill, 2015, section 9.5.2.
    """
    root = seed if isinstance(seed, np.random.SeedSequence) else np.random.SeedSequence(seed)
    times = stays_of_each(station, root.spawn(replications), requests=requests, warm_up=warm_up)
    return queue_result([summary(each, probabilities) for each in times])
