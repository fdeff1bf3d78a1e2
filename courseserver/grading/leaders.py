"""A lab's table of designs: who came how near to the optimum, by the ratio as re-run here.

Only attempts that count stand on it; a design that breaks a constraint does not.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from courseserver.courses.access import may_see
from courseserver.courses.models import Assignment, Enrolment, Role
from courseserver.courses.ranking import (
    BY_DEFAULT,
    SHOWN_MOST,
    Presence,
    name_shown,
    places,
    presences,
)
from courseserver.courses.selectors import members
from courseserver.grading.anonymous import alias
from courseserver.grading.models import Regrading, Score

_DIGITS = 3
# Places that a projector shows.
_PROJECTED = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """One person's counting attempt with its ratio to the optimum, 0 to 1."""

    person: str
    submission: str
    ratio: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaderRow:
    place: int
    person: str
    name: str
    is_mine: bool
    # By this reader: staff, of the sections that they see.
    may_be_cleared: bool
    ratio: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Tie:
    """Designs that share a place."""

    place: int
    count: int
    ratio: float


def designs(assignment: Assignment) -> list[Design]:
    """Return the designs of a lab's active students that meet every constraint, best first."""
    students = Enrolment.objects.filter(
        course=assignment.course_id, role=Role.LEARNER, is_active=True, is_test_student=False
    )
    scores = Score.objects.filter(
        assignment=assignment,
        is_voided=False,
        submission__voided_at__isnull=True,
        person__in=students.values("person"),
    )
    anew = {
        row.submission_id: row.challenge
        for row in Regrading.objects.filter(submission__assignment=assignment).order_by("number")
    }
    found = [
        Design(person=person, submission=submission, ratio=round(ratio, _DIGITS))
        for person, submission, handed_in in scores.values_list(
            "person", "submission", "submission__challenge"
        )
        if (ratio := anew.get(submission, handed_in)) is not None and ratio > 0
    ]
    return sorted(found, key=lambda design: (-design.ratio, design.submission))


def listed(assignment: Assignment) -> list[Design]:
    """Return the designs of those who have not left the course's tables."""
    stand = presences(assignment.course)
    return [d for d in designs(assignment) if stand.get(d.person, BY_DEFAULT).is_listed]


def leaders(assignment: Assignment, found: Sequence[Design], reader: Enrolment) -> list[LeaderRow]:
    """Return the table as somebody sees it: its top, and their own row wherever it stands.

    Staff see who it is, of the sections that they see.
    """
    stand = presences(assignment.course)
    names = _names(assignment, found, reader) if reader.is_staff else {}
    viewer = reader.person_id
    ranked = zip(places([design.ratio for design in found]), found, strict=True)
    return [
        _row(place, design, viewer, stand.get(design.person, BY_DEFAULT), names)
        for index, (place, design) in enumerate(ranked)
        if index < SHOWN_MOST or design.person == viewer or reader.is_staff
    ]


def _row(
    place: int, design: Design, viewer: str, presence: Presence, names: Mapping[str, str]
) -> LeaderRow:
    return LeaderRow(
        place=place,
        person=design.person,
        name=name_shown(design.person, viewer, presence, names),
        is_mine=design.person == viewer,
        may_be_cleared=bool(presence.pseudonym) and design.person in names,
        ratio=design.ratio,
    )


def _names(assignment: Assignment, found: Sequence[Design], reader: Enrolment) -> dict[str, str]:
    """Return what staff call people: by name, or by alias where marking is without names."""
    seen = {
        member.person_id: member.name
        for member in members(assignment.course)
        if may_see(reader, member.sections)
    }
    if assignment.course.marks_anonymously:
        return {d.person: alias(d.submission) for d in found if d.person in seen}
    return seen


def ties(found: Sequence[Design]) -> list[Tie]:
    """Return the top of the table without anybody on it: each ratio, how many designs reach it."""
    ratios = [design.ratio for design in found]
    ranked = zip(places(ratios), ratios, strict=True)
    return [
        Tie(place=place, ratio=ratio, count=len(list(same)))
        for (place, ratio), same in groupby(ranked)
    ][:_PROJECTED]
