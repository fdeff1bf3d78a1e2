"""Reading courses: who is in them, and by which name."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from courseserver.courses.models import Assignment, Course, Enrolment, Identity, Person, Role
from courseserver.lti.models import Platform

UNNAMED = "Name not shared"


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A person in a course, as the teaching staff sees them."""

    person_id: str
    # What the platform calls this person.
    subject: str
    name: str
    email: str
    role: str
    is_active: bool
    is_test_student: bool
    last_launch_at: datetime | None
    sections: tuple[str, ...] = ()
    lms_user_id: str = ""
    login: str = ""
    sis_id: str = ""

    @property
    def role_label(self) -> str:
        return str(Role(self.role).label)


def members(course: Course, *, role: str | None = None) -> list[Member]:
    """Return the people of a course by name; those whose name the LMS keeps come last."""
    enrolments = Enrolment.objects.filter(course=course)
    if role is not None:
        enrolments = enrolments.filter(role=role)
    enrolments = enrolments.order_by("pk")
    identities = identities_by_person(course, enrolments)
    found = [_member(enrolment, identities.get(enrolment.person_id)) for enrolment in enrolments]
    return sorted(found, key=lambda m: (m.name == UNNAMED, m.name.casefold(), m.person_id))


def identities_by_person(course: Course, people: QuerySet[Enrolment]) -> dict[str, Identity]:
    """Return who each enrolled person is at the course's platform."""
    identities = _identities(course.platform)
    found = identities.filter(person_id__in=people.values_list("person_id", flat=True))
    return {identity.person_id: identity for identity in found}


def subject_of(person_id: str, platform: Platform) -> str:
    """Return what the platform calls this person; empty where it never told us."""
    mine = _identities(platform).filter(person_id=person_id)
    return mine.values_list("subject", flat=True).first() or ""


def subjects_of(person_ids: Sequence[str], platform: Platform) -> dict[str, str]:
    """Return what the platform calls these people; those it never told us are missing."""
    mine = _identities(platform).filter(person_id__in=person_ids)
    return dict(mine.values_list("person_id", "subject"))


def _identities(platform: Platform) -> QuerySet[Identity]:
    # Two deployments of one client share their people.
    return Identity.objects.filter(
        platform__issuer=platform.issuer, platform__client_id=platform.client_id
    )


def _member(enrolment: Enrolment, identity: Identity | None) -> Member:
    return Member(
        person_id=enrolment.person_id,
        subject=identity.subject if identity else "",
        name=(identity.name if identity else "") or UNNAMED,
        email=identity.email if identity else "",
        role=enrolment.role,
        is_active=enrolment.is_active,
        is_test_student=enrolment.is_test_student,
        last_launch_at=enrolment.last_launch_at,
        sections=tuple(enrolment.sections),
        lms_user_id=identity.lms_user_id if identity else "",
        login=identity.login if identity else "",
        sis_id=identity.sis_id if identity else "",
    )


def member(course: Course, person_id: str) -> Member | None:
    """Return one person of a course."""
    enrolments = Enrolment.objects.filter(course=course, person_id=person_id)
    enrolment = enrolments.first()
    if enrolment is None:
        return None
    return _member(enrolment, identities_by_person(course, enrolments).get(person_id))


def name_of(course: Course, person_id: str) -> str:
    found = member(course, person_id)
    return found.name if found else UNNAMED


def whom_of(course: Course, *, person_id: str = "", section: str = "") -> str:
    """Return how staff call a person or a section of a course."""
    return name_of(course, person_id) if person_id else f"section {section}"


def assignments(course: Course) -> QuerySet[Assignment]:
    return course.assignments.order_by("created_at", "pk")


def courses_taught(person: Person) -> QuerySet[Course]:
    """Return the courses in which this person is an instructor."""
    mine = Enrolment.objects.filter(person=person, role=Role.INSTRUCTOR, is_active=True)
    return Course.objects.filter(pk__in=mine.values("course")).order_by("-created_at", "pk")
