"""Learning from a teacher: softened outputs, and how hard they pull."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcore.checks import require_positive

Array = NDArray[np.float64]


def softened(scores: ArrayLike, temperature: ArrayLike) -> Array:
    """Return class probabilities at a temperature: 1 is the softmax, a high one is nearly even.

    Parameters
    ----------
    scores : array_like, shape (..., k)
        What a network says of each of k classes before the softmax. [any]
    temperature : array_like, shape (n,)
        What scores are divided by; broadcasts against the scores. [1]

    Returns
    -------
    ndarray, shape (..., k)
        Probabilities, summing to 1 over the last axis. [1]

    Raises
    ------
    ValueError
        If a temperature is not positive.

    References
    ----------
    G. Hinton et al., "Distilling the knowledge in a neural network", 2015, eq. 1. arXiv:1503.02531
    """
    require_positive(temperature=temperature)
    cool = np.asarray(scores, dtype=float) / np.asarray(temperature, dtype=float)
    shares = np.exp(cool - cool.max(axis=-1, keepdims=True))
    return np.asarray(shares / shares.sum(axis=-1, keepdims=True))


def teacher_pull(student: ArrayLike, teacher: ArrayLike, *, temperature: ArrayLike) -> Array:
    """Return the length of the gradient that a teacher's softened outputs put on the scores.

    Unweighted, it falls as 1/T^2 once T exceeds the spread of the scores: one factor from the
    chain rule, one as both distributions grow alike. That is why the loss is weighted with T^2.

    Parameters
    ----------
    student, teacher : array_like, shape (..., k)
        Scores before the softmax. [any]
    temperature : array_like, shape (n,)
        Shared by both; broadcasts against the scores. [1]

    Returns
    -------
    ndarray, shape (...,)
        Norm of (p - q) / T over the classes. [1]

    Raises
    ------
    ValueError
        If a temperature is not positive.

    References
    ----------
    G. Hinton et al., "Distilling the knowledge in a neural network", 2015, eq. 2 to 4.
    arXiv:1503.02531
    """
    apart = softened(student, temperature) - softened(teacher, temperature)
    return np.asarray(np.linalg.norm(apart / np.asarray(temperature, dtype=float), axis=-1))
