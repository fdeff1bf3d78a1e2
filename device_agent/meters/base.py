"""The port to a power meter."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """An energy counter at one moment: joules since an arbitrary start, and its own wrap. [J]"""

    at_s: float
    energy_j: float
    wrap_j: float | None = None


class Meter(Protocol):
    """A module in this folder: a counter of energy, real or integrated from power."""

    NAME: str
    # What it sees: "cpu", "gpu" or the whole "board".
    MEASURES: str
    # Shorter windows would show the counter's steps instead of the load.
    WINDOW_S: float

    def why_not(self) -> str:
        """Return an empty string where the meter can be read, else why not and the remedy."""

    def read(self) -> Reading:
        """Return the counter now."""


def joules_between(first: Reading, second: Reading) -> float:
    """Return the energy used between two readings, over at most one wrap of the counter. [J]"""
    used = second.energy_j - first.energy_j
    if used < 0 and first.wrap_j is not None:
        used += first.wrap_j
    return used
