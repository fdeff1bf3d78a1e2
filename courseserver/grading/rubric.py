"""Other points for the levels of a rubric: seen first, then applied to every mark given."""

from collections.abc import Mapping

from django.db import transaction

from courseserver.audit.services import record
from courseserver.common import clock
from courseserver.common.errors import Unprocessable
from courseserver.courses.models import Assignment, Person
from courseserver.grading import services
from courseserver.grading.changes import Diff, diff
from courseserver.grading.facts import Rubric, scheme_of
from courseserver.grading.models import RubricEdit
from labs.schemes import Level, Scheme, SchemeError, load_scheme, with_points

POINTS_MAX = 1000.0


def rubric_read(scheme: Scheme, posted: Mapping[str, str]) -> dict[str, dict[str, float]]:
    """Return the points typed for every level: fields `<criterion>-<level>`.

    Raises
    ------
    Unprocessable
        If one is no number, out of range, or a criterion's levels are not in order.
    """
    found = {
        criterion.id: {
            level.value: _number(criterion.title, posted.get(f"{criterion.id}-{level.value}", ""))
            for level in Level
        }
        for criterion in scheme.criteria
    }
    try:
        changed = with_points(scheme, found)
    except SchemeError as error:
        raise Unprocessable(str(error), remedy="Full must be worth most, none least.") from error
    if changed.log_points <= 0:
        raise Unprocessable("The log would be worth nothing.", remedy="Give some level points.")
    return found


def _number(title: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= POINTS_MAX:
        raise Unprocessable(
            f"{title}: “{text[:20]}” is not a number of points.",
            remedy=f"Give 0 to {POINTS_MAX:g}.",
        )
    return value


def rubric_diff(assignment: Assignment, wanted: Rubric) -> Diff:
    """Return what every score would become."""
    return diff(assignment, rubrics={assignment.pk: wanted})


@transaction.atomic
def rubric_change(*, assignment: Assignment, wanted: Rubric, seen: str, actor: Person) -> int:
    """Let the levels be worth these points, in marks given and to come; return how many changed.

    Raises
    ------
    Conflict
        If `seen` is not the fingerprint of what would change.
    """
    rubric_diff(assignment, wanted).refuse_unseen(seen)
    before = _points_of(scheme_of(assignment))
    own = _points_of(load_scheme(assignment.scheme))
    if wanted == own:
        RubricEdit.objects.filter(assignment=assignment).delete()
    else:
        RubricEdit.objects.update_or_create(
            assignment=assignment, defaults={"points": wanted, "changed_at": clock.now()}
        )
    changed = {name for name in wanted if wanted[name] != before.get(name)}
    record(
        actor=actor.id,
        action="rubric.changed",
        subject=assignment.id,
        course_id=assignment.course_id,
        old={name: _said(before[name]) for name in sorted(changed)},
        new={name: _said(wanted[name]) for name in sorted(changed)},
    )
    return services.scores_recompute(assignment, actor=actor.id)


def _points_of(scheme: Scheme) -> dict[str, dict[str, float]]:
    return {c.id: {level.value: c.points[level] for level in Level} for c in scheme.criteria}


def _said(points: Mapping[str, float]) -> str:
    return "/".join(f"{points[level.value]:g}" for level in Level)
