"""The port to a power meter."""

from dataclasses import dataclass
from typing import Protocol

from device_agent.energy_budget import Accuracy


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """An energy counter at one moment: joules since an arbitrary start, and its own wrap. [J]"""

    at_s: float
    energy_j: float
    wrap_j: float | None = None


class Meter(Protocol):
    """A module in this folder, or its `METER`: a counter of energy, real or integrated."""

    @property
    def NAME(self) -> str: ...  # noqa: N802

    @property
    def MEASURES(self) -> str:  # noqa: N802
        """Return what it sees: "cpu", "gpu", this whole "board", or the "attached board"."""

    @property
    def WINDOW_S(self) -> float:  # noqa: N802
        """Return the shortest window: a shorter one shows the counter's steps, not the load."""

    def why_not(self) -> str:
        """Return an empty string where the meter can be read, else why not and the remedy."""

    def read(self) -> Reading:
        """Return the counter now.

        Raises
        ------
        OSError
            If it cannot be read: says why.
        """

    def accuracy(self) -> Accuracy:
        """Return what is known of its errors."""


def joules_between(first: Reading, second: Reading) -> float:
    """Return the energy used between two readings, over at most one wrap of the counter. [J]"""
    used = second.energy_j - first.energy_j
    if used < 0 and first.wrap_j is not None:
        used += first.wrap_j
    return used
