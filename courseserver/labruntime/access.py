"""Who may open an attempt: its owner, while enrolled; staff of the course may void it."""

from courseserver.common.errors import Locked, NotFound
from courseserver.courses import access
from courseserver.courses.models import Person
from courseserver.labruntime.instances import PartInstance
from courseserver.labruntime.models import Attempt
from courseserver.labruntime.state import AttemptState

_AGAIN = "Open the lab again from your course."


def attempt_for(person: Person, attempt_id: str) -> Attempt:
    """Return the person's own attempt; others learn not even that it exists."""
    attempt = _find(attempt_id)
    if attempt is None or attempt.person_id != person.pk:
        raise NotFound("No such thing in your courses.", remedy=_AGAIN)
    access.enrolment_in(person, attempt.assignment.course)
    if attempt.voided_at is not None:
        raise NotFound("This attempt was voided by the teaching staff.", remedy=_AGAIN)
    return attempt


def attempt_for_staff(person: Person, attempt_id: str) -> Attempt:
    """Return an attempt in a course whose staff the person belongs to.

    A student may know of their own attempt alone.
    """
    attempt = _find(attempt_id)
    if attempt is None:
        raise NotFound("No such thing in your courses.", remedy=_AGAIN)
    course = attempt.assignment.course
    enrolment = access.enrolment_in(person, course)
    if not enrolment.is_staff and attempt.person_id != person.pk:
        raise NotFound("No such thing in your courses.", remedy=_AGAIN)
    access.staff_enrolment_in(person, course)
    access.student_seen_by(enrolment, attempt.person_id)
    return attempt


def part_for(state: AttemptState, part_id: str) -> PartInstance:
    """Return a part that may be opened: it exists, and the parts before it are committed."""
    part = state.lab.part(part_id)
    if part is None:
        raise NotFound("This lab has no such part.", remedy="Choose a part from the list.")
    if not state.is_open(part_id):
        raise Locked(
            "An earlier part waits for your prediction.", remedy="Continue with the open part."
        )
    return state.instance(part_id)


def revealed_part_for(state: AttemptState, part_id: str) -> PartInstance:
    """Return a part whose prediction is committed, so that everything in it is open."""
    instance = part_for(state, part_id)
    if not state.is_committed(part_id):
        raise Locked(
            "This opens when you commit your prediction.", remedy="Lock in your prediction first."
        )
    return instance


def _find(attempt_id: str) -> Attempt | None:
    return (
        Attempt.objects.select_related("assignment", "assignment__course", "person")
        .filter(pk=attempt_id)
        .first()
    )
