"""Reading known tokens: the arithmetic of prefill, which rebuilds a lost key-value cache."""

import numpy as np
from numpy.typing import ArrayLike

from simcore.equations.arguments import Floats, not_negative, positive, share


def prefill_flop(
    tokens: ArrayLike, *, parameters: ArrayLike, layers: ArrayLike, hidden: ArrayLike
) -> Floats:
    """Return the arithmetic to read a text of T tokens in one go: 2 P T + 2 L h T^2.

    A multiply-accumulate counts as 2 FLOP. Each token passes every weight once; scores and their
    weighted sum cost 4 L h T^2 without a mask, half of it with a causal one. Grouped-query
    attention saves cache, not this arithmetic.

    Parameters
    ----------
    tokens : array_like
        Length of the text, T. [token]
    parameters : array_like
        Weights of the model, P. [1]
    layers : array_like
        Transformer layers, L. [1]
    hidden : array_like
        Width of the model (query heads times head width), h. [1]

    Returns
    -------
    ndarray
        Arithmetic of the prefill. [FLOP]

    Raises
    ------
    ValueError
        If tokens are negative or another argument is not positive.

    References
    ----------
    R. Pope et al., "Efficiently Scaling Transformer Inference", MLSys 2023. arXiv:2211.05102
    """
    t = not_negative(tokens, "tokens")
    per_pair = 2 * positive(layers, "layers") * positive(hidden, "hidden")
    return np.asarray(2 * positive(parameters, "parameters") * t + per_pair * t**2, dtype=float)


def prefill_time(
    tokens: ArrayLike,
    *,
    parameters: ArrayLike,
    layers: ArrayLike,
    hidden: ArrayLike,
    peak_flop_rate: ArrayLike,
    efficiency: ArrayLike,
) -> Floats:
    """Return the time to read a text of T tokens and rebuild its key-value cache.

    Holds where the text is long enough for arithmetic, not the weights' traffic, to bind.

    Parameters
    ----------
    tokens : array_like
        Length of the text, T. [token]
    parameters : array_like
        Weights of the model, P. [1]
    layers : array_like
        Transformer layers, L. [1]
    hidden : array_like
        Width of the model, h. [1]
    peak_flop_rate : array_like
        Peak arithmetic rate of the replica at the precision used. [FLOP/s]
    efficiency : array_like
        Share of the peak that prefill reaches. [1]

    Returns
    -------
    ndarray
        Time of the prefill. [s]

    Raises
    ------
    ValueError
        If tokens are negative, the efficiency lies outside 0 to 1, or another argument is not
        positive.

    References
    ----------
    R. Pope et al., "Efficiently Scaling Transformer Inference", MLSys 2023. arXiv:2211.05102
    """
    reached = positive(share(efficiency, "efficiency"), "efficiency")
    rate = positive(peak_flop_rate, "peak_flop_rate") * reached
    flop = prefill_flop(tokens, parameters=parameters, layers=layers, hidden=hidden)
    return np.asarray(flop / rate, dtype=float)
