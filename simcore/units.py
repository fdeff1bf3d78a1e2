"""Text quantities to SI numbers: the one place that knows prefixes.

`si("3.35 TB/s", "byte/s")` is 3.35e12; `si("16 GiB", "byte")` is 17179869184. Decimal prefixes mean
powers of ten (GB = 1e9 byte), `Ki Mi Gi Ti` powers of two. A MAC counts as 2 FLOP, an OP as 1; a
bit is an eighth of a byte. Conventions follow the SI brochure (BIPM, 9th edition) and IEC 80000-13.
"""

import re
from dataclasses import dataclass
from difflib import get_close_matches
from fractions import Fraction
from functools import cache

from simcore.errors import UnitError

# Exact fractions, so that "5 us" is the float nearest to 5e-6 and not a product of roundings.
_DECIMAL = {prefix: Fraction(10) ** power for prefix, power in [
    ("E", 18), ("P", 15), ("T", 12), ("G", 9), ("M", 6), ("k", 3),
    ("m", -3), ("u", -6), ("µ", -6), ("n", -9), ("p", -12), ("f", -15)]}  # fmt: skip
_BINARY = {prefix: Fraction(2) ** power for prefix, power in [
    ("Ki", 10), ("Mi", 20), ("Gi", 30), ("Ti", 40)]}  # fmt: skip

# Symbol: (factor, SI unit it is a multiple of).
_ONE = Fraction(1)
_UNITS = {
    "B": (_ONE, "byte"), "byte": (_ONE, "byte"),
    "bit": (Fraction(1, 8), "byte"), "b": (Fraction(1, 8), "byte"),
    "FLOP": (_ONE, "FLOP"), "OP": (_ONE, "FLOP"), "MAC": (Fraction(2), "FLOP"),
    "s": (_ONE, "s"), "J": (_ONE, "J"), "W": (_ONE, "W"), "Hz": (_ONE, "1/s"),
    "Wh": (Fraction(3600), "J"), "V": (_ONE, "V"), "A": (_ONE, "A"), "m": (_ONE, "m"),
    "g": (Fraction(1, 1000), "kg"), "L": (_ONE, "L"), "USD": (_ONE, "USD"),
    "token": (_ONE, "token"), "cycle": (_ONE, "cycle"),
}  # fmt: skip
# Written whole, never with a prefix; they win over prefix + unit ("min" is no milli-inch).
_WHOLE = {
    "min": (Fraction(60), "s"), "h": (Fraction(3600), "s"), "day": (Fraction(86400), "s"),
    "year": (Fraction(31_557_600), "s"), "K": (_ONE, "K"), "degC": (_ONE, "degC"),
    "%": (Fraction(1, 100), "1"), "1": (_ONE, "1"), "$": (_ONE, "USD"),
}  # fmt: skip
_REMEDIES = {
    "KB": "write kB for 1000 byte or KiB for 1024",
    "Kb": "write kbit",
    "FLOPS": "write FLOP/s for a rate, FLOP for an amount",
    "FLOPs": "write FLOP/s for a rate, FLOP for an amount",
    "TFLOPS": "write TFLOP/s",
    "TFLOPs": "write TFLOP/s for a rate, TFLOP for an amount",
    "TOPS": "write TOP/s",
    "GOPS": "write GOP/s",
    "GBps": "write GB/s",
    "Gbps": "write Gbit/s",
    "Mbps": "write Mbit/s",
    "sec": "write s",
    "GBs": "write GB/s",
    "hr": "write h",
    "d": "write day",
}
_NUMBER = re.compile(r"\s*([+-]?(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(.*?)\s*\Z")


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number in SI and the SI unit it is in, such as `Quantity(3.35e12, "byte/s")`."""

    value: float
    unit: str


def si(text: str, unit: str) -> float:
    """Return a text quantity as a number in the SI unit the caller expects.

    Parameters
    ----------
    text : str
        Number and unit, such as "80 GB". A bare number is dimensionless.
    unit : str
        SI unit of the answer: "byte", "byte/s", "FLOP/s", "s", "W", "J", "USD", "1", ...

    Raises
    ------
    UnitError
        If the text cannot be read, or is of another dimension.
    """
    value, found = _exact(text)
    scale, expected = _unit(unit)
    if found != expected:
        raise UnitError(f"{text!r} is in {found}, but {expected} is needed here")
    return float(value / scale)


def parse(text: str) -> Quantity:
    """Return a text quantity in SI, with its unit.

    Raises
    ------
    UnitError
        If there is no number, or the unit is unknown; the message says what to write instead.
    """
    value, unit = _exact(text)
    return Quantity(float(value), unit)


def _exact(text: str) -> tuple[Fraction, str]:
    match = _NUMBER.match(text)
    if not match:
        raise UnitError(f"{text!r} does not start with a number; write it like '3.35 TB/s'")
    scale, unit = _unit(match[2] or "1")
    return Fraction(match[1].replace("_", "")) * scale, unit


@cache
def _unit(text: str) -> tuple[Fraction, str]:
    """Return one of that unit in SI; products are written with a dot or star, powers with ^."""
    factor, powers = _ONE, dict[str, int]()
    for position, side in enumerate(text.split("/")):
        for term in re.split(r"[·*]", side):
            symbol, _, power = term.strip().partition("^")
            sign = (1 if position == 0 else -1) * (int(power) if power else 1)
            scale, base = _term(symbol, text)
            factor *= scale**sign
            _count(powers, base, sign)
    return factor, _written(powers)


def _term(symbol: str, text: str) -> tuple[Fraction, str]:
    found = _WHOLE.get(symbol) or _UNITS.get(symbol)
    if found:
        return found
    for prefixes, length in ((_BINARY, 2), (_DECIMAL, 1)):
        prefix, rest = symbol[:length], symbol[length:]
        unit = _UNITS.get(rest)
        if prefix in prefixes and unit and (length == 1 or unit[1] == "byte"):
            return prefixes[prefix] * unit[0], unit[1]
    raise UnitError(f"unknown unit {symbol!r} in {text!r}; {_remedy(symbol)}")


def _remedy(symbol: str) -> str:
    if symbol in _REMEDIES:
        return _REMEDIES[symbol]
    known = [*_UNITS, *_WHOLE, *(p + u for p in _DECIMAL for u in _UNITS)]
    near = get_close_matches(symbol, known, n=1)
    return f"did you mean {near[0]!r}?" if near else f"known: {', '.join([*_UNITS, *_WHOLE])}"


def _count(powers: dict[str, int], base: str, sign: int) -> None:
    if base == "1/s":
        base, sign = "s", -sign
    if base != "1":
        powers[base] = powers.get(base, 0) + sign


def _written(powers: dict[str, int]) -> str:
    def side(sign: int) -> list[str]:
        chosen = sorted((b, p * sign) for b, p in powers.items() if p * sign > 0)
        return [base if power == 1 else f"{base}^{power}" for base, power in chosen]

    return "/".join(["·".join(side(1)) or "1", *side(-1)])
