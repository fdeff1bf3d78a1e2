"""Who may do what in a course. One condition per line; deny by default."""

from collections.abc import Iterable

from django.http import HttpRequest

from courseserver.common.errors import Forbidden, NotFound, SessionOver
from courseserver.courses.models import Assignment, Course, Enrolment, Person, Role
from courseserver.courses.zones import show_times_of

_AGAIN = "Open the lab again from your course."


def person_of(request: HttpRequest) -> Person:
    """Return who is asking.

    Raises
    ------
    SessionOver
        If the browser holds no session of a launch.
    """
    person: Person | None = getattr(request, "person", None)
    if person is None:
        raise SessionOver("It has ended, or the browser kept no cookie.", remedy=_AGAIN)
    return person


def enrolment_in(person: Person, course: Course) -> Enrolment:
    """Return the person's active enrolment; strangers learn not even that the course exists.

    From here on the page shows the course's own time.
    """
    enrolment = Enrolment.objects.filter(person=person, course=course, is_active=True).first()
    if enrolment is None:
        raise NotFound("No such thing in your courses.", remedy=_AGAIN)
    show_times_of(course)
    return enrolment


def staff_enrolment_in(person: Person, course: Course) -> Enrolment:
    enrolment = enrolment_in(person, course)
    if not enrolment.is_staff:
        raise Forbidden("Only the teaching staff of this course may open this.", remedy=_AGAIN)
    return enrolment


def instructor_enrolment_in(person: Person, course: Course) -> Enrolment:
    enrolment = enrolment_in(person, course)
    if enrolment.role != Role.INSTRUCTOR:
        raise Forbidden("Only instructors of this course may do this.", remedy=_AGAIN)
    return enrolment


def course_for(person: Person, course_id: str) -> tuple[Course, Enrolment]:
    """Return one of the person's courses, with their enrolment there."""
    course = Course.objects.select_related("platform").filter(pk=course_id).first()
    if course is None:
        raise NotFound("No such thing in your courses.", remedy=_AGAIN)
    return course, enrolment_in(person, course)


def staff_course_for(person: Person, course_id: str) -> Course:
    course, enrolment = course_for(person, course_id)
    if not enrolment.is_staff:
        raise Forbidden("Only the teaching staff of this course may open this.", remedy=_AGAIN)
    return course


def assignment_for(person: Person, assignment_id: str) -> tuple[Assignment, Enrolment]:
    """Return an assignment of one of the person's courses, with their enrolment there."""
    assignment = Assignment.objects.select_related("course").filter(pk=assignment_id).first()
    if assignment is None:
        raise NotFound("No such thing in your courses.", remedy=_AGAIN)
    return assignment, enrolment_in(person, assignment.course)


def staff_assignment_for(person: Person, assignment_id: str) -> tuple[Assignment, Enrolment]:
    assignment, enrolment = assignment_for(person, assignment_id)
    if not enrolment.is_staff:
        raise Forbidden("Only the teaching staff of this course may open this.", remedy=_AGAIN)
    return assignment, enrolment


def sections_seen(enrolment: Enrolment) -> frozenset[str] | None:
    """Return the sections whose students a member of staff may see; None: everybody's."""
    if enrolment.role != Role.TEACHING_ASSISTANT:
        return None
    if not enrolment.course.sections_apart:
        return None
    return frozenset(enrolment.sections)


def has_no_section(enrolment: Enrolment) -> bool:
    """Return whether a member of staff sees sections only, and has none to see."""
    return sections_seen(enrolment) == frozenset()


def may_see(enrolment: Enrolment, sections: Iterable[str]) -> bool:
    """Return whether a member of staff may see a student of these sections."""
    seen = sections_seen(enrolment)
    return seen is None or not seen.isdisjoint(sections)


def people_seen(enrolment: Enrolment) -> list[str] | None:
    """Return whom of the course a member of staff may see; None: everybody."""
    if sections_seen(enrolment) is None:
        return None
    everybody = Enrolment.objects.filter(course=enrolment.course_id)
    return [e.person_id for e in everybody if may_see(enrolment, e.sections)]


def student_seen_by(enrolment: Enrolment, person_id: str) -> Enrolment:
    """Return a person's enrolment in the same course, if this member of staff may see them."""
    found = Enrolment.objects.filter(course=enrolment.course_id, person=person_id).first()
    if found is None:
        raise NotFound("No such person in this course.", remedy="Open the student from a list.")
    if found.person_id != enrolment.person_id and not may_see(enrolment, found.sections):
        raise NotFound("No such person in your sections.", remedy="Open the student from a list.")
    return found


def instructor_course_for(person: Person, course_id: str) -> Course:
    course, _ = course_for(person, course_id)
    instructor_enrolment_in(person, course)
    return course
