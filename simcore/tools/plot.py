"""Plots over two axes: lines or dots, one label for each series."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simcore.tools.drawing import Dot, Drawing, Line, Mark, Words
from simcore.tools.lettering import width
from simcore.wording import amount

ACROSS, HEIGHT, LEFT, TOP, BOTTOM = 456, 440, 84, 40, 56
COLOURS = ("#1f5fa8", "#c4501b", "#2b7a4b", "#7a3f9a", "#8a6d00", "#5a5a5a", "#b02a5b", "#0b7f86")
DASHES = ((), (6.0, 3.0), (2.0, 3.0), (8.0, 3.0, 2.0, 3.0))
DECADES = 2.0
"""From this ratio of the ends on (as a power of ten) an axis is logarithmic."""
MOST = 19
"""Series whose labels fit beside a plot."""
_GRID = "#dddddd"

Series = Mapping[str, tuple[Sequence[float], Sequence[float]]]


@dataclass(frozen=True, slots=True)
class Scale:
    """One axis: data to pixels."""

    low: float
    high: float
    is_log: bool
    start: float
    end: float

    @classmethod
    def over(cls, values: NDArray[np.float64], start: float, end: float) -> "Scale":
        low, high = float(np.min(values)), float(np.max(values))
        is_log = low > 0 and high / low >= 10**DECADES
        if low == high:
            low, high = low - (abs(low) or 1) / 2, high + (abs(high) or 1) / 2
        return cls(low, high, is_log, start, end)

    def at(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        ends = np.asarray([self.low, self.high])
        where, (a, b) = (np.log10(values), np.log10(ends)) if self.is_log else (values, ends)
        return np.asarray(self.start + (where - a) / (b - a) * (self.end - self.start))

    def ticks(self) -> NDArray[np.float64]:
        if self.is_log:
            powers = np.arange(np.ceil(np.log10(self.low)), np.floor(np.log10(self.high)) + 1)
            return np.asarray(10.0 ** powers[:: max(1, len(powers) // 6)])
        rough = (self.high - self.low) / 5
        power = 10 ** np.floor(np.log10(rough))
        step = power * next(n for n in (1, 2, 5, 10) if n * power >= rough)
        first = np.ceil(self.low / step) * step
        return np.asarray(np.arange(first, self.high + step * 1e-9, step))


def line_plot(lines: Series, *, title: str, x: str, y: str) -> Drawing:
    """Return a plot with one line for each label.

    Parameters
    ----------
    lines : mapping of str to pair of sequences
        Label -> places across and up; points that are not finite are left out. [any]
    title, x, y : str
        Texts, units included.

    Raises
    ------
    ValueError
        If no point is finite, or there are more lines than labels fit.
    """
    return _plot(lines, title, x, y, are_joined=True)


def dot_plot(dots: Series, *, title: str, x: str, y: str, diagonal: bool = False) -> Drawing:
    """Return a plot with the points of each label, and where asked the line on which x is y.

    Raises
    ------
    ValueError
        As `line_plot`.
    """
    return _plot(dots, title, x, y, are_joined=False, diagonal=diagonal)


def _plot(
    series: Series, title: str, x: str, y: str, *, are_joined: bool, diagonal: bool = False
) -> Drawing:
    clean = {label: _finite(*points) for label, points in series.items()}
    shown = {label: points for label, points in clean.items() if points[0].size}
    if not shown:
        raise ValueError("nothing to plot: no point is finite")
    if len(shown) > MOST:
        raise ValueError(
            f"a plot shows at most {MOST} series, got {len(shown)}; take values off an axis"
        )
    xs, ys = (np.concatenate([points[i] for points in shown.values()]) for i in (0, 1))
    if diagonal:
        xs = ys = np.concatenate([xs, ys])
    right = LEFT + ACROSS
    across, up = Scale.over(xs, LEFT, right), Scale.over(ys, HEIGHT - BOTTOM, TOP)
    marks = _axes(across, up, title, x, y)
    if diagonal:
        ends = np.asarray([across.low, across.high])
        marks.append(Line(points=np.stack([across.at(ends), up.at(ends)], axis=1),
                          colour="#5a5a5a", dash=(4.0, 4.0)))  # fmt: skip
    for i, (label, points) in enumerate(shown.items()):
        places = np.stack([across.at(points[0]), up.at(points[1])], axis=1)
        marks += _series(i, label, places, right + 12, are_joined=are_joined)
    longest = max((1.44 * width(label) for label in shown), default=0.0)
    return Drawing(
        width=int(right + 12 + 30 + longest + 16), height=HEIGHT, title=title, marks=marks
    )


def _finite(
    across: Sequence[float], up: Sequence[float]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    a, b = np.asarray(across, dtype=float), np.asarray(up, dtype=float)
    good = np.isfinite(a) & np.isfinite(b)
    return a[good], b[good]


def _axes(across: Scale, up: Scale, title: str, x: str, y: str) -> list[Mark]:
    bottom, right = HEIGHT - BOTTOM, LEFT + ACROSS
    marks: list[Mark] = [Words(x=LEFT, y=22, text=title, size=14)]
    for value, place in zip(across.ticks(), across.at(across.ticks()), strict=True):
        marks.append(_straight(place, TOP, place, bottom))
        marks.append(Words(x=place, y=bottom + 18, text=amount(value), anchor="middle"))
    for value, place in zip(up.ticks(), up.at(up.ticks()), strict=True):
        marks.append(_straight(LEFT, place, right, place))
        marks.append(Words(x=LEFT - 8, y=place + 4, text=amount(value), anchor="end"))
    marks.append(Words(x=(LEFT + right) / 2, y=HEIGHT - 14, text=x, anchor="middle"))
    marks.append(Words(x=18, y=(TOP + bottom) / 2, text=y, anchor="middle", is_upright=True))
    return marks


def _series(
    i: int, label: str, places: NDArray[np.float64], left: float, *, are_joined: bool
) -> list[Mark]:
    """Return the marks of one series and its label; dashes tell lines apart without colour."""
    colour = COLOURS[i % len(COLOURS)]
    row = TOP + 8 + 18 * i
    words = Words(x=left + 30, y=row + 4, text=label)
    if not are_joined:
        dots = [Dot(x=float(a), y=float(b), colour=colour) for a, b in places]
        return [*dots, Dot(x=left + 12, y=row, colour=colour), words]
    dash = DASHES[i % len(DASHES)]
    return [
        Line(points=places, colour=colour, width=2, dash=dash),
        Dot(x=float(places[0, 0]), y=float(places[0, 1]), colour=colour),
        Line(points=np.array([[left, row], [left + 24.0, row]]), colour=colour, width=2, dash=dash),
        words,
    ]


def _straight(x1: float, y1: float, x2: float, y2: float) -> Line:
    return Line(points=np.array([[x1, y1], [x2, y2]], dtype=float), colour=_GRID)
