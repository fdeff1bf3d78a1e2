"""A batching plan simulated request by request: batches of B, c replicas, fixed batch time.

Batches go to replicas in order, and each takes the same time, so replicas take turns and every
c-th batch follows Lindley's recursion of its replica: a million requests in a few milliseconds.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simcore.stochastic.queue import lindley_waits

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchPlan:
    """A plan and its load.

    Attributes
    ----------
    arrival_rate : float
        Requests per time, Poisson. [1/s]
    batch, replicas : int
        Requests per batch; replicas that serve batches. [1]
    service : float
        Time of one batch on a replica. [s]
    """

    arrival_rate: float
    batch: int
    replicas: int
    service: float

    def __post_init__(self) -> None:
        if not self.arrival_rate > 0 or not self.service > 0:
            raise ValueError(
                f"rate and service must be positive: {self.arrival_rate=}, {self.service=}"
            )
        if self.batch < 1 or self.replicas < 1:
            raise ValueError(f"need a batch and a replica: {self.batch=}, {self.replicas=}")

    @property
    def utilisation(self) -> float:
        """Share of the replicas' time in use. [1]"""
        return self.arrival_rate * self.service / (self.batch * self.replicas)


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchStays:
    """Times of one replication's requests, one row per batch in order of starting.

    Attributes
    ----------
    fill : ndarray, shape (batches, batch)
        Wait of each request for its batch to fill, first member first. [s]
    queue : ndarray, shape (batches,)
        Wait of each batch for a replica. [s]
    total : ndarray, shape (batches, batch)
        Time in the system of each request. [s]
    """

    fill: Floats
    queue: Floats
    total: Floats


def batch_stays(
    plan: BatchPlan, seed: np.random.SeedSequence, *, requests: int, warm_up: float = 0.1
) -> BatchStays:
    """Return the times of the requests of one replication, from an empty system.

    Parameters
    ----------
    plan : BatchPlan
        What is simulated.
    seed : numpy.random.SeedSequence
        Decides everything random; the same seed gives the same times.
    requests : int
        Arrivals simulated; those that fill no batch are left out. [1]
    warm_up : float
        Share of the batches, from the start, that is simulated and left out. [1]

    Returns
    -------
    BatchStays

    Raises
    ------
    ValueError
        If no batch would be left.

    References
    ----------
    D. V. Lindley, Proc. Cambridge Phil. Soc. 48(2), 1952. doi:10.1017/S0305004100027638
    """
    batches = requests // plan.batch
    skipped = int(warm_up * batches)
    if batches - skipped < 1:
        raise ValueError(f"{requests} requests fill no batch of {plan.batch} after the warm-up")
    rng = np.random.Generator(np.random.SFC64(seed))
    gaps = rng.standard_exponential(batches * plan.batch) / plan.arrival_rate
    arrivals = np.cumsum(gaps).reshape(batches, plan.batch)
    ready = arrivals[:, -1]
    queue = np.empty(batches)
    for turn in range(min(plan.replicas, batches)):
        own = ready[turn :: plan.replicas]
        queue[turn :: plan.replicas] = np.concatenate(
            ([0.0], lindley_waits(plan.service - np.diff(own)))
        )
    fill = ready[:, None] - arrivals
    total = fill + (queue + plan.service)[:, None]
    return BatchStays(fill=fill[skipped:], queue=queue[skipped:], total=total[skipped:])
