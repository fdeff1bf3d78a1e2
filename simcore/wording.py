"""Numbers and tables for people: prefixes and units one reads at a glance, columns that align."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

_MINUTE, _HOUR, _DAY, _YEAR = 60.0, 3600.0, 86400.0, 31_557_600.0
_PREFIXES = {-15: "f", -12: "p", -9: "n", -6: "µ", -3: "m", 0: "", 3: "k", 6: "M", 9: "G", 12: "T",
             15: "P", 18: "E"}  # fmt: skip
_SHORT = {"byte": "B", "byte/s": "B/s", "1": ""}


def amount(value: float, least: float = 1e-2) -> str:
    """Return a number with an SI prefix where it is small or long: 2.5e12 is "2.5 T"."""
    if value == 0 or least <= abs(value) < 1e4:
        return f"{value:.4g}"
    power = 3 * math.floor(math.log10(abs(value) * (1 + 1e-12)) / 3)
    if power not in _PREFIXES:
        return f"{value:.4g}"
    return f"{value / 10.0**power:.4g} {_PREFIXES[power]}".rstrip()


def quantity(value: float | None, unit: str) -> str:
    """Return an SI number as one would say it: 3.2e9 byte is "3.2 GB", 7300 s is "2.03 h"."""
    if value is None:
        return "unbounded"
    if unit == "s" and abs(value) >= 2 * _MINUTE:
        return _long_time(value)
    if unit in ("USD", "token", "cycle", "1"):
        return f"{_plain(value)} {_SHORT.get(unit, unit)}".rstrip()
    if unit == "kg" and abs(value) >= 1e4:
        return f"{amount(value / 1e3)} t"
    if unit.startswith(("1/", "kg")):
        return f"{_plain(value)} {unit}"
    text = amount(value, least=0.1)
    space = "" if text[-1].isalpha() else " "
    return f"{text}{space}{_SHORT.get(unit, unit)}"


def result_lines(found: Mapping[str, Any]) -> list[str]:
    """Return a result, as `Result.as_dict` gives it, in lines of name and quantity."""
    value = found["value"]
    span = ""
    if None not in (found["low"], found["high"]) and found["high"] > found["low"]:
        low, high = (quantity(found[end], value["unit"]) for end in ("low", "high"))
        span = f"  ({low} to {high}, one standard deviation of the inputs)"
    terms = {name: quantity(term["value"], term["unit"]) for name, term in found["terms"].items()}
    shown = {
        "value": quantity(value["value"], value["unit"]) + span,
        **terms,
        **{name: found[name] for name in ("bound", "reason", "evidence")},
        **assertion_words(found.get("assertions", ())),
    }
    width = max(map(len, shown))
    return [f"{name:{width}}  {text}" for name, text in shown.items()]


def assertion_words(entries: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return assertions with whether they hold."""
    return {f"assert {entry['assert']}": "holds" if entry["holds"] else "VIOLATED"
            for entry in entries}  # fmt: skip


def table(rows: Iterable[Mapping[str, Any]], units: Mapping[str, str]) -> list[str]:
    """Return rows as aligned columns under their names, numbers as quantities of their units."""
    shown = list(rows)
    if not shown:
        return []
    names = list(shown[0])
    cells = [names, *([_cell(row[name], units.get(name)) for name in names] for row in shown)]
    numeric = [any(isinstance(row[name], float) for row in shown) for name in names]
    return ["  ".join(line).rstrip() for line in _aligned(cells, numeric)]


def _aligned(cells: Sequence[Sequence[str]], numeric: Sequence[bool]) -> Iterable[list[str]]:
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for line in cells:
        yield [cell.rjust(width) if right else cell.ljust(width)
               for cell, width, right in zip(line, widths, numeric, strict=True)]  # fmt: skip


def _cell(value: Any, unit: str | None) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if unit is None or isinstance(value, str):
        return f"{value:.5g}" if isinstance(value, float) else str(value)
    return quantity(value, unit)


def _long_time(value: float) -> str:
    for length, name in ((2 * _YEAR, "year"), (2 * _DAY, "day"), (_HOUR, "h"), (_MINUTE, "min")):
        if abs(value) >= length:
            return f"{_plain(value / {'year': _YEAR, 'day': _DAY}.get(name, length))} {name}"
    return f"{value:.4g} s"


def _plain(value: float) -> str:
    """Return four digits, whole from a thousand on, with thousands separated."""
    if 1e3 <= abs(value) < 1e12:
        return f"{value:,.0f}"
    return f"{value:.4g}"
