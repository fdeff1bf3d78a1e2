"""Weight streaming: activations stay on the chip, the weights of each layer come from outside."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcore.equations.arguments import not_negative, positive

Array = NDArray[np.float64]


class LayerTerms(NamedTuple):
    """One streamed layer, each of shape (n,). [s]"""

    compute: Array
    injection: Array

    @property
    def time(self) -> Array:
        """The longer of both, which overlap. [s]"""
        return np.maximum(self.compute, self.injection)


def streamed_layer(
    parameters: ArrayLike,
    batch: ArrayLike,
    *,
    element_size: ArrayLike,
    flop_rate: ArrayLike,
    injection_bandwidth: ArrayLike,
    overhead: ArrayLike = 0.0,
) -> LayerTerms:
    """Return the time of one layer for one token of each request, its weights streamed in.

    Parameters
    ----------
    parameters : array_like, shape (n,)
        Of the layer. [1]
    batch : array_like, shape (n,)
        Requests that advance together. [1]
    element_size : array_like, shape (n,)
        Of one weight. [byte]
    flop_rate : array_like, shape (n,)
        Rate that the arithmetic really reaches. [FLOP/s]
    injection_bandwidth : array_like, shape (n,)
        At which weights arrive. [byte/s]
    overhead : array_like, shape (n,)
        Fixed cost of the layer. [s]

    Returns
    -------
    LayerTerms
        Compute, its overhead included, and injection.

    Raises
    ------
    ValueError
        If a rate is not positive, or an amount negative.

    References
    ----------
    S. Lie, "Cerebras architecture deep dive", IEEE Micro 43(3), 2023. doi:10.1109/MM.2023.3256384
    """
    count = positive(parameters, "parameters")
    work = 2 * count * positive(batch, "batch") / positive(flop_rate, "flop_rate")
    size = count * positive(element_size, "element_size")
    injection = size / positive(injection_bandwidth, "injection_bandwidth")
    compute, arrival = np.broadcast_arrays(work + not_negative(overhead, "overhead"), injection)
    return LayerTerms(compute, arrival)


def balancing_batch(
    element_size: ArrayLike, *, flop_rate: ArrayLike, injection_bandwidth: ArrayLike
) -> Array:
    """Return the batch at which a streamed layer computes for as long as its weights arrive.

    Parameters
    ----------
    element_size : array_like, shape (n,)
        Of one weight. [byte]
    flop_rate : array_like, shape (n,)
        Rate that the arithmetic really reaches. [FLOP/s]
    injection_bandwidth : array_like, shape (n,)
        At which weights arrive. [byte/s]

    Returns
    -------
    ndarray, shape (n,)
        Requests, not rounded. [1]

    Raises
    ------
    ValueError
        If a number is not positive.

    References
    ----------
    S. Lie, "Cerebras architecture deep dive", IEEE Micro 43(3), 2023. doi:10.1109/MM.2023.3256384
    """
    per_weight = positive(element_size, "element_size") / positive(
        injection_bandwidth, "injection_bandwidth"
    )
    return np.asarray(per_weight * positive(flop_rate, "flop_rate") / 2)
