"""Drivers that other packages bring along by an entry point.

One that does not load, or lacks what a driver has, is left out and named by `doctor`: a bench must
not stand still for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Any

DIALECTS, METERS = "device_agent.dialects", "device_agent.meters"
# What a module of each kind has at least; a meter may be its `METER` instead.
_HAS: dict[str, Sequence[str]] = {DIALECTS: ("NAME", "RANK", "recognise"), METERS: ()}


@dataclass(frozen=True, slots=True, kw_only=True)
class DropIn:
    """A module of another package, or why it is left out."""

    name: str
    module: Any = None
    fault: str = ""


def found(group: str) -> list[DropIn]:
    """Return what other packages offer under an entry point."""
    return [_loaded(entry.name, entry, group) for entry in entry_points(group=group)]


def modules(group: str) -> list[Any]:
    """Return the modules that work."""
    return [dropin.module for dropin in found(group) if not dropin.fault]


def _loaded(name: str, entry: Any, group: str) -> DropIn:
    try:
        module = entry.load()
    except Exception as error:  # noqa: BLE001  whatever others wrote
        return DropIn(name=name, fault=f"{entry.value}: {type(error).__name__}: {error}")
    missing = [part for part in _HAS[group] if not hasattr(module, part)]
    if missing:
        return DropIn(name=name, fault=f"{entry.value} has no {', '.join(missing)}")
    return DropIn(name=name, module=module)
