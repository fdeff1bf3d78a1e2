"""The key-value cache of a transformer: what one conversation keeps in memory, and how many fit.

Multi-head attention keeps keys and values for every query head; grouped-query attention shares
each pair among several query heads, so the number of *KV heads* counts, not of query heads.
"""

import numpy as np
from numpy.typing import ArrayLike

from simcore.equations.arguments import Floats, not_negative, positive, whole


def weight_bytes(parameters: ArrayLike, bytes_per_parameter: ArrayLike) -> Floats:
    """Return what a model's weights take, scales and zero points included in the second factor.

    Parameters
    ----------
    parameters : array_like, shape (n,)
        Number of parameters. [1]
    bytes_per_parameter : array_like, shape (n,)
        Storage of one parameter: 2 in fp16, 1.016 in int8 with a scale per channel, 0.52 in 4-bit
        groups of 128. [byte]

    Returns
    -------
    ndarray, shape (n,)
        Size of the weights. [byte]

    Raises
    ------
    ValueError
        If an argument is not positive.

    References
    ----------
    E. Frantar et al., GPTQ, arXiv:2210.17323, section 4 (groups of 128 with their scales).
    """
    return positive(parameters, "parameters") * positive(bytes_per_parameter, "bytes_per_parameter")


def kv_bytes_per_token(
    layers: ArrayLike, kv_heads: ArrayLike, head_width: ArrayLike, bytes_per_value: ArrayLike
) -> Floats:
    """Return the key-value cache that one token adds.

    Parameters
    ----------
    layers : array_like, shape (n,)
        Layers of the model, whole. [1]
    kv_heads : array_like, shape (n,)
        Key-value heads of a layer, whole; equal to the query heads without grouping. [1]
    head_width : array_like, shape (n,)
        Width of one head, whole. [1]
    bytes_per_value : array_like, shape (n,)
        Storage of one number of the cache. [byte]

    Returns
    -------
    ndarray, shape (n,)
        Cache of one token: a key and a value per layer and KV head. [byte]

    Raises
    ------
    ValueError
        If a count is not a positive whole number, or a size not positive.

    References
    ----------
    J. Ainslie et al., "GQA", arXiv:2305.13245, section 2; W. Kwon et al., "PagedAttention",
    SOSP 2023, section 2.2. doi:10.1145/3600006.3613165
    """
    heads = whole(kv_heads, "kv_heads") * whole(head_width, "head_width")
    values = 2.0 * whole(layers, "layers") * heads
    return values * positive(bytes_per_value, "bytes_per_value")


def kv_concurrency(
    memory: ArrayLike, weights: ArrayLike, bytes_per_token: ArrayLike, tokens: ArrayLike
) -> Floats:
    """Return how many requests of a given length fit beside the weights at once.

    Parameters
    ----------
    memory : array_like, shape (n,)
        Memory that weights and cache may use. [byte]
    weights : array_like, shape (n,)
        Size of the weights, stored once. [byte]
    bytes_per_token : array_like, shape (n,)
        Cache of one token. [byte]
    tokens : array_like, shape (n,)
        Tokens each request keeps. [1]

    Returns
    -------
    ndarray, shape (n,)
        Whole requests; 0 where none fits or the weights alone are too large. [1]

    Raises
    ------
    ValueError
        If a memory or size is negative, or a request takes no memory.

    References
    ----------
    W. Kwon et al., "PagedAttention", SOSP 2023, section 2.2. doi:10.1145/3600006.3613165
    """
    free = not_negative(memory, "memory") - not_negative(weights, "weights")
    request = positive(bytes_per_token, "bytes_per_token") * positive(tokens, "tokens")
    return np.maximum(0.0, np.floor(free / request))


def latent_bytes_per_token(
    layers: ArrayLike,
    latent_width: ArrayLike,
    position_width: ArrayLike,
    bytes_per_value: ArrayLike,
) -> Floats:
    """Return the cache that one token adds with multi-head latent attention (MLA).

    Keys and values of all heads are rebuilt from one compressed vector, kept with one key that
    carries the position: the number of heads does not count.

    Parameters
    ----------
    layers : array_like, shape (n,)
        Layers of the model, whole. [1]
    latent_width : array_like, shape (n,)
        Width of the compressed vector, whole. [1]
    position_width : array_like, shape (n,)
        Width of the key with the position, whole. [1]
    bytes_per_value : array_like, shape (n,)
        Storage of one number of the cache. [byte]

    Returns
    -------
    ndarray, shape (n,)
        Cache of one token. [byte]

    Raises
    ------
    ValueError
        If a count is not a positive whole number, or a size not positive.

    References
    ----------
    DeepSeek-AI, "DeepSeek-V2", 2024, sec. 2.1 and table 1. arXiv:2405.04434
    """
    width = whole(latent_width, "latent_width") + whole(position_width, "position_width")
    return whole(layers, "layers") * width * positive(bytes_per_value, "bytes_per_value")
