"""Drift: how far inputs have moved, how sure one can be of it, and when to train again."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcore.equations.arguments import Floats, not_negative, positive, share
from simcore.equations.normal import normal_below, normal_quantile

Array = NDArray[np.float64]

_DECILES = 10


def stability_index(reference: ArrayLike, current: ArrayLike, *, least: float = 1e-4) -> Array:
    """Return the population stability index between two histograms over the same bins.

    Sum of (q - p) ln(q / p): the divergence of Jeffreys. 0.1 is usually called small and 0.25
    large, a habit of credit scoring with no derivation; `stability_noise` says what chance gives.

    Parameters
    ----------
    reference : array_like, shape (..., bins)
        Counts or shares of each bin when the model was trained. [any]
    current : array_like, shape (..., bins)
        The same now. [any]
    least : float
        Share taken for an empty bin, whose logarithm would not be finite. [1]

    Returns
    -------
    ndarray, shape (...)
        Index; 0 where the shares are equal. [1]

    Raises
    ------
    ValueError
        If a count is negative, a histogram is empty, or the bins differ.

    References
    ----------
    N. Siddiqi, Credit Risk Scorecards, Wiley, 2006, ch. 9; H. Jeffreys, "An invariant form for the
    prior probability in estimation problems", Proc. R. Soc. A 186, 1946.
    doi:10.1098/rspa.1946.0056
    """
    p, q = (_shares(x, name, least) for x, name in ((reference, "reference"), (current, "current")))
    if p.shape[-1] != q.shape[-1]:
        raise ValueError(f"both need the same bins, got {p.shape[-1]} and {q.shape[-1]}")
    return np.asarray(np.sum((q - p) * np.log(q / p), axis=-1))


def stability_noise(
    bins: ArrayLike, *, reference_samples: ArrayLike, current_samples: ArrayLike
) -> Array:
    """Return the index that chance alone gives on average where nothing has drifted.

    (B - 1) (1 / N + 1 / M), to first order: the index is then a chi-square of B - 1 degrees of
    freedom, scaled.

    Parameters
    ----------
    bins : array_like, shape (n,)
        Bins B of the histograms. [1]
    reference_samples, current_samples : array_like, shape (n,)
        Samples N and M in them. [1]

    Returns
    -------
    ndarray, shape (n,)
        Mean index. [1]

    Raises
    ------
    ValueError
        If a number is not positive.

    References
    ----------
    B. Yurdakul, "Statistical properties of population stability index", thesis, Western Michigan
    University, 2018.
    """
    samples = 1.0 / positive(reference_samples, "reference_samples")
    samples = samples + 1.0 / positive(current_samples, "current_samples")
    return np.asarray((positive(bins, "bins") - 1.0) * samples)


def stability_of_shift(deviations: ArrayLike) -> Array:
    """Return the index between two normal laws of one width, in the limit of fine bins.

    The square of the shift in standard deviations: 0.25 is a shift of half of one.

    Parameters
    ----------
    deviations : array_like, shape (n,)
        Shift of the mean over the standard deviation. [1]

    Returns
    -------
    ndarray, shape (n,)
        Index. [1]

    Raises
    ------
    ValueError
        If the shift is negative or not finite.

    References
    ----------
    S. Kullback, Information Theory and Statistics, Wiley, 1959, ch. 9 (divergence of two normal
    laws).
    """
    return np.asarray(not_negative(deviations, "deviations") ** 2)


def stability_of_deciles(deviations: ArrayLike) -> Array:
    """Return the index between two normal laws of one width over ten equally filled bins.

    The bins are the deciles of the first law, as most monitors make them; with finer bins the
    index approaches `stability_of_shift`. 0.2 is a shift by 0.46 standard deviations.

    Parameters
    ----------
    deviations : array_like, shape (n,)
        Shift of the mean over the standard deviation. [1]

    Returns
    -------
    ndarray, shape (n,)
        Index. [1]

    Raises
    ------
    ValueError
        If the shift is negative or not finite.

    References
    ----------
    N. Siddiqi, Credit Risk Scorecards, Wiley, 2006, ch. 9.
    """
    shift = not_negative(deviations, "deviations")
    limits = normal_quantile(np.arange(1, _DECILES) / _DECILES)
    below = normal_below(limits - shift[..., np.newaxis])
    ends = np.zeros((*shift.shape, 1)), np.ones((*shift.shape, 1))
    shares = np.diff(np.concatenate([ends[0], below, ends[1]], axis=-1), axis=-1)
    even = np.full(_DECILES, 1.0 / _DECILES)
    return stability_index(even, np.maximum(shares, 0.0), least=1e-12)


def turned_error(turn: ArrayLike, *, noise: ArrayLike) -> Array:
    """Return the error of a linear classifier whose true boundary has turned away from it.

    eps + (1 - 2 eps) theta / pi: inputs from any law that looks alike from all sides fall between
    the two lines in two wedges, theta / pi of them. Their law does not change, so nothing that
    watches inputs alone can see it.

    Parameters
    ----------
    turn : array_like, shape (n,)
        Angle theta between the boundary and the model's, 0 to pi radian. [1]
    noise : array_like, shape (n,)
        Share eps of labels that are wrong by themselves, 0 to 1. [1]

    Returns
    -------
    ndarray, shape (n,)
        Error rate. [1]

    Raises
    ------
    ValueError
        If the angle lies outside 0 to pi, or the share outside 0 to 1.

    References
    ----------
    J. Gama et al., "A survey on concept drift adaptation", ACM Computing Surveys 46(4), 2014.
    doi:10.1145/2523813
    """
    theta, eps = not_negative(turn, "turn"), share(noise, "noise")
    if np.any(theta > np.pi):
        raise ValueError(f"turn must be pi or less, got {np.max(theta):g} radian")
    return np.asarray(eps + (1.0 - 2.0 * eps) * theta / np.pi)


class RetrainTerms(NamedTuple):
    """What keeping a model fresh costs, each of shape (n,). [USD/s]"""

    training: Array
    staleness: Array

    @property
    def total(self) -> Array:
        """Both together. [USD/s]"""
        return np.asarray(self.training + self.staleness)


def retraining_interval(cost: ArrayLike, *, decay: ArrayLike) -> Array:
    """Return the time between trainings at which training and staleness cost least together.

    T* = sqrt(2 C / d), as in the economic order quantity: a hundred times the cost is ten times the
    time. The damage of a stale model is taken to grow evenly, from nothing.

    Parameters
    ----------
    cost : array_like, shape (n,)
        Of one training and its release. [USD]
    decay : array_like, shape (n,)
        Growth of the rate at which a stale model loses money. [USD/s^2]

    Returns
    -------
    ndarray, shape (n,)
        Time between trainings. [s]

    Raises
    ------
    ValueError
        If a number is not positive.

    References
    ----------
    F. Harris, "How many parts to make at once", Factory 10(2), 1913, reprinted in Operations
    Research 38(6), 1990. doi:10.1287/opre.38.6.947
    """
    return np.asarray(np.sqrt(2.0 * positive(cost, "cost") / positive(decay, "decay")))


def retraining_cost(interval: ArrayLike, *, cost: ArrayLike, decay: ArrayLike) -> RetrainTerms:
    """Return what training every so often costs, its staleness in between included.

    Parameters
    ----------
    interval : array_like, shape (n,)
        Time between trainings. [s]
    cost : array_like, shape (n,)
        Of one training and its release. [USD]
    decay : array_like, shape (n,)
        Growth of the rate at which a stale model loses money. [USD/s^2]

    Returns
    -------
    RetrainTerms
        Training and staleness, for each second. [USD/s]

    Raises
    ------
    ValueError
        If the interval is not positive, or another number negative.

    References
    ----------
    F. Harris, "How many parts to make at once", Factory 10(2), 1913, reprinted in Operations
    Research 38(6), 1990. doi:10.1287/opre.38.6.947
    """
    time = positive(interval, "interval")
    training, staleness = np.broadcast_arrays(
        not_negative(cost, "cost") / time, not_negative(decay, "decay") * time / 2.0
    )
    return RetrainTerms(training, staleness)


def retraining_spent(
    time: ArrayLike, *, interval: ArrayLike, cost: ArrayLike, decay: ArrayLike
) -> Array:
    """Return what training every so often has cost since a training at time 0, staleness included.

    One training at the start of each interval, d T^2 / 2 of staleness in each that is over, and
    what has gathered since the last training.

    Parameters
    ----------
    time : array_like, shape (n,)
        Since the first of these trainings. [s]
    interval : array_like, shape (n,)
        Time between trainings. [s]
    cost : array_like, shape (n,)
        Of one training and its release. [USD]
    decay : array_like, shape (n,)
        Growth of the rate at which a stale model loses money. [USD/s^2]

    Returns
    -------
    ndarray, shape (n,)
        Money spent and lost. [USD]

    Raises
    ------
    ValueError
        If the interval is not positive, or another number negative.

    References
    ----------
    F. Harris, "How many parts to make at once", Factory 10(2), 1913, reprinted in Operations
    Research 38(6), 1990. doi:10.1287/opre.38.6.947
    """
    now, cycle = not_negative(time, "time"), positive(interval, "interval")
    over = np.floor(now / cycle)
    stale = over * cycle**2 + (now - over * cycle) ** 2
    trainings = (over + 1.0) * not_negative(cost, "cost")
    return np.asarray(trainings + not_negative(decay, "decay") * stale / 2.0)


def _shares(counts: ArrayLike, name: str, least: float) -> Floats:
    found = not_negative(counts, name)
    if found.ndim == 0 or np.any(found.sum(axis=-1) == 0):
        raise ValueError(f"{name} must be a histogram with at least one sample, got {counts!r}")
    return np.asarray(np.maximum(found / found.sum(axis=-1, keepdims=True), least))
