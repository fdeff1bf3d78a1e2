"""A drawing of lines, dots and words, and the SVG it is written as."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line through points, shape (n, 2), in pixels from the upper left corner."""

    points: Points
    colour: str
    width: float = 1.0
    dash: tuple[float, ...] = ()
    """Lengths drawn and left out in turn; empty for a whole line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dot:
    """A filled circle."""

    x: float
    y: float
    colour: str
    radius: float = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """Text on its baseline."""

    x: float
    y: float
    text: str
    anchor: str = "start"
    """Which part of it lies at x: start, middle, end."""
    size: float = 12.0
    is_upright: bool = False
    """Whether it runs from below upwards."""
    colour: str = "#1a1a1a"


Mark = Line | Dot | Words


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """Marks on white, later ones on top."""

    width: int
    height: int
    title: str
    marks: Sequence[Mark]


def write(drawing: Drawing, path: Path) -> None:
    """Write a drawing as the ending of the path says.

    Raises
    ------
    ValueError
        If that is neither .svg nor .png.
    """
    match path.suffix.lower():
        case ".svg":
            path.write_text(svg(drawing), encoding="utf-8")
        case ".png":
            from simcore.tools.png import png  # here, as few drawings are pixels

            path.write_bytes(png(drawing))
        case ending:
            raise ValueError(f"a plot is an .svg or a .png, got {ending or 'no ending'}: {path}")


def svg(drawing: Drawing) -> str:
    """Return an SVG document."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {drawing.width} {drawing.height}" '
        f'role="img" font-family="sans-serif"><title>{escape(drawing.title)}</title>'
        f'<rect width="{drawing.width}" height="{drawing.height}" fill="#fff"/>\n'
        + "\n".join(map(_element, drawing.marks))
        + "\n</svg>\n"
    )


def _element(mark: Mark) -> str:
    match mark:
        case Line():
            points = " ".join(f"{x:.1f},{y:.1f}" for x, y in mark.points)
            dash = (
                f' stroke-dasharray="{" ".join(f"{d:g}" for d in mark.dash)}"' if mark.dash else ""
            )
            return (f'<polyline points="{points}" fill="none" stroke="{mark.colour}" '
                    f'stroke-width="{mark.width:g}"{dash}/>')  # fmt: skip
        case Dot():
            return (f'<circle cx="{mark.x:.1f}" cy="{mark.y:.1f}" r="{mark.radius:g}" '
                    f'fill="{mark.colour}"/>')  # fmt: skip
        case Words():
            turn = " rotate(-90)" if mark.is_upright else ""
            return (f'<text transform="translate({mark.x:.1f} {mark.y:.1f}){turn}" '
                    f'font-size="{mark.size:g}" text-anchor="{mark.anchor}" '
                    f'fill="{mark.colour}">{escape(mark.text)}</text>')  # fmt: skip
