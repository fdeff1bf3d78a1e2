"""More time for a person or a section: in one lab, an extension; in every lab, an accommodation."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from django.db import transaction

from courseserver.audit.services import record
from courseserver.common import moments
from courseserver.common.errors import Unprocessable
from courseserver.courses.due import due_dates
from courseserver.courses.models import (
    Accommodation,
    Assignment,
    Course,
    Enrolment,
    Extension,
    Person,
)
from courseserver.grading import foreseen, services
from courseserver.grading.reasons import reason_given

MULTIPLIER_MAX, EXTRA_HOURS_MAX = 10.0, 1000


@transaction.atomic
def extension_give(
    *,
    assignment: Assignment,
    actor: Person,
    person_id: str = "",
    section: str = "",
    due_at: datetime,
    reason: str,
    seen: str | None = None,
) -> int:
    """Give one person or one section a later due date; return how many scores changed.

    `seen`: the fingerprint of the differences that were shown; None: nobody looked.

    Raises
    ------
    Conflict
        If other scores would change than those seen.
    Unprocessable
        If nobody of the course, or more than one thing, is named; no reason is given; or the date
        is earlier than what counts without it.
    """
    why = reason_given(reason)
    services.turns_take(assignment.course_id)
    _refuse_nobody(assignment.course, "An extension", person_id, section)
    without = due_of(assignment, person_id=person_id, is_taken=True)
    if without is not None and due_at < without:
        raise Unprocessable(
            f"That is before {moments.moment_text(without)}, when it is due without it.",
            remedy="Give a later date, or change the due date of the lab.",
        )

    def give() -> None:
        Extension.objects.update_or_create(
            assignment=assignment,
            person_id=person_id or None,
            section=section,
            defaults={"due_at": due_at, "reason": why, "given_by": actor},
        )

    _do_as_seen(assignment.course, give, seen)
    record(
        actor=actor.id,
        action="extension.given",
        subject=person_id or assignment.id,
        course_id=assignment.course_id,
        assignment=assignment.id,
        section=section,
        due_at=due_at.isoformat(),
        reason=why,
    )
    return services.scores_recompute(assignment, actor=actor.id)


@transaction.atomic
def extension_take(
    *, extension: Extension, actor: Person, reason: str, seen: str | None = None
) -> int:
    """Take an extension back; return how many scores changed.

    Raises
    ------
    Conflict
        If other scores would change than those `seen`.
    Unprocessable
        If no reason is given.
    """
    assignment, why = extension.assignment, reason_given(reason)
    services.turns_take(assignment.course_id)
    _do_as_seen(assignment.course, Extension.objects.filter(pk=extension.pk).delete, seen)
    record(
        actor=actor.id,
        action="extension.taken_back",
        subject=extension.person_id or assignment.id,
        course_id=assignment.course_id,
        assignment=assignment.id,
        section=extension.section,
        due_at=extension.due_at.isoformat(),
        reason=why,
    )
    return services.scores_recompute(assignment, actor=actor.id)


def due_of(
    assignment: Assignment, *, person_id: str = "", section: str = "", is_taken: bool = False
) -> datetime | None:
    """Return when a lab is due for a person or a section.

    `is_taken`: as it would be for everybody without an extension, accommodations included.
    """
    dates = due_dates(assignment, [person_id] if person_id else [])
    if is_taken:
        dates = replace(dates, by_person={}, by_section={})
    return dates.of(person_id) if person_id else dates.by_section.get(section, dates.general)


@transaction.atomic
def accommodation_give(
    *,
    course: Course,
    actor: Person,
    person_id: str = "",
    section: str = "",
    multiplier: float,
    extra_hours: int,
    reason: str,
    seen: str | None = None,
) -> int:
    """Give one person or section more time in every lab; return how many scores changed.

    Parameters
    ----------
    multiplier : float
        Stretches late hours, grace, days and cut-off, 1 to 10.
    extra_hours : int
        On top of each due date, 0 to 1000. [h]
    seen : str or None
        The fingerprint of the differences that were shown; None: nobody looked.

    Raises
    ------
    Conflict
        If other scores would change than those seen.
    Unprocessable
        If nobody of the course, or more than one thing, is named; a value is out of range; or no
        reason is given.
    """
    why = reason_given(reason)
    if not 1.0 <= multiplier <= MULTIPLIER_MAX:
        raise Unprocessable(
            f"A factor of {multiplier:g} cannot be used.",
            remedy=f"Give a factor from 1 to {MULTIPLIER_MAX:g}.",
        )
    if not 0 <= extra_hours <= EXTRA_HOURS_MAX:
        raise Unprocessable(
            f"{extra_hours} more hours cannot be given.",
            remedy=f"Give 0 to {EXTRA_HOURS_MAX} hours.",
        )
    services.turns_take(course.pk)
    _refuse_nobody(course, "An accommodation", person_id, section)

    def give() -> None:
        Accommodation.objects.update_or_create(
            course=course,
            person_id=person_id or None,
            section=section,
            defaults={
                "multiplier": multiplier,
                "extra_hours": extra_hours,
                "reason": why,
                "given_by": actor,
            },
        )

    _do_as_seen(course, give, seen)
    record(
        actor=actor.id,
        action="accommodation.given",
        subject=person_id or course.id,
        course_id=course.id,
        section=section,
        multiplier=multiplier,
        extra_hours=extra_hours,
        reason=why,
    )
    return services.course_recompute(course, actor=actor.id)


@transaction.atomic
def accommodation_take(
    *, accommodation: Accommodation, actor: Person, reason: str, seen: str | None = None
) -> int:
    """Take an accommodation back; return how many scores changed.

    Raises
    ------
    Conflict
        If other scores would change than those `seen`.
    Unprocessable
        If no reason is given.
    """
    course, why = accommodation.course, reason_given(reason)
    services.turns_take(course.pk)
    _do_as_seen(course, Accommodation.objects.filter(pk=accommodation.pk).delete, seen)
    record(
        actor=actor.id,
        action="accommodation.taken_back",
        subject=accommodation.person_id or course.id,
        course_id=course.id,
        section=accommodation.section,
        reason=why,
    )
    return services.course_recompute(course, actor=actor.id)


def _do_as_seen(course: Course, act: Callable[[], object], seen: str | None) -> None:
    """Do it, if it changes the scores that somebody saw it would change."""
    if seen is not None:
        foreseen.of_doing(course, act).refuse_unseen(seen)
    act()


def _refuse_nobody(course: Course, what: str, person_id: str, section: str) -> None:
    if bool(person_id) == bool(section):
        raise Unprocessable(
            f"{what} is for one person or for one section.", remedy="Choose one of them."
        )
    members = Enrolment.objects.filter(course=course)
    if person_id and not members.filter(person=person_id).exists():
        raise Unprocessable("This person is not in the course.", remedy="Choose somebody else.")
