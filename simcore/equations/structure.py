"""What structure buys: layers that see everything, a window or a sequence, and their reuse.

Two layers of the same input and output can differ by millions in weights, and two networks of the
same weights by a hundred in the use they make of each byte. Traffic is what an ideal cache would
leave; a multiply-accumulate is 2 FLOP.
"""

import numpy as np
from numpy.typing import ArrayLike

from simcore.equations.arguments import Floats, not_negative, positive, whole
from simcore.equations.layers import LayerWork, convolution

_LAYER_WEIGHTS = 12.0
"""Of a transformer layer, in squares of its width: 4 in attention, 8 behind it. [1]"""
_LAYER_ACTIVATIONS = 20.0
"""Elements a token reads and writes in a layer, in widths: 16 around the products, 4 around the
scores. [1]"""


def dense_picture_layer(
    side: ArrayLike, channels: ArrayLike, filters: ArrayLike, *, element_size: ArrayLike
) -> LayerWork:
    """Return the work of a fully connected layer between two square pictures, one example.

    Each output value has a weight of its own for each input value, so weights grow with the fourth
    power of the side and each is used once.

    Parameters
    ----------
    side : array_like, shape (n,)
        Pixels of a side, in and out, whole. [1]
    channels, filters : array_like, shape (n,)
        Channels of input and output, whole. [1]
    element_size : array_like, shape (n,)
        Size of one element. [byte]

    Returns
    -------
    LayerWork
        Arithmetic, weights, least traffic. [any]

    Raises
    ------
    ValueError
        If a size is not a positive whole number.

    References
    ----------
    Y. LeCun et al., "Gradient-based learning applied to document recognition", Proc. IEEE 86(11),
    1998, sec. II. doi:10.1109/5.726791
    """
    places = whole(side, "side") ** 2
    inputs, outputs = places * whole(channels, "channels"), places * whole(filters, "filters")
    weights = inputs * outputs
    elements = weights + inputs + outputs
    return LayerWork(
        flop=np.asarray(2.0 * weights),
        parameters=np.asarray(weights),
        traffic=np.asarray(elements * positive(element_size, "element_size")),
    )


def separable_convolution(
    side: ArrayLike,
    channels: ArrayLike,
    filters: ArrayLike,
    *,
    kernel: ArrayLike,
    element_size: ArrayLike,
) -> LayerWork:
    """Return the work of a depthwise convolution followed by a 1 x 1 one, one example.

    Parameters
    ----------
    side : array_like, shape (n,)
        Pixels of a side, in and out, whole. [1]
    channels, filters : array_like, shape (n,)
        Channels of input and output, whole. [1]
    kernel : array_like, shape (n,)
        Side of the square window, whole. [1]
    element_size : array_like, shape (n,)
        Size of one element. [byte]

    Returns
    -------
    LayerWork
        Arithmetic, weights, least traffic of both layers together. [any]

    Raises
    ------
    ValueError
        If a size is not a positive whole number.

    References
    ----------
    A. Howard et al., "MobileNets", 2017, sec. 3.1. arXiv:1704.04861
    """
    depth = convolution(side, side, channels, channels, kernel=kernel, groups=channels,
                        element_size=element_size)  # fmt: skip
    point = convolution(side, side, channels, filters, kernel=1, element_size=element_size)
    return LayerWork(
        flop=depth.flop + point.flop,
        parameters=np.asarray(depth.parameters + point.parameters + 0.0 * point.flop),
        traffic=depth.traffic + point.traffic,
    )


def attention_scores_size(
    sequence: ArrayLike,
    heads: ArrayLike,
    *,
    element_size: ArrayLike,
    rows: ArrayLike = np.inf,
) -> Floats:
    """Return what the attention scores of one layer take while they are needed.

    Each head compares every row of queries with every key. Stored whole, that is the square of the
    sequence; a kernel that works in tiles keeps only some rows at a time.

    Parameters
    ----------
    sequence : array_like, shape (n,)
        Tokens. [1]
    heads : array_like, shape (n,)
        Query heads, whole. [1]
    element_size : array_like, shape (n,)
        Size of one score. [byte]
    rows : array_like, shape (n,)
        Rows of queries at once: infinite where scores are stored whole. [1]

    Returns
    -------
    ndarray, shape (n,)
        Scores alive at once, one copy. [byte]

    Raises
    ------
    ValueError
        If a size is not positive, or the heads are not whole.

    References
    ----------
    A. Vaswani et al., "Attention is all you need", 2017, eq. 1. arXiv:1706.03762; T. Dao et al.,
    "FlashAttention", NeurIPS 2022. arXiv:2205.14135
    """
    tokens, at_once = positive(sequence, "sequence"), np.asarray(rows, dtype=float)
    if np.any(np.isnan(at_once)) or np.any(at_once <= 0):
        raise ValueError(f"rows must be above 0, got {rows!r}")
    kept = np.minimum(tokens, at_once)
    return np.asarray(
        whole(heads, "heads") * tokens * kept * positive(element_size, "element_size")
    )


def scores_fill(memory: ArrayLike, heads: ArrayLike, *, element_size: ArrayLike) -> Floats:
    """Return the sequence whose scores, stored whole in one layer, would fill a memory alone.

    Parameters
    ----------
    memory : array_like, shape (n,)
        Memory there is. [byte]
    heads : array_like, shape (n,)
        Query heads, whole. [1]
    element_size : array_like, shape (n,)
        Size of one score. [byte]

    Returns
    -------
    ndarray, shape (n,)
        Tokens, the root of memory over heads and element. [1]

    Raises
    ------
    ValueError
        If a size is not positive, or the heads are not whole.

    References
    ----------
    A. Vaswani et al., "Attention is all you need", 2017, eq. 1. arXiv:1706.03762
    """
    each = whole(heads, "heads") * positive(element_size, "element_size")
    return np.asarray(np.sqrt(positive(memory, "memory") / each))


def transformer_layer(
    tokens: ArrayLike,
    *,
    width: ArrayLike,
    kept: ArrayLike = 0.0,
    element_size: ArrayLike,
) -> LayerWork:
    """Return the work of one transformer layer that reads some tokens after others already kept.

    Four products of the width around attention and two of four times the width behind it: 12 d^2
    weights, used once for each token. Scores and their weighted sum take 4 T (kept + T) d without
    a mask; a causal one halves the part among the new tokens. Scores are tiled and cross no memory;
    keys and values of the kept tokens are read, one pair for each head.

    Parameters
    ----------
    tokens : array_like, shape (n,)
        Tokens read at once: 1 while a text is being written. [1]
    width : array_like, shape (n,)
        Width of the layer, d. [1]
    kept : array_like, shape (n,)
        Tokens whose keys and values are in the cache. [1]
    element_size : array_like, shape (n,)
        Size of one weight, activation or cached value. [byte]

    Returns
    -------
    LayerWork
        Arithmetic, weights, least traffic. [any]

    Raises
    ------
    ValueError
        If a size is not positive, or the kept tokens are negative.

    References
    ----------
    A. Vaswani et al., "Attention is all you need", 2017, sec. 3. arXiv:1706.03762; R. Pope et al.,
    "Efficiently scaling transformer inference", MLSys 2023, sec. 2. arXiv:2211.05102
    """
    t, d = positive(tokens, "tokens"), positive(width, "width")
    past = not_negative(kept, "kept")
    weights = _LAYER_WEIGHTS * d * d
    elements = weights + _LAYER_ACTIVATIONS * t * d + 2.0 * past * d
    return LayerWork(
        flop=np.asarray(2.0 * weights * t + 4.0 * t * (past + t) * d),
        parameters=np.asarray(weights + 0.0 * t),
        traffic=np.asarray(elements * positive(element_size, "element_size")),
    )


def network_pass(
    macs: ArrayLike,
    parameters: ArrayLike,
    outputs: ArrayLike,
    *,
    batch: ArrayLike = 1,
    element_size: ArrayLike,
) -> LayerWork:
    """Return the work of passing a batch through a network of which only totals are known.

    Weights are read once for the whole batch; what each layer writes is read once by the next.

    Parameters
    ----------
    macs : array_like, shape (n,)
        Multiply-accumulates of one example. [1]
    parameters : array_like, shape (n,)
        Weights. [1]
    outputs : array_like, shape (n,)
        Elements that the layers of one example write. [1]
    batch : array_like, shape (n,)
        Examples. [1]
    element_size : array_like, shape (n,)
        Size of one element. [byte]

    Returns
    -------
    LayerWork
        Arithmetic, weights, least traffic. [any]

    Raises
    ------
    ValueError
        If a number is not positive.

    References
    ----------
    S. Williams et al., "Roofline", CACM 52(4), 2009. doi:10.1145/1498765.1498785
    """
    many, weights = positive(batch, "batch"), positive(parameters, "parameters")
    elements = weights + 2.0 * positive(outputs, "outputs") * many
    return LayerWork(
        flop=np.asarray(2.0 * positive(macs, "macs") * many),
        parameters=np.asarray(weights + 0.0 * many),
        traffic=np.asarray(elements * positive(element_size, "element_size")),
    )
