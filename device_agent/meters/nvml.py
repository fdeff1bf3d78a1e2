"""The energy counter of NVIDIA GPUs (NVML), read through the driver's own library.

No Python package is needed: three calls by ctypes. The counter exists since Volta.
"""

import ctypes
import time
from functools import cache

from device_agent.energy_budget import UNKNOWN, Accuracy
from device_agent.meters.base import Reading

NAME = "NVML energy counter"
MEASURES = "gpu"
# The driver refreshes the counter about every 100 ms.
WINDOW_S = 0.1
_LIBRARY = "libnvidia-ml.so.1"


def why_not() -> str:
    try:
        _millijoules(0)
    except OSError as error:
        return f"no NVIDIA energy counter: {error}"
    return ""


def read(index: int = 0) -> Reading:
    return Reading(at_s=time.monotonic(), energy_j=_millijoules(index) * 1e-3)


def accuracy() -> Accuracy:
    """Return nothing known: the maker states no limits for this counter."""
    return UNKNOWN


def _millijoules(index: int) -> int:
    library, handle = _device(index)
    value = ctypes.c_ulonglong()
    _check(library.nvmlDeviceGetTotalEnergyConsumption(handle, ctypes.byref(value)))
    return value.value


@cache
def _device(index: int) -> tuple[ctypes.CDLL, ctypes.c_void_p]:
    library = ctypes.CDLL(_LIBRARY)
    _check(library.nvmlInit_v2())
    handle = ctypes.c_void_p()
    _check(library.nvmlDeviceGetHandleByIndex_v2(ctypes.c_uint(index), ctypes.byref(handle)))
    return library, handle


def _check(code: int) -> None:
    if code != 0:
        raise OSError(f"NVML answered with code {code}")
