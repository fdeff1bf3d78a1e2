"""Explanations of single answers: how often they ask the model, and what that adds up to."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcore.equations.arguments import not_negative, positive, share, whole

Array = NDArray[np.float64]

SHAP_SAMPLES, SHAP_PER_FEATURE = 2048, 2
FEW_FEATURES = 30
"""Up to here the library counts all coalitions, and asks for none twice. [1]"""


def kernel_shap_evaluations(features: ArrayLike) -> Array:
    """Return how often KernelSHAP asks the model for one explanation, as the library is shipped.

    2 M + 2,048, and never more than there are coalitions, 2^M - 2. Each is asked for every row of
    the background; this is with one row.

    Parameters
    ----------
    features : array_like, shape (n,)
        Features that differ from the background, M, whole. [1]

    Returns
    -------
    ndarray, shape (n,)
        Evaluations. [1]

    Raises
    ------
    ValueError
        If a number is not whole or below 1.

    References
    ----------
    S. Lundberg, S.-I. Lee, "A unified approach to interpreting model predictions", NeurIPS 2017.
    arXiv:1705.07874; budget: shap, explainers/_kernel.py, `nsamples="auto"`.
    """
    m = whole(features, "features")
    every = 2.0 ** np.minimum(m, FEW_FEATURES) - 2.0
    budget = SHAP_PER_FEATURE * m + SHAP_SAMPLES
    return np.asarray(np.where(m <= FEW_FEATURES, np.clip(every, 1.0, budget), budget))


def exact_shapley_evaluations(features: ArrayLike) -> Array:
    """Return how often exact Shapley values ask the model: once for every coalition, 2^M.

    Parameters
    ----------
    features : array_like, shape (n,)
        Features M, whole. [1]

    Returns
    -------
    ndarray, shape (n,)
        Evaluations. [1]

    Raises
    ------
    ValueError
        If a number is not whole or below 1.

    References
    ----------
    L. Shapley, "A value for n-person games", Contributions to the Theory of Games II, 1953.
    """
    return np.asarray(2.0 ** whole(features, "features"))


def gradient_evaluations(steps: ArrayLike, *, backward_over_forward: ArrayLike = 2.0) -> Array:
    """Return the forward passes that take as long as integrated gradients: a backward one is two.

    One step is a plain gradient.

    Parameters
    ----------
    steps : array_like, shape (n,)
        Points between baseline and input, whole. [1]
    backward_over_forward : array_like, shape (n,)
        Arithmetic of a backward pass over that of a forward one. [1]

    Returns
    -------
    ndarray, shape (n,)
        Evaluations. [1]

    Raises
    ------
    ValueError
        If a number of steps is not whole, or the ratio negative.

    References
    ----------
    M. Sundararajan et al., "Axiomatic attribution for deep networks", ICML 2017 (20 to 300 steps).
    arXiv:1703.01365
    """
    ratio = not_negative(backward_over_forward, "backward_over_forward")
    return np.asarray(whole(steps, "steps") * (1.0 + ratio))


def batched_time(evaluations: ArrayLike, *, at_once: ArrayLike, time: ArrayLike) -> Array:
    """Return the time of many evaluations of which so many run at once in the time of one.

    Parameters
    ----------
    evaluations : array_like, shape (n,)
        How many are asked for. [1]
    at_once : array_like, shape (n,)
        Rows that take no longer than one, whole. [1]
    time : array_like, shape (n,)
        Of one pass. [s]

    Returns
    -------
    ndarray, shape (n,)
        Time. [s]

    Raises
    ------
    ValueError
        If a number is negative, or the rows are not whole.

    References
    ----------
    S. Williams et al., "Roofline", CACM 52(4), 2009: below the ridge rows ride along.
    doi:10.1145/1498765.1498785
    """
    passes = np.ceil(not_negative(evaluations, "evaluations") / whole(at_once, "at_once"))
    return np.asarray(passes * positive(time, "time"))


class ServiceEnergy(NamedTuple):
    """A service's energy over a time, each of shape (n,). [J]"""

    training: Array
    answers: Array
    reasons: Array

    @property
    def total(self) -> Array:
        """All three. [J]"""
        return np.asarray(self.training + self.answers + self.reasons)

    @property
    def growth(self) -> Array:
        """Total over what it would be without reasons. [1]"""
        return np.asarray(self.total / (self.training + self.answers))


def service_energy(
    *,
    trainings: ArrayLike,
    requests: ArrayLike,
    training_energy: ArrayLike,
    request_energy: ArrayLike,
    explained: ArrayLike,
    evaluations: ArrayLike,
) -> ServiceEnergy:
    """Return what training, answering and explaining take together.

    Parameters
    ----------
    trainings, requests : array_like, shape (n,)
        How many in the time looked at. [1]
    training_energy, request_energy : array_like, shape (n,)
        Of one training, of one evaluation of the model. [J]
    explained : array_like, shape (n,)
        Share of the requests that get a reason. [1]
    evaluations : array_like, shape (n,)
        Of the model, for one reason. [1]

    Returns
    -------
    ServiceEnergy
        Energy by purpose. [J]

    Raises
    ------
    ValueError
        If a number is negative, or the share above 1.

    References
    ----------
    D. Patterson et al., "Carbon emissions and large neural network training", 2021.
    arXiv:2104.10350; C.-J. Wu et al., "Sustainable AI", MLSys 2022. arXiv:2111.00364
    """
    training = not_negative(trainings, "trainings") * not_negative(
        training_energy, "training_energy"
    )
    answers = not_negative(requests, "requests") * not_negative(request_energy, "request_energy")
    reasons = answers * share(explained, "explained") * not_negative(evaluations, "evaluations")
    return ServiceEnergy(*np.broadcast_arrays(training, answers, reasons))
