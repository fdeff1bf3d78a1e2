"""Small real data sets that boards are scored on; README.md has their sources and licences."""

import gzip
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent
_HELD_OUT = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Images:
    """Images of one byte a pixel, and what each shows."""

    pixels: tuple[bytes, ...]
    labels: tuple[int, ...]


@cache
def digits() -> tuple[Images, Images]:
    """Return handwritten digits, 8 × 8 pixels of 0 to 16: for training, and held out."""
    text = gzip.decompress((_FOLDER / "digits.csv.gz").read_bytes()).decode("ascii")
    rows = [[int(float(value)) for value in line.split(",")] for line in text.splitlines()]
    return _images(rows[:-_HELD_OUT]), _images(rows[-_HELD_OUT:])


def _images(rows: list[list[int]]) -> Images:
    return Images(
        pixels=tuple(bytes(row[:-1]) for row in rows), labels=tuple(row[-1] for row in rows)
    )
