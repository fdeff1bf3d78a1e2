"""Number formats and compression: how many bytes one element takes, and what that is worth."""

from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcore.checks import require_fraction, require_not_negative, require_positive
from simcore.errors import NotInCatalogue, unknown

Array = NDArray[np.float64]

_ELEMENT_SIZES = MappingProxyType(
    {"fp64": 8.0, "fp32": 4.0, "tf32": 4.0, "fp16": 2.0, "bf16": 2.0, "fp8": 1.0, "int8": 1.0,
     "fp4": 0.5, "int4": 0.5}
)  # fmt: skip


def element_size(precision: str) -> float:
    """Return the size of one element of a format, scales and zero points left out.

    Parameters
    ----------
    precision : str
        fp64, fp32, tf32 (stored as fp32), fp16, bf16, fp8, int8, fp4 or int4.

    Returns
    -------
    float
        Size of one element. [byte]

    Raises
    ------
    NotInCatalogue
        If the format is unknown, naming the nearest.

    References
    ----------
    IEEE 754-2019; NVIDIA A100 whitepaper, 2020 (TF32 keeps 32-bit storage).
    """
    if precision not in _ELEMENT_SIZES:
        raise NotInCatalogue(unknown("number format", precision, _ELEMENT_SIZES))
    return _ELEMENT_SIZES[precision]


def quantized_size(
    bits: ArrayLike,
    *,
    group: ArrayLike,
    scale_bits: ArrayLike = 16,
    zero_point_bits: ArrayLike = 0,
) -> Array:
    """Return the size of one quantised weight, its share of scale and zero point included.

    4 bits in groups of 128 with an fp16 scale and a 4-bit zero point take 0.52 byte, not 0.5.

    Parameters
    ----------
    bits : array_like, shape (n,)
        Of one weight. [1]
    group : array_like, shape (n,)
        Weights that share one scale. [1]
    scale_bits, zero_point_bits : array_like, shape (n,)
        Of one scale and of one zero point. [1]

    Returns
    -------
    ndarray, shape (n,)
        Size of one weight. [byte]

    Raises
    ------
    ValueError
        If bits or group are not positive, or another number is negative.

    References
    ----------
    E. Frantar et al., "GPTQ", ICLR 2023, sec. 4. arXiv:2210.17323
    """
    require_positive(bits=bits, group=group)
    require_not_negative(scale_bits=scale_bits, zero_point_bits=zero_point_bits)
    shared = np.asarray(scale_bits, dtype=float) + np.asarray(zero_point_bits, dtype=float)
    return np.asarray((np.asarray(bits, dtype=float) + shared / np.asarray(group, dtype=float)) / 8)


def quantization_noise_ratio(bits: ArrayLike) -> Array:
    """Return signal over noise of a uniform quantiser whose range the signal fills evenly.

    Each bit is worth a factor of four in power, 6.02 dB.

    Parameters
    ----------
    bits : array_like, shape (n,)
        Of one number. [1]

    Returns
    -------
    ndarray, shape (n,)
        Power of the signal over power of the rounding error: 4^bits. [1]

    Raises
    ------
    ValueError
        If bits are not positive.

    References
    ----------
    W. Bennett, "Spectra of quantized signals", Bell Syst. Tech. J. 27(3), 1948.
    doi:10.1002/j.1538-7305.1948.tb01340.x
    """
    require_positive(bits=bits)
    return np.asarray(4.0 ** np.asarray(bits, dtype=float))


def symmetric_step(bits: ArrayLike) -> Array:
    """Return the distance of neighbouring values of a symmetric format over its largest value.

    A sign bit and zero in the middle leave 2^(bits - 1) - 1 steps to each side.

    Parameters
    ----------
    bits : array_like, shape (n,)
        Of one number, 2 or more. [1]

    Returns
    -------
    ndarray, shape (n,)
        Step over the largest value: 1 / (2^(bits - 1) - 1). [1]

    Raises
    ------
    ValueError
        If there are less than 2 bits.

    References
    ----------
    M. Nagel et al., "A white paper on neural network quantization", 2021, sec. 2.2.
    arXiv:2106.08295
    """
    b = np.asarray(bits, dtype=float)
    if np.any(b < 2):
        raise ValueError(f"bits must be 2 or more, got {bits!r}: one is the sign")
    return np.asarray(1 / (2.0 ** (b - 1) - 1))


def rounding_error(bits: ArrayLike, *, largest: ArrayLike = 1.0) -> Array:
    """Return the root mean square of the error that rounding to a symmetric format makes.

    Errors fill a step evenly, whatever is rounded, as long as it spans several steps.

    Parameters
    ----------
    bits : array_like, shape (n,)
        Of one number, 2 or more. [1]
    largest : array_like, shape (n,)
        Largest value, which sets the scale, in the unit of what is rounded. [1]

    Returns
    -------
    ndarray, shape (n,)
        Step / sqrt(12), in the unit of `largest`. [1]

    Raises
    ------
    ValueError
        If there are less than 2 bits, or the largest value is not positive.

    References
    ----------
    B. Widrow, I. Kollar, "Quantization Noise", Cambridge 2008, ch. 5; W. Bennett, 1948.
    """
    require_positive(largest=largest)
    return np.asarray(symmetric_step(bits) * np.asarray(largest, dtype=float) / np.sqrt(12.0))


def bitmask_size_ratio(sparsity: ArrayLike, *, element_size: ArrayLike) -> Array:
    """Return the size of a matrix stored as a bit for each place and the numbers left, over dense.

    Parameters
    ----------
    sparsity : array_like, shape (n,)
        Share of the numbers that are zero, 0 to 1. [1]
    element_size : array_like, shape (n,)
        Of one number. [byte]

    Returns
    -------
    ndarray, shape (n,)
        Size over the dense size: (1 - sparsity) + 1 / (8 element). [1]

    Raises
    ------
    ValueError
        If the sparsity lies outside 0 to 1, or the size is not positive.

    References
    ----------
    T. Gale et al., "Sparse GPU kernels for deep learning", SC 2020, sec. 2. arXiv:2006.10901
    """
    require_fraction(sparsity=sparsity)
    require_positive(element_size=element_size)
    mask = 1 / (8 * np.asarray(element_size, dtype=float))
    return np.asarray(1 - np.asarray(sparsity, dtype=float) + mask)


def sparse_size_ratio(
    sparsity: ArrayLike, *, element_size: ArrayLike, index_size: ArrayLike
) -> Array:
    """Return the size of a matrix stored with an index for each number left, over the dense one.

    Row pointers are left out; they are small for long rows. Above 1 the "compressed" matrix is the
    larger one: half of the numbers gone does not pay with 4-byte indices and 2-byte numbers.

    Parameters
    ----------
    sparsity : array_like, shape (n,)
        Share of the numbers that are zero, 0 to 1. [1]
    element_size, index_size : array_like, shape (n,)
        Of one number and of its index. [byte]

    Returns
    -------
    ndarray, shape (n,)
        Size over the dense size: (1 - sparsity) (1 + index / element). [1]

    Raises
    ------
    ValueError
        If the sparsity lies outside 0 to 1, or a size is not positive.

    References
    ----------
    Y. Saad, "Iterative Methods for Sparse Linear Systems", 2nd ed., SIAM 2003, sec. 3.4.
    """
    require_fraction(sparsity=sparsity)
    require_positive(element_size=element_size)
    require_not_negative(index_size=index_size)
    kept = 1 - np.asarray(sparsity, dtype=float)
    index = np.asarray(index_size, dtype=float) / np.asarray(element_size, dtype=float)
    return np.asarray(kept * (1 + index))


def pruning_speedup(sparsity: ArrayLike, *, structure: str) -> Array:
    """Return how much faster arithmetic-bound products run after pruning.

    Whole channels that are gone need no work. Two zeros in every four (2:4) run twice as fast on
    tensor cores that know the pattern. Zeros anywhere leave a dense kernel as slow as it was.

    Parameters
    ----------
    sparsity : array_like, shape (n,)
        Share of the weights that are zero, 0 to below 1. [1]
    structure : str
        "structured" (whole channels), "2:4" or "unstructured".

    Returns
    -------
    ndarray, shape (n,)
        Time before over time after. [1]

    Raises
    ------
    ValueError
        If the sparsity lies outside 0 to below 1, or is not 0.5 for 2:4, or the structure is none
        of the three.

    References
    ----------
    A. Mishra et al., "Accelerating sparse deep neural networks", 2021. arXiv:2104.08378;
    D. Blalock et al., "What is the state of neural network pruning?", MLSys 2020. arXiv:2003.03033
    """
    require_fraction(sparsity=sparsity)
    s = np.asarray(sparsity, dtype=float)
    if np.any(s == 1):
        raise ValueError("sparsity must be below 1, got 1: nothing would be left")
    if structure == "structured":
        return np.asarray(1 / (1 - s))
    if structure == "unstructured":
        return np.ones_like(s)
    if structure == "2:4":
        if np.any(s != 0.5):
            raise ValueError(f"2:4 means a sparsity of 0.5, got {sparsity!r}")
        return np.full_like(s, 2.0)
    raise ValueError(f"structure is {structure!r}; use structured, 2:4 or unstructured")
