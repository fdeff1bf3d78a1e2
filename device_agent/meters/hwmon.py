"""Power sensors of the kernel's hwmon: INA219/226/228 on a board's rail, ACPI power meters.

They show power, not energy; reading often and adding up makes a counter of it.
"""

import threading
import time
from pathlib import Path

from device_agent.meters.base import Reading

NAME = "hwmon power sensor"
MEASURES = "board"
WINDOW_S = 0.1
_FOLDER = Path("/sys/class/hwmon")
_EVERY_S = 0.02


def why_not() -> str:
    return "" if _sensor() else "no power sensor under /sys/class/hwmon (INA219/226/228 or ACPI)"


def read() -> Reading:
    return _Counter.running().reading()


def _sensor() -> Path | None:
    """Return the first file with a power in microwatts."""
    found = sorted(_FOLDER.glob("*/power1_input")) + sorted(_FOLDER.glob("*/power1_average"))
    return next((path for path in found if _watts(path) is not None), None)


def _watts(path: Path) -> float | None:
    try:
        return int(path.read_text()) * 1e-6
    except (OSError, ValueError):
        return None


class _Counter:
    """Integrates power by trapezoids on a thread of its own while anyone reads."""

    _only: "_Counter | None" = None

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._at_s, self._power_w, self._energy_j = time.monotonic(), _watts(path) or 0.0, 0.0
        threading.Thread(target=self._sample, name="hwmon", daemon=True).start()

    @classmethod
    def running(cls) -> "_Counter":
        if cls._only is None:
            path = _sensor()
            if path is None:
                raise OSError(why_not())
            cls._only = cls(path)
        return cls._only

    def reading(self) -> Reading:
        self._step()
        with self._lock:
            return Reading(at_s=self._at_s, energy_j=self._energy_j)

    def _sample(self) -> None:
        while True:
            time.sleep(_EVERY_S)
            self._step()

    def _step(self) -> None:
        power_w = _watts(self._path)
        now_s = time.monotonic()
        with self._lock:
            if power_w is not None:
                self._energy_j += (power_w + self._power_w) / 2 * (now_s - self._at_s)
                self._at_s, self._power_w = now_s, power_w
