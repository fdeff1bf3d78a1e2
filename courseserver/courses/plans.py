"""A course's plan: made from a map, changed by its instructors, copied to the next term."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time
from zoneinfo import ZoneInfo

from django.db import transaction

from courseserver.audit.services import record
from courseserver.common.errors import NotFound, Unprocessable
from courseserver.courses.models import Course, Person, Plan, PlannedLab
from courseserver.courses.planning import Calendar, Span, current, spans
from courseserver.courses.zones import zone_of
from labs.course_map import CourseMap, UnknownMap, Week, load_map

END_OF_DAY = time(23, 59)
_DAYS = {"week": 7, "day": 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedWeek:
    """A week of the map with its dates and the labs that the plan holds in it."""

    span: Span
    week: Week
    labs: tuple[PlannedLab, ...]


def plan_of(course: Course) -> Plan | None:
    return Plan.objects.filter(course=course).first()


def map_of(slug: str) -> CourseMap:
    """Return a course map.

    Raises
    ------
    Unprocessable
        If there is none of that name.
    """
    try:
        return load_map(slug)
    except UnknownMap as error:
        raise Unprocessable(
            f"There is no syllabus “{slug[:40]}”.", remedy="Choose one of those shown."
        ) from error


def planned_weeks(plan: Plan) -> list[PlannedWeek]:
    """Return the plan's weeks in order, with dates in the course's zone."""
    course_map = map_of(plan.map_slug)
    labs = list(plan.labs.order_by("lab"))
    return [
        PlannedWeek(
            span=span, week=week, labs=tuple(lab for lab in labs if lab.week == week.number)
        )
        for span, week in zip(_spans(plan), course_map.weeks, strict=True)
    ]


def week_now(weeks: list[PlannedWeek], today: date) -> PlannedWeek | None:
    """Return the week one is in: in a break the next one; None after the term."""
    span = current([planned.span for planned in weeks], today)
    return next((planned for planned in weeks if planned.span == span), None)


@transaction.atomic
def plan_make(
    *,
    course: Course,
    actor: Person,
    map_slug: str,
    starts_on: date,
    breaks: frozenset[date] = frozenset(),
    due_day: int = 6,
    due_time: time = END_OF_DAY,
    reason: str = "",
) -> Plan:
    """Make the course's plan from a map, or make it anew; labs placed before are placed again.

    Raises
    ------
    Unprocessable
        If there is no such map, or a break begins no week of the term.
    """
    course_map = map_of(map_slug)
    plan = Plan(
        course=course,
        map_slug=map_slug,
        starts_on=starts_on,
        breaks=sorted(day.isoformat() for day in breaks),
        due_day=due_day,
        due_time=due_time,
    )
    labs = [
        PlannedLab(plan=plan, lab=lab.slug, week=week.number, is_graded=course_map.is_graded)
        for week in course_map.weeks
        for lab in week.labs
    ]
    _replace(plan, labs)
    _recorded(
        actor, "plan.made", plan, map=map_slug, starts_on=starts_on.isoformat(), reason=reason
    )
    return plan


@transaction.atomic
def dates_change(
    *,
    plan: Plan,
    actor: Person,
    starts_on: date,
    breaks: frozenset[date],
    due_day: int,
    due_time: time,
    reason: str = "",
) -> bool:
    """Move the term, which lab is in which week stays; return whether anything changed.

    Raises
    ------
    Unprocessable
        If a break begins no week of the term.
    """
    before = _dates(plan)
    plan.starts_on = starts_on
    plan.breaks = sorted(day.isoformat() for day in breaks)
    plan.due_day, plan.due_time = due_day, due_time
    _spans(plan)
    after = _dates(plan)
    changed = [name for name in after if before[name] != after[name]]
    if changed:
        plan.save(update_fields=changed)
        old, new = ({name: dates[name] for name in changed} for dates in (before, after))
        _recorded(actor, "plan.dates_changed", plan, old=old, new=new, reason=reason)
    return bool(changed)


def _dates(plan: Plan) -> dict[str, object]:
    return {
        "starts_on": plan.starts_on.isoformat(),
        "breaks": plan.breaks,
        "due_day": plan.due_day,
        "due_time": plan.due_time.isoformat("minutes"),
    }


@transaction.atomic
def lab_place(
    *,
    plan: Plan,
    actor: Person,
    lab: str,
    week: int,
    is_graded: bool,
    optional_parts: Sequence[str] = (),
    reason: str = "",
) -> PlannedLab:
    """Add a lab to a week, or move it there.

    Raises
    ------
    Unprocessable
        If the plan has no such week.
    """
    weeks = len(map_of(plan.map_slug).weeks)
    if not 1 <= week <= weeks:
        raise Unprocessable(
            f"This plan has no week {week}.", remedy=f"Choose a week from 1 to {weeks}."
        )
    before = PlannedLab.objects.filter(plan=plan, lab=lab).first()
    placed, _ = PlannedLab.objects.update_or_create(
        plan=plan,
        lab=lab,
        defaults={"week": week, "is_graded": is_graded, "optional_parts": list(optional_parts)},
    )
    _recorded(
        actor,
        "plan.lab_placed",
        plan,
        lab=lab,
        week_before=before.week if before else None,
        week=week,
        is_graded=is_graded,
        optional_parts=list(optional_parts),
        reason=reason,
    )
    return placed


@transaction.atomic
def lab_drop(*, plan: Plan, actor: Person, lab: str, reason: str = "") -> None:
    """Take a lab out of the plan; what students did in it stays.

    Raises
    ------
    NotFound
        If the plan does not hold it.
    """
    placed = plan.labs.filter(lab=lab).first()
    if placed is None:
        raise NotFound("This lab is not in the plan.", remedy="Load the plan again.")
    placed.delete()
    _recorded(actor, "plan.lab_dropped", plan, lab=lab, week=placed.week, reason=reason)


# What a course's own settings are, and go along with a copy.
_SETTINGS = (
    "late_grace_min", "late_percent_per_day", "late_cut_off_days", "late_bank_hours",
    "sections_apart", "marks_anonymously", "keep_days",
)  # fmt: skip


@transaction.atomic
def plan_copy(
    *, source: Plan, course: Course, actor: Person, starts_on: date, reason: str = ""
) -> Plan:
    """Give another course the same plan from another day on; no student goes along.

    Late policy and switches of the course come along, and those of each lab when it is placed.
    """
    old = {name: getattr(course, name) for name in _SETTINGS}
    new = {name: getattr(source.course, name) for name in _SETTINGS}
    changed = [name for name in _SETTINGS if old[name] != new[name]]
    for name in changed:
        setattr(course, name, new[name])
    course.time_zone = course.time_zone or source.course.time_zone
    course.copied_from = source.course
    course.save(update_fields=[*_SETTINGS, "time_zone", "copied_from"])
    plan = Plan(
        course=course,
        map_slug=source.map_slug,
        starts_on=starts_on,
        breaks=[],
        due_day=source.due_day,
        due_time=source.due_time,
    )
    optional = dict(source.course.assignments.values_list("lab", "optional_parts"))
    labs = [
        PlannedLab(
            plan=plan,
            lab=placed.lab,
            week=placed.week,
            is_graded=placed.is_graded,
            optional_parts=optional.get(placed.lab, placed.optional_parts),
        )
        for placed in source.labs.all()
    ]
    _replace(plan, labs)
    _recorded(
        actor,
        "plan.copied",
        plan,
        source=source.course_id,
        old={name: old[name] for name in changed},
        new={name: new[name] for name in changed},
        reason=reason,
    )
    return plan


def _replace(plan: Plan, labs: list[PlannedLab]) -> None:
    """Let the course have this plan and no other; refused before anything is lost."""
    _spans(plan)
    Plan.objects.filter(course=plan.course).delete()
    plan.save(force_insert=True)
    PlannedLab.objects.bulk_create(labs)


def _spans(plan: Plan) -> list[Span]:
    course_map = map_of(plan.map_slug)
    zone: ZoneInfo = zone_of(plan.course)
    calendar = Calendar(
        starts_on=plan.starts_on,
        breaks=frozenset(date.fromisoformat(day) for day in plan.breaks),
        due_day=plan.due_day,
        due_time=plan.due_time,
        zone=zone,
        period_days=_DAYS[course_map.period],
    )
    return spans(calendar, len(course_map.weeks))


def _recorded(actor: Person, action: str, plan: Plan, **details: object) -> None:
    record(
        actor=actor.pk,
        action=action,
        subject=plan.course_id,
        course_id=plan.course_id,
        **details,
    )
