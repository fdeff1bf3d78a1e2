"""When work is due: for everybody, for a section, for one person."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from courseserver.audit.services import record
from courseserver.courses.models import Assignment, Enrolment, Extension

FROM_LMS = "The LMS says so"


@dataclass(frozen=True, slots=True, kw_only=True)
class DueDates:
    """An assignment's due dates: an extension of one's own counts before a section's."""

    general: datetime | None
    by_person: Mapping[str, datetime]
    by_section: Mapping[str, datetime]
    sections: Mapping[str, tuple[str, ...]]

    def of(self, person_id: str) -> datetime | None:
        """Return a person's due date; the latest of their sections' where several are extended."""
        if person_id in self.by_person:
            return self.by_person[person_id]
        mine = self.sections.get(person_id, ())
        return max(
            (self.by_section[name] for name in mine if name in self.by_section),
            default=self.general,
        )


def due_dates(assignment: Assignment) -> DueDates:
    """Return an assignment's due dates with all extensions given."""
    extensions = list(Extension.objects.filter(assignment=assignment))
    enrolments = Enrolment.objects.filter(course=assignment.course_id)
    return DueDates(
        general=assignment.due_at,
        by_person={e.person_id: e.due_at for e in extensions if e.person_id},
        by_section={e.section: e.due_at for e in extensions if e.section},
        sections={e.person_id: tuple(e.sections) for e in enrolments},
    )


@transaction.atomic
def due_from_launch(assignment: Assignment, enrolment: Enrolment, text: str) -> bool:
    """Take over the due date that a launch tells; return whether anybody's changed.

    The LMS tells each person their own date. What staff are told is the general one; what a
    student is told and differs from it is theirs alone, unless staff gave them another here.
    """
    told = _moment(text)
    if enrolment.is_staff or assignment.due_at is None:
        return _general_due(assignment, told)
    mine = Extension.objects.filter(assignment=assignment, person=enrolment.person_id)
    if told == assignment.due_at:
        return bool(mine.filter(given_by__isnull=True).delete()[0])
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
    if told == assignment.due_at:
        return False
    assignment.due_at = told
    assignment.save(update_fields=["due_at"])
    return True


def _moment(text: str) -> datetime | None:
    """Return the LMS's due date; None where it has none or writes it in a way we cannot read."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None
