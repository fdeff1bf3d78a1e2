"""How large a model and how much text a training budget is best spent on."""

from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True, kw_only=True)
class LossFit:
    """A fitted loss E + A / N^alpha + B / D^beta of N parameters and D tokens. [1]"""

    irreducible: float
    a: float
    b: float
    alpha: float
    beta: float


HOFFMANN_2022 = LossFit(irreducible=1.69, a=406.4, b=410.7, alpha=0.34, beta=0.28)
"""J. Hoffmann et al., 2022, eq. 10: transformers of 70 million to 16 billion parameters."""
BESIROGLU_2024 = LossFit(irreducible=1.8172, a=482.01, b=2085.43, alpha=0.3478, beta=0.3658)
"""The same runs fitted again (T. Besiroglu et al., 2024); A is known to a quarter, B to two thirds
of itself."""
REPEATED_VALUE = 15.3878
"""Repetitions after which further ones fade (N. Muennighoff et al., 2023). [1]"""


def fitted_loss(parameters: ArrayLike, tokens: ArrayLike, *, fit: LossFit = HOFFMANN_2022) -> Array:
    """Return the loss of a language model of some size after some text.

    E + A / N^alpha + B / D^beta, by default 1.69 + 406.4 / N^0.34 + 410.7 / D^0.28: a fit to
    transformers of 70 million to 16 billion parameters on one corpus. Later refits give other
    constants (T. Besiroglu et al., 2024), so differences below 0.01 mean little.

    Parameters
    ----------
    parameters : array_like, shape (n,)
        Of the model, N. [1]
    tokens : array_like, shape (n,)
        Seen in training, D. [1]
    fit : LossFit
        The constants.

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
    of_size = fit.a / positive(parameters, "parameters") ** fit.alpha
    return np.asarray(fit.irreducible + of_size + fit.b / positive(tokens, "tokens") ** fit.beta)


def fitted_parameters(budget: ArrayLike, *, fit: LossFit = HOFFMANN_2022) -> Array:
    """Return the parameters at which the fitted loss is least for a training budget.

    G (C / 6)^(beta / (alpha + beta)) with G = (alpha A / (beta B))^(1 / (alpha + beta)). The first
    fit puts less into parameters than the 20 tokens a parameter of the same paper's other two
    methods; the refit of 2024 agrees with them.

    Parameters
    ----------
    budget : array_like, shape (n,)
        Arithmetic of the training C. [FLOP]
    fit : LossFit
        The constants.

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
    arXiv:2203.15556; T. Besiroglu et al., "Chinchilla scaling: a replication attempt", 2024.
    arXiv:2404.10102
    """
    both = fit.alpha + fit.beta
    g = (fit.alpha * fit.a / (fit.beta * fit.b)) ** (1.0 / both)
    pairs = positive(budget, "budget") / FLOP_PER_WEIGHT_AND_TOKEN
    return np.asarray(g * pairs ** (fit.beta / both))


def repeated_tokens(unique: ArrayLike, epochs: ArrayLike) -> Array:
    """Return the fresh tokens that text seen several times is worth.

    U + U R (1 - exp(-(e - 1) / R)) with R = 15.39: four epochs are almost as good as fresh text,
    and no number of them is worth more than 16.4.

    Parameters
    ----------
    unique : array_like, shape (n,)
        Tokens of the text U. [1]
    epochs : array_like, shape (n,)
        Passes over it e, 1 or more. [1]

    Returns
    -------
    ndarray, shape (n,)
        Tokens of fresh text with the same effect. [1]

    Raises
    ------
    ValueError
        If the text is empty, or passed over less than once.

    References
    ----------
    N. Muennighoff et al., "Scaling data-constrained language models", NeurIPS 2023, sec. 3.
    arXiv:2305.16264
    """
    text, passes = positive(unique, "unique"), positive(epochs, "epochs")
    if np.any(passes < 1):
        raise ValueError(f"epochs must be 1 or more, got {np.min(passes):g}")
    worth = REPEATED_VALUE * -np.expm1((1.0 - passes) / REPEATED_VALUE)
    return np.asarray(text * (1.0 + worth))
