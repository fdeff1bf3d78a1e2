"""Inputs as typed on a command line: "batch=8", "bandwidth=2 TB/s", "batch=1:1024:log:11"."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from simcore.solvers.asking import question
from simcore.solvers.question import Question
from simcore.tools.sweep import Values
from simcore.units import si

MOST = 10_000_000
"""Values of one axis."""


def inputs(solver: str, pairs: Iterable[str]) -> dict[str, Any]:
    """Return NAME=VALUE texts as inputs in SI.

    Raises
    ------
    NotInCatalogue
        If a name is unknown, naming the nearest.
    UnitError
        If a value is of another dimension.
    ValueError
        If a text is not NAME=VALUE.
    """
    asked = question(solver)
    return {name: value(asked, name, text) for name, text in map(_split, pairs)}


def axes(solver: str, pairs: Iterable[str]) -> dict[str, Values]:
    """Return NAME=A,B,C and NAME=LOW:HIGH:log:COUNT (or lin) texts as axes in SI.

    Raises
    ------
    NotInCatalogue, UnitError, ValueError
        As `inputs`; ValueError as well if a range is not four parts.
    """
    asked = question(solver)
    return {name: _axis(asked, name, text) for name, text in map(_split, pairs)}


def value(asked: Question, name: str, text: str) -> Any:
    """Return one text as a number in SI, a word, or an item's name."""
    if name in {item.name for item in asked.items}:
        return text
    entry = asked.input(name)
    return text if entry.choices else si(text, entry.unit)


def _axis(asked: Question, name: str, text: str) -> Values:
    if ":" not in text:
        return [value(asked, name, part.strip()) for part in text.split(",")]
    parts = text.split(":")
    if len(parts) != 4 or parts[2] not in ("log", "lin") or not parts[3].isdigit():
        raise ValueError(f"{name}={text} is no range; write LOW:HIGH:log:COUNT or ...:lin:COUNT")
    low, high = value(asked, name, parts[0]), value(asked, name, parts[1])
    count = int(parts[3])
    if not 1 <= count <= MOST:
        raise ValueError(f"{name}={text} has {count} values; an axis takes 1 to {MOST:,}")
    if parts[2] == "log" and not (low > 0 and high > 0):
        raise ValueError(
            f"{name}={text} needs ends above 0 for log; write {parts[0]}:{parts[1]}:lin"
        )
    spaced = np.geomspace if parts[2] == "log" else np.linspace
    numbers = spaced(low, high, count)
    return np.unique(np.round(numbers)) if asked.input(name).is_whole else numbers


def _split(pair: str) -> tuple[str, str]:
    name, sign, text = pair.partition("=")
    if not sign or not name or not text:
        raise ValueError(f"{pair!r} is no input; write NAME=VALUE, such as batch=8")
    return name.strip(), text.strip()
