"""How large a model and how much text a training budget is best spent on."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcore.equations.arguments import positive

Array = NDArray[np.float64]

FLOP_PER_WEIGHT_AND_TOKEN = 6.0
"""2 forward, 4 backward (J. Kaplan et al., 2020, sec. 2.1). [FLOP]"""
TOKENS_PER_PARAMETER = 20.0
"""J. Hoffmann et al., 2022, table 3, rounded."""


def optimal_parameters(
    budget: ArrayLike, *, tokens_per_parameter: ArrayLike = TOKENS_PER_PARAMETER
) -> Array:
    """Return the parameters of the model that a training budget is best spent on.

    C = 6 N D with D = r N tokens, so N = sqrt(C / (6 r)).

    Parameters
    ----------
    budget : array_like, shape (n,)
        Arithmetic of the training C. [FLOP]
    tokens_per_parameter : array_like, shape (n,)
        Ratio r of tokens to parameters at the optimum. [1]

    Returns
    -------
    ndarray, shape (n,)
        Parameters N. [1]

    Raises
    ------
    ValueError
        If a number is not positive.

    References
    ----------
    J. Hoffmann et al., "Training compute-optimal large language models", 2022. arXiv:2203.15556
    """
    ratio = positive(tokens_per_parameter, "tokens_per_parameter")
    return np.asarray(np.sqrt(positive(budget, "budget") / (FLOP_PER_WEIGHT_AND_TOKEN * ratio)))


def affordable_tokens(budget: ArrayLike, parameters: ArrayLike) -> Array:
    """Return the tokens that a training budget pays for with a given model: C / (6 N).

    Parameters
    ----------
    budget : array_like, shape (n,)
        Arithmetic of the training. [FLOP]
    parameters : array_like, shape (n,)
        Of the model. [1]

    Returns
    -------
    ndarray, shape (n,)
        Tokens seen. [1]

    Raises
    ------
    ValueError
        If a number is not positive.

    References
    ----------
    J. Kaplan et al., "Scaling laws for neural language models", 2020, sec. 2.1. arXiv:2001.08361
    """
    cost = FLOP_PER_WEIGHT_AND_TOKEN * positive(parameters, "parameters")
    return np.asarray(positive(budget, "budget") / cost)
