"""The log-normal law: times that are products of many small delays, with a long upper tail."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcore.equations.arguments import not_negative, positive
from simcore.equations.normal import normal_below, normal_quantile

Array = NDArray[np.float64]


def lognormal_quantile(probability: ArrayLike, *, mean: ArrayLike, deviation: ArrayLike) -> Array:
    """Return the value that a log-normal variable stays below so often.

    mean exp(z sigma - sigma^2 / 2), with z the normal quantile: the median lies
    exp(sigma^2 / 2) below the mean.

    Parameters
    ----------
    probability : array_like, shape (n,)
        Above 0 and below 1. [1]
    mean : array_like, shape (n,)
        Of the variable itself, not of its logarithm. [any]
    deviation : array_like, shape (n,)
        Standard deviation sigma of its natural logarithm. [1]

    Returns
    -------
    ndarray, shape (n,)
        Quantile. [any]

    Raises
    ------
    ValueError
        If a probability is not above 0 and below 1, the mean not positive, or the deviation
        negative.

    References
    ----------
    J. Aitchison, J. Brown, The Lognormal Distribution, Cambridge, 1957, ch. 2.
    """
    sigma = not_negative(deviation, "deviation")
    stretch = np.exp(normal_quantile(probability) * sigma - sigma**2 / 2)
    return np.asarray(positive(mean, "mean") * stretch)


def lognormal_above(value: ArrayLike, *, mean: ArrayLike, deviation: ArrayLike) -> Array:
    """Return the probability that a log-normal variable exceeds a value.

    Parameters
    ----------
    value : array_like, shape (n,)
        In the unit of the mean. [any]
    mean : array_like, shape (n,)
        Of the variable itself, not of its logarithm. [any]
    deviation : array_like, shape (n,)
        Standard deviation sigma of its natural logarithm, above 0. [1]

    Returns
    -------
    ndarray, shape (n,)
        Probability. [1]

    Raises
    ------
    ValueError
        If the value, the mean or the deviation is not positive.

    References
    ----------
    J. Aitchison, J. Brown, The Lognormal Distribution, Cambridge, 1957, ch. 2.
    """
    sigma = positive(deviation, "deviation")
    ratio = positive(value, "value") / positive(mean, "mean")
    return normal_below(-(np.log(ratio) + sigma**2 / 2) / sigma)
