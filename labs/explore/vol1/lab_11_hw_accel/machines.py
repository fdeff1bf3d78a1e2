"""The machines of this lab by track, and what its parts share: names, steps, roofs to draw."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labs.contract import Params, Scalar
from labs.text import quantity
from simcore import catalog
from simcore.catalog import Hardware
from simcore.equations.tiling import TileMachine

Array = NDArray[np.float64]

OWN_MACHINE: Mapping[str, str] = {
    "cloud": "h100-sxm",
    "edge": "jetson-orin-nx-16gb",
    "mobile": "phone-npu",
    "tiny": "esp32-s3-psram",
}
"""The machine of each track where a part does not draw one."""

PRECISION: Mapping[str, str] = {"cloud": "fp16", "edge": "fp16", "mobile": "fp16", "tiny": "int8"}

NAMES: Mapping[str, str] = {
    "a100-sxm-80gb": "A100 80 GB",
    "b200": "B200",
    "esp32-s3-psram": "ESP32-S3 (PSRAM)",
    "esp32-s3-sram": "ESP32-S3 (SRAM)",
    "h100-sxm": "H100 SXM",
    "jetson-nano": "Jetson Nano",
    "jetson-orin-nx-16gb": "Jetson Orin NX",
    "l4": "L4",
    "l40s": "L40S",
    "mi300x": "MI300X",
    "phone-cpu": "phone CPU",
    "phone-npu": "phone NPU",
    "t4": "T4",
    "v100-sxm2-32gb": "V100",
}


def machine_of(p: Params, key: str = "machine") -> Hardware:
    return catalog.hardware(str(p[key]))


def rate_text(rate: float, precision: str) -> str:
    """Return a rate as it prints: integer operations are OP, the others FLOP."""
    return quantity(rate, "si OP/s" if precision.startswith("int") else "si FLOP/s")


def described(machine: str, precision: str, prefix: str = "") -> dict[str, Scalar]:
    """Return the parameters that name a machine in a question: its rates and how they are known."""
    found = catalog.hardware(machine)
    return {
        f"{prefix}machine": machine,
        f"{prefix}machine_name": NAMES[machine],
        f"{prefix}peak_text": rate_text(found.peak(precision), precision),
        f"{prefix}bandwidth_text": quantity(found.bandwidth, "si B/s"),
        f"{prefix}peak_known": known(found, f"peak.{precision}"),
        f"{prefix}bandwidth_known": known(found, "bandwidth"),
        f"{prefix}ridge_known": known(found, f"peak.{precision}", "bandwidth"),
        f"{prefix}capacity_known": known(found, "capacity"),
        f"{prefix}on_chip_known": known(found, "core_memory.capacity"),
        f"{prefix}limit_known": known(found, "power"),
    }


def known(machine: Hardware, *facts: str) -> str:
    """Return "assumed" if any of these numbers of a machine is an estimate, else "published"."""
    kinds = {machine.item[name].source.evidence for name in facts if name in machine.item}
    return "assumed" if "assumed" in kinds else "published"


def octave_steps(low: int, high: int, per_octave: int) -> tuple[int, ...]:
    """Return whole numbers evenly spaced in log2 from low to high, without repeats."""
    count = round(math.log2(high / low) * per_octave) + 1
    steps = (round(low * 2 ** (i / per_octave)) for i in range(count))
    return tuple(dict.fromkeys(steps))


def with_whole(steps: Sequence[int], value: int) -> tuple[tuple[int, ...], int]:
    """Return the whole-number steps with `value` among them, and its index."""
    merged = tuple(sorted({*steps, value}))
    return merged, merged.index(value)


def floats(values: NDArray[Any]) -> Array:
    return np.asarray(values, dtype=np.float64)


def roof_curve(peak: Array, bandwidth: Array, low: float, high: float) -> tuple[Array, Array]:
    """Return the roof from intensity low to high: its corner is all a log-log plot needs.

    Parameters
    ----------
    peak, bandwidth : ndarray, shape (m,)
        Of each machine. [FLOP/s], [byte/s]
    low, high : float
        Ends of the line. [FLOP/byte]

    Returns
    -------
    x, y : ndarray, shape (m, 3)
        Intensity [FLOP/byte] and attainable rate [FLOP/s].
    """
    ridge = np.clip(peak / bandwidth, low, high)
    x = np.stack([np.full_like(ridge, low), ridge, np.full_like(ridge, high)], axis=1)
    return x, np.minimum(peak[:, None], bandwidth[:, None] * x)


def tile_machine(machine: Hardware, precision: str) -> TileMachine:
    """Return what a tile meets on a machine; without a second-level cache, main memory."""
    item = machine.item
    path = "l2.bandwidth" if "l2.bandwidth" in item else "bandwidth"
    return TileMachine(
        peak_flop_rate=machine.peak(precision),
        bandwidth=machine.bandwidth,
        operand_bandwidth=item.value(path),
        latency=item.value("memory_latency"),
        cores=item.value("cores"),
        core_memory=item.value("core_memory.capacity"),
        accumulators=item.value("core_memory.accumulators"),
        overhead=item.value("overhead"),
    )
