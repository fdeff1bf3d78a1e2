"""Time of a matrix product cut into tiles, on a machine of several cores with on-chip memory.

Each core computes one tile of C at a time and streams slices of A and B through its on-chip
memory. Cores work in waves; tiles at the edge are padded to full size. What limits a tile is
arithmetic, the shared path to the operands, or the bytes in flight (Little's law).
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcore.checks import require_not_negative, require_positive

Array = NDArray[np.float64]
_ACCUMULATOR_SIZE = 4.0
"""Sums are kept in 32 bits, whatever the operands. [byte]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class TileMachine:
    """What a tile meets: rates of the whole machine, memory of one core."""

    peak_flop_rate: float
    """Of all cores. [FLOP/s]"""
    bandwidth: float
    """Main memory. [byte/s]"""
    operand_bandwidth: float
    """Of the path on which the cores read operands: second-level cache, or main memory. [byte/s]"""
    latency: float
    """Of one access on that path. [s]"""
    cores: float
    core_memory: float
    """For operand slices, in one core. [byte]"""
    accumulators: float
    """For sums, in one core. [byte]"""
    overhead: float
    """Launch of the kernel. [s]"""

    def __post_init__(self) -> None:
        require_positive(
            peak_flop_rate=self.peak_flop_rate,
            bandwidth=self.bandwidth,
            operand_bandwidth=self.operand_bandwidth,
            cores=self.cores,
            core_memory=self.core_memory,
            accumulators=self.accumulators,
        )
        require_not_negative(latency=self.latency, overhead=self.overhead)


class TileTimes(NamedTuple):
    """The account of each tiling, arrays of shape (q,)."""

    time: Array
    """Of the whole product. [s]"""
    waves: Array
    """Rounds in which all tiles are done. [1]"""
    tile_compute: Array
    """Arithmetic of one tile. [s]"""
    tile_memory: Array
    """Operands and result of one tile, while all active cores share the path. [s]"""
    fill: Array
    """Waiting that nothing hides: the first slice, or each slice without a pipeline. [s]"""
    compulsory: Array
    """Main-memory time of reading A and B and writing C once. [s]"""
    slices: Array
    """On-chip memory of the operand slices. [byte]"""
    sums: Array
    """On-chip memory of the accumulators. [byte]"""
    padding: Array
    """Arithmetic done over arithmetic needed. [1]"""


def tiled_gemm_times(
    m: ArrayLike,
    n: ArrayLike,
    k: ArrayLike,
    *,
    tile_m: ArrayLike,
    tile_n: ArrayLike,
    tile_k: ArrayLike,
    stages: ArrayLike,
    element_size: float,
    machine: TileMachine,
) -> TileTimes:
    """Return how long C = A B takes, cut into tiles of (tile_m, tile_n) done in steps of tile_k.

    With one stage a core loads a slice, waits, computes, and loads the next. With more, loads of
    stages - 1 slices are in flight while it computes; the rate they can keep up is the bytes in
    flight over the latency (Little's law), or the path's bandwidth if that is less. Whether a
    tiling fits is the caller's question: compare `slices` and `sums` with the machine.

    Parameters
    ----------
    m, n, k : array_like, shape (q,)
        Rows of A, columns of B, and the length they share. [1]
    tile_m, tile_n : array_like, shape (q,)
        Rows and columns of one tile of C. [1]
    tile_k : array_like, shape (q,)
        Length of the slices of A and B held at once. [1]
    stages : array_like, shape (q,)
        Slices held at once; 1 means load, wait, compute. [1]
    element_size : float
        Size of one operand element. [byte]
    machine : TileMachine
        Rates of the machine and memory of one core.

    Returns
    -------
    TileTimes
        Time, waves, and the terms of one tile.

    Raises
    ------
    ValueError
        If a size is not positive.

    References
    ----------
    NVIDIA, "Matrix Multiplication Background" (tiles, waves, padding), 2023;
    J. Little, "A proof for the queuing formula L = lambda W", Operations Research 9(3), 1961.
    doi:10.1287/opre.9.3.383
    """
    require_positive(m=m, n=n, k=k, tile_m=tile_m, tile_n=tile_n, tile_k=tile_k)
    require_positive(stages=stages, element_size=element_size)
    rows, columns, length, bm, bn, bk, depth = np.broadcast_arrays(
        *(np.asarray(x, dtype=float) for x in (m, n, k, tile_m, tile_n, tile_k, stages))
    )
    tiles = np.ceil(rows / bm) * np.ceil(columns / bn)
    steps = np.ceil(length / bk)
    active = np.minimum(tiles, machine.cores)
    waves = np.ceil(tiles / machine.cores)
    slice_size = (bm + bn) * bk * element_size
    shared = machine.operand_bandwidth / active

    compute = 2 * bm * bn * steps * bk / (machine.peak_flop_rate / machine.cores)
    in_flight = np.maximum(depth - 1, 1) * slice_size / max(machine.latency, 1e-12)
    moved = slice_size * steps + bm * bn * element_size
    is_piped = depth > 1
    memory = moved / np.where(is_piped, np.minimum(shared, in_flight), shared)
    fill = np.where(is_piped, machine.latency + slice_size / shared, steps * machine.latency)
    tile = np.where(is_piped, np.maximum(compute, memory), compute + memory) + fill
    compulsory = (rows * length + length * columns + rows * columns) * (
        element_size / machine.bandwidth
    )
    return TileTimes(
        time=np.maximum(waves * tile, compulsory) + machine.overhead,
        waves=waves,
        tile_compute=compute,
        tile_memory=memory,
        fill=fill,
        compulsory=compulsory,
        slices=depth * slice_size,
        sums=bm * bn * _ACCUMULATOR_SIZE,
        padding=tiles * bm * bn * steps * bk / (rows * columns * length),
    )
