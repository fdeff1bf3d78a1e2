"""What instructors decide about one student: other points, a grade kept back."""

from django.db import transaction
from django.db.models import QuerySet

from courseserver.audit.services import record
from courseserver.common import clock
from courseserver.common.errors import NotFound, Unprocessable
from courseserver.courses.models import Assignment, Enrolment, Person, Role
from courseserver.grading import outbox, policy, services
from courseserver.grading.models import GradeOutbox, Override, Score
from courseserver.grading.publishing import drain_soon
from courseserver.grading.reasons import reason_given


@transaction.atomic
def override_set(
    *, assignment: Assignment, person: Person, points: float, reason: str, actor: Person
) -> int:
    """Let a person have these points, whatever is computed; return how many scores changed.

    Nothing needs to be handed in; then no late policy applies.

    Raises
    ------
    Unprocessable
        If they are no student here, no reason is given, or the points are out of range.
    """
    if not 0 <= points <= assignment.points_max:
        raise Unprocessable(
            f"{points:g} points cannot be given.",
            remedy=f"Give 0 to {assignment.points_max:g} points.",
        )
    text = reason_given(reason)
    has_score = Score.objects.filter(assignment=assignment, person=person, is_voided=False)
    students = Enrolment.objects.filter(course=assignment.course_id, role=Role.LEARNER)
    if not students.filter(person=person).exists() and not has_score.exists():
        raise Unprocessable(
            "This person is no student of the course.", remedy="Choose one of its students."
        )
    Override.objects.update_or_create(
        assignment=assignment,
        person=person,
        defaults={"points": points, "reason": text, "set_by": actor, "set_at": clock.now()},
    )
    _recorded(actor, "score.set", assignment, person.id, points=points, reason=text)
    return services.person_recompute(assignment, person, actor=actor.id)


@transaction.atomic
def override_take(*, assignment: Assignment, person: Person, reason: str, actor: Person) -> int:
    """Let the computed points count again; return how many scores changed.

    Raises
    ------
    NotFound
        If none were set.
    Unprocessable
        If no reason is given.
    """
    why = reason_given(reason)
    count, _ = Override.objects.filter(assignment=assignment, person=person).delete()
    if not count:
        raise NotFound("No score was set here.", remedy="Load the page again.")
    _recorded(actor, "score.set_back", assignment, person.id, reason=why)
    return services.person_recompute(assignment, person, actor=actor.id)


@transaction.atomic
def hold_put(*, assignment: Assignment, person: Person, reason: str, actor: Person) -> None:
    """Keep one person's grade from the LMS until the hold is lifted.

    Raises
    ------
    NotFound
        If they have no grade.
    """
    row, text = _row(assignment, person), reason_given(reason)
    row.hold_reason = text
    row.save(update_fields=["hold_reason"])
    outbox.rows_hold(_rows(assignment, person), actor=actor.id, now=clock.now())
    _recorded(actor, "hold.put", assignment, person.id, reason=text)


@transaction.atomic
def hold_lift(*, assignment: Assignment, person: Person, reason: str, actor: Person) -> None:
    """End a hold; the grade leaves where the assignment's mode lets it.

    Raises
    ------
    NotFound
        If there is none.
    Unprocessable
        If no reason is given.
    """
    row, why = _row(assignment, person), reason_given(reason)
    if not row.hold_reason:
        raise NotFound("This grade is not kept back.", remedy="Load the page again.")
    row.hold_reason = ""
    row.save(update_fields=["hold_reason"])
    _recorded(actor, "hold.lifted", assignment, person.id, reason=why)
    is_held = policy.is_held(
        assignment.send_mode,
        is_full=row.desired_is_full,
        is_released=assignment.released_at is not None,
        is_on_hold=False,
    )
    if not is_held:
        outbox.rows_release(_rows(assignment, person), actor=actor.id, now=clock.now())
        platform_id = row.platform_id
        transaction.on_commit(lambda: drain_soon(platform_id))


def _rows(assignment: Assignment, person: Person) -> QuerySet[GradeOutbox]:
    return GradeOutbox.objects.filter(assignment=assignment, person=person)


def _row(assignment: Assignment, person: Person) -> GradeOutbox:
    row = _rows(assignment, person).select_for_update().first()
    if row is None:
        raise NotFound(
            "There is no grade yet.",
            remedy="Wait until the student hands in, or set the score by hand.",
        )
    return row


def _recorded(
    actor: Person, action: str, assignment: Assignment, subject: str, **detail: object
) -> None:
    record(
        actor=actor.id,
        action=action,
        subject=subject,
        course_id=assignment.course_id,
        assignment=assignment.id,
        **detail,
    )
