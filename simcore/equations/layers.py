"""Arithmetic and traffic of other layers: convolutions, depthwise too, normalisation, embeddings.

Traffic is what an ideal cache would leave: each operand crosses main memory once. A
multiply-accumulate is 2 FLOP.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcore.equations.arguments import positive, whole

Array = NDArray[np.float64]

NORMALISATION_FLOP = 7.0
"""For each element, counted: sum; subtract; square and sum; scale by the deviation; gain, offset.
[FLOP]"""


class LayerWork(NamedTuple):
    """One layer, each of shape (n,)."""

    flop: Array
    """Arithmetic. [FLOP]"""
    parameters: Array
    """Weights, no biases. [1]"""
    traffic: Array
    """Input, weights and output, each once. [byte]"""


def convolution(
    height: ArrayLike,
    width: ArrayLike,
    channels: ArrayLike,
    filters: ArrayLike,
    *,
    kernel: ArrayLike,
    stride: ArrayLike = 1,
    groups: ArrayLike = 1,
    batch: ArrayLike = 1,
    element_size: ArrayLike,
) -> LayerWork:
    """Return the work of a two-dimensional convolution, grouped or not.

    One group is the ordinary convolution; as many groups as channels is the depthwise one, in
    which each filter sees a single channel, so that its arithmetic falls by the number of channels
    while its traffic hardly does.

    Parameters
    ----------
    height, width : array_like, shape (n,)
        Of the output, whole. [1]
    channels, filters : array_like, shape (n,)
        Channels of input and output, whole. [1]
    kernel : array_like, shape (n,)
        Side of the square window, whole. [1]
    stride : array_like, shape (n,)
        Steps of the window, whole; the input is that much larger than the output. [1]
    groups : array_like, shape (n,)
        Groups that the channels are split into; divides both. [1]
    batch : array_like, shape (n,)
        Images, whole. [1]
    element_size : array_like, shape (n,)
        Size of one element. [byte]

    Returns
    -------
    LayerWork
        Arithmetic, weights, least traffic. [any]

    Raises
    ------
    ValueError
        If a size is not a positive whole number, or the groups divide the channels unevenly.

    References
    ----------
    V. Dumoulin, F. Visin, "A guide to convolution arithmetic for deep learning", 2016.
    arXiv:1603.07285; A. Howard et al., "MobileNets", 2017, eq. 2 to 4. arXiv:1704.04861
    """
    places = whole(height, "height") * whole(width, "width") * whole(batch, "batch")
    inputs, outputs = whole(channels, "channels"), whole(filters, "filters")
    parts = whole(groups, "groups")
    if np.any(inputs % parts) or np.any(outputs % parts):
        raise ValueError(f"groups must divide channels and filters, got {groups=}, {channels=}")
    weights = whole(kernel, "kernel") ** 2 * (inputs / parts) * outputs
    read = places * whole(stride, "stride") ** 2 * inputs
    elements = read + weights + places * outputs
    return LayerWork(
        flop=np.asarray(2.0 * places * weights),
        parameters=np.asarray(weights),
        traffic=np.asarray(elements * positive(element_size, "element_size")),
    )


def separable_ratio(kernel: ArrayLike, filters: ArrayLike) -> Array:
    """Return a depthwise separable convolution's arithmetic over the ordinary one's.

    A depthwise pass, then a 1 x 1 product: 1 / filters + 1 / kernel^2.

    Parameters
    ----------
    kernel : array_like, shape (n,)
        Side of the square window, whole. [1]
    filters : array_like, shape (n,)
        Channels of the output, whole. [1]

    Returns
    -------
    ndarray, shape (n,)
        Arithmetic over arithmetic. [1]

    Raises
    ------
    ValueError
        If a size is not a positive whole number.

    References
    ----------
    A. Howard et al., "MobileNets", 2017, sec. 3.1. arXiv:1704.04861
    """
    return np.asarray(1.0 / whole(filters, "filters") + 1.0 / whole(kernel, "kernel") ** 2)


def normalisation(
    rows: ArrayLike, width: ArrayLike, *, element_size: ArrayLike, passes: ArrayLike = 1
) -> LayerWork:
    """Return the work of normalising rows to mean 0 and variance 1, with gain and offset.

    Two FLOP for each byte at 16 bits: any machine is bound by its memory here.

    Parameters
    ----------
    rows : array_like, shape (n,)
        Rows normalised: tokens, or pixels. [1]
    width : array_like, shape (n,)
        Elements of a row. [1]
    element_size : array_like, shape (n,)
        Size of one element. [byte]
    passes : array_like, shape (n,)
        Times the rows are read: 1 where a row stays on chip, 2 or 3 in simple kernels. [1]

    Returns
    -------
    LayerWork
        Arithmetic, gains and offsets, traffic. [any]

    Raises
    ------
    ValueError
        If a size is not positive.

    References
    ----------
    J. Ba et al., "Layer normalization", 2016. arXiv:1607.06450; A. Ivanov et al., "Data movement is
    all you need", MLSys 2021, sec. 4 (memory binds it). arXiv:2007.00072
    """
    side = positive(width, "width")
    elements = positive(rows, "rows") * side
    moved = (positive(passes, "passes") + 1.0) * elements + 2.0 * side
    return LayerWork(
        flop=np.asarray(NORMALISATION_FLOP * elements),
        parameters=np.asarray(2.0 * side + 0.0 * elements),
        traffic=np.asarray(moved * positive(element_size, "element_size")),
    )


def embedding(
    lookups: ArrayLike,
    width: ArrayLike,
    *,
    rows: ArrayLike,
    element_size: ArrayLike,
    pooled: ArrayLike = 1,
) -> LayerWork:
    """Return the work of looking rows up in a table, and of summing them in groups.

    A row is read for each look-up and a sum written for each group: at most half a FLOP for each
    byte at 16 bits, so memory binds it, and its table is too large for any cache.

    Parameters
    ----------
    lookups : array_like, shape (n,)
        Rows read. [1]
    width : array_like, shape (n,)
        Elements of a row. [1]
    rows : array_like, shape (n,)
        Rows of the table. [1]
    element_size : array_like, shape (n,)
        Size of one element. [byte]
    pooled : array_like, shape (n,)
        Rows summed into one; 1 where each is handed on. [1]

    Returns
    -------
    LayerWork
        Additions, elements of the table, traffic. [any]

    Raises
    ------
    ValueError
        If a size is not positive.

    References
    ----------
    M. Naumov et al., "Deep learning recommendation model", 2019, sec. 2. arXiv:1906.00091
    """
    count, side = positive(lookups, "lookups"), positive(width, "width")
    sums = count / positive(pooled, "pooled")
    return LayerWork(
        flop=np.asarray((count - sums) * side),
        parameters=np.asarray(positive(rows, "rows") * side),
        traffic=np.asarray((count + sums) * side * positive(element_size, "element_size")),
    )
