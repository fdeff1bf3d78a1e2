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


IRREDUCIBLE, A, B, ALPHA, BETA = 1.69, 406.4, 410.7, 0.34, 0.28
"""Loss of perfect text prediction, and the fitted terms of parameters and tokens (J. Hoffmann et
al., 2022, eq. 10)."""


def fitted_loss(parameters: ArrayLike, tokens: ArrayLike) -> Array:
    """Return the loss of a language model of some size after some text.

    1.69 + 406.4 / N^0.34 + 410.7 / D^0.28: a fit to transformers of 70 million to 16 billion
    parameters on one corpus. Later refits give other constants (T. Besiroglu et al., 2024), so
    differences below 0.01 mean little.

    Parameters
    ----------
    parameters : array_like, shape (n,)
        Of the model, N. [1]
    tokens : array_like, shape (n,)
        Seen in training, D. [1]

    Returns
    -------
    ndarray, shape (n,)
        Cross-entropy in nats for each token. [1]

    Raises
    ------
    ValueError
        If a number is not positive.

    References
    ----------
    J. Hoffmann et al., "Training compute-optimal large language models", 2022, eq. 10.
    arXiv:2203.15556; T. Besiroglu et al., "Chinchilla scaling: a replication attempt", 2024.
    arXiv:2404.10102
    """
    of_size = A / positive(parameters, "parameters") ** ALPHA
    return np.asarray(IRREDUCIBLE + of_size + B / positive(tokens, "tokens") ** BETA)


def fitted_parameters(budget: ArrayLike) -> Array:
    """Return the parameters at which the fitted loss is least for a training budget.

    G (C / 6)^(beta / (alpha + beta)) with G = (alpha A / (beta B))^(1 / (alpha + beta)). The fit
    puts less into parameters than the 20 tokens a parameter of the same paper's other two methods.

    Parameters
    ----------
    budget : array_like, shape (n,)
        Arithmetic of the training C. [FLOP]

    Returns
    -------
    ndarray, shape (n,)
        Parameters N. [1]

    Raises
    ------
    ValueError
        If the budget is not positive.

    References
    ----------
    J. Hoffmann et al., "Training compute-optimal large language models", 2022, eq. 4.
    arXiv:2203.15556
    """
    g = (ALPHA * A / (BETA * B)) ** (1.0 / (ALPHA + BETA))
    pairs = positive(budget, "budget") / FLOP_PER_WEIGHT_AND_TOKEN
    return np.asarray(g * pairs ** (BETA / (ALPHA + BETA)))
