"""What a batch costs its members: the wait for it to fill, the queue behind others, the work.

Requests arrive at random (Poisson). A batch is started when `batch` requests are there, or, with a
window, when the window has passed since its first request.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcore.equations.arguments import Floats, below_one, not_negative, positive, whole
from simcore.equations.queueing import allen_cunneen_wait_mean


def batch_fill_mean(arrival_rate: ArrayLike, batch: ArrayLike) -> Floats:
    """Return the mean time a request waits for its batch to fill, without a window.

    The first of B waits for B - 1 arrivals, the last for none: (B - 1) / 2 on average.

    Parameters
    ----------
    arrival_rate : array_like, shape (n,)
        Requests per time. [1/s]
    batch : array_like, shape (n,)
        Requests per batch, whole. [1]

    Returns
    -------
    ndarray, shape (n,)
        Mean wait over all members of the batch. [s]

    Raises
    ------
    ValueError
        If a rate is not positive or a batch not a positive whole number.

    References
    ----------
    D. Crankshaw et al., "Clipper", NSDI 2017, section 4.3 (delayed batching).
    """
    return (whole(batch, "batch") - 1.0) / (2.0 * positive(arrival_rate, "arrival_rate"))


def batch_fill_quantile(
    arrival_rate: ArrayLike, batch: ArrayLike, probability: ArrayLike
) -> Floats:
    """Return how long the first member of a batch waits at most, with a given probability.

    The wait for B - 1 arrivals is Erlang; its quantile is exact (Newton from the Wilson-Hilferty
    start).

    Parameters
    ----------
    arrival_rate : array_like, shape (n,)
        Requests per time. [1/s]
    batch : array_like, shape (n,)
        Requests per batch, whole. [1]
    probability : array_like, shape (n,)
        Share of first members at or below the answer, above 0 and below 1. [1]

    Returns
    -------
    ndarray, shape (n,)
        Quantile of the wait; 0 for batches of one. [s]

    Raises
    ------
    ValueError
        If a rate is not positive, a batch not a positive whole number, or a probability outside
        (0, 1).

    References
    ----------
    E. B. Wilson, M. M. Hilferty, "The distribution of chi-square", PNAS 17(12), 1931.
    doi:10.1073/pnas.17.12.684
    """
    rate, size, p = np.broadcast_arrays(
        positive(arrival_rate, "arrival_rate"),
        whole(batch, "batch"),
        below_one(positive(probability, "probability"), "probability"),
    )
    shape = np.maximum(size - 1.0, 1.0)
    arrivals = _erlang_quantile(shape.ravel(), p.ravel()).reshape(shape.shape)
    wait: Floats = np.where(size > 1, arrivals, 0.0) / rate
    return wait


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchWindow:
    """How batches form when a window closes those that do not fill; arrays of shape (n,).

    Attributes
    ----------
    size_mean, size_variance : ndarray
        Requests per batch. [1]
    fill_mean : ndarray
        Mean wait of a request for its batch to close. [s]
    first_fill_mean : ndarray
        Mean wait of a batch's first request. [s]
    interval_mean : ndarray
        Mean time between batches. [s]
    interval_scv : ndarray
        Squared coefficient of variation of that time. [1]
    """

    size_mean: Floats
    size_variance: Floats
    fill_mean: Floats
    first_fill_mean: Floats
    interval_mean: Floats
    interval_scv: Floats


def batch_window(arrival_rate: ArrayLike, batch: ArrayLike, window: ArrayLike) -> BatchWindow:
    """Return size, waits and intervals of batches that close when full or after a window.

    With N the Poisson number of arrivals in the window, the batch holds 1 + min(N, B - 1), and
    every sum below is over P(N >= n), n = 1 ... B - 1: exact, no approximation.

    Parameters
    ----------
    arrival_rate : array_like, shape (n,)
        Requests per time. [1/s]
    batch : array_like, shape (n,)
        Largest batch, whole. [1]
    window : array_like, shape (n,)
        Longest wait of a batch's first request; infinite for none. [s]

    Returns
    -------
    BatchWindow

    Raises
    ------
    ValueError
        If a rate is not positive, a batch not a positive whole number, or a window negative.

    References
    ----------
    S. Asmussen, Applied Probability and Queues, 2nd ed., Springer, 2003, chapter III (stopped
    Poisson process; the sums follow from integrating its distribution over the window).
    """
    rate, size, span = np.broadcast_arrays(
        positive(arrival_rate, "arrival_rate"),
        whole(batch, "batch"),
        _window(window),
    )
    outer = (*size.shape, 1)
    n = np.arange(1.0, max(2.0, float(size.max(initial=1))) + 1.0)
    inside = n < size.reshape(outer)
    reached = np.where(inside, _poisson_at_least(n, (rate * span).reshape(outer)), 0.0)
    next_reached = np.where(inside, _poisson_at_least(n + 1.0, (rate * span).reshape(outer)), 0.0)
    extra = reached.sum(axis=-1)
    weighted = (n * reached).sum(axis=-1)
    extra_square = ((2.0 * n - 1.0) * reached).sum(axis=-1)
    open_square = 2.0 * (n * next_reached).sum(axis=-1)
    mean = 1.0 + extra
    # A batch is open for `extra / rate` on average; the next one opens an arrival later.
    open_variance = np.maximum(0.0, open_square - extra**2)
    return BatchWindow(
        size_mean=mean,
        size_variance=np.maximum(0.0, extra_square - extra**2),
        fill_mean=weighted / (rate * mean),
        first_fill_mean=extra / rate,
        interval_mean=mean / rate,
        interval_scv=(open_variance + 1.0) / mean**2,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchLatency:
    """Where a request's time goes at one batching server; arrays of shape (n,).

    Attributes
    ----------
    fill, queue, compute : ndarray
        Mean wait for the batch to close, mean wait for the server, mean service. [s]
    first_fill : ndarray
        Mean wait of a batch's first request for it to close. [s]
    utilisation : ndarray
        Share of time the server computes; 1 or more has no steady state. [1]
    size : ndarray
        Mean requests per batch. [1]
    throughput : ndarray
        Requests served per time: the arrival rate, or the server's limit. [1/s]
    """

    fill: Floats
    queue: Floats
    compute: Floats
    first_fill: Floats
    utilisation: Floats
    size: Floats
    throughput: Floats

    @property
    def total(self) -> Floats:
        """Mean time in the system. [s]"""
        return self.fill + self.queue + self.compute


class FullBatches(NamedTuple):
    """A server that always finds a full batch waiting, each of shape (n,)."""

    time: Floats
    """Of one batch. [s]"""
    throughput: Floats
    """Requests per time. [1/s]"""


def full_batches(batch: ArrayLike, *, setup: ArrayLike, per_request: ArrayLike) -> FullBatches:
    """Return time and throughput of batches run back to back, as an offline benchmark runs them.

    S = a + b B and B / S: nobody waits for anybody here, so no queue and no fill.

    Parameters
    ----------
    batch : array_like, shape (n,)
        Requests per batch B, whole. [1]
    setup : array_like, shape (n,)
        Time a of a batch that does not depend on its size. [s]
    per_request : array_like, shape (n,)
        Time b each request adds. [s]

    Returns
    -------
    FullBatches
        Time of a batch, requests per time. [any]

    Raises
    ------
    ValueError
        If a batch is no positive whole number, or a time negative, or both of them 0.

    References
    ----------
    V. Reddi et al., "MLPerf Inference Benchmark", ISCA 2020, sec. III (offline scenario).
    doi:10.1109/ISCA45697.2020.00045
    """
    size = whole(batch, "batch")
    time = positive(
        not_negative(setup, "setup") + not_negative(per_request, "per_request") * size,
        "setup + per_request",
    )
    return FullBatches(time=time, throughput=size / time)


def batch_latency(
    arrival_rate: ArrayLike,
    batch: ArrayLike,
    *,
    setup: ArrayLike,
    per_request: ArrayLike,
    window: ArrayLike = np.inf,
) -> BatchLatency:
    """Return fill, queue and compute of one server that works on whole batches.

    The fill is exact, the queue behind other batches an Allen-Cunneen approximation that takes
    batches' sizes and intervals as independent.

    Parameters
    ----------
    arrival_rate : array_like, shape (n,)
        Requests per time. [1/s]
    batch : array_like, shape (n,)
        Largest batch, whole. [1]
    setup : array_like, shape (n,)
        Time of a batch that does not depend on its size. [s]
    per_request : array_like, shape (n,)
        Time each request adds. [s]
    window : array_like, shape (n,)
        Longest wait of a batch's first request; infinite for none. [s]

    Returns
    -------
    BatchLatency
        The queue is infinite from full utilisation on.

    Raises
    ------
    ValueError
        If a rate is not positive, a batch not a positive whole number, or a time negative.

    References
    ----------
    A. O. Allen, Probability, Statistics, and Queueing Theory, 2nd ed., Academic Press, 1990,
    section 5.4; D. Crankshaw et al., "Clipper", NSDI 2017, section 4.3.
    """
    rate = positive(arrival_rate, "arrival_rate")
    start, slope = not_negative(setup, "setup"), not_negative(per_request, "per_request")
    formed = batch_window(rate, batch, window)
    service = positive(start + slope * formed.size_mean, "setup + per_request")
    busy = service / formed.interval_mean
    queue = allen_cunneen_wait_mean(
        service, busy, 1, formed.interval_scv, slope**2 * formed.size_variance / service**2
    )
    # A request is likelier to sit in a large batch than a batch is to be large.
    seen = formed.size_mean + formed.size_variance / formed.size_mean
    limit = whole(batch, "batch") / (start + slope * whole(batch, "batch"))
    return BatchLatency(
        fill=formed.fill_mean,
        queue=queue,
        compute=start + slope * seen,
        first_fill=formed.first_fill_mean,
        utilisation=busy,
        size=formed.size_mean,
        throughput=np.where(busy < 1.0, rate, np.minimum(rate, limit)),
    )


def _window(window: ArrayLike) -> Floats:
    span = np.asarray(window, dtype=float)
    not_negative(np.where(np.isposinf(span), 0.0, span), "window")
    return span


def _poisson_at_least(n: Floats, mean: Floats) -> Floats:
    """P(N >= n) for whole n from 1 on, along the last axis; 1 where the mean is infinite."""
    top = int(n.max())
    k = np.arange(top)
    log_factorial = np.concatenate(([0.0], np.cumsum(np.log(np.arange(1.0, max(top, 2))))))[:top]
    safe = np.where(np.isfinite(mean) & (mean > 0), mean, 1.0)
    mass = np.exp(k * np.log(safe) - safe - log_factorial)
    below = np.cumsum(mass, axis=-1)[..., n.astype(int) - 1]
    found = np.clip(1.0 - below, 0.0, 1.0)
    return np.where(mean == 0, 0.0, np.where(np.isfinite(mean), found, 1.0))


def _erlang_quantile(shape: Floats, probability: Floats) -> Floats:
    """Quantile of the Erlang law of rate 1: Newton inside a bracket that only shrinks."""
    cube = 1.0 - 1.0 / (9.0 * shape) + _normal_quantile(probability) / (3.0 * np.sqrt(shape))
    x: Floats = np.maximum(shape * np.maximum(cube, 0.05) ** 3, 1e-9)
    low, high = np.zeros(shape.shape), np.full(shape.shape, np.inf)
    for _ in range(100):
        below, density = _erlang(shape, x)
        gap = below - probability
        low, high = np.where(gap < 0, x, low), np.where(gap > 0, x, high)
        step = x - gap / np.maximum(density, 1e-300)
        inside = (step > low) & (step < high)
        middle = np.where(np.isfinite(high), (low + high) / 2.0, 2.0 * x)
        x, before = np.where(inside, step, middle), x
        if np.all(np.abs(x - before) <= 1e-13 * x):
            break
    return x


def _erlang(shape: Floats, x: Floats) -> tuple[Floats, Floats]:
    """Distribution and density of the Erlang law of rate 1, from its Poisson terms."""
    k = np.arange(int(shape.max()))
    log_factorial = np.concatenate(([0.0], np.cumsum(np.log(np.arange(1.0, k.size)))))[: k.size]
    terms = np.exp(k * np.log(x[:, None]) - x[:, None] - log_factorial)
    inside: NDArray[np.bool_] = k < shape[:, None]
    last: Floats = np.take_along_axis(terms, shape.astype(int)[:, None] - 1, axis=1)[:, 0]
    return 1.0 - np.where(inside, terms, 0.0).sum(axis=1), last


def _normal_quantile(probability: Floats) -> Floats:
    """Rational approximation 26.2.23 of Abramowitz and Stegun, error below 4.5e-4: a start."""
    upper = np.minimum(probability, 1.0 - probability)
    t = np.sqrt(-2.0 * np.log(upper))
    z = t - (2.515517 + 0.802853 * t + 0.010328 * t**2) / (
        1.0 + 1.432788 * t + 0.189269 * t**2 + 0.001308 * t**3
    )
    return np.where(probability < 0.5, -z, z)
