"""The normal law, where scores, noise and errors follow it."""

from math import erfc, sqrt
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

_below = np.frompyfunc(lambda z: 0.5 * erfc(-z / sqrt(2.0)), 1, 1)
_quantile = np.frompyfunc(NormalDist().inv_cdf, 1, 1)


def normal_below(deviations: ArrayLike) -> Array:
    """Return the probability that a standard normal variable stays below.

    Parameters
    ----------
    deviations : array_like, shape (n,)
        Distance from the mean in standard deviations; may be infinite. [1]

    Returns
    -------
    ndarray, shape (n,)
        Probability. [1]

    Raises
    ------
    ValueError
        If a distance is no number.

    References
    ----------
    M. Abramowitz, I. Stegun, Handbook of Mathematical Functions, 1964, eq. 26.2.29 and 7.1.2.
    """
    z = np.asarray(deviations, dtype=float)
    if np.isnan(z).any():
        raise ValueError("deviations must be numbers, got nan")
    return np.asarray(_below(z), dtype=float)


def normal_quantile(probability: ArrayLike) -> Array:
    """Return the distance from the mean that a standard normal variable stays below so often.

    Parameters
    ----------
    probability : array_like, shape (n,)
        Above 0 and below 1. [1]

    Returns
    -------
    ndarray, shape (n,)
        Standard deviations. [1]

    Raises
    ------
    ValueError
        If a probability is not above 0 and below 1.

    References
    ----------
    M. Wichura, "Algorithm AS 241", Applied Statistics 37(3), 1988. doi:10.2307/2347330
    """
    p = np.asarray(probability, dtype=float)
    bad = ~((p > 0) & (p < 1))
    if bad.any():
        raise ValueError(f"probability must be above 0 and below 1, got {p[bad].flat[0]:g}")
    return np.asarray(_quantile(p), dtype=float)
