"""Chunked prefill: a prompt read in pieces between the tokens that others are writing."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcore.equations.arguments import not_negative, positive

Array = NDArray[np.float64]


class MixedStep(NamedTuple):
    """A step that reads a piece of a prompt and writes one token of others, shape (n,). [s]"""

    compute: Array
    memory: Array
    overhead: Array

    @property
    def time(self) -> Array:
        """The longer of compute and memory, and the overhead. [s]"""
        return np.asarray(np.maximum(self.compute, self.memory) + self.overhead)


def mixed_step(
    piece: ArrayLike,
    decodes: ArrayLike,
    *,
    parameters: ArrayLike,
    weights: ArrayLike,
    cache: ArrayLike,
    attention_flop: ArrayLike = 0.0,
    flop_rate: ArrayLike,
    bandwidth: ArrayLike,
    overhead: ArrayLike = 0.0,
) -> MixedStep:
    """Return one step of a replica that mixes prefill and decode.

    Decoding alone leaves arithmetic idle while weights stream in; a piece of a prompt rides along
    for free until its arithmetic takes as long, 2 tokens of work for each weight read.

    Parameters
    ----------
    piece : array_like, shape (n,)
        Tokens of the prompt read in this step; 0 for decoding alone. [token]
    decodes : array_like, shape (n,)
        Requests that each write a token. [1]
    parameters : array_like, shape (n,)
        Of the model. [1]
    weights : array_like, shape (n,)
        Size of the weights, read once. [byte]
    cache : array_like, shape (n,)
        Keys and values read by all requests of the step. [byte]
    attention_flop : array_like, shape (n,)
        Arithmetic of attention over earlier tokens. [FLOP]
    flop_rate : array_like, shape (n,)
        Rate that the arithmetic really reaches. [FLOP/s]
    bandwidth : array_like, shape (n,)
        Of the memory. [byte/s]
    overhead : array_like, shape (n,)
        Fixed cost of a step. [s]

    Returns
    -------
    MixedStep
        Compute, memory, overhead. [s]

    Raises
    ------
    ValueError
        If a rate is not positive, or an amount negative.

    References
    ----------
    A. Agrawal et al., "Taming throughput-latency tradeoff in LLM inference with Sarathi-Serve",
    OSDI 2024, sec. 4. arXiv:2403.02310
    """
    tokens = not_negative(piece, "piece") + not_negative(decodes, "decodes")
    flop = 2.0 * positive(parameters, "parameters") * tokens
    flop = flop + not_negative(attention_flop, "attention_flop")
    moved = not_negative(weights, "weights") + not_negative(cache, "cache")
    return MixedStep(
        *np.broadcast_arrays(
            flop / positive(flop_rate, "flop_rate"),
            moved / positive(bandwidth, "bandwidth"),
            not_negative(overhead, "overhead"),
        )
    )


def free_piece(
    decodes: ArrayLike,
    *,
    parameters: ArrayLike,
    weights: ArrayLike,
    cache: ArrayLike,
    flop_rate: ArrayLike,
    bandwidth: ArrayLike,
) -> Array:
    """Return the piece of a prompt that a decoding step carries without taking longer.

    Parameters
    ----------
    decodes : array_like, shape (n,)
        Requests that each write a token. [1]
    parameters : array_like, shape (n,)
        Of the model. [1]
    weights : array_like, shape (n,)
        Size of the weights. [byte]
    cache : array_like, shape (n,)
        Keys and values read by all requests of the step. [byte]
    flop_rate : array_like, shape (n,)
        Rate that the arithmetic really reaches. [FLOP/s]
    bandwidth : array_like, shape (n,)
        Of the memory. [byte/s]

    Returns
    -------
    ndarray, shape (n,)
        Tokens, not rounded; 0 where decoding is bound by arithmetic already. [token]

    Raises
    ------
    ValueError
        If a rate or size is not positive, or an amount negative.

    References
    ----------
    A. Agrawal et al., "Taming throughput-latency tradeoff in LLM inference with Sarathi-Serve",
    OSDI 2024, sec. 4.3 (token budget). arXiv:2403.02310
    """
    moved = not_negative(weights, "weights") + not_negative(cache, "cache")
    time = moved / positive(bandwidth, "bandwidth")
    tokens = time * positive(flop_rate, "flop_rate") / (2.0 * positive(parameters, "parameters"))
    return np.asarray(np.maximum(tokens - not_negative(decodes, "decodes"), 0.0))
