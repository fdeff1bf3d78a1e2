"""Work in stages, one of them made faster: what the whole gains, and what it would take.

`parallelism.amdahl_speedup` is the gain where stages follow one another; here are its inverse and
the gain where they overlap.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcore.equations.arguments import not_negative, positive
from simcore.equations.arguments import share as checked_share

Array = NDArray[np.float64]


def pipelined_speedup(share: ArrayLike, factor: ArrayLike) -> Array:
    """Return how much the rate of two overlapping stages grows when one is done faster.

    The slowest stage sets the rate: max(p, 1 - p) before, max(p / s, 1 - p) after.

    Parameters
    ----------
    share : array_like, shape (n,)
        Share p of one item's time that the stage takes, 0 to 1. [1]
    factor : array_like, shape (n,)
        How much faster the stage gets, s; inf gives the bound. [1]

    Returns
    -------
    ndarray, shape (n,)
        Rate over rate. [1]

    Raises
    ------
    ValueError
        If the share lies outside 0 to 1, or the factor is not positive.

    References
    ----------
    J. Hennessy, D. Patterson, Computer Architecture: A Quantitative Approach, 6th ed., 2017,
    app. C.
    """
    p, s = checked_share(share, "share"), np.asarray(factor, dtype=float)
    if not np.all(s > 0):
        raise ValueError(f"factor must be positive, got {factor!r}")
    with np.errstate(divide="ignore"):  # all of it, infinitely fast: nothing sets the rate
        return np.asarray(np.maximum(p, 1 - p) / np.maximum(p / s, 1 - p))


def required_factor(share: ArrayLike, speedup: ArrayLike) -> Array:
    """Return how much faster a share must get for the whole to gain so much.

    Amdahl's law solved for the factor: s = p / (1 / S - (1 - p)).

    Parameters
    ----------
    share : array_like, shape (n,)
        Share p of the time that is sped up, 0 to 1. [1]
    speedup : array_like, shape (n,)
        Wanted for the whole, S. [1]

    Returns
    -------
    ndarray, shape (n,)
        Factor; infinite where no factor is enough. [1]

    Raises
    ------
    ValueError
        If the share lies outside 0 to 1, or the speed-up is not positive.

    References
    ----------
    G. Amdahl, "Validity of the single processor approach to achieving large scale computing
    capabilities", AFIPS 1967. doi:10.1145/1465482.1465560
    """
    p = checked_share(share, "share")
    left = 1 / positive(speedup, "speedup") - (1 - p)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(left > 0, p / left, np.inf))


def step_of_stages(times: ArrayLike, *, overlapped: ArrayLike) -> Array:
    """Return the time of one step of stages that overlap wholly, or follow one another.

    Overlapped, each stage works on its own step and the slowest sets the pace; else they add up.

    Parameters
    ----------
    times : sequence of k array_like, shape (n,)
        Of each stage. [s]
    overlapped : array_like, shape (n,)
        Whether they overlap. [1]

    Returns
    -------
    ndarray, shape (n,)
        Time from one step to the next. [s]

    Raises
    ------
    ValueError
        If a time is negative.

    References
    ----------
    J. Hennessy, D. Patterson, Computer Architecture: A Quantitative Approach, 6th ed., 2017,
    app. C.
    """
    each = not_negative(times, "times")
    together = np.asarray(overlapped, dtype=bool)
    return np.asarray(np.where(together, each.max(axis=0), each.sum(axis=0)))
