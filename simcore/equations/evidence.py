"""How much evidence a claim needs, and what follows for groups and for privacy."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcore.equations.arguments import not_negative, positive, share

Array = NDArray[np.float64]

PRIVACY_COST = 2.0
"""Extra training time at epsilon 1: a planning estimate, no law."""


def two_sample_size(
    baseline: ArrayLike, lift: ArrayLike, *, z_alpha: ArrayLike, z_beta: ArrayLike
) -> Array:
    """Return the subjects each arm of an A/B test needs to see a change in a rate.

    n = 2 (z_alpha + z_beta)^2 p (1 - p) / d^2, with the variance at the baseline in both arms.

    Parameters
    ----------
    baseline : array_like, shape (n,)
        Rate p without the change. [1]
    lift : array_like, shape (n,)
        Difference d to be seen. [1]
    z_alpha : array_like, shape (n,)
        Normal quantile of the error of the first kind, two-sided: 1.96 for 5%. [1]
    z_beta : array_like, shape (n,)
        Normal quantile of the power: 0.84 for 80%. [1]

    Returns
    -------
    ndarray, shape (n,)
        Subjects of one arm, not rounded up. [1]

    Raises
    ------
    ValueError
        If the baseline lies outside 0 to 1, or another number is not positive.

    References
    ----------
    J. Fleiss, B. Levin, M. Paik, Statistical Methods for Rates and Proportions, 3rd ed., 2003,
    ch. 4.
    """
    p, d = share(baseline, "baseline"), positive(lift, "lift")
    z = positive(z_alpha, "z_alpha") + positive(z_beta, "z_beta")
    return np.asarray(2 * z**2 * p * (1 - p) / d**2)


def labels_to_notice(
    error: ArrayLike, rise: ArrayLike, *, z_alpha: ArrayLike, z_beta: ArrayLike
) -> Array:
    """Return the labelled examples that show a rise of a known error rate.

    n = (z_alpha + z_beta)^2 p (1 - p) / d^2, with the variance at the known rate. Behind the rise
    the variance is larger, so somewhat fewer rises are noticed than z_beta says: at rates of 3% to
    5% and a rise of two points three in four, not four in five.

    Parameters
    ----------
    error : array_like, shape (n,)
        Known error rate p. [1]
    rise : array_like, shape (n,)
        Difference d to be seen. [1]
    z_alpha : array_like, shape (n,)
        Normal quantile of the error of the first kind, one-sided: 1.645 for 5%. [1]
    z_beta : array_like, shape (n,)
        Normal quantile of the power: 0.84 for 80%. [1]

    Returns
    -------
    ndarray, shape (n,)
        Labelled examples, not rounded up. [1]

    Raises
    ------
    ValueError
        If the rate lies outside 0 to 1, or another number is not positive.

    References
    ----------
    J. Fleiss, B. Levin, M. Paik, Statistical Methods for Rates and Proportions, 3rd ed., 2003,
    ch. 2.
    """
    p, d = share(error, "error"), positive(rise, "rise")
    z = positive(z_alpha, "z_alpha") + positive(z_beta, "z_beta")
    return np.asarray(z**2 * p * (1 - p) / d**2)


def time_to_notice(
    error: ArrayLike,
    *,
    growth: ArrayLike,
    label_rate: ArrayLike,
    z_alpha: ArrayLike,
    z_beta: ArrayLike,
) -> Array:
    """Return when labels that come in evenly show an error rate that grows evenly.

    After t the rise is g t and l t labels are there, so that l t = z^2 p (1 - p) / (g t)^2. All
    labels since the start count, and the rise is taken as it stands in the end.

    Parameters
    ----------
    error : array_like, shape (n,)
        Error rate p at the start. [1]
    growth : array_like, shape (n,)
        Growth g of the error rate; never noticed where it is 0. [1/s]
    label_rate : array_like, shape (n,)
        Labelled examples in a time, l; nothing is noticed without any. [1/s]
    z_alpha : array_like, shape (n,)
        Normal quantile of the error of the first kind, one-sided. [1]
    z_beta : array_like, shape (n,)
        Normal quantile of the power. [1]

    Returns
    -------
    ndarray, shape (n,)
        Time; infinite where nothing is noticed. [s]

    Raises
    ------
    ValueError
        If the rate lies outside 0 to 1, or another number is negative.

    References
    ----------
    J. Fleiss, B. Levin, M. Paik, Statistical Methods for Rates and Proportions, 3rd ed., 2003,
    ch. 2.
    """
    rise, rate = not_negative(growth, "growth"), not_negative(label_rate, "label_rate")
    seen = (rise > 0) & (rate > 0)
    needed = labels_to_notice(error, np.where(rise > 0, rise, 1.0), z_alpha=z_alpha, z_beta=z_beta)
    return np.asarray(np.where(seen, np.cbrt(needed / np.where(rate > 0, rate, 1.0)), np.inf))


def noticeable_rise(
    error: ArrayLike, labels: ArrayLike, *, z_alpha: ArrayLike, z_beta: ArrayLike
) -> Array:
    """Return the smallest rise of a known error rate that so many labels show.

    (z_alpha + z_beta) sqrt(p (1 - p) / n), the inverse of `labels_to_notice`.

    Parameters
    ----------
    error : array_like, shape (n,)
        Known error rate p. [1]
    labels : array_like, shape (n,)
        Labelled examples n. [1]
    z_alpha, z_beta : array_like, shape (n,)
        Normal quantiles of the error of the first kind, one-sided, and of the power. [1]

    Returns
    -------
    ndarray, shape (n,)
        Difference. [1]

    Raises
    ------
    ValueError
        If the rate lies outside 0 to 1, or another number is not positive.

    References
    ----------
    J. Fleiss, B. Levin, M. Paik, Statistical Methods for Rates and Proportions, 3rd ed., 2003,
    ch. 2.
    """
    p, n = share(error, "error"), positive(labels, "labels")
    z = positive(z_alpha, "z_alpha") + positive(z_beta, "z_beta")
    return np.asarray(z * np.sqrt(p * (1 - p) / n))


def one_sample_size(
    rate: ArrayLike, drop: ArrayLike, *, z_alpha: ArrayLike, z_beta: ArrayLike
) -> Array:
    """Return the cases that show whether a rate has dropped below what it was.

    n = ((z_alpha sqrt(p0 q0) + z_beta sqrt(p1 q1)) / d)^2 with p1 = p0 - d, one-sided.

    Parameters
    ----------
    rate : array_like, shape (n,)
        Rate p0 that was promised. [1]
    drop : array_like, shape (n,)
        Drop d to be seen, below the rate. [1]
    z_alpha : array_like, shape (n,)
        Normal quantile of a false alarm's probability: 1.645 for 5%. [1]
    z_beta : array_like, shape (n,)
        Normal quantile of the power: 0.84 for 80%. [1]

    Returns
    -------
    ndarray, shape (n,)
        Cases, not rounded up. [1]

    Raises
    ------
    ValueError
        If a rate lies outside 0 to 1, or another number is not positive.

    References
    ----------
    J. Fleiss, B. Levin, M. Paik, Statistical Methods for Rates and Proportions, 3rd ed., 2003,
    sec. 2.2.
    """
    p0, d = share(rate, "rate"), positive(drop, "drop")
    p1 = share(p0 - d, "rate - drop")
    spread = positive(z_alpha, "z_alpha") * np.sqrt(p0 * (1 - p0))
    spread = spread + positive(z_beta, "z_beta") * np.sqrt(p1 * (1 - p1))
    return np.asarray((spread / d) ** 2)


def trials_to_see(probability: ArrayLike, *, confidence: ArrayLike) -> Array:
    """Return the independent trials after which something has been seen once, this surely.

    n = ln(1 - c) / ln(1 - p), about 3 / p for 95%. Read the other way it is the rule of three:
    after so many trials without a single event its probability is below p, this surely.

    Parameters
    ----------
    probability : array_like, shape (n,)
        Of the event in one trial, above 0 and below 1. [1]
    confidence : array_like, shape (n,)
        How surely, above 0 and below 1. [1]

    Returns
    -------
    ndarray, shape (n,)
        Trials, not rounded up. [1]

    Raises
    ------
    ValueError
        If a probability is out of range.

    References
    ----------
    J. Bergstra, Y. Bengio, "Random search for hyper-parameter optimization", JMLR 13, 2012
    (trials until one lands among the best). J. Hanley, A. Lippman-Hand, "If nothing goes wrong,
    is everything all right?", JAMA 249(13), 1983. doi:10.1001/jama.1983.03330370053031
    """
    p, c = _possible(probability, "probability"), _possible(confidence, "confidence")
    return np.asarray(np.log1p(-c) / np.log1p(-p))


def false_positive_rate(
    base_rate: ArrayLike, *, precision: ArrayLike, miss_rate: ArrayLike
) -> Array:
    """Return the false positives that a group gets when precision and misses are equal for all.

    FPR = p / (1 - p) (1 - PPV) / PPV (1 - FNR): with other base rates it must differ.

    Parameters
    ----------
    base_rate : array_like, shape (n,)
        Share of the group that is positive, p. [1]
    precision : array_like, shape (n,)
        Share of its alarms that are right, PPV. [1]
    miss_rate : array_like, shape (n,)
        Share of its positives that raise no alarm, FNR. [1]

    Returns
    -------
    ndarray, shape (n,)
        Share of its negatives that raise an alarm. [1]

    Raises
    ------
    ValueError
        If a share lies outside 0 to 1, the base rate is 1, or the precision 0.

    References
    ----------
    A. Chouldechova, "Fair prediction with disparate impact", Big Data 5(2), 2017.
    doi:10.1089/big.2016.0047
    """
    p = share(base_rate, "base_rate")
    if np.any(p == 1):
        raise ValueError("base_rate must be below 1, got 1: nobody is left to be a false positive")
    right = positive(share(precision, "precision"), "precision")
    return np.asarray(p / (1 - p) * (1 - right) / right * (1 - share(miss_rate, "miss_rate")))


def private_training_ratio(epsilon: ArrayLike, *, cost: ArrayLike = PRIVACY_COST) -> Array:
    """Return training time with differential privacy over that without: 1 + cost / epsilon.

    A rule for planning with no derivation behind it: DP-SGD's clipping costs about the same at
    every epsilon, and what a small epsilon costs is accuracy, or data and steps to win it back.

    Parameters
    ----------
    epsilon : array_like, shape (n,)
        Privacy loss allowed. [1]
    cost : array_like, shape (n,)
        Extra time at epsilon 1. [1]

    Returns
    -------
    ndarray, shape (n,)
        Time over time. [1]

    Raises
    ------
    ValueError
        If epsilon is not positive, or the cost negative.

    References
    ----------
    M. Abadi et al., "Deep learning with differential privacy", CCS 2016, for the method, not for
    the rule. doi:10.1145/2976749.2978318
    """
    return np.asarray(1 + not_negative(cost, "cost") / positive(epsilon, "epsilon"))


def representation_data_ratio(prevalence: ArrayLike) -> Array:
    """Return the data to collect at random per sample of the rarest group: 1 / prevalence.

    Parameters
    ----------
    prevalence : array_like, shape (n,)
        Share of the population in that group. [1]

    Returns
    -------
    ndarray, shape (n,)
        Samples for one of the group, on average. [1]

    Raises
    ------
    ValueError
        If the prevalence is not above 0 and at most 1.

    References
    ----------
    J. Buolamwini, T. Gebru, "Gender shades", FAT* 2018, for the need; the mean is geometric.
    """
    return np.asarray(1 / positive(share(prevalence, "prevalence"), "prevalence"))


def _possible(values: ArrayLike, name: str) -> Array:
    """Return probabilities that are neither 0 nor 1."""
    p = share(values, name)
    if np.any((p == 0) | (p == 1)):
        raise ValueError(f"{name} must be above 0 and below 1, got {values!r}")
    return p
