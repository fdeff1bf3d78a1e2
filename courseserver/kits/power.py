"""Whether a told energy is possible: its mean power against what the board's own table allows.

The table is the board's sheet in `firmware_specs.boards` and its entry in simcore's catalogue; both
name their sources. A meter may sit before or behind the regulators, and the supply may be another
than the table's. How much less than its table an honest board may draw follows from published
results and the meter's own uncertainty, where both are known; else a wide margin is assumed. How
much more, nobody knows: tables do not tell what hangs on a board.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from firmware_specs import boards
from firmware_specs.wire import Result
from simcore import catalog
from simcore.errors import NotInCatalogue

# Assumed: supplies of chip and of board differ by less, and so do loads and specimens.
MARGIN = 5.0
# How far apart one kind of board computing at one clock is found: 35.0 mW (1.8 V) to 78.2 mW (3.0
# V) among 40 results of the NUCLEO-L4R5ZI at 120 MHz by five submitters, MLPerf Tiny v0.7 to v1.2,
# closed. The widest of the eight boards with several published energies. Its sheet has the links.
SPREAD = 2.24
# Standard uncertainties to the side within which an honest meter stays.
_COVERAGE = 3.0
# USB 2.0 specification, 7.2.1: a port gives 500 mA at 5 V. Tables may know the bare chip alone,
# honest meters in the cable see the whole board.
_USB_W = 2.5
# Any computer may call itself so: its sheet describes a typical one, and bounds nothing.
_ANY_HOST = "host-linux"
_FACTS = ("power", "compute.power", "idle_power")
# Total and dynamic energy come from the same windows; what they round is far below.
_ROUNDING = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The least and the most mean power that a board can draw while it works. [W]"""

    least_w: float
    most_w: float
    least_source: str
    most_source: str


def limits(board: str, *, meter_share: float | None = None) -> Limits | None:
    """Return what bounds a board's mean power, or None where no table knows it.

    Parameters
    ----------
    meter_share
        Relative standard uncertainty that the meter states; None where it states none.
    """
    try:
        sheet = boards.board(board)
    except boards.BoardError:
        return None
    points = sorted(_points(sheet))
    if board == _ANY_HOST or not points:
        return None
    (least_w, least_source), (most_w, most_source) = points[0], points[-1]
    most_w *= MARGIN
    most_source = f"{MARGIN:g} times {most_source}"
    if sheet.kind == "microcontroller" and most_w < _USB_W:
        most_w, most_source = _USB_W, "what a USB 2.0 port gives, 500 mA at 5 V"
    below = _below(sheet, meter_share)
    return Limits(
        least_w=least_w / below,
        most_w=most_w,
        least_source=f"{below:.3g} times less than {least_source}",
        most_source=most_source,
    )


def _below(sheet: boards.Board, meter_share: float | None) -> float:
    """Return by which factor an honest power may be below the least of the board's table.

    A meter's word of its own doubt widens the margin no further than one that says nothing.
    """
    is_known = any(point.is_least and point.source.is_read for point in sheet.power)
    if not is_known or meter_share is None:
        return MARGIN
    return min(MARGIN, SPREAD * (1.0 + _COVERAGE * meter_share))


def _points(sheet: boards.Board) -> Iterator[tuple[float, str]]:
    """Return powers of the board awake, each with where it was read. [W]"""
    for point in sheet.power:
        if point.is_awake:
            where = f"{sheet.name}, {point.state}: {point.source.text}"
            yield point.watts, f"{point.watts:.3g} W ({where})"
    try:
        item = catalog.item("hardware", sheet.catalogue)
    except NotInCatalogue:
        return
    for name in _FACTS:
        if fact := item.get(name):
            where = f"{item.name}, {name}: {fact.source.text}"
            yield fact.value, f"{fact.value:.3g} W ({where})"


def wrong_with(result: Result, board: str) -> str:
    """Return in words why the told energy is not possible, or an empty string."""
    energy = result.energy
    if energy.total_j is None or energy.total_j <= 0:
        return ""
    if energy.dynamic_j is not None and energy.dynamic_j > energy.total_j * (1 + _ROUNDING):
        return (
            f"its dynamic energy, {energy.dynamic_j:.3g} J, is more than its total energy,"
            f" {energy.total_j:.3g} J, of which it is a part. Look at the meter's idle power: it"
            " must not be negative"
        )
    power_w = _mean_w(result, energy.total_j)
    bounds = limits(board, meter_share=_meter_share(result, energy.total_j))
    if power_w is None or bounds is None or bounds.least_w <= power_w <= bounds.most_w:
        return ""
    is_less = power_w < bounds.least_w
    limit_w, source = (
        (bounds.least_w, bounds.least_source) if is_less else (bounds.most_w, bounds.most_source)
    )
    return (
        f"{energy.total_j:.3g} J in {result.value:.3g} s are {power_w:.3g} W,"
        f" {'less' if is_less else 'more'} than the {limit_w:.3g} W that {board} can draw."
        f" Look at the meter's shunt, range and wiring, then measure again. Limit: {source}"
    )


def why_unchecked(result: Result, board: str) -> str:
    """Return in words why nothing bounds a told energy, or an empty string."""
    if (result.energy.total_j or 0.0) <= 0:
        return ""
    if limits(board) is None:
        return f"unchecked, for no table knows the power of {board[:40]!r}"
    return "" if result.unit == "s" else "unchecked, for a rate tells no time of one run"


def _meter_share(result: Result, total_j: float) -> float | None:
    """Return the relative uncertainty that the meter states, or None where it lacks a part."""
    told = result.environment.get("energy_uncertainty_j")
    if type(told) is not float or told < 0 or "energy_u_lacks" in result.environment:
        return None
    return told / total_j


def _mean_w(result: Result, total_j: float) -> float | None:
    return total_j / result.value if result.unit == "s" and result.value else None
