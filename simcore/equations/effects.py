"""What related measurements say about one not made: nested random effects on a logarithm.

Two boards with one core, one runtime on two boards, one board with four networks: each shared
property makes the logarithms of two times move together by some variance. From these variances
follow the best prediction of a missing time and how sure it is.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcore.checks import require_not_negative, require_positive

Array = NDArray[np.float64]


class Estimate(NamedTuple):
    """A predicted logarithm and its standard deviation."""

    mean: Array
    """Predicted logarithm. [1]"""
    deviation: Array
    """Standard deviation of the logarithm to be seen. [1]"""


def shared(labels: Sequence[object]) -> Array:
    """Return which pairs carry the same label; None is shared with nothing but itself.

    Parameters
    ----------
    labels : sequence
        One property of each measurement, such as its core.

    Returns
    -------
    ndarray, shape (n, n)
        1 where two measurements share it, else 0. [1]

    References
    ----------
    S. Searle, G. Casella, C. McCulloch, "Variance Components", 1992, sec. 4.2.
    """
    same = np.array([[a is not None and a == b for b in labels] for a in labels], dtype=float)
    same = same.reshape(len(labels), len(labels))
    np.fill_diagonal(same, 1.0)
    return same


def fading(times: ArrayLike, *, memory: float) -> Array:
    """Return how far two moments are alike: exp(-|difference| / memory).

    Parameters
    ----------
    times : array_like, shape (n,)
        When each measurement was made. [any]
    memory : float
        Difference after which 37% of the likeness is left, in the unit of `times`. [any]

    Returns
    -------
    ndarray, shape (n, n)
        Likeness, 1 on the diagonal. [1]

    Raises
    ------
    ValueError
        If the memory is not positive.

    References
    ----------
    C. Rasmussen, C. Williams, "Gaussian Processes for Machine Learning", 2006, eq. 4.9.
    """
    require_positive(memory=memory)
    t = np.asarray(times, dtype=float)
    return np.asarray(np.exp(-np.abs(t[:, None] - t[None, :]) / memory))


def predict_missing(
    logarithms: ArrayLike,
    prior: ArrayLike,
    covariance: ArrayLike,
    *,
    known: Sequence[int],
    wanted: int | Sequence[int],
    noise: float,
) -> Estimate:
    """Return the best linear unbiased prediction of a logarithm, or of some, from others.

    Parameters
    ----------
    logarithms : array_like, shape (n,)
        Measured; those not in `known` are not looked at. [1]
    prior : array_like, shape (n,)
        What is expected before anything is measured. [1]
    covariance : array_like, shape (n, n)
        Of the differences from the prior, without noise. [1]
    known : sequence of int, length k
        Which measurements may be used; none gives the prior back. [1]
    wanted : int or sequence of int, length w
        Which are predicted, each by itself; none may be among the known. [1]
    noise : float
        Variance of one measurement by itself. [1]

    Returns
    -------
    Estimate
        Mean and standard deviation of the logarithm, numbers or arrays of shape (w,). [1]

    Raises
    ------
    ValueError
        If a wanted one is among the known, or the noise is not positive.

    References
    ----------
    G. Robinson, "That BLUP is a Good Thing", Statistical Science 6(1), 1991.
    doi:10.1214/ss/1177011926
    """
    require_positive(noise=noise)
    into = np.asarray(wanted, dtype=int)
    both = set(into.ravel().tolist()) & set(known)
    if both:
        raise ValueError(f"measurement {min(both)} is among the known: nothing is left to predict")
    k, m = np.asarray(covariance, dtype=float), np.asarray(prior, dtype=float)
    at = np.asarray(list(known), dtype=int)
    variance = k[into, into] + noise
    if at.size == 0:
        return Estimate(m[into], np.asarray(np.sqrt(variance)))
    y = np.asarray(logarithms, dtype=float)[at]
    across = k[at][:, into]
    gain = np.linalg.solve(k[np.ix_(at, at)] + noise * np.eye(at.size), across)
    require_not_negative(variance=variance)
    explained = np.sum(gain * across, axis=0)
    return Estimate(
        np.asarray(m[into] + (y - m[at]) @ gain),
        np.asarray(np.sqrt(np.maximum(variance - explained, 0.0))),
    )


def predict_each(
    logarithms: ArrayLike,
    prior: ArrayLike,
    covariance: ArrayLike,
    *,
    wanted: Sequence[int],
    others: Sequence[int],
    noise: float,
) -> Estimate:
    """Return for each of some measurements what `predict_missing` makes of all the rest.

    One factorisation serves them all: with K the covariance with noise of wanted and others, and y
    the differences from the prior, a measurement lies (K^-1 y) / diag(K^-1) above its prediction.

    Parameters
    ----------
    logarithms : array_like, shape (n,)
        Measured; those neither wanted nor among the others are not looked at. [1]
    prior : array_like, shape (n,)
        What is expected before anything is measured. [1]
    covariance : array_like, shape (n, n)
        Of the differences from the prior, without noise. [1]
    wanted : sequence of int, length w
        Which are predicted, each from the other wanted ones as well. [1]
    others : sequence of int
        Which may be used beside them. [1]
    noise : float
        Variance of one measurement by itself. [1]

    Returns
    -------
    Estimate
        Means and standard deviations of the logarithms, each of shape (w,). [1]

    Raises
    ------
    ValueError
        If the noise is not positive.

    References
    ----------
    C. Rasmussen, C. Williams, "Gaussian Processes for Machine Learning", 2006, eq. 5.12.
    """
    require_positive(noise=noise)
    at, first = np.asarray([*wanted, *others], dtype=int), len(wanted)
    y, m = np.asarray(logarithms, dtype=float)[at], np.asarray(prior, dtype=float)[at]
    k = np.asarray(covariance, dtype=float)[np.ix_(at, at)] + noise * np.eye(at.size)
    inverse = np.linalg.solve(k, np.eye(at.size, first))
    own = np.diagonal(inverse)
    return Estimate(np.asarray(y[:first] - (y - m) @ inverse / own), np.asarray(np.sqrt(1.0 / own)))
