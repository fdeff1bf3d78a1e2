"""Mixtures of experts: which of the weights a batch of tokens touches."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcore.equations.arguments import not_negative, positive

Array = NDArray[np.float64]


def touched_parameters(
    parameters: ArrayLike,
    active: ArrayLike,
    *,
    experts: ArrayLike,
    experts_per_token: ArrayLike,
    tokens: ArrayLike,
) -> Array:
    """Return the parameters that a step reads when its tokens choose their experts at random.

    One token reads the active ones; more tokens choose more experts between them, 1 - (1 - k / E)^n
    of all, until a large batch reads the whole model, and a mixture has no advantage left.

    Parameters
    ----------
    parameters : array_like, shape (n,)
        Of the whole model. [1]
    active : array_like, shape (n,)
        That work on one token, at most all of them. [1]
    experts : array_like, shape (n,)
        Experts E of a layer; 1 for a dense model. [1]
    experts_per_token : array_like, shape (n,)
        Experts k that a token visits. [1]
    tokens : array_like, shape (n,)
        Tokens of the step. [1]

    Returns
    -------
    ndarray, shape (n,)
        Parameters read. [1]

    Raises
    ------
    ValueError
        If a number is out of range, or more are active than there are.

    References
    ----------
    N. Shazeer et al., "Outrageously large neural networks", ICLR 2017, sec. 3.1 (the shrinking
    batch). arXiv:1701.06538; W. Feller, An Introduction to Probability Theory, vol. 1, 3rd ed.,
    1968, sec. IV.2 (occupancy).
    """
    whole, part = positive(parameters, "parameters"), positive(active, "active")
    if np.any(part > whole * (1 + 1e-12)):
        raise ValueError(f"active must not exceed parameters, got {active!r} of {parameters!r}")
    chosen = positive(experts_per_token, "experts_per_token") / positive(experts, "experts")
    chosen = np.minimum(chosen, 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        in_experts = np.where(chosen < 1, (whole - part) / (1.0 - chosen), 0.0)
    shared = np.where(chosen < 1, whole - in_experts, whole)
    seen = 1.0 - (1.0 - chosen) ** not_negative(tokens, "tokens")
    return np.asarray(np.maximum(shared, 0.0) + np.minimum(in_experts, whole) * seen)
