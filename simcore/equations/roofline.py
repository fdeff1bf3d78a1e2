"""The roofline and the Iron Law: how long work takes when arithmetic, memory or overhead binds."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcore.checks import require_not_negative, require_positive
from simcore.equations.arguments import longest

Array = NDArray[np.float64]


class Terms(NamedTuple):
    """Where the time of each piece of work goes, each of shape (n,). [s]"""

    compute: Array
    memory: Array
    overhead: Array

    @property
    def time(self) -> Array:
        """The slower of compute and memory, which overlap, and the overhead before them. [s]"""
        return np.maximum(self.compute, self.memory) + self.overhead

    @property
    def bound(self) -> NDArray[np.str_]:
        """The longest of the three terms: "compute", "memory" or "overhead"."""
        return longest(overhead=self.overhead, memory=self.memory, compute=self.compute)


def arithmetic_intensity(flop: ArrayLike, traffic: ArrayLike) -> Array:
    """Return the arithmetic done for each byte moved.

    Parameters
    ----------
    flop : array_like, shape (n,)
        Arithmetic. [FLOP]
    traffic : array_like, shape (n,)
        Data moved to and from main memory. [byte]

    Returns
    -------
    ndarray, shape (n,)
        Arithmetic intensity. [FLOP/byte]

    Raises
    ------
    ValueError
        If no traffic moves, or an amount is negative.

    References
    ----------
    S. Williams et al., "Roofline", CACM 52(4), 2009. doi:10.1145/1498765.1498785
    """
    require_not_negative(flop=flop)
    require_positive(traffic=traffic)
    return np.asarray(np.asarray(flop, dtype=float) / np.asarray(traffic, dtype=float))


def ridge_point(*, peak_flop_rate: ArrayLike, bandwidth: ArrayLike) -> Array:
    """Return the intensity at which arithmetic and memory take equally long.

    Work left of the ridge is bound by memory, right of it by arithmetic.

    Parameters
    ----------
    peak_flop_rate : array_like, shape (n,)
        Peak arithmetic rate at the precision used. [FLOP/s]
    bandwidth : array_like, shape (n,)
        Peak main-memory bandwidth. [byte/s]

    Returns
    -------
    ndarray, shape (n,)
        Ridge point, or machine balance. [FLOP/byte]

    Raises
    ------
    ValueError
        If a rate is not positive.

    References
    ----------
    S. Williams et al., "Roofline", CACM 52(4), 2009. doi:10.1145/1498765.1498785
    """
    require_positive(peak_flop_rate=peak_flop_rate, bandwidth=bandwidth)
    peak, width = np.asarray(peak_flop_rate, dtype=float), np.asarray(bandwidth, dtype=float)
    return np.asarray(peak / width)


def attainable_rate(
    intensity: ArrayLike, *, peak_flop_rate: ArrayLike, bandwidth: ArrayLike
) -> Array:
    """Return the highest arithmetic rate work of this intensity can reach.

    Parameters
    ----------
    intensity : array_like, shape (n,)
        Arithmetic intensity of the work. [FLOP/byte]
    peak_flop_rate : array_like, shape (n,)
        Peak arithmetic rate at the precision used. [FLOP/s]
    bandwidth : array_like, shape (n,)
        Peak main-memory bandwidth. [byte/s]

    Returns
    -------
    ndarray, shape (n,)
        The roof over that intensity. [FLOP/s]

    Raises
    ------
    ValueError
        If a rate is not positive, or an intensity negative.

    References
    ----------
    S. Williams et al., "Roofline", CACM 52(4), 2009. doi:10.1145/1498765.1498785
    """
    require_not_negative(intensity=intensity)
    require_positive(peak_flop_rate=peak_flop_rate, bandwidth=bandwidth)
    memory_roof = np.asarray(bandwidth, dtype=float) * np.asarray(intensity, dtype=float)
    return np.asarray(np.minimum(np.asarray(peak_flop_rate, dtype=float), memory_roof))


def step_terms(
    flop: ArrayLike,
    traffic: ArrayLike,
    *,
    peak_flop_rate: ArrayLike,
    bandwidth: ArrayLike,
    efficiency: ArrayLike = 1.0,
    overhead: ArrayLike = 0.0,
) -> Terms:
    """Return the Iron-Law terms of each step: compute, memory and overhead.

    Compute and memory overlap, overhead does not: `Terms.time` adds them up that way. At
    efficiency 1 and overhead 0 that time is a floor, not a prediction.

    Parameters
    ----------
    flop : array_like, shape (n,)
        Arithmetic in each step. [FLOP]
    traffic : array_like, shape (n,)
        Data moved to and from main memory in each step. [byte]
    peak_flop_rate : array_like, shape (n,)
        Peak arithmetic rate at the precision used. [FLOP/s]
    bandwidth : array_like, shape (n,)
        Main-memory bandwidth. [byte/s]
    efficiency : array_like, shape (n,)
        Share of the peak that the kernel reaches when arithmetic binds. [1]
    overhead : array_like, shape (n,)
        Time before the work starts: launch, dispatch, call. [s]

    Returns
    -------
    Terms
        Compute, memory and overhead of each step. [s]

    Raises
    ------
    ValueError
        If a rate or the efficiency is not positive, or an amount negative.

    References
    ----------
    S. Williams et al., "Roofline", CACM 52(4), 2009. doi:10.1145/1498765.1498785
    """
    require_not_negative(flop=flop, traffic=traffic, overhead=overhead)
    require_positive(peak_flop_rate=peak_flop_rate, bandwidth=bandwidth, efficiency=efficiency)
    rate = np.asarray(peak_flop_rate, dtype=float) * np.asarray(efficiency, dtype=float)
    compute, memory, late = np.broadcast_arrays(
        np.asarray(flop, dtype=float) / rate,
        np.asarray(traffic, dtype=float) / np.asarray(bandwidth, dtype=float),
        np.asarray(overhead, dtype=float),
    )
    return Terms(compute, memory, late)


def step_time(
    flop: ArrayLike, traffic: ArrayLike, *, peak_flop_rate: ArrayLike, bandwidth: ArrayLike
) -> Array:
    """Return the least time each step can take: the slower of compute and memory.

    Both resources work at once and at their peak, so this is a floor, not a prediction.

    Parameters
    ----------
    flop : array_like, shape (n,)
        Arithmetic in each step. [FLOP]
    traffic : array_like, shape (n,)
        Data moved to and from main memory in each step. [byte]
    peak_flop_rate : array_like, shape (n,)
        Peak arithmetic rate at the precision used. [FLOP/s]
    bandwidth : array_like, shape (n,)
        Peak main-memory bandwidth. [byte/s]

    Returns
    -------
    ndarray, shape (n,)
        Time of each step. [s]

    Raises
    ------
    ValueError
        If a rate is not positive, or an amount negative.

    References
    ----------
    S. Williams et al., "Roofline", CACM 52(4), 2009. doi:10.1145/1498765.1498785
    """
    return step_terms(flop, traffic, peak_flop_rate=peak_flop_rate, bandwidth=bandwidth).time
