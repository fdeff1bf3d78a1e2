"""Power meters, found by folder: every module here with `NAME`, `why_not` and `read`.

A module with `window_meter` offers a meter that records a board's sync pin beside the power.
"""

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from typing import Any, cast

from device_agent.meters.base import Meter, Reading, joules_between

__all__ = ["Meter", "Reading", "best_meter", "joules_between", "meters", "window_meters"]


def meters() -> Iterator[Meter]:
    for info in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{info.name}")
        if hasattr(module, "read"):
            yield cast(Meter, module)


def window_meters() -> Iterator[Callable[[Any], Any]]:
    """Yield each module's `window_meter`: from a board's address to a WindowMeter, or None."""
    for info in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{info.name}")
        if hasattr(module, "window_meter"):
            yield module.window_meter


def best_meter() -> Meter | None:
    """Return the first meter that can be read and sees the processor, or None."""
    seeing = (meter for meter in meters() if meter.MEASURES in ("board", "cpu"))
    return next((meter for meter in seeing if not meter.why_not()), None)
