"""Before and after: what a change would do to each score, shown first, then confirmed as seen."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from courseserver.common.errors import Conflict
from courseserver.courses import selectors as course_selectors
from courseserver.courses.models import Assignment, Course, Identity
from courseserver.grading import policy
from courseserver.grading.criteria import Rubric
from courseserver.grading.facts import facts_of
from courseserver.grading.policy import PersonFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One person's score in one lab, as it is and as it would be."""

    person_id: str
    name: str
    assignment: Assignment
    before: float
    after: float
    # False while the Decision Log waits for its mark: the points are those so far.
    was_full: bool
    is_full: bool
    # What else is worth knowing of this score.
    note: str = ""

    @property
    def difference(self) -> float:
        return self.after - self.before


# How many changes a page shows before somebody asks for the rest.
SHOWN = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Diff:
    """All scores that would change, and how many would not."""

    changes: tuple[Change, ...]
    same: int

    @property
    def first(self) -> tuple[Change, ...]:
        return self.changes[:SHOWN]

    @property
    def rest(self) -> tuple[Change, ...]:
        return self.changes[SHOWN:]

    @property
    def higher(self) -> int:
        return sum(change.difference > 0 for change in self.changes)

    @property
    def lower(self) -> int:
        return sum(change.difference < 0 for change in self.changes)

    @property
    def has_labs(self) -> bool:
        """Return whether more labs than one are in it, so that each line must say which."""
        return len({change.assignment.pk for change in self.changes}) > 1

    @property
    def has_notes(self) -> bool:
        return any(change.note for change in self.changes)

    @property
    def fingerprint(self) -> str:
        """Return what the form sends back, so that exactly what was seen is done."""
        told = [(c.person_id, c.assignment.pk, c.before, c.after) for c in self.changes]
        return hashlib.sha256(repr(told).encode()).hexdigest()[:16]

    def refuse_unseen(self, seen: str) -> None:
        """Refuse a confirmation of another diff than this.

        Raises
        ------
        Conflict
            If scores changed since the page was shown.
        """
        if seen != self.fingerprint:
            raise Conflict(
                "Scores changed since you looked.", remedy="Look at the difference again."
            )


def diff(
    assignment: Assignment,
    *,
    supposed: Callable[[str, PersonFacts], PersonFacts] = lambda _, facts: facts,
    rubrics: Mapping[str, Rubric] | None = None,
    notes: Mapping[str, str] | None = None,
) -> Diff:
    """Return what scores would become if the facts were as supposed, or rubrics others.

    `notes`: something to say beside a person's score of this assignment, by person id.

    With a bank of late hours, scores of other labs are compared, too.
    """
    course = assignment.course
    now = facts_of(course, assignments=[assignment])
    then = facts_of(course, assignments=[assignment], rubrics=rubrics) if rubrics else now
    told = {(person, assignment.pk): note for person, note in (notes or {}).items()}
    return between(
        course, now, {person: supposed(person, facts) for person, facts in then.items()}, told
    )


def between(
    course: Course,
    now: Mapping[str, PersonFacts],
    then: Mapping[str, PersonFacts],
    notes: Mapping[tuple[str, str], str] | None = None,
) -> Diff:
    """Return which scores differ between the facts as they are and others of the same people.

    Who was erased is left out: their texts are gone, their scores stay (`services._recompute`).
    """
    places = {lab.pk: lab for lab in course.assignments.all()}
    names = {member.person_id: member.name for member in course_selectors.members(course)}
    known = Identity.objects.filter(person__in=now).values_list("person", flat=True)
    changes, same = [], 0
    for person_id in known:
        before, after = policy.marks(now[person_id]), policy.marks(then[person_id])
        for key, mark in before.items():
            if mark.points == after[key].points:
                same += 1
                continue
            changes.append(
                Change(
                    person_id=person_id,
                    name=names.get(person_id, course_selectors.UNNAMED),
                    assignment=places[key],
                    before=mark.points,
                    after=after[key].points,
                    was_full=mark.is_full,
                    is_full=after[key].is_full,
                    note=(notes or {}).get((person_id, key), ""),
                )
            )
    return Diff(changes=tuple(_sorted(changes)), same=same)


def _sorted(changes: Iterable[Change]) -> list[Change]:
    return sorted(changes, key=lambda c: (c.name.casefold(), c.person_id, c.assignment.pk))
