"""A line plot as SVG text, from the points of a sweep: a line for each mixture of other axes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 440, 84, 180, 40, 56
COLOURS = ("#1f5fa8", "#c4501b", "#2b7a4b", "#7a3f9a", "#8a6d00", "#5a5a5a", "#b02a5b", "#0b7f86")
DASHES = ("", "6 3", "2 3", "8 3 2 3")
DECADES = 2.0
"""From this ratio of the ends on (as a power of ten) an axis is logarithmic."""


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
            return np.asarray(10.0 ** powers[:: max(1, len(powers) // 8)])
        rough = (self.high - self.low) / 5
        power = 10 ** np.floor(np.log10(rough))
        step = power * next(n for n in (1, 2, 5, 10) if n * power >= rough)
        first = np.ceil(self.low / step) * step
        return np.asarray(np.arange(first, self.high + step * 1e-9, step))


def line_plot(
    lines: Mapping[str, tuple[Sequence[float], Sequence[float]]], *, title: str, x: str, y: str
) -> str:
    """Return an SVG document with one line for each label.

    Parameters
    ----------
    lines : mapping of str to pair of sequences
        Label -> places across and up; points that are not finite are left out. [any]
    title, x, y : str
        Texts, units included.

    Raises
    ------
    ValueError
        If no point is finite.
    """
    clean = {label: _finite(*points) for label, points in lines.items()}
    shown = {label: points for label, points in clean.items() if points[0].size}
    if not shown:
        raise ValueError("nothing to plot: no point of the sweep is finite")
    across = Scale.over(np.concatenate([p[0] for p in shown.values()]), LEFT, WIDTH - RIGHT)
    up = Scale.over(np.concatenate([p[1] for p in shown.values()]), HEIGHT - BOTTOM, TOP)
    body = [_axes(across, up, title, x, y)]
    body += [_line(i, label, across.at(p[0]), up.at(p[1]))
             for i, (label, p) in enumerate(shown.items())]  # fmt: skip
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'font-family="sans-serif" font-size="12"><title>{escape(title)}</title>'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>\n' + "\n".join(body) + "\n</svg>\n"
    )


def _finite(
    across: Sequence[float], up: Sequence[float]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    a, b = np.asarray(across, dtype=float), np.asarray(up, dtype=float)
    good = np.isfinite(a) & np.isfinite(b)
    return a[good], b[good]


def _axes(across: Scale, up: Scale, title: str, x: str, y: str) -> str:
    parts = [f'<text x="{LEFT}" y="22" font-size="14">{escape(title)}</text>']
    for value, place in zip(across.ticks(), across.at(across.ticks()), strict=True):
        parts.append(f'<path d="M{place:.1f} {TOP}V{HEIGHT - BOTTOM}" stroke="#ddd"/>')
        parts.append(_text(place, HEIGHT - BOTTOM + 18, f"{value:g}", "middle"))
    for value, place in zip(up.ticks(), up.at(up.ticks()), strict=True):
        parts.append(f'<path d="M{LEFT} {place:.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>')
        parts.append(_text(LEFT - 8, place + 4, f"{value:g}", "end"))
    parts.append(_text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 14, x, "middle"))
    middle = (TOP + HEIGHT - BOTTOM) / 2
    parts.append(f'<text transform="translate(18 {middle}) rotate(-90)" '
                 f'text-anchor="middle">{escape(y)}</text>')  # fmt: skip
    return "\n".join(parts)


def _line(i: int, label: str, across: NDArray[np.float64], up: NDArray[np.float64]) -> str:
    """Return a line with its points and its label; dashes tell lines apart without colour."""
    colour, dash = COLOURS[i % len(COLOURS)], DASHES[i % len(DASHES)]
    points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(across, up, strict=True))
    row, left = TOP + 8 + 18 * i, WIDTH - RIGHT + 12
    style = f'stroke="{colour}" stroke-width="2" stroke-dasharray="{dash}"'
    dot = f'<circle cx="{across[0]:.1f}" cy="{up[0]:.1f}" r="3" fill="{colour}"/>'
    return "\n".join([
        f'<polyline points="{points}" fill="none" {style}/>{dot}',
        f'<path d="M{left} {row}h24" {style}/>' + _text(left + 30, row + 4, label, "start"),
    ])  # fmt: skip


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
