"""Inference on a microcontroller: cycles by operator class, what fits where, energy.

A network is a handful of operator classes (first convolution, depthwise, pointwise, convolution,
dense) whose kernels need very different cycles for one multiply-accumulate, and each output costs
requantising on top. Times follow from cycles and clock, energy from a power that hardly depends on
the network.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcore.equations.arguments import not_negative, positive

Array = NDArray[np.float64]


def operator_cycles(
    macs: ArrayLike,
    outputs: ArrayLike,
    *,
    cycles_per_mac: ArrayLike,
    cycles_per_output: ArrayLike,
) -> Array:
    """Return the cycles of one operator class: its products, and requantising its outputs.

    Depthwise convolutions need several times the cycles of pointwise ones for a product, as each
    loaded weight serves one channel only.

    Parameters
    ----------
    macs : array_like, shape (k,)
        Multiply-accumulates. [1]
    outputs : array_like, shape (k,)
        Elements written, each rescaled, rounded and clamped to 8 bit. [1]
    cycles_per_mac : array_like, shape (k,)
        Of core, runtime and operator class together. [cycle]
    cycles_per_output : array_like, shape (k,)
        Of one element's requantising and store. [cycle]

    Returns
    -------
    ndarray, shape (k,)
        Cycles. [cycle]

    Raises
    ------
    ValueError
        If an amount or rate is negative.

    References
    ----------
    L. Lai, N. Suda, V. Chandra, "CMSIS-NN: Efficient Neural Network Kernels for Arm Cortex-M CPUs",
    2018. arXiv:1801.06601
    """
    work = not_negative(macs, "macs") * not_negative(cycles_per_mac, "cycles_per_mac")
    rest = not_negative(outputs, "outputs") * not_negative(cycles_per_output, "cycles_per_output")
    return np.asarray(work + rest)


def cycles_per_product(cycles: ArrayLike, macs: ArrayLike) -> Array:
    """Return the average cycles of one multiply-accumulate, the figure boards are compared by.

    Parameters
    ----------
    cycles : array_like, shape (n,)
        Of one inference. [cycle]
    macs : array_like, shape (n,)
        Multiply-accumulates of one inference. [1]

    Returns
    -------
    ndarray, shape (n,)
        Cycles for one product. [cycle]

    Raises
    ------
    ValueError
        If cycles are negative or there is no product.

    References
    ----------
    C. Banbury et al., "MLPerf Tiny Benchmark", NeurIPS Datasets and Benchmarks 2021.
    arXiv:2106.07597
    """
    return np.asarray(not_negative(cycles, "cycles") / positive(macs, "macs"))


def inference_time(
    cycles: ArrayLike,
    *,
    clock: ArrayLike,
    weight_bytes: ArrayLike = 0.0,
    weight_bandwidth: ArrayLike = np.inf,
) -> Array:
    """Return the time of one inference: its cycles, or its weights' way in, whichever is longer.

    Weights executed in place from external flash or PSRAM pass a narrow bus once an inference; a
    prefetching bus overlaps with arithmetic.

    Parameters
    ----------
    cycles : array_like, shape (n,)
        Of one inference with operands at hand. [cycle]
    clock : array_like, shape (n,)
        Core clock. [cycle/s]
    weight_bytes : array_like, shape (n,)
        Weights read from outside the on-chip memory. [byte]
    weight_bandwidth : array_like, shape (n,)
        Of the memory they lie in; infinite where they lie on chip. [byte/s]

    Returns
    -------
    ndarray, shape (n,)
        Time of one inference. [s]

    Raises
    ------
    ValueError
        If an amount is negative, the clock or bandwidth not positive.

    References
    ----------
    S. Williams et al., "Roofline", CACM 52(4), 2009. doi:10.1145/1498765.1498785
    """
    compute = not_negative(cycles, "cycles") / positive(clock, "clock")
    bandwidth = np.asarray(weight_bandwidth, dtype=float)
    if np.any(np.isnan(bandwidth)) or np.any(bandwidth <= 0):
        raise ValueError(f"weight_bandwidth must be above 0, got {weight_bandwidth!r}")
    return np.asarray(np.maximum(compute, not_negative(weight_bytes, "weight_bytes") / bandwidth))


class Fit(NamedTuple):
    """Where a network lies on a board; headroom below zero is what is missing."""

    fits: NDArray[np.bool_]
    """Whether weights and activations both find room. [1]"""
    in_psram: NDArray[np.bool_]
    """Whether activations need the external RAM. [1]"""
    flash_headroom: Array
    """Flash left beside the program and the weights. [byte]"""
    ram_headroom: Array
    """RAM left, on chip where that suffices, else external. [byte]"""


def memory_fit(
    *,
    weight_bytes: ArrayLike,
    activation_bytes: ArrayLike,
    flash: ArrayLike,
    sram: ArrayLike,
    psram: ArrayLike = 0.0,
    program_bytes: ArrayLike = 0.0,
    stack_bytes: ArrayLike = 0.0,
) -> Fit:
    """Return whether a network fits a board: weights in flash, activations in SRAM, else PSRAM.

    Parameters
    ----------
    weight_bytes : array_like, shape (n,)
        Weights and biases. [byte]
    activation_bytes : array_like, shape (n,)
        Largest sum of buffers alive at once. [byte]
    flash, sram, psram : array_like, shape (n,)
        Memories of the board; 0 where it has none. [byte]
    program_bytes : array_like, shape (n,)
        Flash taken by runtime and application. [byte]
    stack_bytes : array_like, shape (n,)
        SRAM taken by stack, heap and buffers of the application. [byte]

    Returns
    -------
    Fit
        Fits, where activations lie, headrooms. [byte]

    Raises
    ------
    ValueError
        If a size is negative.

    References
    ----------
    J. Lin et al., "MCUNet: Tiny Deep Learning on IoT Devices", NeurIPS 2020, sec. 2.
    arXiv:2007.10319
    """
    activations = not_negative(activation_bytes, "activation_bytes")
    flash_headroom = (
        not_negative(flash, "flash")
        - not_negative(program_bytes, "program_bytes")
        - not_negative(weight_bytes, "weight_bytes")
    )
    on_chip = not_negative(sram, "sram") - not_negative(stack_bytes, "stack_bytes") - activations
    external = not_negative(psram, "psram") - activations
    in_psram = (on_chip < 0) & (external >= 0)
    ram_headroom = np.where(in_psram, external, on_chip)
    return Fit(
        fits=np.asarray((flash_headroom >= 0) & (ram_headroom >= 0)),
        in_psram=np.asarray(in_psram),
        flash_headroom=np.asarray(flash_headroom),
        ram_headroom=np.asarray(ram_headroom),
    )


def inference_energy(
    latency: ArrayLike,
    *,
    active_power: ArrayLike,
    idle_power: ArrayLike = 0.0,
) -> Array:
    """Return the energy of one inference: the board's power while busy, times the time.

    A board's power while it infers differs by a few percent between networks, so one measured
    network gives the energy of the others. With an idle power the answer is what the inference
    adds.

    Parameters
    ----------
    latency : array_like, shape (n,)
        Time of one inference. [s]
    active_power : array_like, shape (n,)
        Board power during inference. [W]
    idle_power : array_like, shape (n,)
        Board power subtracted as not the inference's; 0 gives the total. [W]

    Returns
    -------
    ndarray, shape (n,)
        Energy of one inference. [J]

    Raises
    ------
    ValueError
        If a quantity is negative, or the board idles at more than it works at.

    References
    ----------
    C. Banbury et al., "MLPerf Tiny Benchmark", 2021, sec. 4.3 (energy of the whole board).
    arXiv:2106.07597
    """
    active = not_negative(active_power, "active_power")
    idle = not_negative(idle_power, "idle_power")
    if np.any(idle > active):
        raise ValueError(f"idle_power must not exceed active_power, got {idle_power!r}")
    return np.asarray(not_negative(latency, "latency") * (active - idle))


def battery_life(
    battery: ArrayLike, *, energy: ArrayLike, rate: ArrayLike, sleep_power: ArrayLike = 0.0
) -> Array:
    """Return how long a battery lasts under inferences at a steady rate.

    Self-discharge and a voltage that sags are left out, so this is a ceiling.

    Parameters
    ----------
    battery : array_like, shape (n,)
        Energy of the battery. [J]
    energy : array_like, shape (n,)
        Of one inference. [J]
    rate : array_like, shape (n,)
        Inferences. [1/s]
    sleep_power : array_like, shape (n,)
        Drawn in between. [W]

    Returns
    -------
    ndarray, shape (n,)
        Life of the battery. [s]

    Raises
    ------
    ValueError
        If the battery, an energy or a rate is not positive, or the power negative.

    References
    ----------
    C. Banbury et al., "MLPerf Tiny Benchmark", NeurIPS Datasets and Benchmarks 2021, sec. 4
    (energy of an inference). arXiv:2106.07597
    """
    work = positive(energy, "energy") * positive(rate, "rate")
    drawn = work + not_negative(sleep_power, "sleep_power")
    return np.asarray(positive(battery, "battery") / drawn)
