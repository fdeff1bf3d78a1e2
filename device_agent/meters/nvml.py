"""NVIDIA GPUs as their driver sees them (NVML): energy, power, clocks and what holds them down.

No Python package is needed: a few calls of the driver's own library by ctypes. The energy counter
exists since Volta.
"""

import ctypes
import time
from dataclasses import dataclass
from functools import cache
from typing import Any

from device_agent.energy_budget import UNKNOWN, Accuracy
from device_agent.meters.base import Reading
from firmware_specs.wire import Scalar

NAME = "NVML energy counter"
MEASURES = "gpu"
# The driver refreshes the counter about every 100 ms.
WINDOW_S = 0.1
_LIBRARY = "libnvidia-ml.so.1"
# nvml.h: clock types, the temperature sensor of the chip, lengths of texts.
_SM, _MEMORY, _CHIP, _TEXT = 1, 2, 0, 96
# nvml.h, nvmlClocksEventReasons: why clocks are below what was asked for. That nobody asks for
# more (0x1) is no limit.
_LIMITS = {
    0x2: "clocks that an administrator set", 0x4: "power cap", 0x8: "hardware slowdown",
    0x10: "synchronised with other GPUs", 0x20: "heat, by software", 0x40: "heat, by hardware",
    0x80: "power brake", 0x100: "display clocks",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Gpu:
    """One GPU of the driver's."""

    library: Any
    handle: Any

    def energy_j(self) -> float:
        """Return the counter. [J]"""
        value = ctypes.c_ulonglong()
        _check(self.library.nvmlDeviceGetTotalEnergyConsumption(self.handle, ctypes.byref(value)))
        return value.value * 1e-3

    def power_w(self) -> float:
        """Return the power now; since Ampere the mean of the last second (nvml.h). [W]"""
        return self._number("nvmlDeviceGetPowerUsage") * 1e-3

    def state(self) -> dict[str, Scalar]:
        """Return clocks, temperature and what limits them, as far as this GPU tells."""
        told = {
            "gpu_sm_hz": ("nvmlDeviceGetClockInfo", _SM, 1e6),
            "gpu_sm_most_hz": ("nvmlDeviceGetMaxClockInfo", _SM, 1e6),
            "gpu_memory_hz": ("nvmlDeviceGetClockInfo", _MEMORY, 1e6),
            "gpu_temperature_c": ("nvmlDeviceGetTemperature", _CHIP, 1.0),
            "gpu_power_limit_w": ("nvmlDeviceGetEnforcedPowerLimit", None, 1e-3),
        }
        found: dict[str, Scalar] = {}
        for name, (call, which, unit) in told.items():
            try:
                found[name] = self._number(call, *([] if which is None else [which])) * unit
            except OSError:
                continue
        return found | self._limits()

    def _limits(self) -> dict[str, Scalar]:
        bits = ctypes.c_ulonglong()
        # The older name for drivers before 535.
        for name in (
            "nvmlDeviceGetCurrentClocksEventReasons",
            "nvmlDeviceGetCurrentClocksThrottleReasons",
        ):
            call = getattr(self.library, name, None)
            if call is not None and call(self.handle, ctypes.byref(bits)) == 0:
                words = [text for bit, text in _LIMITS.items() if bits.value & bit]
                return {"gpu_limited_by": ", ".join(words)}
        return {}

    def _number(self, name: str, *which: int) -> int:
        call = getattr(self.library, name, None)
        if call is None:
            raise OSError(f"this driver has no {name}")
        value = ctypes.c_uint()
        _check(call(self.handle, *(ctypes.c_uint(x) for x in which), ctypes.byref(value)))
        return value.value


@cache
def gpu(uuid: str = "", index: int = 0) -> Gpu:
    """Return a GPU by its UUID, else the driver's by index.

    CUDA counts the fastest first and hides some (`CUDA_VISIBLE_DEVICES`); the driver counts all,
    by their place on the bus. Without a UUID only a single GPU is certain.

    Raises
    ------
    OSError
        If there is no such GPU, or no driver.
    """
    library = ctypes.CDLL(_LIBRARY)
    _check(library.nvmlInit_v2())
    handle = ctypes.c_void_p()
    if uuid:
        name = uuid if uuid.startswith(("GPU-", "MIG-")) else f"GPU-{uuid}"
        _check(library.nvmlDeviceGetHandleByUUID(name.encode(), ctypes.byref(handle)))
    else:
        _check(library.nvmlDeviceGetHandleByIndex_v2(ctypes.c_uint(index), ctypes.byref(handle)))
    return Gpu(library, handle)


def count() -> int:
    """Return how many GPUs the driver has."""
    library = ctypes.CDLL(_LIBRARY)
    _check(library.nvmlInit_v2())
    value = ctypes.c_uint()
    _check(library.nvmlDeviceGetCount_v2(ctypes.byref(value)))
    return value.value


def driver_version() -> str:
    library = ctypes.CDLL(_LIBRARY)
    _check(library.nvmlInit_v2())
    text = ctypes.create_string_buffer(_TEXT)
    _check(library.nvmlSystemGetDriverVersion(text, ctypes.c_uint(_TEXT)))
    return text.value.decode(errors="replace")


def why_not() -> str:
    try:
        gpu().energy_j()
    except OSError as error:
        return f"no NVIDIA energy counter: {error}"
    return ""


def read(index: int = 0) -> Reading:
    return Reading(at_s=time.monotonic(), energy_j=gpu(index=index).energy_j())


def accuracy() -> Accuracy:
    """Return nothing known: the maker states no limits for this counter."""
    return UNKNOWN


def _check(code: int) -> None:
    if code != 0:
        raise OSError(f"NVML answered with code {code}")
