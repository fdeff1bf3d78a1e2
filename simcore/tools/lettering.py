"""Letters as strokes on a grid, for drawings without a font.

Each letter is polylines of points "xy": x from 0 on, y from 0 (top of capitals) over 2 (top of
small letters) and 6 (the baseline) to 8 (below it); two equal points are a dot.
"""

from collections.abc import Iterator
from functools import cache
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from simcore.tools.drawing import Words

LETTERS = MappingProxyType({
    "A": "06 20 46;14 34", "B": "06 00 30 41 42 33 03;33 44 45 36 06",
    "C": "41 30 10 01 05 16 36 45", "D": "00 06 26 44 42 20 00", "E": "40 00 06 46;03 33",
    "F": "40 00 06;03 33", "G": "41 30 10 01 05 16 36 45 43 23", "H": "00 06;40 46;03 43",
    "I": "00 06", "J": "30 35 26 16 05", "K": "00 06;40 03 46", "L": "00 06 36",
    "M": "06 00 23 40 46", "N": "06 00 46 40", "O": "10 30 41 45 36 16 05 01 10",
    "P": "06 00 30 41 42 33 03", "Q": "10 30 41 45 36 16 05 01 10;24 46",
    "R": "06 00 30 41 42 33 03;23 46", "S": "41 30 10 01 02 13 33 44 45 36 16 05",
    "T": "00 40;20 26", "U": "00 05 16 36 45 40", "V": "00 26 40", "W": "00 16 22 36 40",
    "X": "00 46;40 06", "Y": "00 23 40;23 26", "Z": "00 40 06 46",
    "a": "35 26 16 05 03 12 22 33;32 36", "b": "00 06;05 16 26 35 33 22 12 03",
    "c": "33 22 12 03 05 16 26 35", "d": "30 36;35 26 16 05 03 12 22 33",
    "e": "04 34 33 22 12 03 05 16 26 35", "f": "30 20 11 16;02 22",
    "g": "32 37 28 18 07;35 26 16 05 03 12 22 33", "h": "00 06;03 12 22 33 36",
    "i": "02 06;00 00", "j": "12 17 08;10 10", "k": "00 06;32 04 36", "l": "00 06",
    "m": "02 06;03 12 23 26;23 32 43 46", "n": "02 06;03 12 22 33 36",
    "o": "12 22 33 35 26 16 05 03 12", "p": "02 08;05 16 26 35 33 22 12 03",
    "q": "32 38;35 26 16 05 03 12 22 33", "r": "02 06;03 12 22",
    "s": "32 12 03 14 24 35 26 06", "t": "10 15 26;02 22", "u": "02 05 16 26 35;32 36",
    "v": "02 26 42", "w": "02 16 23 36 42", "x": "02 36;32 06", "y": "02 26;42 26 18 08",
    "z": "02 32 06 36",
    "0": "10 20 31 35 26 16 05 01 10", "1": "01 10 16", "2": "01 10 20 31 32 06 36",
    "3": "00 30 12 22 33 35 26 16 05", "4": "26 20 04 34", "5": "30 00 03 12 22 33 35 26 16 05",
    "6": "31 20 10 01 05 16 26 35 34 23 13 04", "7": "00 30 16",
    "8": "10 20 31 32 23 13 02 01 10;13 04 05 16 26 35 34 23",
    "9": "05 16 26 35 31 20 10 01 02 13 23 32",
    ".": "06 06", ",": "15 07", ":": "03 03;06 06", ";": "13 13;15 07", "-": "04 24",
    "–": "04 34", "—": "04 44", "_": "07 47", "+": "22 26;04 44", "=": "03 33;05 35",
    "/": "06 30", "\\": "00 36", "(": "10 01 05 16", ")": "00 11 15 06", "[": "10 00 06 16",
    "]": "00 10 16 06", "{": "20 11 12 03 14 15 26", "}": "00 11 12 23 14 15 06",
    "<": "32 04 36", ">": "02 34 06", "≤": "31 03 35;06 36", "≥": "01 33 05;06 36", "|": "00 07",
    "!": "00 04;06 06", "?": "01 10 20 31 32 14;16 16", '"': "00 02;10 12", "'": "00 02",
    "`": "00 11", "*": "10 14;01 23;21 03", "#": "10 06;30 26;02 42;04 44",
    "$": "41 30 10 01 02 13 33 44 45 36 16 05;20 26", "%": "00 10 11 01 00;35 45 46 36 35;40 06",
    "&": "46 02 01 10 20 21 04 05 16 26 44", "@": "43 32 22 13 14 25 35 44 41 30 10 01 05 16 36",
    "^": "01 10 21", "~": "04 13 24 33", "×": "03 36;33 06", "²": "00 10 11 02 12",
    "³": "00 10 01 11 02", "µ": "02 08;05 16 26 35;32 36", "·": "04 04", "°": "00 10 11 01 00",
    " ": "",
})  # fmt: skip
_MISSING = "00 40 46 06 00"  # a box for a letter that is not here
_UNIT = 0.12  # of the size: capitals are six units high
_GAP, _SPACE = 1.5, 2.0
_BASELINE = 6.0
_ANCHOR = MappingProxyType({"start": 0.0, "middle": 0.5, "end": 1.0})


def strokes(words: Words) -> Iterator[NDArray[np.float64]]:
    """Yield the polylines of a text, each of shape (n, 2), where it stands in its drawing."""
    unit = _UNIT * words.size
    start = -_ANCHOR[words.anchor] * width(words.text)
    for letter in words.text:
        for line in _lines(letter):
            x, y = (line + np.array([start, -_BASELINE])).T * unit
            turned = (y, -x) if words.is_upright else (x, y)
            yield np.stack(turned, axis=1) + np.array([words.x, words.y])
        start += _advance(letter)


def width(text: str) -> float:
    """Return how long a text is, in units of the grid."""
    return sum(map(_advance, text)) - (_GAP if text else 0.0)


def _advance(letter: str) -> float:
    lines = _lines(letter)
    return max(float(line[:, 0].max()) for line in lines) + _GAP if lines else _SPACE


@cache
def _lines(letter: str) -> tuple[NDArray[np.float64], ...]:
    return tuple(
        np.array([[float(point[0]), float(point[1])] for point in line.split()])
        for line in LETTERS.get(letter, _MISSING).split(";")
        if line
    )
