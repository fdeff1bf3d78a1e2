"""Storage: tiers behind a cache, shards that workers share, checkpoints, data that is far away."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcore.equations.arguments import not_negative, positive, share, whole

Array = NDArray[np.float64]


def cached_rate(hit_share: ArrayLike, *, hot_rate: ArrayLike, cold_rate: ArrayLike) -> Array:
    """Return the rate of reading through a cache: the harmonic mean of both tiers.

    Times add up, not rates: with 90% hits in a tier ten times as fast, reading is 5.3 times as
    fast, not nine.

    Parameters
    ----------
    hit_share : array_like, shape (n,)
        Share of the bytes found in the cache. [1]
    hot_rate, cold_rate : array_like, shape (n,)
        Of the cache and of what lies behind it. [byte/s]

    Returns
    -------
    ndarray, shape (n,)
        Rate. [byte/s]

    Raises
    ------
    ValueError
        If the share lies outside 0 to 1, or a rate is not positive.

    References
    ----------
    J. Hennessy, D. Patterson, Computer Architecture, 6th ed., 2017, app. B.1.
    """
    hit = share(hit_share, "hit_share")
    slow = (1.0 - hit) / positive(cold_rate, "cold_rate")
    return np.asarray(1.0 / (hit / positive(hot_rate, "hot_rate") + slow))


def shard_collision(workers: ArrayLike, shards: ArrayLike) -> Array:
    """Return the probability that two workers draw the same shard, each drawing one at random.

    The birthday problem: about 1 - exp(-n^2 / 2 N), certain with more workers than shards.

    Parameters
    ----------
    workers : array_like, shape (n,)
        Workers that draw, whole. [1]
    shards : array_like, shape (n,)
        Shards to draw from, whole. [1]

    Returns
    -------
    ndarray, shape (n,)
        Probability, exact. [1]

    Raises
    ------
    ValueError
        If a number is no positive whole number.

    References
    ----------
    W. Feller, An Introduction to Probability Theory and Its Applications, vol. 1, 3rd ed., 1968,
    sec. II.3.
    """
    n, shelves = np.broadcast_arrays(whole(workers, "workers"), whole(shards, "shards"))
    taken = np.arange(n.max())
    with np.errstate(divide="ignore", invalid="ignore"):
        free = np.log1p(-taken / shelves[..., None])
    log_none = np.where(taken < n[..., None], free, 0.0)
    return np.asarray(np.where(n > shelves, 1.0, -np.expm1(np.nansum(log_none, axis=-1))))


class WriteTerms(NamedTuple):
    """Writing a checkpoint, each of shape (n,). [s]"""

    writers: Array
    """By the links of those that write. [s]"""
    store: Array
    """By what the storage takes in. [s]"""

    @property
    def time(self) -> Array:
        """The longer of both. [s]"""
        return np.maximum(self.writers, self.store)


def checkpoint_write(
    size: ArrayLike,
    *,
    copies: ArrayLike = 1,
    writers: ArrayLike = 1,
    writer_rate: ArrayLike,
    store_rate: ArrayLike,
) -> WriteTerms:
    """Return the time of writing a checkpoint through many writers into one store.

    Every replica that writes its own copy of the same state multiplies the bytes (a storm).

    Parameters
    ----------
    size : array_like, shape (n,)
        State of one copy. [byte]
    copies : array_like, shape (n,)
        Copies written; 1 where data-parallel replicas share the work. [1]
    writers : array_like, shape (n,)
        How many write at once. [1]
    writer_rate : array_like, shape (n,)
        Of one writer. [byte/s]
    store_rate : array_like, shape (n,)
        That the storage takes in from all. [byte/s]

    Returns
    -------
    WriteTerms
        By writers and by store. [s]

    Raises
    ------
    ValueError
        If a rate or number is not positive, or the size negative.

    References
    ----------
    A. Eisenman et al., "Check-N-Run", NSDI 2022. arXiv:2010.08679
    """
    total = not_negative(size, "size") * positive(copies, "copies")
    many = positive(writers, "writers") * positive(writer_rate, "writer_rate")
    return WriteTerms(
        *np.broadcast_arrays(total / many, total / positive(store_rate, "store_rate"))
    )


class MoveTerms(NamedTuple):
    """Moving data to the compute, each of shape (n,)."""

    time: Array
    """[s]"""
    cost: Array
    """[USD]"""


def data_transfer(size: ArrayLike, *, rate: ArrayLike, price: ArrayLike = 0.0) -> MoveTerms:
    """Return what moving data out of a region takes: data has gravity.

    Parameters
    ----------
    size : array_like, shape (n,)
        Data to move. [byte]
    rate : array_like, shape (n,)
        Of the link. [byte/s]
    price : array_like, shape (n,)
        Of egress; 0.08 USD/GB is 8e-11. [USD/byte]

    Returns
    -------
    MoveTerms
        Time and cost. [any]

    Raises
    ------
    ValueError
        If the rate is not positive, or an amount negative.

    References
    ----------
    J. Gray, "Distributed computing economics", Microsoft Research MSR-TR-2003-24, 2003.
    """
    moved = not_negative(size, "size")
    terms = np.broadcast_arrays(
        moved / positive(rate, "rate"), moved * not_negative(price, "price")
    )
    return MoveTerms(*terms)


def break_even_size(saving: ArrayLike, *, jobs: ArrayLike = 1, price: ArrayLike) -> Array:
    """Return the size of data up to which moving it pays: below it move data, above it the job.

    Parameters
    ----------
    saving : array_like, shape (n,)
        What one job saves where the data would be moved to. [USD]
    jobs : array_like, shape (n,)
        Jobs on the same copy before the data change. [1]
    price : array_like, shape (n,)
        Of moving; 0.08 USD/GB is 8e-11. [USD/byte]

    Returns
    -------
    ndarray, shape (n,)
        Size at which both cost the same. [byte]

    Raises
    ------
    ValueError
        If the price is not positive, or another number negative.

    References
    ----------
    J. Gray, "Distributed computing economics", Microsoft Research MSR-TR-2003-24, 2003.
    """
    saved = not_negative(saving, "saving") * not_negative(jobs, "jobs")
    return np.asarray(saved / positive(price, "price"))
