"""What a person's work in a course is worth: one pure function of everything that was decided.

Facts in, marks out. Nothing here knows in which order things happened but by the moments and
numbers that the facts carry; so release, lateness, late hours, extensions, accommodations, voided
attempts, regrades and overrides give one answer in whatever order they were made.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from courseserver.courses.models import SendMode
from courseserver.grading import scoring
from courseserver.grading.late import Lateness, LatePolicy, bank_of, lateness
from labs.schemes import Level, Scheme


@dataclass(frozen=True, slots=True, kw_only=True)
class Marking:
    """One marking of a log: `points` of `points_max` then. The highest number counts."""

    number: int
    levels: Mapping[str, Level]
    points: float
    points_max: float = 0.0
    comment: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Regrade:
    """One computing anew of what needs no marker; the highest number counts."""

    number: int
    completion: float
    challenge: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Handed:
    """One attempt as it was handed in, with all that was said about it since."""

    id: str
    attempt_id: str
    submitted_at: datetime
    received_at: datetime
    completion: float
    challenge: float | None
    log_text: str
    is_voided: bool = False
    markings: tuple[Marking, ...] = ()
    regrades: tuple[Regrade, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LabFacts:
    """One lab of one person. `due_at` is the person's own, extensions and accommodations in."""

    id: str
    scheme: Scheme
    points_max: float
    due_at: datetime | None
    mode: str = SendMode.LIVE
    is_released: bool = False
    is_on_hold: bool = False
    # Points that an instructor set over the computed ones.
    override: float | None = None
    handed: tuple[Handed, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonFacts:
    """Everything a person's marks in a course follow from."""

    late: LatePolicy
    labs: tuple[LabFacts, ...]
    # Stretches late hours, grace, days and cut-off.
    multiplier: float = 1.0

    @property
    def bank_h(self) -> int:
        """Late hours of this person over the term [h]."""
        return bank_of(self.late, self.multiplier)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What one lab is worth now, and whether that may leave for the LMS by itself."""

    # None: only the override counts.
    handed: Handed | None
    total: scoring.Total
    late: Lateness
    # Of `total.points_max`.
    points: float
    is_overridden: bool
    is_held: bool
    comment: str

    @property
    def is_full(self) -> bool:
        return self.total.is_full or self.is_overridden


def counted(handed: Iterable[Handed]) -> Handed | None:
    """Return the attempt that counts: the last handed in that is not voided."""
    sound = [attempt for attempt in handed if not attempt.is_voided]
    return max(sound, key=lambda a: (a.submitted_at, a.received_at, a.id), default=None)


def marks(facts: PersonFacts) -> dict[str, Mark]:
    """Return the mark of each lab in which something counts: work handed in, or points set by hand.

    Late hours go to labs in the order in which they were handed in, so that what was spent stays
    spent however much follows.
    """
    found = [(lab, attempt) for lab in facts.labs if (attempt := counted(lab.handed)) is not None]
    left = facts.bank_h
    made = {}
    for lab, attempt in sorted(found, key=lambda pair: (pair[1].submitted_at, pair[0].id)):
        late = lateness(
            facts.late,
            due_at=lab.due_at,
            submitted_at=attempt.submitted_at,
            multiplier=facts.multiplier,
            bank_h=left,
        )
        left -= late.banked_h
        made[lab.id] = _mark(lab, attempt, late)
    by_hand = {
        lab.id: _by_hand(lab, lab.override)
        for lab in facts.labs
        if lab.id not in made and lab.override is not None
    }
    return made | by_hand


def computed_points(mark: Mark) -> float | None:
    """Return what a mark would be without points set by hand; None where nothing is handed in."""
    if mark.handed is None:
        return None
    return scoring.after_lateness(mark.total, mark.late.percent)


def bank_left(facts: PersonFacts) -> int:
    """Return the late hours that a person has not spent [h]."""
    return facts.bank_h - sum(mark.late.banked_h for mark in marks(facts).values())


def is_held(mode: str, *, is_full: bool, is_released: bool, is_on_hold: bool) -> bool:
    """Return whether a new score is kept back from the LMS until somebody acts."""
    if is_on_hold:
        return True
    match mode:
        case SendMode.MANUAL:
            return True
        case SendMode.ON_RELEASE:
            return not is_released
        case SendMode.WHEN_MARKED:
            return not is_full
    return False


def log_points(scheme: Scheme, marking: Marking) -> float:
    """Return what a marking is worth by the rubric as it is now.

    A criterion removed since counts no more. One added since was not judged: the log gets the
    share of the points that it has in what was judged, of all points there are now. Where nothing
    of what was judged is asked for any more, that is the share it had then.
    """
    judged = [c for c in scheme.criteria if c.id in marking.levels]
    earned = sum(c.points[marking.levels[c.id]] for c in judged)
    possible = sum(c.points_max for c in judged)
    if judged and len(judged) == len(scheme.criteria):
        return earned
    if not possible:
        earned, possible = marking.points, marking.points_max
    return round(scheme.log_points * earned / possible, 1) if possible else 0.0


def _by_hand(lab: LabFacts, points: float) -> Mark:
    """Return the mark of a lab in which nothing is handed in; there is nothing to be late."""
    given = min(points, lab.points_max)
    total = scoring.Total(sections=(), points=given, points_max=lab.points_max, is_full=True)
    return Mark(
        handed=None,
        total=total,
        late=Lateness(late=timedelta(0), percent=0.0),
        points=given,
        is_overridden=True,
        is_held=is_held(
            lab.mode, is_full=True, is_released=lab.is_released, is_on_hold=lab.is_on_hold
        ),
        comment="",
    )


def _mark(lab: LabFacts, attempt: Handed, late: Lateness) -> Mark:
    marking = max(attempt.markings, key=lambda m: m.number, default=None)
    regrade = max(attempt.regrades, key=lambda r: r.number, default=None)
    total = scoring.total(
        lab.scheme,
        completion=regrade.completion if regrade else attempt.completion,
        challenge=regrade.challenge if regrade else attempt.challenge,
        log_text=attempt.log_text,
        log_points=log_points(lab.scheme, marking) if marking else None,
        points_max=lab.points_max,
    )
    points = scoring.after_lateness(total, late.percent)
    is_set = lab.override is not None
    return Mark(
        handed=attempt,
        total=total,
        late=late,
        points=points if lab.override is None else min(lab.override, lab.points_max),
        is_overridden=is_set,
        is_held=is_held(
            lab.mode,
            is_full=total.is_full or is_set,
            is_released=lab.is_released,
            is_on_hold=lab.is_on_hold,
        ),
        comment=marking.comment if marking else "",
    )
