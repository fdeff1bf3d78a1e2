"""What a change of settings would do to every score: asked before it is made."""

from collections.abc import Callable, Mapping
from copy import copy
from datetime import datetime
from typing import Any, TypeVar

from django.db import transaction

from courseserver.courses.models import Assignment, Course
from courseserver.grading.changes import Diff, between
from courseserver.grading.criteria import rubric_under
from courseserver.grading.facts import facts_of
from courseserver.grading.late import policy_of

Row = TypeVar("Row", Assignment, Course)
# Settings that no score follows from.
NOTHING = Diff(changes=(), same=0)


def of_course(course: Course, wanted: Mapping[str, Any]) -> Diff:
    """Return what scores would become with other settings of the course: its late policy."""
    other = _with(course, wanted)
    if policy_of(other) == policy_of(course):
        return NOTHING
    return between(course, facts_of(course), facts_of(other))


def of_lab(assignment: Assignment, wanted: Mapping[str, Any]) -> Diff:
    """Return what scores would become with other settings of a lab: its scheme, its due date."""
    course, other = assignment.course, _with(assignment, wanted)
    if (other.scheme, other.due_at) == (assignment.scheme, assignment.due_at):
        return NOTHING
    return between(
        course,
        facts_of(course, assignments=[assignment]),
        facts_of(
            course,
            assignments=[assignment],
            supposed=[other],
            rubrics={assignment.pk: rubric_under(assignment, other.scheme)},
        ),
    )


def of_due_dates(course: Course, dates: Mapping[str, datetime]) -> Diff:
    """Return what scores would become with other due dates, by the id of the lab."""
    labs = [lab for lab in course.assignments.all() if lab.pk in dates]
    supposed = [_with(lab, {"due_at": dates[lab.pk]}) for lab in labs]
    return between(course, facts_of(course), facts_of(course, supposed=supposed))


def of_doing(course: Course, act: Callable[[], object]) -> Diff:
    """Return what scores would become if something were done that no supposition describes.

    It is done, looked at, and undone; what waits for a commit never happens.
    """
    now = facts_of(Course.objects.get(pk=course.pk))
    with transaction.atomic():
        act()
        then = facts_of(Course.objects.get(pk=course.pk))
        transaction.set_rollback(True)
    return between(course, now, then)


def _with(row: Row, wanted: Mapping[str, Any]) -> Row:
    """Return a row with other values, which nobody saves."""
    other = copy(row)
    for name, value in wanted.items():
        setattr(other, name, value)
    return other
