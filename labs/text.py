"""Numbers in words: one small format language, the same on the server and in the browser.

`{flop_rate:si FLOP/s}` 572 TFLOP/s · `{traffic:si B}` 25.8 GB · `{share:pct}` 21.7% ·
`{share:pct0}` 22% · `{latency:time}` 115 ms · `{n:int}` 16,384 · `{ratio:x}` 2.70× ·
`{cost:usd}` $585 · `{n:n layer}` 1 layer, 12 layers · `{value:g3}` three significant digits;
`time` and `x` may end in another number of digits: `{latency:time2}` 120 ms. Text passes through.
`text_cases.json` holds the pairs that both implementations are tested on.
"""

import math
import re
from collections.abc import Mapping
from string import Formatter
from typing import Any

_PREFIXES = [(1e18, "E"), (1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, ""),
             (1e-3, "m"), (1e-6, "µ"), (1e-9, "n"), (1e-12, "p")]  # fmt: skip
_YEAR = 365.25 * 86400.0
_TIMES = [(86400.0 * 1e5, _YEAR, "years"), (86400.0 * 2, 86400.0, "days"),
          (7200.0, 3600.0, "h"), (120.0, 60.0, "min"),
          (1.0, 1.0, "s"), (1e-3, 1e-3, "ms"), (1e-6, 1e-6, "µs"), (1e-9, 1e-9, "ns")]  # fmt: skip


_CERTAIN = 9
"""Digits that hold whichever way a number was computed or sent; ties are decided on these."""


_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def _settled(x: float) -> float:
    return float(f"{x:.{_CERTAIN}g}")


def significant(x: float, digits: int) -> str:
    """Return `x` with that many significant digits, thousands separated, no exponent from 1e-4."""
    x = _settled(x)
    if x == 0:
        return "0"
    if not math.isfinite(x):
        return "∞" if x > 0 else "−∞" if x < 0 else "none"
    if abs(x) < 1e-4 or abs(x) >= 1e15:
        mantissa, exponent = f"{x:.{digits - 1}e}".split("e")
        return f"{mantissa} × 10".replace("-", "−") + str(int(exponent)).translate(_RAISED)
    rounded = float(f"{x:.{digits - 1}e}")
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(rounded))))
    return f"{rounded:,.{decimals}f}".replace("-", "−")


def quantity(x: float, spec: str) -> str:
    """Return a number written as `spec` says.

    Raises
    ------
    ValueError
        If the spec is unknown, naming it and the specs there are.
    """
    if spec == "int":
        return f"{round(x):,}".replace("-", "−")
    if spec == "pct":
        return f"{_percent(x)}%"
    if spec == "pct0":
        return f"{round(_settled(100 * x))}%".replace("-", "−")
    if spec == "usd":
        amount = _cents(x) if abs(x) < 1000 else quantity(x, "int")
        return f"−${amount[1:]}" if amount.startswith("−") else f"${amount}"
    if found := _DIGITS.fullmatch(spec):
        digits = int(found[2] or 3)
        return _time(x, digits) if found[1] == "time" else f"{significant(x, digits)}×"
    if spec.startswith("si "):
        return _si(x, spec[3:])
    if spec.startswith("many "):
        return _many(x, spec[5:])
    if spec.startswith("n "):
        whole = quantity(x, "int")
        return f"{whole} {spec[2:]}" if whole == "1" else f"{whole} {spec[2:]}s"
    if spec.startswith("g") and spec[1:].isdigit():
        return significant(x, int(spec[1:]))
    raise ValueError(
        f"unknown number format {spec!r}; use int, n NOUN, many NOUN, pct, pct0, x, usd, time, "
        "si UNIT, gN"
    )


_DIGITS = re.compile("(time|x)([1-9]?)")
_FEWEST_PERCENT = 1e-4


_COUNTS = ((1e12, "trillion"), (1e9, "billion"), (1e6, "million"))


def _many(x: float, noun: str) -> str:
    """Return a count as people say it: 2,592 weights, 725 billion weights."""
    size = float(f"{x:.2e}")
    found = next((pair for pair in _COUNTS if size >= pair[0]), None)
    if found is None:
        return quantity(x, f"n {noun}")
    return f"{significant(x / found[0], 3)} {found[1]} {noun}s"


def _percent(x: float) -> str:
    """Return 100 `x`: nearly all does not read as all, nor hardly any as a power of ten."""
    percent = _settled(100 * x)
    if 0 < abs(percent) < _FEWEST_PERCENT:
        return f"under {_FEWEST_PERCENT:.4f}"
    missing = 100 - percent
    if not 0 < missing <= 0.05:
        return significant(percent, 3)
    if missing < _FEWEST_PERCENT * (1 - 1e-6):
        return f"over {100 - _FEWEST_PERCENT:.4f}"
    return f"{percent:.{math.ceil(-math.log10(missing) - 1e-6)}f}"


_LEAST_TIME = 1e-13
_LEAST_AMOUNT = 1e-9


def _cents(x: float) -> str:
    """Return an amount below a thousand: whole cents at least, three digits where it has them."""
    size = abs(_settled(x))
    if size < _LEAST_AMOUNT:
        return "0"
    text = significant(x, 4 if 10 <= size < 100 else 3)
    if size >= 100 or "×" in text or not math.isfinite(x):
        return text
    whole, _, part = text.partition(".")
    return f"{whole}.{part[:2].ljust(2, '0')}{part[2:].rstrip('0')}"


def _si(x: float, unit: str) -> str:
    if x == 0 or not math.isfinite(x):
        return f"{significant(x, 3)} {unit}"
    rounded = abs(float(f"{x:.2e}"))
    scale, prefix = next((pair for pair in _PREFIXES if rounded >= pair[0]), _PREFIXES[-1])
    if unit.startswith("B") and scale < 1:
        scale, prefix = 1.0, ""
    return f"{significant(x / scale, 3)} {prefix}{unit}".rstrip()


def _time(x: float, digits: int) -> str:
    if x == 0:
        return "0 s"
    if not math.isfinite(x):
        return significant(x, digits)
    if abs(x) < _LEAST_TIME:
        return f"under {_LEAST_TIME / 1e-9:.4f} ns"
    rounded = abs(float(f"{x:.2e}"))
    found = next((row for row in _TIMES if rounded >= row[0]), _TIMES[-1])
    return f"{significant(x / found[1], digits)} {found[2]}"


def time_with_margin(x: float, half_width: float) -> str:
    """Return a time in seconds with half its interval, both to the margin's first digit."""
    _, scale, unit = next((row for row in _TIMES if abs(x) >= row[0]), _TIMES[-1])
    margin = half_width / scale
    decimals = max(0, -math.floor(math.log10(float(f"{margin:.0e}"))))
    return f"{x / scale:,.{decimals}f} ± {margin:.{decimals}f} {unit}"


def _noun(spec: str | None) -> str:
    """Return what a format says after any number but one."""
    kind, _, noun = (spec or "").partition(" ")
    return f" {noun}s" if kind in ("n", "many") else ""


class _NumberFormatter(Formatter):
    def format_field(self, value: Any, format_spec: str) -> str:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return f"{value}{_noun(format_spec)}"
        return quantity(float(value), format_spec or "g3")


def without_figures(template: str) -> str:
    """Return a template for a whole class, whose figures differ: each `{name:spec}` as "…"."""
    return "".join(
        text + ("" if name is None else f"…{_noun(spec)}")
        for text, name, spec, _ in Formatter().parse(template)
    )


def fill(template: str, values: Mapping[str, Any]) -> str:
    """Return the template with every `{name:spec}` replaced.

    Raises
    ------
    KeyError
        If a name is unknown.
    """
    return _NumberFormatter().vformat(template, (), values)
