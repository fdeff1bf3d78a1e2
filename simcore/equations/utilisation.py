"""Shares of the peak: what a machine reaches, and what kernels are planned with."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcore.equations.arguments import not_negative, positive, share
from simcore.errors import NotInCatalogue, unknown

Array = NDArray[np.float64]

# Kernel class: (share at a base efficiency of 0.5, cap). Planning estimates after the MFU that
# PaLM (2022) and FlashAttention-2 (2023) report; "other" is attention without fusion as well.
_KERNELS = {
    "flash_attention": (0.75, 0.85),
    "ffn": (0.5, 0.6),
    "conv": (0.4, 0.55),
    "attention": (0.3, 1.0),
    "other": (0.3, 1.0),
}


def flop_utilisation(flop: ArrayLike, time: ArrayLike, *, peak_flop_rate: ArrayLike) -> Array:
    """Return the arithmetic done over what the peak would have done in that time.

    With the arithmetic the model needs it is the model FLOP utilisation (MFU); with what was
    really done, recomputation included, the hardware FLOP utilisation (HFU).

    Parameters
    ----------
    flop : array_like, shape (n,)
        Arithmetic. [FLOP]
    time : array_like, shape (n,)
        It took. [s]
    peak_flop_rate : array_like, shape (n,)
        Peak of all devices together. [FLOP/s]

    Returns
    -------
    ndarray, shape (n,)
        Utilisation. [1]

    Raises
    ------
    ValueError
        If a time or rate is not positive, or the arithmetic negative.

    References
    ----------
    A. Chowdhery et al., "PaLM", 2022, app. B. arXiv:2204.02311; V. Korthikanti et al., "Reducing
    activation recomputation", 2022. arXiv:2205.05198
    """
    most = positive(time, "time") * positive(peak_flop_rate, "peak_flop_rate")
    return np.asarray(not_negative(flop, "flop") / most)


def planned_kernel_share(efficiency: ArrayLike, *, kernel: str) -> Array:
    """Return the share of the peak to plan with for a class of kernels, at a base efficiency.

    Scales with the base efficiency (0.5 is ordinary) up to the cap of the class. An estimate.

    Parameters
    ----------
    efficiency : array_like, shape (n,)
        Base efficiency of the software. [1]
    kernel : str
        "flash_attention", "attention", "ffn", "conv" or "other".

    Returns
    -------
    ndarray, shape (n,)
        Share of the peak. [1]

    Raises
    ------
    NotInCatalogue
        If the class is unknown, naming the nearest.
    ValueError
        If the efficiency lies outside 0 to 1.

    References
    ----------
    A. Chowdhery et al., "PaLM", 2022. arXiv:2204.02311; T. Dao, "FlashAttention-2", 2023.
    arXiv:2307.08691
    """
    if kernel not in _KERNELS:
        raise NotInCatalogue(unknown("class of kernels", kernel, _KERNELS))
    at_half, cap = _KERNELS[kernel]
    return np.asarray(np.minimum(at_half * share(efficiency, "efficiency") / 0.5, cap))
