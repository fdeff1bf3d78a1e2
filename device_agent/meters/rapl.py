"""The energy counter of x86 processors (RAPL): the package, without memory and the rest."""

import os
import time
from pathlib import Path

from device_agent.energy_budget import UNKNOWN, Accuracy
from device_agent.meters.base import Reading

NAME = "RAPL package counter"
MEASURES = "cpu"
# The counter steps about every millisecond; 0.2 s keeps that under 1%.
WINDOW_S = 0.2
_FOLDER = Path("/sys/class/powercap/intel-rapl:0")


def why_not() -> str:
    counter = _FOLDER / "energy_uj"
    if not counter.exists():
        return "this machine shows no RAPL counter (no powercap, or a virtual machine)"
    if not os.access(counter, os.R_OK):
        # Readable to root only since CVE-2020-8694.
        return f"{counter} is readable to root only; sudo chmod a+r {counter}"
    return ""


def read() -> Reading:
    return Reading(
        at_s=time.monotonic(),
        energy_j=int((_FOLDER / "energy_uj").read_text()) * 1e-6,
        wrap_j=int((_FOLDER / "max_energy_range_uj").read_text()) * 1e-6,
    )


def accuracy() -> Accuracy:
    """Return nothing known: the maker states no limits for this counter."""
    return UNKNOWN
