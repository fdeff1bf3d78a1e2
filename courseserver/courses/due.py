"""When work is due: for everybody, for a section, for one person."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from courseserver.courses.models import Assignment, Enrolment, Extension


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
