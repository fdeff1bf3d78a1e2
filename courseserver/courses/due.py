"""When work is due: for everybody, for a section, for one person."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from courseserver.audit.services import record
from courseserver.common import clock
from courseserver.courses.models import Accommodation, Assignment, Enrolment, Extension

FROM_LMS = "The LMS says so"


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What an accommodation grants: time stretched by a factor, and more of it for each lab."""

    multiplier: float = 1.0
    extra: timedelta = timedelta(0)


NONE = Allowance()


@dataclass(frozen=True, slots=True, kw_only=True)
class DueDates:
    """An assignment's due dates: an extension of one's own counts before a section's."""

    general: datetime | None
    by_person: Mapping[str, datetime]
    by_section: Mapping[str, datetime]
    sections: Mapping[str, tuple[str, ...]]
    allowances: Mapping[str, Allowance] = field(default_factory=dict)

    def of(self, person_id: str) -> datetime | None:
        """Return a person's due date; the latest of their sections' where several are extended.

        Extra time comes on top, but a date given to one person alone is meant as it stands.
        """
        if person_id in self.by_person:
            return self.by_person[person_id]
        mine = self.sections.get(person_id, ())
        due = max(
            (self.by_section[name] for name in mine if name in self.by_section),
            default=self.general,
        )
        return due + self.allowances.get(person_id, NONE).extra if due else None


def due_dates(assignment: Assignment, people: Collection[str] | None = None) -> DueDates:
    """Return an assignment's due dates with all extensions given; of some people only, if named."""
    return due_dates_of(assignment.course_id, [assignment], people)[assignment.pk]


def due_dates_of(
    course_id: str, assignments: Sequence[Assignment], people: Collection[str] | None = None
) -> dict[str, DueDates]:
    """Return the due dates of assignments of one course, in three queries."""
    extensions = list(Extension.objects.filter(assignment__in=assignments))
    sections = _sections(course_id, people)
    granted = allowances(course_id, sections)
    return {
        assignment.pk: DueDates(
            general=assignment.due_at,
            by_person={
                e.person_id: e.due_at
                for e in extensions
                if e.person_id and e.assignment_id == assignment.pk
            },
            by_section={
                e.section: e.due_at
                for e in extensions
                if e.section and e.assignment_id == assignment.pk
            },
            sections=sections,
            allowances=granted,
        )
        for assignment in assignments
    }


def allowances_of(course_id: str, people: Collection[str]) -> dict[str, Allowance]:
    """Return what is granted to these people; who has nothing granted is missing."""
    return allowances(course_id, _sections(course_id, people))


def allowances(course_id: str, sections: Mapping[str, tuple[str, ...]]) -> dict[str, Allowance]:
    """Return what is granted to each person: their own, else the most of their sections'."""
    given = list(Accommodation.objects.filter(course=course_id))
    own = {row.person_id: _allowance([row]) for row in given if row.person_id}
    by_section = {row.section: row for row in given if row.section}
    found = {}
    for person_id, names in sections.items():
        mine = [by_section[name] for name in names if name in by_section]
        if person_id in own:
            found[person_id] = own[person_id]
        elif mine:
            found[person_id] = _allowance(mine)
    return found


def _allowance(rows: Sequence[Accommodation]) -> Allowance:
    return Allowance(
        multiplier=max(row.multiplier for row in rows),
        extra=timedelta(hours=max(row.extra_hours for row in rows)),
    )


def _sections(course_id: str, people: Collection[str] | None) -> dict[str, tuple[str, ...]]:
    enrolments = Enrolment.objects.filter(course=course_id)
    if people is not None:
        enrolments = enrolments.filter(person__in=people)
    return {pk: tuple(names) for pk, names in enrolments.values_list("person_id", "sections")}


@transaction.atomic
def due_from_launch(assignment: Assignment, enrolment: Enrolment, text: str) -> bool:
    """Take over the due date that a launch tells; return whether anybody's changed.

    The LMS tells each person their own date. What staff are told is the general one; what a
    student is told and differs from it is theirs alone, unless staff gave them another here. An
    LMS that has no date takes none away that was set here.
    """
    told = _moment(text)
    if enrolment.is_staff or assignment.due_at is None:
        return _general_due(assignment, told)
    mine = Extension.objects.filter(assignment=assignment, person=enrolment.person_id)
    if told == assignment.due_at:
        return _extension_end(mine.filter(given_by__isnull=True).first())
    if told is None or mine.filter(Q(given_by__isnull=False) | Q(due_at=told)).exists():
        return False
    Extension.objects.update_or_create(
        assignment=assignment,
        person_id=enrolment.person_id,
        section="",
        defaults={"due_at": told, "reason": FROM_LMS, "given_by": None},
    )
    record(
        actor="system",
        action="extension.given",
        subject=enrolment.person_id,
        course_id=assignment.course_id,
        assignment=assignment.pk,
        due_at=told.isoformat(),
        reason=FROM_LMS,
    )
    return True


def _general_due(assignment: Assignment, told: datetime | None) -> bool:
    before = assignment.due_at
    if told == before or (told is None and not assignment.due_from_lms):
        return False
    assignment.due_at, assignment.due_from_lms = told, told is not None
    assignment.save(update_fields=["due_at", "due_from_lms"])
    record(
        actor="system",
        action="assignment.settings_changed",
        subject=assignment.pk,
        course_id=assignment.course_id,
        old={"due_at": before.isoformat() if before else None},
        new={"due_at": told.isoformat() if told else None},
        reason=FROM_LMS,
    )
    return True


def _extension_end(extension: Extension | None) -> bool:
    """Take back an extension that the LMS gave and gives no more; return whether there was one."""
    if extension is None:
        return False
    record(
        actor="system",
        action="extension.taken_back",
        subject=extension.person_id or extension.assignment_id,
        course_id=extension.assignment.course_id,
        assignment=extension.assignment_id,
        due_at=extension.due_at.isoformat(),
        reason=FROM_LMS,
    )
    extension.delete()
    return True


def _moment(text: str) -> datetime | None:
    """Return the LMS's due date; None where it has none or writes it in a way we cannot read."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo and clock.is_usable(moment) else None
