"""Power meters, found by folder: every module here with `METER`, or with `NAME`, `why_not`, `read`.

A module or its `METER` with `window_meter` offers a meter of the board on a serial line. A package
of yours offers a module of the same form under the entry point `device_agent.meters`.
"""

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from typing import Any, Protocol, cast

from device_agent import dropins
from device_agent.meters.base import Meter, Reading, joules_between
from device_agent.meters.options import all_options

__all__ = [
    "Listed",
    "Meter",
    "Reading",
    "best_meter",
    "joules_between",
    "kinds",
    "listed",
    "meters",
    "window_meters",
]


class Listed(Protocol):
    """A driver that can say whether its meter is there."""

    @property
    def NAME(self) -> str: ...  # noqa: N802

    def why_not(self) -> str: ...


def listed() -> Iterator[Listed]:
    """Yield every driver with a name, also those that only see a board on a serial line."""
    for driver in _drivers():
        if hasattr(driver, "why_not"):
            yield cast(Listed, driver)


def kinds() -> dict[str, Listed]:
    """Return the drivers that settings may name, by that name."""
    return {driver.kind: driver for driver in _drivers() if hasattr(driver, "kind")}


def meters() -> Iterator[Meter]:
    """Yield every driver that can measure this machine, whether or not its meter is there."""
    for driver in _drivers():
        if hasattr(driver, "read"):
            yield cast(Meter, driver)


def window_meters() -> Iterator[Callable[[Any], Any]]:
    """Yield each driver's `window_meter`: from a board's address to a WindowMeter, or None."""
    for driver in _drivers():
        if hasattr(driver, "window_meter"):
            yield driver.window_meter


def best_meter() -> Meter | None:
    """Return the first meter that can be read and sees the processor, or None.

    One that the settings name goes before one that was found, and one in the whole board's supply
    before a counter of the processor alone.
    """
    named = {options.kind for options in all_options()}
    seeing = [meter for meter in meters() if meter.MEASURES in ("board", "cpu")]
    seeing.sort(
        key=lambda meter: (getattr(meter, "kind", "") not in named, meter.MEASURES != "board")
    )
    return next((meter for meter in seeing if not meter.why_not()), None)


def _drivers() -> Iterator[Any]:
    modules = [
        importlib.import_module(f"{__name__}.{info.name}")
        for info in pkgutil.iter_modules(__path__)
    ]
    for module in [*modules, *dropins.modules(dropins.METERS)]:
        yield getattr(module, "METER", module)
