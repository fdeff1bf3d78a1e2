"""Arithmetic and main-memory traffic of operators: matrix products, element-wise chains, attention.

Traffic is what an ideal cache would leave: each operand crosses main memory as often as the
docstring says and no more. A multiply-accumulate is 2 FLOP.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcore.checks import require_positive

Array = NDArray[np.float64]


def gemm_flop(m: ArrayLike, n: ArrayLike, k: ArrayLike) -> Array:
    """Return the arithmetic of C = A B with A (m, k) and B (k, n).

    Parameters
    ----------
    m, n, k : array_like, shape (q,)
        Rows of A, columns of B, and the length they share. [1]

    Returns
    -------
    ndarray, shape (q,)
        2 m n k. [FLOP]

    Raises
    ------
    ValueError
        If a size is not positive.

    References
    ----------
    G. Golub, C. Van Loan, "Matrix Computations", 4th ed., 2013, sec. 1.1.
    """
    require_positive(m=m, n=n, k=k)
    return np.asarray(2.0 * np.asarray(m) * np.asarray(n) * np.asarray(k))


def gemm_traffic(
    m: ArrayLike,
    n: ArrayLike,
    k: ArrayLike,
    *,
    element_size: ArrayLike,
    output_stays: ArrayLike = False,
) -> Array:
    """Return the least main-memory traffic of C = A B: each matrix crosses once.

    Parameters
    ----------
    m, n, k : array_like, shape (q,)
        Rows of A, columns of B, and the length they share. [1]
    element_size : array_like, shape (q,)
        Size of one element. [byte]
    output_stays : array_like of bool, shape (q,)
        Whether C stays on chip, for the next operator to use. [1]

    Returns
    -------
    ndarray, shape (q,)
        Data moved to and from main memory. [byte]

    Raises
    ------
    ValueError
        If a size is not positive.

    References
    ----------
    S. Williams et al., "Roofline", CACM 52(4), 2009. doi:10.1145/1498765.1498785
    """
    require_positive(m=m, n=n, k=k, element_size=element_size)
    m, n, k = (np.asarray(size, dtype=float) for size in (m, n, k))
    output = np.where(np.asarray(output_stays), 0.0, m * n)
    return np.asarray((m * k + k * n + output) * np.asarray(element_size, dtype=float))


def gemm_intensity(
    m: ArrayLike,
    n: ArrayLike,
    k: ArrayLike,
    *,
    element_size: ArrayLike,
    output_stays: ArrayLike = False,
) -> Array:
    """Return the arithmetic intensity of C = A B when each matrix crosses main memory once.

    For m = n = k it is 2n / (3 element_size): it grows with the size of the matrices.

    Parameters
    ----------
    m, n, k : array_like, shape (q,)
        Rows of A, columns of B, and the length they share. [1]
    element_size : array_like, shape (q,)
        Size of one element. [byte]
    output_stays : array_like of bool, shape (q,)
        Whether C stays on chip, for the next operator to use. [1]

    Returns
    -------
    ndarray, shape (q,)
        Arithmetic intensity. [FLOP/byte]

    Raises
    ------
    ValueError
        If a size is not positive.

    References
    ----------
    S. Williams et al., "Roofline", CACM 52(4), 2009. doi:10.1145/1498765.1498785
    """
    traffic = gemm_traffic(m, n, k, element_size=element_size, output_stays=output_stays)
    return np.asarray(gemm_flop(m, n, k) / traffic)


def chain_traffic_eager(steps: ArrayLike, tensor_size: ArrayLike) -> Array:
    """Return the traffic of element-wise steps that each read and write a whole tensor.

    Parameters
    ----------
    steps : array_like, shape (n,)
        Element-wise operations, one kernel each. [1]
    tensor_size : array_like, shape (n,)
        Size of the tensor, much larger than the cache. [byte]

    Returns
    -------
    ndarray, shape (n,)
        Data moved to and from main memory: 2 steps tensor_size. [byte]

    Raises
    ------
    ValueError
        If a number is not positive.

    References
    ----------
    T. Dao et al., "FlashAttention", NeurIPS 2022, sec. 2.1. arXiv:2205.14135
    """
    require_positive(steps=steps, tensor_size=tensor_size)
    return np.asarray(2.0 * np.asarray(steps) * np.asarray(tensor_size))


def chain_traffic_fused(tensor_size: ArrayLike) -> Array:
    """Return the traffic of one kernel that reads a tensor, does every step, and writes it.

    Parameters
    ----------
    tensor_size : array_like, shape (n,)
        Size of the tensor. [byte]

    Returns
    -------
    ndarray, shape (n,)
        Data moved to and from main memory: 2 tensor_size. [byte]

    Raises
    ------
    ValueError
        If the size is not positive.

    References
    ----------
    T. Dao et al., "FlashAttention", NeurIPS 2022, sec. 2.1. arXiv:2205.14135
    """
    require_positive(tensor_size=tensor_size)
    return np.asarray(2.0 * np.asarray(tensor_size, dtype=float))


def attention_flop(sequence: ArrayLike, head_width: ArrayLike) -> Array:
    """Return the arithmetic of one attention head, forward: Q K^T and P V.

    The softmax between them is left out; it is below 2% at head widths of 64 and more.

    Parameters
    ----------
    sequence : array_like, shape (n,)
        Sequence length. [1]
    head_width : array_like, shape (n,)
        Width of one head. [1]

    Returns
    -------
    ndarray, shape (n,)
        4 sequence^2 head_width. [FLOP]

    Raises
    ------
    ValueError
        If a size is not positive.

    References
    ----------
    T. Dao et al., "FlashAttention", NeurIPS 2022. arXiv:2205.14135
    """
    require_positive(sequence=sequence, head_width=head_width)
    return np.asarray(4.0 * np.asarray(sequence, dtype=float) ** 2 * np.asarray(head_width))


def attention_traffic_standard(
    sequence: ArrayLike, head_width: ArrayLike, *, element_size: ArrayLike
) -> Array:
    """Return the traffic of one head that writes its scores to main memory.

    Q, K and V are read, scores written and read, probabilities written and read, the output
    written: (4 S d + 4 S^2) elements.

    Parameters
    ----------
    sequence : array_like, shape (n,)
        Sequence length S. [1]
    head_width : array_like, shape (n,)
        Width of one head d. [1]
    element_size : array_like, shape (n,)
        Size of one element. [byte]

    Returns
    -------
    ndarray, shape (n,)
        Data moved to and from main memory. [byte]

    Raises
    ------
    ValueError
        If a size is not positive.

    References
    ----------
    T. Dao et al., "FlashAttention", NeurIPS 2022, algorithm 0. arXiv:2205.14135
    """
    require_positive(sequence=sequence, head_width=head_width, element_size=element_size)
    s, d = np.asarray(sequence, dtype=float), np.asarray(head_width, dtype=float)
    return np.asarray((4 * s * d + 4 * s * s) * np.asarray(element_size, dtype=float))


def attention_traffic_tiled(
    sequence: ArrayLike, head_width: ArrayLike, *, rows: ArrayLike, element_size: ArrayLike
) -> Array:
    """Return the traffic of one head that keeps blocks of query rows on chip.

    Q is read and the output written once; K and V are read again for each block of query rows:
    (2 S d + 2 S d ceil(S / rows)) elements. A second-level cache that serves the re-reads would
    lower it further; none is assumed.

    Parameters
    ----------
    sequence : array_like, shape (n,)
        Sequence length S. [1]
    head_width : array_like, shape (n,)
        Width of one head d. [1]
    rows : array_like, shape (n,)
        Query rows in one block. [1]
    element_size : array_like, shape (n,)
        Size of one element. [byte]

    Returns
    -------
    ndarray, shape (n,)
        Data moved to and from main memory. [byte]

    Raises
    ------
    ValueError
        If a size is not positive.

    References
    ----------
    T. Dao et al., "FlashAttention", NeurIPS 2022, theorem 2. arXiv:2205.14135;
    T. Dao, "FlashAttention-2", ICLR 2024 (query blocks outside, keys inside). arXiv:2307.08691
    """
    require_positive(sequence=sequence, head_width=head_width, rows=rows, element_size=element_size)
    s, d = np.asarray(sequence, dtype=float), np.asarray(head_width, dtype=float)
    blocks = np.ceil(s / np.asarray(rows, dtype=float))
    return np.asarray((2 * s * d + 2 * s * d * blocks) * np.asarray(element_size, dtype=float))


def attention_block_size(
    rows: ArrayLike, columns: ArrayLike, head_width: ArrayLike, *, element_size: ArrayLike
) -> Array:
    """Return the on-chip memory of one block: query rows, and the keys and values they meet.

    Parameters
    ----------
    rows : array_like, shape (n,)
        Query rows in one block. [1]
    columns : array_like, shape (n,)
        Keys and values held at once. [1]
    head_width : array_like, shape (n,)
        Width of one head. [1]
    element_size : array_like, shape (n,)
        Size of one element. [byte]

    Returns
    -------
    ndarray, shape (n,)
        (rows + 2 columns) head_width element_size. [byte]

    Raises
    ------
    ValueError
        If a size is not positive.

    References
    ----------
    T. Dao et al., "FlashAttention", NeurIPS 2022, algorithm 1. arXiv:2205.14135
    """
    require_positive(rows=rows, columns=columns, head_width=head_width, element_size=element_size)
    held = np.asarray(rows, dtype=float) + 2 * np.asarray(columns, dtype=float)
    return np.asarray(held * np.asarray(head_width) * np.asarray(element_size, dtype=float))
