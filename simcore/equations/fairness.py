"""Fairness: what a decision does to groups, and what equal treatment costs in accuracy.

Scores are taken normal with one width: the positives' mean lies `separation` standard deviations
above the negatives', symmetric around 0.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcore.equations.arguments import Floats, not_negative, share
from simcore.equations.normal import normal_below, normal_quantile

Array = NDArray[np.float64]

ROUNDS = 200
FARTHEST = 40.0
"""Standard deviations beyond which no float tells a normal tail from nothing."""


class GroupRates(NamedTuple):
    """What a decision does to one group, each of shape (n,). [1]"""

    selected: Array
    """Share of the group that is decided for."""
    true_positive: Array
    """Share of its positives decided for; its complement are the misses."""
    false_positive: Array
    """Share of its negatives decided for."""
    precision: Array
    """Share of those decided for that are positives."""
    accuracy: Array
    """Share decided rightly."""


def confusion_rates(
    hits: ArrayLike, false_alarms: ArrayLike, misses: ArrayLike, rejections: ArrayLike
) -> GroupRates:
    """Return the rates of a confusion matrix.

    Parameters
    ----------
    hits, false_alarms : array_like, shape (n,)
        Positives and negatives that are decided for. [1]
    misses, rejections : array_like, shape (n,)
        Positives and negatives that are decided against. [1]

    Returns
    -------
    GroupRates
        Shares; nan where nobody is left to count. [1]

    Raises
    ------
    ValueError
        If a count is negative, or nobody is counted.

    References
    ----------
    T. Fawcett, "An introduction to ROC analysis", Pattern Recognition Letters 27(8), 2006.
    doi:10.1016/j.patrec.2005.10.010
    """
    tp, fp = not_negative(hits, "hits"), not_negative(false_alarms, "false_alarms")
    fn, tn = not_negative(misses, "misses"), not_negative(rejections, "rejections")
    people = tp + fp + fn + tn
    if np.any(people == 0):
        raise ValueError("a group needs at least one person, got none")
    with np.errstate(invalid="ignore", divide="ignore"):
        return GroupRates(
            selected=np.asarray((tp + fp) / people),
            true_positive=np.asarray(tp / (tp + fn)),
            false_positive=np.asarray(fp / (fp + tn)),
            precision=np.asarray(tp / (tp + fp)),
            accuracy=np.asarray((tp + tn) / people),
        )


def threshold_rates(
    threshold: ArrayLike, *, base_rate: ArrayLike, separation: ArrayLike
) -> GroupRates:
    """Return what a threshold on normal scores does to a group.

    Parameters
    ----------
    threshold : array_like, shape (n,)
        Score from which on it is decided for; 0 lies midway between both means. [1]
    base_rate : array_like, shape (n,)
        Share of the group that is positive. [1]
    separation : array_like, shape (n,)
        Distance of the means in standard deviations (d'): 2 is an area under the curve of
        0.92. [1]

    Returns
    -------
    GroupRates
        Shares. [1]

    Raises
    ------
    ValueError
        If the base rate lies outside 0 to 1, or the separation is negative.

    References
    ----------
    D. Green, J. Swets, Signal Detection Theory and Psychophysics, Wiley, 1966, ch. 3.
    """
    p, d = share(base_rate, "base_rate"), not_negative(separation, "separation")
    t = np.asarray(threshold, dtype=float)
    right, wrong = normal_below(d / 2.0 - t), normal_below(-d / 2.0 - t)
    right, wrong, p = np.broadcast_arrays(right, wrong, p)
    selected = p * right + (1.0 - p) * wrong
    with np.errstate(invalid="ignore", divide="ignore"):
        precision = p * right / selected
    return GroupRates(
        selected=np.asarray(selected),
        true_positive=right,
        false_positive=wrong,
        precision=np.asarray(precision),
        accuracy=np.asarray(p * right + (1.0 - p) * (1.0 - wrong)),
    )


def best_threshold(*, base_rate: ArrayLike, separation: ArrayLike) -> Array:
    """Return the threshold with the highest accuracy for a group: ln((1 - p) / p) / d.

    A group in which positives are rarer gets a stricter one, so accuracy alone already treats
    groups unequally.

    Parameters
    ----------
    base_rate : array_like, shape (n,)
        Share of the group that is positive, above 0 and below 1. [1]
    separation : array_like, shape (n,)
        Distance of the means in standard deviations, above 0. [1]

    Returns
    -------
    ndarray, shape (n,)
        Score. [1]

    Raises
    ------
    ValueError
        If the base rate is not above 0 and below 1, or the separation not positive.

    References
    ----------
    D. Green, J. Swets, Signal Detection Theory and Psychophysics, Wiley, 1966, ch. 1.
    """
    p, d = share(base_rate, "base_rate"), not_negative(separation, "separation")
    if np.any((p == 0) | (p == 1)) or np.any(d == 0):
        raise ValueError(
            f"base_rate must be above 0 and below 1 and separation above 0, got {base_rate=}, "
            f"{separation=}"
        )
    return np.asarray(np.log((1.0 - p) / p) / d)


def threshold_for_selection(
    selected: ArrayLike, *, base_rate: ArrayLike, separation: ArrayLike
) -> Array:
    """Return the threshold at which a given share of a group is decided for.

    Demographic parity is one share for all groups, hence a threshold for each.

    Parameters
    ----------
    selected : array_like, shape (n,)
        Share to decide for, above 0 and below 1. [1]
    base_rate : array_like, shape (n,)
        Share of the group that is positive. [1]
    separation : array_like, shape (n,)
        Distance of the means in standard deviations. [1]

    Returns
    -------
    ndarray, shape (n,)
        Score. [1]

    Raises
    ------
    ValueError
        If a share lies out of range, or the separation is negative.

    References
    ----------
    M. Hardt, E. Price, N. Srebro, "Equality of opportunity in supervised learning", NeurIPS 2016,
    sec. 4 (a threshold for each group). arXiv:1610.02413
    """
    wanted = share(selected, "selected")
    if np.any((wanted == 0) | (wanted == 1)):
        raise ValueError(f"selected must be above 0 and below 1, got {selected!r}")
    shape = np.broadcast_shapes(np.shape(wanted), np.shape(base_rate), np.shape(separation))
    low, high = np.full(shape, -FARTHEST), np.full(shape, FARTHEST)
    for _ in range(ROUNDS):
        middle = (low + high) / 2.0
        rates = threshold_rates(middle, base_rate=base_rate, separation=separation)
        above = rates.selected > wanted
        low, high = np.where(above, middle, low), np.where(above, high, middle)
        if np.all(high - low < 1e-13):
            break
    return np.asarray((low + high) / 2.0)


def disparate_impact(selected: ArrayLike, reference: ArrayLike) -> Array:
    """Return a group's share decided for over that of the group decided for most.

    Below 0.8 it is evidence of adverse impact in the United States ("four fifths").

    Parameters
    ----------
    selected : array_like, shape (n,)
        Share of the group that is decided for. [1]
    reference : array_like, shape (n,)
        Share of the group decided for most, above 0. [1]

    Returns
    -------
    ndarray, shape (n,)
        Ratio. [1]

    Raises
    ------
    ValueError
        If a share lies outside 0 to 1, or the reference is 0.

    References
    ----------
    Uniform Guidelines on Employee Selection Procedures, 29 CFR 1607.4 D, 1978.
    """
    most = share(reference, "reference")
    if np.any(most == 0):
        raise ValueError("reference must be above 0, got 0: nobody is decided for")
    ratio: Floats = np.asarray(share(selected, "selected") / most)
    return ratio


class CommonRate(NamedTuple):
    """Both groups held to one rate, each of shape (n,) but the thresholds."""

    thresholds: Array
    """Of each group, shape (2, n). [1]"""
    accuracy: Array
    """Share of all people decided rightly. [1]"""


CRITERIA = ("selected", "true_positive", "false_positive")
"""Rates that groups may be held to share: demographic parity, equal opportunity, equal alarms."""


def common_rate(
    criterion: str,
    rate: ArrayLike,
    *,
    base_rates: tuple[float, float],
    separations: tuple[float, float],
    first_share: float,
) -> CommonRate:
    """Return what it is to hold two groups to the same rate, each with its own threshold.

    Parameters
    ----------
    criterion : str
        `selected`, `true_positive` or `false_positive`.
    rate : array_like, shape (n,)
        The rate both groups have, above 0 and below 1. [1]
    base_rates, separations : pair of float
        Of both groups, as `threshold_rates` takes them. [1]
    first_share : float
        Share of all people who are of the first group. [1]

    Returns
    -------
    CommonRate
        Thresholds and accuracy. [1]

    Raises
    ------
    ValueError
        If the criterion is unknown, or a number out of range.

    References
    ----------
    M. Hardt, E. Price, N. Srebro, "Equality of opportunity in supervised learning", NeurIPS 2016,
    sec. 3 and 4. arXiv:1610.02413
    """
    if criterion not in CRITERIA:
        raise ValueError(f"criterion must be one of {', '.join(CRITERIA)}, got {criterion!r}")
    share(first_share, "first_share")
    thresholds = np.stack(
        [
            _threshold_for(criterion, rate, base_rate=p, separation=d)
            for p, d in zip(base_rates, separations, strict=True)
        ]
    )
    first, second = (
        threshold_rates(t, base_rate=p, separation=d).accuracy
        for t, p, d in zip(thresholds, base_rates, separations, strict=True)
    )
    return CommonRate(thresholds, np.asarray(first_share * first + (1.0 - first_share) * second))


def best_common_rate(
    criterion: str,
    *,
    base_rates: tuple[float, float],
    separations: tuple[float, float],
    first_share: float,
) -> CommonRate:
    """Return the most accurate way to hold two groups to the same rate, whichever rate it is.

    Parameters
    ----------
    criterion : str
        `selected`, `true_positive` or `false_positive`.
    base_rates, separations : pair of float
        Of both groups, as `threshold_rates` takes them. [1]
    first_share : float
        Share of all people who are of the first group. [1]

    Returns
    -------
    CommonRate
        Thresholds (2,) and accuracy (). [1]

    Raises
    ------
    ValueError
        If the criterion is unknown, or a number out of range.

    References
    ----------
    M. Hardt, E. Price, N. Srebro, "Equality of opportunity in supervised learning", NeurIPS 2016,
    sec. 4. arXiv:1610.02413
    """
    low, high, best = 1e-6, 1.0 - 1e-6, 0
    for _ in range(_ZOOMS):
        rates = np.linspace(low, high, _ZOOM_POINTS)
        found = common_rate(
            criterion, rates, base_rates=base_rates, separations=separations,
            first_share=first_share,
        )  # fmt: skip
        best = int(np.argmax(found.accuracy))
        low, high = float(rates[max(0, best - 1)]), float(rates[min(len(rates) - 1, best + 1)])
    return CommonRate(found.thresholds[:, best], np.asarray(found.accuracy[best]))


_ZOOMS, _ZOOM_POINTS = 5, 41


def _threshold_for(
    criterion: str, rate: ArrayLike, *, base_rate: float, separation: float
) -> Array:
    if criterion == "selected":
        return threshold_for_selection(rate, base_rate=base_rate, separation=separation)
    middle = separation / 2.0 if criterion == "true_positive" else -separation / 2.0
    return np.asarray(middle - normal_quantile(rate))
