"""What kernels cost on a core, from a few timed networks of one operator class."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcore.equations.arguments import not_negative, positive

Array = NDArray[np.float64]


class OperatorRates(NamedTuple):
    """What one operator class costs on one core."""

    cycles_per_mac: Array
    """Of one multiply-accumulate. [cycle]"""
    cycles_per_output: Array
    """Of one output: its loop, bias, requantising and store. [cycle]"""


def operator_fit(macs: ArrayLike, outputs: ArrayLike, cycles: ArrayLike) -> OperatorRates:
    """Return the rates that explain measured networks best, by relative error.

    Least squares of (predicted - measured) / measured, so that a large network does not drown a
    small one. A rate that would come out negative is zero, and the other one fitted alone.

    Parameters
    ----------
    macs : array_like, shape (n,)
        Multiply-accumulates of each network. [1]
    outputs : array_like, shape (n,)
        Elements that its layers write. [1]
    cycles : array_like, shape (n,)
        Measured, of one inference. [cycle]

    Returns
    -------
    OperatorRates
        Cycles for one product and for one output. [cycle]

    Raises
    ------
    ValueError
        If an amount is negative, a measurement not positive, or the networks are so alike that
        they do not tell both rates apart.

    References
    ----------
    L. Lai, N. Suda, V. Chandra, "CMSIS-NN: Efficient Neural Network Kernels for Arm Cortex-M CPUs",
    2018. arXiv:1801.06601
    """
    measured = positive(cycles, "cycles")
    columns = (not_negative(macs, "macs"), not_negative(outputs, "outputs"))
    design = np.stack([np.broadcast_to(c, measured.shape) for c in columns], axis=-1)
    share = np.atleast_2d(design / measured[..., None])
    if np.linalg.matrix_rank(share, tol=1e-6 * np.abs(share).max()) < 2:
        raise ValueError(
            "networks with the same ratio of products to outputs do not tell both rates apart; "
            "measure a wide and a narrow one"
        )
    rates = np.linalg.lstsq(share, np.ones(len(share)), rcond=None)[0]
    if rates.min() < 0:
        kept = share[:, int(rates.argmax())]
        alone = kept.sum() / (kept**2).sum()
        rates = np.where(np.arange(2) == rates.argmax(), alone, 0.0)
    return OperatorRates(cycles_per_mac=rates[0], cycles_per_output=rates[1])
