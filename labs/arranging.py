"""Small shapes that many labs need: plain numbers, columns and rows of arrays, round limits."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from labs.text import quantity

Array = NDArray[np.float64]
T = TypeVar("T")


def given(value: float, spec: str) -> str:
    """Return a given number as people write it: 5 ms, not 5.00 ms."""
    number, _, unit = quantity(value, spec).partition(" ")
    if "." in number:
        number = number.rstrip("0").rstrip(".")
    return f"{number} {unit}".strip()


def count_text(parameters: float) -> str:
    """Return a number of parameters in words: 6.74 billion."""
    for scale, word in ((1e9, " billion"), (1e6, " million")):
        if parameters >= scale:
            return f"{parameters / scale:.3g}{word}"
    return quantity(parameters, "int")


def titled(name: str) -> str:
    """Return a name as a sentence begins with it."""
    return name[0].upper() + name[1:]


def floats(values: ArrayLike) -> Array:
    return np.asarray(values, dtype=float)


def column(values: ArrayLike) -> Array:
    """Return m settings as a column (m, 1), ready to meet a plot's axis (n,)."""
    return floats(values)[:, np.newaxis]


def same(values: ArrayLike, like: NDArray[np.float64]) -> Array:
    """Return a constant for each setting."""
    return np.full(like.shape, values, dtype=float)


def rows(axis: ArrayLike, count: int) -> Array:
    """Return the same axis for every setting, shape (count, n)."""
    line = floats(axis)
    return np.broadcast_to(line, (count, line.size))


def octaves(low: int, high: int) -> tuple[int, ...]:
    """Return the powers of two from low to high, both included."""
    return tuple(2**i for i in range(low.bit_length() - 1, high.bit_length()))


def round_above(value: float) -> float:
    """Return the next 1, 2 or 5 of its decade: limits people set."""
    decade = 10.0 ** np.floor(np.log10(value))
    return float(next(step * decade for step in (1, 2, 5, 10) if step * decade >= value * 0.999999))


def spread(found: Sequence[T], count: int) -> list[T]:
    """Return `count` of these, evenly spaced, the first and the last among them."""
    picked = np.unique(np.linspace(0, len(found) - 1, count).astype(int))
    return [found[int(i)] for i in picked]


def evenly(kinds: Iterable[Sequence[T]]) -> list[T]:
    """Return as many of each kind as of the rarest, so that no answer is the likelier one."""
    found = list(kinds)
    count = min(len(each) for each in found)
    return [one for each in found for one in spread(each, count)]


def stands_apart(key: float, wrong: Iterable[float], *, margin: float = 1.5) -> bool:
    """Return whether wrong numbers keep the margin from the key, and a tenth from each other."""
    others = sorted(wrong)
    clear = all(max(key / x, x / key) >= margin for x in others)
    return clear and all(b / a >= 1.1 for a, b in pairwise(others))
