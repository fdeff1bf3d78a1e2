"""A term as people see it: this week's work with one's own scores, and due dates that follow."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction

from courseserver.common import clock
from courseserver.courses import plans
from courseserver.courses import selectors as course_selectors
from courseserver.courses.models import Assignment, Course, Person, Plan, PlannedLab
from courseserver.courses.plans import PlannedWeek
from courseserver.courses.services import settings_before
from courseserver.grading import foreseen, selectors
from courseserver.grading.changes import Diff
from courseserver.grading.criteria import number_of, rubric_of
from courseserver.grading.reasons import note, reason_given
from courseserver.grading.rubric import version_add
from courseserver.grading.selectors import StudentAssignment
from courseserver.grading.services import course_recompute, turns_take
from courseserver.grading.settings_change import settings_change, stands_on_scheme
from courseserver.grading.teaching import has_notes, parts_of
from labs.activities import Activity, activity_titled
from labs.course_map import MapLab
from labs.loader import UnknownLab, load_lab

# Why a lab's settings changed, where the planner changed them.
_PLANNED = "As the plan of the term says"


@dataclass(frozen=True, slots=True, kw_only=True)
class LabInWeek:
    """A lab of the plan: its title, and the student's own state where it is placed."""

    slug: str
    title: str
    is_graded: bool
    # Every part of the lab, and which of them may be skipped.
    parts: tuple[tuple[str, str], ...]
    optional_parts: tuple[str, ...]
    item: StudentAssignment | None
    due_at: datetime | None

    @property
    def is_done(self) -> bool:
        return self.item is not None and self.item.score is not None

    @property
    def has_notes(self) -> bool:
        return has_notes(self.slug)


@dataclass(frozen=True, slots=True, kw_only=True)
class WeekView:
    planned: PlannedWeek
    labs: tuple[LabInWeek, ...]

    @property
    def number(self) -> int:
        return self.planned.span.number

    @property
    def activity(self) -> Activity | None:
        """Return what can be done on a board in this week, where it is installed."""
        deploy = self.planned.week.deploy
        return activity_titled(deploy.activity) if deploy else None

    @property
    def is_done(self) -> bool:
        """Return whether every lab placed in this week is handed in."""
        placed = [lab for lab in self.labs if lab.item is not None]
        return bool(placed) and all(lab.is_done for lab in placed)


def student_weeks(plan: Plan, person: Person) -> list[WeekView]:
    """Return every week of the plan with one person's scores and own due dates."""
    items = {
        item.assignment.lab: item for item in selectors.student_assignments(plan.course, person)
    }
    return [
        WeekView(
            planned=planned,
            labs=tuple(
                _lab_in_week(plan, planned, placed, items.get(placed.lab))
                for placed in planned.labs
            ),
        )
        for planned in plans.planned_weeks(plan)
    ]


def _lab_in_week(
    plan: Plan, planned: PlannedWeek, placed: PlannedLab, item: StudentAssignment | None
) -> LabInWeek:
    optional = item.assignment.optional_parts if item else placed.optional_parts
    parts = tuple(parts_of(placed.lab))
    return LabInWeek(
        slug=placed.lab,
        title=title_of(plan, placed.lab),
        is_graded=placed.is_graded,
        parts=parts,
        optional_parts=tuple(key for key, _ in parts if key in optional),
        item=item,
        due_at=item.due_at if item else planned.span.due_at,
    )


@transaction.atomic
def lab_plan(
    *,
    plan: Plan,
    actor: Person,
    lab: str,
    week: int,
    is_graded: bool,
    optional_parts: Sequence[str],
    reason: str,
) -> None:
    """Put a lab into a week; where it stands in the LMS already, its optional parts follow.

    Raises
    ------
    Unprocessable
        If the plan has no such week.
    """
    plans.lab_place(
        plan=plan,
        actor=actor,
        lab=lab,
        week=week,
        is_graded=is_graded,
        optional_parts=optional_parts,
        reason=reason,
    )
    for assignment in plan.course.assignments.filter(lab=lab):
        settings_change(
            assignment=assignment,
            actor=actor,
            reason=reason or _PLANNED,
            optional_parts=list(optional_parts),
        )


def title_of(plan: Plan, slug: str) -> str:
    """Return a lab's own title, or the map's where the lab is not installed."""
    try:
        return load_lab(slug).title
    except UnknownLab:
        named = {lab.slug: lab.title for lab in plans.map_of(plan.map_slug).labs}
        return named.get(slug, slug)


def labs_to_add(plan: Plan, installed: list[MapLab]) -> list[MapLab]:
    """Return the labs that the plan does not hold: the map's own first, then what is installed."""
    held = set(plan.labs.values_list("lab", flat=True))
    every = {lab.slug: lab for lab in [*plans.map_of(plan.map_slug).labs, *installed]}
    return [lab for slug, lab in every.items() if slug not in held]


@dataclass(frozen=True, slots=True, kw_only=True)
class DueMove:
    """A due date that the plan would change."""

    assignment: Assignment
    new: datetime


def due_moves(plan: Plan) -> list[DueMove]:
    """Return which labs of the course are due at another moment than the plan says."""
    planned = {lab.lab: week.span.due_at for week in plans.planned_weeks(plan) for lab in week.labs}
    return [
        DueMove(assignment=assignment, new=planned[assignment.lab])
        for assignment in course_selectors.assignments(plan.course)
        if assignment.lab in planned
        and not clock.is_same_minute(assignment.due_at, planned[assignment.lab])
    ]


def due_diff(plan: Plan, moves: Sequence[DueMove]) -> Diff:
    """Return what scores would become with the plan's due dates."""
    return foreseen.of_due_dates(plan.course, {move.assignment.pk: move.new for move in moves})


@transaction.atomic
def due_apply(*, plan: Plan, actor: Person, seen: str, reason: str) -> int:
    """Give the course's labs the plan's due dates; scores of late work follow. Return how many.

    Raises
    ------
    Conflict
        If other scores would change than those whose fingerprint was `seen`.
    Unprocessable
        If scores would change and no reason is given.
    """
    turns_take(plan.course_id)
    moves = due_moves(plan)
    diff = due_diff(plan, moves)
    diff.refuse_unseen(seen)
    why = reason_given(reason) if diff.changes else note(reason) or _PLANNED
    for move in moves:
        settings_change(assignment=move.assignment, actor=actor, reason=why, due_at=move.new)
    return len(moves)


def rubric_take_over(assignment: Assignment, actor: Person | None) -> bool:
    """Give a lab the rubric it had in the term its course was copied from; once, if it was edited.

    Marks given here already mean what they meant; scores are the caller's to bring in line.
    """
    course = assignment.course
    if course.copied_from_id is None or number_of(assignment):
        return False
    source = Assignment.objects.filter(course=course.copied_from_id, lab=assignment.lab)
    before = source.select_related("course").order_by("created_at", "pk").first()
    if before is None or not number_of(before) or before.scheme != assignment.scheme:
        return False
    version_add(
        assignment=assignment,
        rubric=rubric_of(before),
        reason=f"Taken over from {before.course}",
        actor=actor,
    )
    return True


def copy_diff(*, source: Plan, course: Course, actor: Person, starts_on: date) -> Diff:
    """Return what scores would become if the course took over that term."""
    return foreseen.of_doing(
        course,
        lambda: _copy(
            source=source,
            course=Course.objects.get(pk=course.pk),
            actor=actor,
            starts_on=starts_on,
            reason="",
        ),
    )


@transaction.atomic
def term_copy(
    *, source: Plan, course: Course, actor: Person, starts_on: date, seen: str, reason: str
) -> int:
    """Copy a term's plan and settings to another course, its students' work left where it is.

    Labs placed already take over how they were set, their rubric included; labs placed later do so
    then. Returns how many scores changed here.

    Raises
    ------
    Conflict
        If other scores would change than those whose fingerprint was `seen`.
    Unprocessable
        If scores would change and no reason is given.
    """
    turns_take(course.pk)
    diff = copy_diff(source=source, course=course, actor=actor, starts_on=starts_on)
    diff.refuse_unseen(seen)
    why = reason_given(reason) if diff.changes else note(reason)
    return _copy(source=source, course=course, actor=actor, starts_on=starts_on, reason=why)


def _copy(*, source: Plan, course: Course, actor: Person, starts_on: date, reason: str) -> int:
    plans.plan_copy(source=source, course=course, actor=actor, starts_on=starts_on, reason=reason)
    course.refresh_from_db()
    for assignment in course.assignments.all():
        before = settings_before(course, assignment.lab)
        if stands_on_scheme(assignment):
            before.pop("scheme", None)
        why = reason or f"Taken over from {source.course}"
        settings_change(assignment=assignment, actor=actor, reason=why, **before)
        assignment.refresh_from_db()
        rubric_take_over(assignment, actor)
    return course_recompute(course, actor=actor.id)


def week_shown(weeks: list[WeekView], today: date, wanted: str) -> WeekView:
    """Return the week asked for, else the current one, else the last."""
    by_number = {str(week.number): week for week in weeks}
    if wanted in by_number:
        return by_number[wanted]
    now = plans.week_now([week.planned for week in weeks], today)
    return weeks[-1] if now is None else by_number[str(now.span.number)]


def plans_to_copy(person: Person, course: Course) -> list[Plan]:
    """Return the plans of the other courses that this person teaches."""
    taught = course_selectors.courses_taught(person).exclude(pk=course.pk)
    return list(Plan.objects.filter(course__in=taught).select_related("course"))
