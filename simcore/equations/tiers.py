"""Memory in tiers: which one holds the data, and how long one access then takes."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcore.equations.arguments import not_negative, positive, share

Array = NDArray[np.float64]


def tier_index(size: ArrayLike, capacities: Sequence[float]) -> NDArray[np.intp]:
    """Return the first tier that holds data of some size: a step, not a slope.

    Parameters
    ----------
    size : array_like, shape (n,)
        Of the data in use at once. [byte]
    capacities : sequence of float
        Of the tiers, the fastest first and each larger than the one before. [byte]

    Returns
    -------
    ndarray of int, shape (n,)
        Place of the tier; as many as there are tiers where none holds it. [1]

    Raises
    ------
    ValueError
        If a size is negative, or the capacities do not grow.

    References
    ----------
    J. Hennessy, D. Patterson, Computer Architecture, 6th ed., 2017, sec. 2.1.
    """
    limits = positive(list(capacities), "capacities")
    if limits.ndim != 1 or limits.size == 0 or np.any(np.diff(limits) <= 0):
        raise ValueError(f"capacities must grow from tier to tier, got {list(capacities)}")
    return np.asarray(np.searchsorted(limits, not_negative(size, "size")), dtype=np.intp)


def mean_access_time(hit_shares: Sequence[ArrayLike], latencies: Sequence[ArrayLike]) -> Array:
    """Return the mean time of an access that is looked for in one tier after the other.

    A miss costs the look-up and then the next tier; the last tier holds everything.

    Parameters
    ----------
    hit_shares : sequence of array_like
        Of each tier but the last: accesses found there over those that reach it. [1]
    latencies : sequence of array_like
        Of each tier, the last included. [s]

    Returns
    -------
    ndarray, shape (n,)
        Mean time. [s]

    Raises
    ------
    ValueError
        If a share lies outside 0 to 1, a time is negative, or there is not one time more than
        shares.

    References
    ----------
    J. Hennessy, D. Patterson, Computer Architecture, 6th ed., 2017, app. B.1 (average memory access
    time).
    """
    if len(latencies) != len(hit_shares) + 1:
        raise ValueError(
            f"need one latency more than hit shares, got {len(latencies)} and {len(hit_shares)}"
        )
    time = not_negative(latencies[-1], "latencies")
    for hit, latency in zip(reversed(hit_shares), reversed(latencies[:-1]), strict=True):
        time = not_negative(latency, "latencies") + (1.0 - share(hit, "hit_shares")) * time
    return np.asarray(time)
