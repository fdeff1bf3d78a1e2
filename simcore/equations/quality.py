"""What compression costs in accuracy: rules of thumb, to be replaced by a measurement of the model.

They are estimates for post-training methods on models of ordinary redundancy; spread among models
is larger than the values.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcore.checks import require_fraction, require_positive

Array = NDArray[np.float64]

INT8_LOSS, FP8_LOSS, INT4_LOSS, LOWER_LOSS = 0.005, 0.002, 0.025, 0.05
MILD_PRUNING_LOSS, STEEP_PRUNING_LOSS, STEEPNESS = 0.001, 0.01, 2.0


def quantization_loss(bits: ArrayLike, *, floating: bool = False) -> Array:
    """Return the accuracy that post-training quantisation typically costs.

    None at 16 bits and more, half a point at 8-bit integers (a fifth of one at 8-bit floats), two
    and a half at 4 bits, five below. An estimate.

    Parameters
    ----------
    bits : array_like, shape (n,)
        Of one weight. [1]
    floating : bool
        Whether 8 bits are a float (fp8) and not an integer.

    Returns
    -------
    ndarray, shape (n,)
        Accuracy lost, as a share: 0.005 is half a percentage point. [1]

    Raises
    ------
    ValueError
        If bits are not positive.

    References
    ----------
    A. Gholami et al., "A survey of quantization methods", 2021. arXiv:2103.13630; P. Micikevicius
    et al., "FP8 formats for deep learning", 2022. arXiv:2209.05433
    """
    require_positive(bits=bits)
    b = np.asarray(bits, dtype=float)
    eight = FP8_LOSS if floating else INT8_LOSS
    losses = [0.0, eight, INT4_LOSS]
    return np.asarray(np.select([b >= 16, b >= 8, b >= 4], losses, LOWER_LOSS))


def pruning_loss(sparsity: ArrayLike) -> Array:
    """Return the accuracy that pruning typically costs: little up to half, then steeply more.

    A tenth of a point up to half of the weights, 0.01 exp(2 s) beyond. An estimate.

    Parameters
    ----------
    sparsity : array_like, shape (n,)
        Share of the weights removed. [1]

    Returns
    -------
    ndarray, shape (n,)
        Accuracy lost, as a share. [1]

    Raises
    ------
    ValueError
        If the sparsity lies outside 0 to 1.

    References
    ----------
    D. Blalock et al., "What is the state of neural network pruning?", MLSys 2020. arXiv:2003.03033
    """
    require_fraction(sparsity=sparsity)
    s = np.asarray(sparsity, dtype=float)
    steep = STEEP_PRUNING_LOSS * np.exp(STEEPNESS * s)
    return np.asarray(np.where(s <= 0.5, MILD_PRUNING_LOSS, steep))
