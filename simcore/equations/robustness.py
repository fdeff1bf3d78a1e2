"""Robustness: adversarial training, certified radii, silent corruption."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcore.equations.arguments import not_negative, positive, share, whole
from simcore.equations.normal import normal_quantile

Array = NDArray[np.float64]


def adversarial_training_ratio(steps: ArrayLike) -> Array:
    """Return the cost of training on attacked inputs over that of plain training: 1 + K.

    Each step of the attack is a forward and a backward pass, and so is the update that follows.

    Parameters
    ----------
    steps : array_like, shape (n,)
        Steps K of projected gradient ascent for each batch; 0 is plain training. [1]

    Returns
    -------
    ndarray, shape (n,)
        Arithmetic over arithmetic. [1]

    Raises
    ------
    ValueError
        If the steps are negative.

    References
    ----------
    A. Madry et al., "Towards deep learning models resistant to adversarial attacks", ICLR 2018.
    arXiv:1706.06083; A. Shafahi et al., "Adversarial training for free!", NeurIPS 2019, sec. 1.
    arXiv:1904.12843
    """
    return np.asarray(1.0 + not_negative(steps, "steps"))


def certified_radius(agreement: ArrayLike, *, noise: ArrayLike) -> Array:
    """Return the radius within which no perturbation changes a smoothed classifier's answer.

    noise * quantile(p), for the share p of noisy copies that agree, above one half.

    Parameters
    ----------
    agreement : array_like, shape (n,)
        Lower bound of the share of noisy copies with the answer, below 1. [1]
    noise : array_like, shape (n,)
        Standard deviation of the noise added to each input number. [1]

    Returns
    -------
    ndarray, shape (n,)
        Euclidean radius, in the unit of the noise; 0 where no majority agrees. [1]

    Raises
    ------
    ValueError
        If the share is not above 0 and below 1, or the noise not positive.

    References
    ----------
    J. Cohen, E. Rosenfeld, J. Kolter, "Certified adversarial robustness via randomized smoothing",
    ICML 2019, theorem 1. arXiv:1902.02918
    """
    found = positive(noise, "noise") * normal_quantile(agreement)
    return np.asarray(np.maximum(found, 0.0))


def unanimous_bound(samples: ArrayLike, *, failure: ArrayLike) -> Array:
    """Return the share that is sure to agree when all of some noisy copies did.

    failure^(1 / n), the Clopper-Pearson bound: more copies certify larger radii, ever more slowly.

    Parameters
    ----------
    samples : array_like, shape (n,)
        Noisy copies n, whole. [1]
    failure : array_like, shape (n,)
        Probability that the bound is wrong, above 0 and below 1. [1]

    Returns
    -------
    ndarray, shape (n,)
        Lower bound of the share. [1]

    Raises
    ------
    ValueError
        If the copies are no positive whole number, or the probability out of range.

    References
    ----------
    C. Clopper, E. Pearson, "The use of confidence or fiducial limits", Biometrika 26(4), 1934.
    doi:10.1093/biomet/26.4.404; J. Cohen et al., 2019, sec. 3.2. arXiv:1902.02918
    """
    wrong = share(failure, "failure")
    if np.any((wrong == 0) | (wrong == 1)):
        raise ValueError(f"failure must be above 0 and below 1, got {failure!r}")
    return np.asarray(wrong ** (1.0 / whole(samples, "samples")))


def at_least_one(probability: ArrayLike, trials: ArrayLike) -> Array:
    """Return the probability that something rare happens at least once: 1 - (1 - p)^n.

    Parameters
    ----------
    probability : array_like, shape (n,)
        In one trial: a device that corrupts a result silently within the hour. [1]
    trials : array_like, shape (n,)
        Independent trials: devices, hours, or both. [1]

    Returns
    -------
    ndarray, shape (n,)
        Probability. [1]

    Raises
    ------
    ValueError
        If a probability lies outside 0 to 1, or the trials are negative.

    References
    ----------
    H. Dixit et al., "Silent data corruptions at scale", 2021 (that they happen). arXiv:2102.11245
    """
    p, n = share(probability, "probability"), not_negative(trials, "trials")
    with np.errstate(divide="ignore", invalid="ignore"):
        found = -np.expm1(n * np.log1p(-p))
    return np.asarray(np.where(n == 0, 0.0, found))
