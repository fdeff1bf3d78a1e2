"""Numbers as people write them in a text: value, unit, and how far rounding may have moved them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_NUMBER = re.compile(
    r"(?<![\w.,])"
    r"(?P<digits>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)"
    r"(?:(?:e|E|\s?[×x*]\s?10\^?)(?P<exponent>[-−+]?\d{1,2})(?!\d))?"
    r"(?P<unit>\s?(?:%|×|x\b|[A-Za-zµμ]+(?:/[A-Za-zµμ]+)?))?"
)
_PREFIXES = {
    "P": 1e15, "T": 1e12, "G": 1e9, "M": 1e6, "k": 1e3, "K": 1e3,
    "m": 1e-3, "µ": 1e-6, "μ": 1e-6, "u": 1e-6, "n": 1e-9, "p": 1e-12,
}  # fmt: skip
# How a unit may be written -> (dimension, factor to its SI unit).
_WHOLE = {
    "%": ("share", 0.01), "percent": ("share", 0.01),
    "×": ("ratio", 1.0), "x": ("ratio", 1.0), "times": ("ratio", 1.0),
    "min": ("s", 60.0), "minutes": ("s", 60.0), "minute": ("s", 60.0),
    "h": ("s", 3600.0), "hours": ("s", 3600.0), "hour": ("s", 3600.0),
    "d": ("s", 86400.0), "days": ("s", 86400.0), "day": ("s", 86400.0),
    "seconds": ("s", 1.0), "second": ("s", 1.0), "milliseconds": ("s", 1e-3),
}  # fmt: skip
_WITH_PREFIX = {
    "s": "s", "sec": "s",
    "FLOP/s": "FLOP/s", "FLOPS": "FLOP/s", "FLOPs": "FLOP/s", "FLOP": "FLOP",
    "B/s": "B/s", "B": "B", "byte": "B", "bytes": "B", "bit/s": "bit/s", "bps": "bit/s",
    "W": "W", "J": "J", "Hz": "Hz", "OP/s": "OP/s", "OPS": "OP/s",
    "FLOP/B": "FLOP/B", "FLOP/byte": "FLOP/B",
    "token": "token", "tokens": "token", "token/s": "token/s", "tokens/s": "token/s",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """One number of a text, between `start` and `end`.

    `figure` is the number as written, `value` the same in SI where `dimension` is known (else the
    figure); `half` is half of the last written digit, in the figure's own scale.
    """

    start: int
    end: int
    figure: float
    half: float
    value: float
    factor: float
    dimension: str
    significant: int


def numbers_in(text: str) -> Iterator[Written]:
    """Yield the numbers of a text from left to right."""
    for match in _NUMBER.finditer(text):
        yield _written(match)


def _written(match: re.Match[str]) -> Written:
    digits = match["digits"].replace(",", "")
    power = 10.0 ** int((match["exponent"] or "0").replace("−", "-"))
    figure = float(digits) * power
    dimension, factor = _unit((match["unit"] or "").strip())
    end = match.end() if dimension else match.end("exponent")
    if not dimension and match["exponent"] is None:
        end = match.end("digits")
    return Written(
        start=match.start(),
        end=end,
        figure=figure,
        half=_half_digit(digits) * power,
        value=figure * factor,
        factor=factor,
        dimension=dimension,
        significant=len(digits.replace(".", "").lstrip("0")),
    )


def _half_digit(digits: str) -> float:
    """Return half a unit of the last digit that counts; zeros at the end of 1200 do not."""
    if "." in digits:
        return 0.5 * 10.0 ** -len(digits.split(".")[1])
    zeros = len(digits) - len(digits.rstrip("0"))
    return 0.5 * 10.0 ** max(0, min(zeros, len(digits) - 2, 300))


def _unit(word: str) -> tuple[str, float]:
    if word in _WHOLE:
        return _WHOLE[word]
    if word in _WITH_PREFIX:
        return _WITH_PREFIX[word], 1.0
    if word[:1] in _PREFIXES and word[1:] in _WITH_PREFIX:
        return _WITH_PREFIX[word[1:]], _PREFIXES[word[0]]
    return "", 1.0
