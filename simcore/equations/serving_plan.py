"""The 99th percentile of a serving plan: batches of B, sent to c replicas in turn of arrival."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from simcore.equations.arguments import Floats, not_negative, positive, whole
from simcore.equations.batching import batch_fill_quantile
from simcore.equations.queueing import allen_cunneen_wait_mean, erlang_c, wait_quantile


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanLatency:
    """A plan's latency bound and its terms; arrays of shape (n,).

    Attributes
    ----------
    fill : ndarray
        Quantile of the wait of a batch's first request for the others. [s]
    queue : ndarray
        Quantile of the batch's wait for a replica. [s]
    service : ndarray
        Time of one batch on a replica. [s]
    total : ndarray
        Their sum, an upper estimate of the quantile of the sum; infinite when unstable. [s]
    utilisation : ndarray
        Share of the replicas' time in use. [1]
    """

    fill: Floats
    queue: Floats
    service: Floats
    total: Floats
    utilisation: Floats


def plan_latency(
    arrival_rate: ArrayLike,
    *,
    batch: ArrayLike,
    replicas: ArrayLike,
    setup: ArrayLike,
    per_request: ArrayLike,
    probability: ArrayLike = 0.99,
) -> PlanLatency:
    """Return a latency that a share of requests stay below under a batching plan.

    Three terms are added at the same quantile although their worst cases seldom meet, and the
    first request of a batch stands for all: the estimate errs on the safe side (by 1.0 to 1.6
    times where the plan is at least half used). Batches arrive with a variation of 1/B, service
    is fixed.

    Parameters
    ----------
    arrival_rate : array_like, shape (n,)
        Requests per time, Poisson. [1/s]
    batch : array_like, shape (n,)
        Requests per batch, whole. [1]
    replicas : array_like, shape (n,)
        Replicas that serve batches, whole. [1]
    setup : array_like, shape (n,)
        Time of a batch that does not depend on its size. [s]
    per_request : array_like, shape (n,)
        Time each request adds to a batch. [s]
    probability : array_like, shape (n,)
        Share of requests promised, above 0 and below 1. [1]

    Returns
    -------
    PlanLatency

    Raises
    ------
    ValueError
        If a rate is not positive, a batch or number of replicas not a positive whole number, or a
        time negative.

    References
    ----------
    A. O. Allen, Probability, Statistics, and Queueing Theory, 2nd ed., Academic Press, 1990,
    section 5.4; L. Kleinrock, Queueing Systems II, Wiley, 1976, section 2.1 (exponential wait
    in heavy traffic).
    """
    rate = positive(arrival_rate, "arrival_rate")
    size, count = whole(batch, "batch"), whole(replicas, "replicas")
    service = positive(
        not_negative(setup, "setup") + not_negative(per_request, "per_request") * size,
        "setup + per_request",
    )
    busy = rate / size * service / count
    stable = np.where(busy < 1.0, busy, 0.0)
    wait = allen_cunneen_wait_mean(service, stable, count, 1.0 / size, 0.0)
    queue = np.where(busy < 1.0, wait_quantile(wait, erlang_c(count, stable), probability), np.inf)
    fill, queue, service, busy = np.broadcast_arrays(
        batch_fill_quantile(rate, size, probability), queue, service, busy
    )
    return PlanLatency(
        fill=fill,
        queue=queue,
        service=service,
        total=fill + queue + service,
        utilisation=busy,
    )
