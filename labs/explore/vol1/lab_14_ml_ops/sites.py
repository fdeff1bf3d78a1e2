"""What each track's model costs to renew, and what a stale one loses. All of it is assumed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

DAY = 86_400.0
YEAR = 365 * DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Costs of one renewal [USD], growth of the daily loss each day [USD/day^2].

    `fade` is the accuracy lost each day [1/day], `floor` the loss of it that is tolerated [1].
    """

    what: str
    costs: Sequence[float]
    losses: Sequence[float]
    fade: float
    floor: float


SITES: Mapping[str, Site] = {
    "cloud": Site(
        what="a training with its review and release", costs=(5e3, 10e3, 20e3, 50e3),
        losses=(50.0, 100.0, 200.0, 500.0), fade=0.0015, floor=0.015,
    ),
    "edge": Site(
        what="a training and its certification for the line", costs=(10e3, 15e3, 40e3),
        losses=(50.0, 100.0, 200.0), fade=0.0005, floor=0.01,
    ),
    "mobile": Site(
        what="a training and a release through the stores", costs=(10e3, 30e3, 50e3),
        losses=(100.0, 200.0, 400.0), fade=0.001, floor=0.01,
    ),
    "tiny": Site(
        what="a training and new firmware for all sensors", costs=(30e3, 60e3, 100e3),
        losses=(50.0, 100.0, 200.0), fade=0.0002, floor=0.01,
    ),
}  # fmt: skip


def per_day_squared(loss: float) -> float:
    """Return a growth of the daily loss each day in SI. [USD/s^2]"""
    return loss / DAY**2
