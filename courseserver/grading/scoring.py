"""From what was handed in and marked to points. Pure: the same marks give the same score."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from labs.schemes import Level, Scheme

LOG_SECTION = "decision_log"
SECTIONS = {
    "completion": "Completion",
    LOG_SECTION: "Decision Log",
    "challenge": "Design Challenge",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One section's points; None while it waits for its mark."""

    id: str
    points: float | None
    points_max: float

    @property
    def title(self) -> str:
        return SECTIONS[self.id]


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    sections: tuple[Section, ...]
    points: float
    points_max: float
    is_full: bool

    def components(self) -> dict[str, dict[str, float | None]]:
        return {s.id: {"points": s.points, "points_max": s.points_max} for s in self.sections}


def total(
    scheme: Scheme,
    *,
    completion: float,
    challenge: float | None,
    log_text: str,
    log_points: float | None,
    points_max: float,
) -> Total:
    """Return the score out of `points_max`; an unmarked log counts nothing yet.

    A lab without a challenge (`challenge` is None) shares its points among the other sections, and
    a section that the scheme gives no points is none.
    An empty log needs no marker: it has no points. Sections are rounded to a tenth of a point
    before they are added, so that the parts shown add up to the whole shown.
    """
    if log_points is None and not log_text.strip():
        log_points = 0.0
    sections = [Section(id=LOG_SECTION, points=log_points, points_max=scheme.log_points)]
    if scheme.completion.points:
        points = round(scheme.completion.points * completion, 1)
        most = scheme.completion.points
        sections.insert(0, Section(id="completion", points=points, points_max=most))
    if challenge is not None and scheme.challenge_points:
        points = round(scheme.challenge_points * challenge, 1)
        sections.append(Section(id="challenge", points=points, points_max=scheme.challenge_points))
    possible = sum(section.points_max for section in sections)
    earned = sum(section.points or 0.0 for section in sections)
    return Total(
        sections=tuple(sections),
        points=_tidy(min(1.0, earned / possible) * points_max, points_max),
        points_max=points_max,
        is_full=log_points is not None,
    )


def after_lateness(total: Total, percent: float) -> float:
    """Return the points that remain when lateness takes `percent` [%] of them."""
    return _tidy(total.points * (1.0 - percent / 100.0), total.points_max)


def log_points(scheme: Scheme, levels: Mapping[str, Level]) -> dict[str, float]:
    """Return the points of each criterion.

    Raises
    ------
    ValueError
        If a criterion is missing or unknown.
    """
    expected = {criterion.id for criterion in scheme.criteria}
    if set(levels) != expected:
        wrong = ", ".join(sorted(expected ^ set(levels)))
        raise ValueError(f"the rubric and the marks differ in: {wrong}")
    return {c.id: c.points[levels[c.id]] for c in scheme.criteria}


def sections_of(components: Mapping[str, Mapping[str, Any]]) -> tuple[Section, ...]:
    """Return the sections stored with a score, in their order."""
    return tuple(
        Section(id=key, points=components[key]["points"], points_max=components[key]["points_max"])
        for key in SECTIONS
        if key in components
    )


def _tidy(points: float, points_max: float) -> float:
    """Return points with no digit finer than a thousandth of the maximum: 86.2 of 100."""
    return round(points, max(0, 3 - math.floor(math.log10(points_max))))
