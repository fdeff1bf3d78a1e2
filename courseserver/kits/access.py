"""Who may see and do what with kits and their jobs. One condition per line; deny by default."""

from courseserver.common.errors import NotFound
from courseserver.courses.access import (
    enrolment_in,
    instructor_enrolment_in,
    may_see,
    sections_seen,
    staff_enrolment_in,
)
from courseserver.courses.models import Course, Enrolment, Person, Role
from courseserver.kits.models import Kit, KitJob

_AGAIN = "Open the lab again from your course."


def course_for(person: Person, course_id: str) -> Course:
    """Return a course of the person's."""
    course = _course(course_id)
    enrolment_in(person, course)
    return course


def staff_course_for(person: Person, course_id: str) -> Course:
    course = _course(course_id)
    staff_enrolment_in(person, course)
    return course


def instructor_course_for(person: Person, course_id: str) -> Course:
    course = _course(course_id)
    instructor_enrolment_in(person, course)
    return course


def job_for(person: Person, job_id: str) -> KitJob:
    """Return a job the person asked for, or, for staff, one of a student they may see."""
    job = KitJob.objects.select_related("course", "kit").filter(pk=job_id).first()
    if job is None or job.course is None:
        raise NotFound("No such hardware job.", remedy=_AGAIN)
    enrolment = enrolment_in(person, job.course)
    if job.person_id == person.id:
        return job
    if not enrolment.is_staff or not is_person_seen_by(enrolment, job.person_id):
        raise NotFound("No such hardware job.", remedy=_AGAIN)
    return job


def is_person_seen_by(viewer: Enrolment, person_id: str | None) -> bool:
    """Return whether a member of staff may know whose something is, and so end it."""
    if sections_seen(viewer) is None or person_id in (None, viewer.person_id):
        return True
    found = Enrolment.objects.filter(course=viewer.course_id, person=person_id).first()
    return found is not None and may_see(viewer, found.sections)


def instructor_kit_for(person: Person, course_id: str, kit_id: str) -> Kit:
    """Return a kit that a course owns; shared kits belong to the institution's operators."""
    course = instructor_course_for(person, course_id)
    kit = Kit.objects.filter(pk=kit_id, course=course).first()
    if kit is None:
        raise NotFound("This course owns no such kit.")
    return kit


def claim_course_for(person: Person, course_id: str) -> tuple[Course, bool]:
    """Return a course this person may add a kit to, and whether the kit would be the person's own.

    Instructors add the course's kits, students their own; assistants neither.
    """
    course = _course(course_id)
    if enrolment_in(person, course).role == Role.LEARNER:
        return course, True
    return instructor_course_for(person, course_id), False


def kit_to_remove_for(person: Person, course_id: str, kit_id: str) -> Kit:
    """Return a kit of the person's own, or, for instructors, any that the course owns."""
    course = course_for(person, course_id)
    own = Kit.objects.filter(pk=kit_id, course=course, owner=person).first()
    return own or instructor_kit_for(person, course_id, kit_id)


def _course(course_id: str) -> Course:
    course = Course.objects.filter(pk=course_id).first()
    if course is None:
        raise NotFound("No such thing in your courses.", remedy=_AGAIN)
    return course
