"""Long sequences over many devices: activations that stay, keys and values that travel."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcore.equations.arguments import positive, whole

Array = NDArray[np.float64]


def split_activations(
    sequence: ArrayLike,
    batch: ArrayLike,
    hidden: ArrayLike,
    layers: ArrayLike,
    *,
    heads: ArrayLike,
    tensor: ArrayLike,
    keeps_scores: bool,
    splits_sequence: bool,
) -> Array:
    """Return the 16-bit activations each tensor-parallel device keeps for the backward pass.

    Tensor parallelism splits 24 of the 34 bytes an element takes; norms, dropouts and the layer's
    input (10) stay whole on every device, until sequence parallelism splits those as well, at no
    traffic of its own: an all-reduce becomes a reduce-scatter and an all-gather.

    Parameters
    ----------
    sequence, batch, hidden, layers : array_like, shape (n,)
        Tokens of a sequence, sequences of a micro-batch, width of the model, layers of the
        device. [1]
    heads : array_like, shape (n,)
        Attention heads. [1]
    tensor : array_like, shape (n,)
        Tensor-parallel devices, whole. [1]
    keeps_scores : bool
        Whether attention scores are kept, instead of computed again or never written.
    splits_sequence : bool
        Whether the devices split the sequence outside attention and feed-forward.

    Returns
    -------
    ndarray, shape (n,)
        Activations on each device. [byte]

    Raises
    ------
    ValueError
        If a size is not positive, or the devices are no whole number.

    References
    ----------
    V. Korthikanti et al., "Reducing activation recomputation in large transformer models",
    MLSys 2023, eq. 1 to 4 and table 2. arXiv:2205.05198
    """
    s, h = positive(sequence, "sequence"), positive(hidden, "hidden")
    t = whole(tensor, "tensor")
    elements = s * positive(batch, "batch") * h * positive(layers, "layers")
    scores = 5.0 * positive(heads, "heads") * s / h if keeps_scores else 0.0
    left_whole = 10.0 / t if splits_sequence else 10.0
    return np.asarray(elements * (left_whole + (24.0 + scores) / t))


def exchange_traffic(
    tokens: ArrayLike, hidden: ArrayLike, *, devices: ArrayLike, element_size: ArrayLike
) -> Array:
    """Return what each device sends when attention is split by heads and the rest by tokens.

    Queries, keys, values and the output change their split in an all-to-all each: 4 N h / P
    elements of which (P - 1) / P leave the device. It falls with more devices.

    Parameters
    ----------
    tokens : array_like, shape (n,)
        Tokens N of the sequence. [1]
    hidden : array_like, shape (n,)
        Width of the model h, its query heads together; no grouped keys. [1]
    devices : array_like, shape (n,)
        Devices P, whole. [1]
    element_size : array_like, shape (n,)
        Of one activation. [byte]

    Returns
    -------
    ndarray, shape (n,)
        Sent by each device, for one layer, forward. [byte]

    Raises
    ------
    ValueError
        If a size is not positive, or the devices are no whole number.

    References
    ----------
    S. Jacobs et al., "DeepSpeed Ulysses", 2023, sec. 3.2. arXiv:2309.14509
    """
    p = whole(devices, "devices")
    elements = 4.0 * positive(tokens, "tokens") * positive(hidden, "hidden") / p
    return np.asarray(elements * (p - 1.0) / p * positive(element_size, "element_size"))


def ring_traffic(
    tokens: ArrayLike, kv_width: ArrayLike, *, devices: ArrayLike, element_size: ArrayLike
) -> Array:
    """Return what each device sends when blocks of keys and values go round a ring.

    Each device passes every block but its own on: 2 (P - 1) N / P rows. It does not fall with more
    devices, but hides behind attention once blocks are long (`ring_block`).

    Parameters
    ----------
    tokens : array_like, shape (n,)
        Tokens N of the sequence. [1]
    kv_width : array_like, shape (n,)
        Width of all key heads together. [1]
    devices : array_like, shape (n,)
        Devices P, whole. [1]
    element_size : array_like, shape (n,)
        Of one activation. [byte]

    Returns
    -------
    ndarray, shape (n,)
        Sent by each device, for one layer, forward. [byte]

    Raises
    ------
    ValueError
        If a size is not positive, or the devices are no whole number.

    References
    ----------
    H. Liu, M. Zaharia, P. Abbeel, "Ring attention with blockwise transformers", 2023, sec. 3.
    arXiv:2310.01889
    """
    p = whole(devices, "devices")
    rows = 2.0 * (p - 1.0) * positive(tokens, "tokens") / p
    return np.asarray(
        rows * positive(kv_width, "kv_width") * positive(element_size, "element_size")
    )


def ring_block(*, flop_rate: ArrayLike, bandwidth: ArrayLike, element_size: ArrayLike) -> Array:
    """Return the tokens a device must hold for ring attention to hide its traffic.

    A block of c tokens meets c others in 4 c^2 h FLOP while 2 c h elements travel, so
    c = element_size rate / (2 bandwidth), whatever the width.

    Parameters
    ----------
    flop_rate : array_like, shape (n,)
        Rate that attention really reaches. [FLOP/s]
    bandwidth : array_like, shape (n,)
        To the next device, one way. [byte/s]
    element_size : array_like, shape (n,)
        Of one activation. [byte]

    Returns
    -------
    ndarray, shape (n,)
        Tokens of a block. [1]

    Raises
    ------
    ValueError
        If a rate or size is not positive.

    References
    ----------
    H. Liu, M. Zaharia, P. Abbeel, "Ring attention with blockwise transformers", 2023, sec. 3 (at
    2-byte elements: c >= F / B). arXiv:2310.01889
    """
    rate = positive(flop_rate, "flop_rate") / positive(bandwidth, "bandwidth")
    return np.asarray(positive(element_size, "element_size") * rate / 2.0)
