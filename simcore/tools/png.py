"""A drawing as PNG, from numpy and zlib alone: strokes with soft edges, letters as strokes.

Coverage of a pixel is how far it lies inside a stroke, so edges are smooth without drawing large
and shrinking. The file follows ISO/IEC 15948 (PNG), 8 bit RGB.
"""

import struct
import zlib
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from simcore.tools.drawing import Dot, Drawing, Line, Mark, Points, Words
from simcore.tools.lettering import strokes

SCALE = 2
"""Pixels for each unit of a drawing, for screens of high density."""
_LETTER_WIDTH = 0.095  # of the letters' size


def png(drawing: Drawing) -> bytes:
    """Return a PNG file."""
    canvas = np.full((drawing.height * SCALE, drawing.width * SCALE, 3), 255.0)
    for mark in drawing.marks:
        _paint(canvas, mark)
    return _file(np.round(canvas).astype(np.uint8))


def _paint(canvas: NDArray[np.float64], mark: Mark) -> None:
    match mark:
        case Line():
            lines = list(_dashes(mark.points, mark.dash)) if mark.dash else [mark.points]
            width = mark.width
        case Dot():
            lines, width = [np.array([[mark.x, mark.y], [mark.x, mark.y]])], 2 * mark.radius
        case Words():
            lines, width = list(strokes(mark)), _LETTER_WIDTH * mark.size
    if not lines:
        return
    cover = _coverage(canvas.shape[:2], [line * SCALE for line in lines], width * SCALE)
    rows, columns = np.nonzero(cover)
    share = cover[rows, columns, None]
    canvas[rows, columns] += share * (_rgb(mark.colour) - canvas[rows, columns])


def _coverage(shape: tuple[int, ...], lines: list[Points], width: float) -> NDArray[np.float64]:
    """Return the share of each pixel that strokes of a width cover, each pixel once."""
    cover = np.zeros(shape)
    reach = width / 2 + 1
    for line in lines:
        for a, b in pairwise(line):
            left, top = np.maximum(np.floor(np.minimum(a, b) - reach), 0).astype(int)
            right, bottom = np.ceil(np.maximum(a, b) + reach).astype(int) + 1
            box = cover[top:bottom, left:right]
            y, x = np.mgrid[top : top + box.shape[0], left : left + box.shape[1]] + 0.5
            inside = np.clip(width / 2 + 0.5 - _distance(x, y, a, b), 0.0, 1.0)
            np.maximum(box, inside, out=box)
    return cover


def _distance(
    x: NDArray[np.float64], y: NDArray[np.float64], a: Points, b: Points
) -> NDArray[np.float64]:
    """Return how far pixels lie from the segment between two points."""
    dx, dy = b - a
    length = dx * dx + dy * dy
    along = ((x - a[0]) * dx + (y - a[1]) * dy) / length if length else np.zeros_like(x)
    along = np.clip(along, 0.0, 1.0)
    return np.asarray(np.hypot(x - a[0] - along * dx, y - a[1] - along * dy))


def _dashes(points: Points, dash: tuple[float, ...]) -> Iterator[Points]:
    """Yield the pieces of a line that are drawn."""
    steps = np.hypot(*np.diff(points, axis=0).T)
    passed = np.concatenate([[0.0], np.cumsum(steps)])
    start, turn = 0.0, 0
    while start < passed[-1]:
        end = min(start + dash[turn % len(dash)], float(passed[-1]))
        if turn % 2 == 0:
            inner = points[(passed > start) & (passed < end)]
            ends = [[np.interp(at, passed, points[:, axis]) for axis in (0, 1)]
                    for at in (start, end)]  # fmt: skip
            yield np.vstack([ends[0], inner, ends[1]])
        start, turn = end, turn + 1


def _rgb(colour: str) -> NDArray[np.float64]:
    """Return red, green and blue of "#rgb" or "#rrggbb"."""
    digits = colour.removeprefix("#")
    wide = "".join(2 * digit for digit in digits) if len(digits) == 3 else digits
    return np.array([int(wide[i : i + 2], 16) for i in (0, 2, 4)], dtype=float)


def _file(pixels: NDArray[np.uint8]) -> bytes:
    height, width, _ = pixels.shape
    lines = np.zeros((height, 1 + 3 * width), dtype=np.uint8)  # each begins with filter 0: none
    lines[:, 1:] = pixels.reshape(height, -1)
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join([
        _chunk(b"IHDR", head), _chunk(b"IDAT", zlib.compress(lines.tobytes(), 9)),
        _chunk(b"IEND", b""),
    ])  # fmt: skip


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
