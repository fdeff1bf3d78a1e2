"""What the names mean that cases use instead of numbers (`names.toml`)."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from simcore.errors import NotInCatalogue, unknown


@cache
def table(section: str) -> Mapping[str, Any]:
    """Return one section of the file."""
    text = files("simcore.crosscheck").joinpath("names.toml").read_text(encoding="utf-8")
    return dict(tomllib.loads(text)[section])


def found(section: str, name: str) -> Mapping[str, Any]:
    """Return the entry of a name.

    Raises
    ------
    NotInCatalogue
        If the section has no such entry, naming the nearest.
    """
    known = table(section)
    if name not in known:
        raise NotInCatalogue(unknown(section.removesuffix("s"), name, known))
    return dict(known[name])


def workload(name: str) -> Mapping[str, Any]:
    """Return the counts of a network."""
    return {"name": name, **found("models", name)}


def peak(name: str) -> float:
    """Return the dense 16-bit peak of a machine that a case names alone. [FLOP/s]

    Raises
    ------
    NotInCatalogue
        If there is no such machine, naming the nearest.
    """
    known = table("peaks")
    if name not in known:
        raise NotInCatalogue(unknown("machine", name, known))
    return float(known[name])


def attention(name: str) -> Mapping[str, Any]:
    """Return the widths of a network's attention where its counts do not give them."""
    return dict(table("attention").get(name, {}))


def memory_tiers(name: str) -> Mapping[str, Any]:
    """Return the on-chip and flash memory of a microcontroller; nothing for any other machine."""
    return dict(table("memory_tiers").get(name, {}))
