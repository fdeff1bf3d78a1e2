"""The machines of each track from the catalogue, and the rates that its parts share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from labs.arranging import given
from simcore import catalog

HALF_PEAK = 0.5
"""Share of an accelerator's peak that ordinary kernels reach."""
FLASH_RATE = 10e6
"""Of a microcontroller's external flash, from which weights are read once. [byte/s]"""

NAMES: Mapping[str, str] = {
    "a100-sxm-40gb": "A100 40 GB",
    "a100-sxm-80gb": "A100 80 GB",
    "b200": "B200",
    "esp32-s3-sram": "ESP32-S3",
    "h100-sxm": "H100 SXM",
    "h200-sxm": "H200",
    "jetson-agx-orin-64gb": "Jetson AGX Orin",
    "jetson-nano": "Jetson Nano",
    "jetson-orin-nano-8gb": "Jetson Orin Nano",
    "jetson-orin-nx-16gb": "Jetson Orin NX",
    "l4": "L4",
    "nrf52840": "nRF52840",
    "nucleo-h7a3zi": "STM32H7A3",
    "nucleo-l4r5zi": "STM32L4R5",
    "nucleo-u575zi": "STM32U575",
    "phone-cpu": "phone CPU",
    "phone-npu": "phone NPU",
    "snapdragon-8-gen-3": "Snapdragon 8 Gen 3",
    "t4": "T4",
}
CORES: Mapping[str, str] = {
    "nrf52840": "cortex-m4",
    "nucleo-l4r5zi": "cortex-m4",
    "nucleo-u575zi": "cortex-m33",
    "nucleo-h7a3zi": "cortex-m7",
}
"""Cycles of one product, fitted to published MLPerf Tiny results of that core."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """What a machine reaches at a precision: arithmetic [FLOP/s], weights [byte/s], launch [s]."""

    arithmetic: float
    bandwidth: float
    overhead: float


def rates(machine: str, precision: str, kind: str = "convolution") -> Rates:
    """Return the rates of ordinary kernels.

    Accelerators reach half of their dense peak. A microcontroller needs the cycles that published
    systems need for one 8-bit product of that kind (two operations), and for floats as much longer
    as a published float build took beside a published 8-bit build on the same board.
    """
    found = catalog.item("hardware", machine)
    if machine in CORES:
        cycles = catalog.item("cores", CORES[machine]).value(f"cycles.{kind}")
        rate = 2 * found.value("clock") / cycles / (1 if precision == "int8" else _float_slower())
        return Rates(arithmetic=rate, bandwidth=FLASH_RATE, overhead=OPERATOR_CALL)
    return Rates(
        arithmetic=HALF_PEAK * found.value(f"peak.{precision}"),
        bandwidth=found.value("bandwidth"),
        overhead=found.value("overhead"),
    )


def _float_slower() -> float:
    """Return a picture classifier's time in floats over that in 8 bits, on one board. [1]"""
    in_floats = catalog.item("tiny_results", "bosch-h7a3zi-float-v1-2")
    in_bytes = catalog.item("tiny_results", "st-h7a3zi")
    return in_floats.value("latency.ic") / in_bytes.value("latency.ic")


OPERATOR_CALL = 20e-6
"""Calling one operator of a microcontroller's interpreter. [s]"""


def capacity(machine: str) -> float:
    return catalog.item("hardware", machine).value("capacity")


def memory_text(machine: str) -> str:
    """Return a memory as its maker prints it: KiB of SRAM, GB of DRAM."""
    size = capacity(machine)
    if size < 2**22:
        return f"{size / 2**10:,.0f} KiB of SRAM"
    return f"{given(size, 'si B')} of memory"


def known(machine: str, *facts: str) -> str:
    """Return "assumed" if any of these numbers is an estimate, else "published"."""
    item = catalog.item("hardware", machine)
    kinds = {str(item[name].source.evidence) for name in facts if name in item}
    return "assumed" if "assumed" in kinds else "published"


def steps_with(steps: Sequence[str], chosen: str) -> tuple[tuple[str, ...], int]:
    """Return the names with the chosen one among them, and its index."""
    merged = tuple(steps) if chosen in steps else (*steps, chosen)
    return merged, merged.index(chosen)
