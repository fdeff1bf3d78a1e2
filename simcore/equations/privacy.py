"""Differential privacy: noise for a guarantee, guarantees that add up, private training."""

from math import lgamma

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcore.equations.arguments import Floats, not_negative, positive, share

Array = NDArray[np.float64]

ORDERS = np.concatenate([np.arange(2, 33), [40, 48, 64, 96, 128]])
"""Whole orders at which Renyi divergences are bounded; the best of them is taken."""
_LOG_FACTORIAL = np.asarray([lgamma(n + 1.0) for n in range(int(ORDERS[-1]) + 1)])
_BLOCK = 256
"""Points evaluated together, for bounded memory."""


def laplace_scale(sensitivity: ArrayLike, *, epsilon: ArrayLike) -> Array:
    """Return the scale of Laplace noise that makes a number epsilon-private.

    The standard deviation of the noise is sqrt(2) times this.

    Parameters
    ----------
    sensitivity : array_like, shape (n,)
        Most that one person changes the number by. [any]
    epsilon : array_like, shape (n,)
        Privacy loss. [1]

    Returns
    -------
    ndarray, shape (n,)
        Scale, in the unit of the sensitivity. [any]

    Raises
    ------
    ValueError
        If epsilon is not positive, or the sensitivity negative.

    References
    ----------
    C. Dwork et al., "Calibrating noise to sensitivity in private data analysis", TCC 2006.
    doi:10.1007/11681878_14
    """
    return np.asarray(not_negative(sensitivity, "sensitivity") / positive(epsilon, "epsilon"))


def gaussian_deviation(sensitivity: ArrayLike, *, epsilon: ArrayLike, delta: ArrayLike) -> Array:
    """Return the standard deviation of Gaussian noise that makes a number private.

    Sufficient for epsilon up to 1; beyond it the bound is not proven and refused.

    Parameters
    ----------
    sensitivity : array_like, shape (n,)
        Most that one person changes the number by, in the Euclidean norm. [any]
    epsilon : array_like, shape (n,)
        Privacy loss, at most 1. [1]
    delta : array_like, shape (n,)
        Probability of a larger loss. [1]

    Returns
    -------
    ndarray, shape (n,)
        Standard deviation, in the unit of the sensitivity. [any]

    Raises
    ------
    ValueError
        If epsilon or delta lie outside 0 to 1, or the sensitivity is negative.

    References
    ----------
    C. Dwork, A. Roth, The Algorithmic Foundations of Differential Privacy, 2014, theorem 3.22.
    doi:10.1561/0400000042
    """
    loss = positive(share(epsilon, "epsilon"), "epsilon")
    width = np.sqrt(2.0 * np.log(1.25 / _delta(delta)))
    return np.asarray(not_negative(sensitivity, "sensitivity") * width / loss)


def composed_loss(epsilon: ArrayLike, queries: ArrayLike) -> Array:
    """Return the privacy loss of many queries at worst: they add up.

    Parameters
    ----------
    epsilon : array_like, shape (n,)
        Of one query. [1]
    queries : array_like, shape (n,)
        How many. [1]

    Returns
    -------
    ndarray, shape (n,)
        Loss of all. [1]

    Raises
    ------
    ValueError
        If a number is negative.

    References
    ----------
    C. Dwork, A. Roth, The Algorithmic Foundations of Differential Privacy, 2014, theorem 3.16.
    doi:10.1561/0400000042
    """
    return np.asarray(not_negative(epsilon, "epsilon") * not_negative(queries, "queries"))


def advanced_loss(epsilon: ArrayLike, queries: ArrayLike, *, delta: ArrayLike) -> Array:
    """Return the privacy loss of many queries, but for a small probability: about their root.

    sqrt(2 k ln(1 / delta)) epsilon + k epsilon (e^epsilon - 1). For few or costly queries it
    exceeds the plain sum, which then is the better bound.

    Parameters
    ----------
    epsilon : array_like, shape (n,)
        Of one query. [1]
    queries : array_like, shape (n,)
        How many, k. [1]
    delta : array_like, shape (n,)
        Probability of a larger loss. [1]

    Returns
    -------
    ndarray, shape (n,)
        Loss of all. [1]

    Raises
    ------
    ValueError
        If a number is negative, or delta not above 0 and below 1.

    References
    ----------
    C. Dwork, G. Rothblum, S. Vadhan, "Boosting and differential privacy", FOCS 2010.
    doi:10.1109/FOCS.2010.12
    """
    loss, k = not_negative(epsilon, "epsilon"), not_negative(queries, "queries")
    spread = np.sqrt(2.0 * k * np.log(1.0 / _delta(delta))) * loss
    return np.asarray(spread + k * loss * np.expm1(loss))


def queries_within(budget: ArrayLike, *, epsilon: ArrayLike, delta: ArrayLike) -> Array:
    """Return how many queries a budget pays for under advanced composition.

    The loss is a quadratic in the square root of the queries.

    Parameters
    ----------
    budget : array_like, shape (n,)
        Loss of all together. [1]
    epsilon : array_like, shape (n,)
        Of one query. [1]
    delta : array_like, shape (n,)
        Probability of a larger loss. [1]

    Returns
    -------
    ndarray, shape (n,)
        Queries, not rounded. [1]

    Raises
    ------
    ValueError
        If a loss is not positive, or delta not above 0 and below 1.

    References
    ----------
    C. Dwork, G. Rothblum, S. Vadhan, "Boosting and differential privacy", FOCS 2010.
    doi:10.1109/FOCS.2010.12
    """
    loss = positive(epsilon, "epsilon")
    a, b = loss * np.expm1(loss), loss * np.sqrt(2.0 * np.log(1.0 / _delta(delta)))
    # The stable root of a x^2 + b x = budget: no difference of nearly equal numbers.
    total = positive(budget, "budget")
    return np.asarray((2.0 * total / (b + np.sqrt(b * b + 4.0 * a * total))) ** 2)


def private_sgd_loss(
    noise: ArrayLike, *, sampling: ArrayLike, steps: ArrayLike, delta: ArrayLike
) -> Array:
    """Return the privacy loss of training with clipped, noisy gradients (DP-SGD).

    Renyi divergences of the sampled Gaussian at whole orders add up over the steps; the best order
    gives the loss (the moments accountant).

    Parameters
    ----------
    noise : array_like, shape (n,)
        Standard deviation of the noise over the clipping norm. [1]
    sampling : array_like, shape (n,)
        Probability that an example is in a step's batch: batch over data. [1]
    steps : array_like, shape (n,)
        Steps of training. [1]
    delta : array_like, shape (n,)
        Probability of a larger loss. [1]

    Returns
    -------
    ndarray, shape (n,)
        Loss epsilon. [1]

    Raises
    ------
    ValueError
        If the noise is not positive, a probability lies out of range, or the steps are negative.

    References
    ----------
    I. Mironov, K. Talwar, L. Zhang, "Renyi differential privacy of the sampled Gaussian mechanism",
    2019, sec. 3.3. arXiv:1908.10530; M. Abadi et al., "Deep learning with differential privacy",
    CCS 2016. doi:10.1145/2976749.2978318
    """
    sigma, q, t, d = np.broadcast_arrays(
        positive(noise, "noise"),
        share(sampling, "sampling"),
        not_negative(steps, "steps"),
        _delta(delta),
    )
    flat = [x.ravel() for x in (sigma, q, t, d)]
    parts = [
        _best_order(*(x[start : start + _BLOCK] for x in flat))
        for start in range(0, sigma.size, _BLOCK)
    ]
    return np.concatenate(parts).reshape(sigma.shape)


def noise_for_loss(
    epsilon: ArrayLike, *, sampling: ArrayLike, steps: ArrayLike, delta: ArrayLike
) -> Array:
    """Return the least noise with which private training stays within a loss.

    Parameters
    ----------
    epsilon : array_like, shape (n,)
        Loss allowed. [1]
    sampling : array_like, shape (n,)
        Probability that an example is in a step's batch. [1]
    steps : array_like, shape (n,)
        Steps of training. [1]
    delta : array_like, shape (n,)
        Probability of a larger loss. [1]

    Returns
    -------
    ndarray, shape (n,)
        Standard deviation of the noise over the clipping norm, to 1e-6. [1]

    Raises
    ------
    ValueError
        If epsilon is not positive, or not even noise of 1000 clipping norms suffices.

    References
    ----------
    M. Abadi et al., "Deep learning with differential privacy", CCS 2016.
    doi:10.1145/2976749.2978318
    """
    wanted = positive(epsilon, "epsilon")
    given = {"sampling": sampling, "steps": steps, "delta": delta}
    shape = np.broadcast_shapes(np.shape(wanted), *(np.shape(x) for x in given.values()))
    low, high = np.full(shape, 0.05), np.full(shape, 1000.0)
    if np.any(private_sgd_loss(high, **given) > wanted):
        raise ValueError(f"epsilon {np.min(wanted):g} is below what any noise gives at {delta=}")
    while np.any(high / low > 1.0 + 1e-6):
        middle = np.sqrt(low * high)
        over = private_sgd_loss(middle, **given) > wanted
        low, high = np.where(over, middle, low), np.where(over, high, middle)
    return high


def _best_order(sigma: Floats, q: Floats, steps: Floats, delta: Floats) -> Floats:
    """Return the least loss over the orders a: T D_a + ln(1 / delta) / (a - 1)."""
    a = ORDERS[:, None]
    k = np.arange(ORDERS[-1] + 1)[None, :]
    inside = k <= a
    choose = _LOG_FACTORIAL[a] - _LOG_FACTORIAL[np.where(inside, k, 0)]
    choose = choose - _LOG_FACTORIAL[np.where(inside, a - k, 0)]
    with np.errstate(divide="ignore", invalid="ignore"):
        absent = np.where(a == k, 0.0, (a - k) * np.log1p(-q)[:, None, None])
        present = np.where(k == 0, 0.0, k * np.log(q)[:, None, None])
    terms = choose + absent + present + k * (k - 1) / (2.0 * sigma[:, None, None] ** 2)
    terms = np.where(inside, terms, -np.inf)
    top = terms.max(axis=-1)
    moment = top + np.log(np.exp(terms - top[..., None]).sum(axis=-1))
    loss = (steps[:, None] * moment + np.log(1.0 / delta)[:, None]) / (ORDERS - 1.0)
    return np.asarray(np.where((steps == 0) | (q == 0), 0.0, loss.min(axis=-1)))


def _delta(delta: ArrayLike) -> Floats:
    found = share(delta, "delta")
    if np.any((found == 0) | (found == 1)):
        raise ValueError(f"delta must be above 0 and below 1, got {delta!r}")
    return found
