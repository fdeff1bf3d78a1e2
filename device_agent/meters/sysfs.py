"""Power sensors that the kernel shows as files: what the drivers over them share."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from device_agent.energy_budget import UNKNOWN, Accuracy
from device_agent.meters.base import Reading
from device_agent.meters.options import MeterError

# The kernel's folder; tests put a tree of their own here.
root = Path("/sys")


def number(path: Path) -> float | None:
    """Return the number in a file, or None where there is none."""
    try:
        return float(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


def word(path: Path) -> str:
    """Return a file's text, or nothing where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


@dataclass(slots=True, kw_only=True)
class FileSensor:
    """Power from files: `power_w` returns None where they cannot be read now."""

    name: str
    power_w: Callable[[], float | None]
    every_s: float
    known: Accuracy = UNKNOWN

    def watts(self) -> float:
        power_w = self.power_w()
        if power_w is None:
            raise MeterError(f"{self.name}: cannot be read any more")
        return power_w

    def joules(self) -> Reading | None:
        return None

    def accuracy(self) -> Accuracy:
        return self.known
