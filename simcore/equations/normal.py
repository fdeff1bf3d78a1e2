"""The normal law, where scores, noise and errors follow it."""

from math import erfc

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

_twice_above = np.frompyfunc(erfc, 1, 1)


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
    return 0.5 * np.asarray(_twice_above(z / -np.sqrt(2.0)), dtype=float)


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
    from statistics import NormalDist  # here, so that importing simcore stays fast

    p = np.asarray(probability, dtype=float)
    bad = ~((p > 0) & (p < 1))
    if bad.any():
        raise ValueError(f"probability must be above 0 and below 1, got {p[bad].flat[0]:g}")
    return np.asarray(np.frompyfunc(NormalDist().inv_cdf, 1, 1)(p), dtype=float)


def student_quantile(probability: ArrayLike, *, freedom: ArrayLike) -> Array:
    """Return the quantile of Student's t: how far a mean of few measurements may lie off.

    Exact for 1 and 2 degrees of freedom; Hill's expansion, good to 1e-5, above.

    Parameters
    ----------
    probability : array_like, shape (n,)
        Above 0 and below 1. [1]
    freedom : array_like, shape (n,)
        Degrees of freedom, 1 or more. [1]

    Returns
    -------
    ndarray, shape (n,)
        Standard errors. [1]

    Raises
    ------
    ValueError
        If a probability is not above 0 and below 1, or there is no degree of freedom.

    References
    ----------
    G. Hill, "Algorithm 396: Student's t-quantiles", CACM 13(10), 1970. doi:10.1145/355598.355600
    """
    n, p = np.broadcast_arrays(
        np.asarray(freedom, dtype=float), np.asarray(probability, dtype=float)
    )
    if not np.all(n >= 1):
        raise ValueError(f"freedom must be 1 or more, got {np.min(n):g}")
    below = normal_quantile(np.minimum(p, 1.0 - p))
    tails = 2.0 * np.minimum(p, 1.0 - p)
    size = np.where(n < 2, _cauchy(tails), np.where(n < 3, _two(tails), _hill(tails, below, n)))
    return np.asarray(np.where(p < 0.5, -size, size))


def _cauchy(tails: Array) -> Array:
    return np.asarray(1.0 / np.tan(np.pi * tails / 2.0))


def _two(tails: Array) -> Array:
    return np.asarray(np.sqrt(np.maximum(2.0 / (tails * (2.0 - tails)) - 2.0, 0.0)))


def _hill(tails: Array, z: Array, n: Array) -> Array:
    a = 1.0 / (n - 0.5)
    b = 48.0 / a**2
    c = ((20700.0 * a / b - 98.0) * a - 16.0) * a + 96.36
    d = ((94.5 / (b + c) - 3.0) / b + 1.0) * np.sqrt(a * np.pi / 2.0) * n
    y = (d * tails) ** (2.0 / n)
    c = c + np.where(n < 5, 0.3 * (n - 4.5) * (z + 0.6), 0.0)
    c = (((0.05 * d * z - 5.0) * z - 7.0) * z - 2.0) * z + b + c
    w = z * z
    near = (((((0.4 * w + 6.3) * w + 36.0) * w + 94.5) / c - w - 3.0) / b + 1.0) * z
    middle = np.expm1(a * near**2)
    far = ((n + 6.0) / (n * y) - 0.089 * d - 0.822) * (n + 2.0) * 3.0
    tail = ((1.0 / far + 0.5 / (n + 4.0)) * y - 1.0) * (n + 1.0) / (n + 2.0) + 1.0 / y
    return np.asarray(np.sqrt(n * np.where(y > 0.05 + a, middle, tail)))
