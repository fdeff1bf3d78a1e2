"""This week's work, and the plan of the term."""

from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from courseserver.common import clock
from courseserver.common.errors import CourseserverError, NotFound, Unprocessable
from courseserver.common.typed import whole
from courseserver.courses import access, plans
from courseserver.courses.models import Course, Person, Plan, Role
from courseserver.courses.planning import DAYS
from courseserver.grading import term
from courseserver.grading.forms import TermForm, optional_parts_in
from courseserver.grading.reasons import note
from courseserver.grading.teaching import parts_of
from courseserver.grading.views.foreseen import ask, done_as_seen
from labs.course_map import MapLab, all_maps
from labs.loader import all_labs


@require_GET
def course_week(request: HttpRequest, course_id: str) -> HttpResponse:
    """Show what is to read, build, explore and deploy this week, or in `?week=`."""
    course, enrolment = access.course_for(access.person_of(request), course_id)
    plan = plans.plan_of(course)
    if plan is None:
        return redirect("course-home", course_id)
    weeks = term.student_weeks(plan, enrolment.person)
    shown = term.week_shown(weeks, _today(), request.GET.get("week", ""))
    now = plans.week_now([week.planned for week in weeks], _today())
    by_number = {week.number: week for week in weeks}
    context = {
        "course": course,
        "map": plans.map_of(plan.map_slug),
        "weeks": weeks,
        "shown": shown,
        "now": now.span.number if now else None,
        "before": by_number.get(shown.number - 1),
        "after": by_number.get(shown.number + 1),
        "is_staff": enrolment.is_staff,
    }
    return render(request, "grading/week.html", context)


@require_GET
def course_plan(request: HttpRequest, course_id: str) -> HttpResponse:
    person = access.person_of(request)
    course, enrolment = access.course_for(person, course_id)
    access.staff_enrolment_in(person, course)
    return _plan_page(request, course, person, may_change=enrolment.role == Role.INSTRUCTOR)


@require_POST
def plan_make(request: HttpRequest, course_id: str) -> HttpResponse:
    person, course = _instructor(request, course_id)
    try:
        starts_on = _day(request.POST.get("starts_on", ""))
        map_slug = request.POST.get("map", "")
        plans.plan_make(
            course=course,
            actor=person,
            map_slug=map_slug,
            starts_on=starts_on,
            reason=_note(request),
        )
    except Unprocessable as error:
        return _plan_page(request, course, person, may_change=True, error=error)
    messages.success(request, "The term is planned. Look through its weeks, then set the dates.")
    return redirect("course-plan", course_id)


@require_POST
def plan_copy(request: HttpRequest, course_id: str) -> HttpResponse:
    """Take over the plan of another course that this person teaches."""
    person, course = _instructor(request, course_id)
    wanted = request.POST.get("source", "")
    source = next((p for p in term.plans_to_copy(person, course) if p.course_id == wanted), None)
    if source is None:
        raise NotFound("No such plan in your courses.", remedy="Choose one of those shown.")
    try:
        starts_on = _day(request.POST.get("starts_on", ""))
    except Unprocessable as error:
        return _plan_page(request, course, person, may_change=True, error=error)
    copied: dict[str, Any] = {
        "source": source,
        "course": course,
        "actor": person,
        "starts_on": starts_on,
    }
    diff = term.copy_diff(**copied)
    reason = request.POST.get("reason", "")
    count, refused = done_as_seen(
        request, diff, lambda seen: term.term_copy(**copied, seen=seen, reason=reason)
    )
    if count is None:
        back = reverse("course-plan", args=[course_id])
        title = f"The plan of {source.course}"
        return ask(
            request, course=course, title=title, back=back, diff=diff, changed={}, error=refused
        )
    changed = f" {count} score{'' if count == 1 else 's'} changed." if count else ""
    messages.success(
        request, f"Plan and settings are taken over; nobody's work came along.{changed}"
    )
    return redirect("course-plan", course_id)


@require_POST
def plan_dates(request: HttpRequest, course_id: str) -> HttpResponse:
    person, course = _instructor(request, course_id)
    plan = _plan(course)
    form = TermForm(request.POST)
    try:
        if not form.is_valid():
            raise Unprocessable(_words(form), remedy="Nothing was changed.")
        has_moved = plans.dates_change(
            plan=plan, actor=person, reason=_note(request), **form.cleaned_data
        )
    except Unprocessable as error:
        return _plan_page(request, course, person, may_change=True, error=error)
    messages.success(request, "The weeks have moved." if has_moved else "All is as it was.")
    return redirect("course-plan", course_id)


@require_POST
def plan_lab(request: HttpRequest, course_id: str) -> HttpResponse:
    """Place a lab in a week, or with `drop` take it out."""
    person, course = _instructor(request, course_id)
    plan, lab = _plan(course), request.POST.get("lab", "")
    if request.POST.get("action") == "drop":
        plans.lab_drop(plan=plan, actor=person, lab=lab, reason=_note(request))
        messages.success(request, f"“{term.title_of(plan, lab)}” is out of the plan.")
        return redirect("course-plan", course_id)
    offered = {choice.slug for choice in term.labs_to_add(plan, _installed())}
    if lab not in offered and not plan.labs.filter(lab=lab).exists():
        raise NotFound("There is no such lab to place.", remedy="Load the plan again.")
    week = whole(request.POST.get("week", "")) or 0
    try:
        term.lab_plan(
            plan=plan,
            actor=person,
            lab=lab,
            week=week,
            is_graded=request.POST.get("is_graded") == "on",
            optional_parts=optional_parts_in(request.POST.getlist("optional_parts"), parts_of(lab)),
            reason=_note(request),
        )
    except Unprocessable as error:
        return _plan_page(request, course, person, may_change=True, error=error)
    messages.success(request, f"“{term.title_of(plan, lab)}” is in week {week}.")
    return redirect("course-plan", course_id)


@require_POST
def plan_due(request: HttpRequest, course_id: str) -> HttpResponse:
    """Give the labs of the course the plan's due dates."""
    person, course = _instructor(request, course_id)
    plan = _plan(course)
    moves = term.due_moves(plan)
    diff = term.due_diff(plan, moves)
    reason = request.POST.get("reason", "")
    count, error = done_as_seen(
        request,
        diff,
        lambda seen: term.due_apply(plan=plan, actor=person, seen=seen, reason=reason),
    )
    if count is None:
        return ask(
            request,
            course=course,
            title="Plan of the term",
            back=reverse("course-plan", args=[course_id]),
            diff=diff,
            changed={
                f"{move.assignment.title}, due": (move.assignment.due_at, move.new)
                for move in moves
            },
            error=error,
        )
    said = f"{count} due date{'s' if count != 1 else ''} set." if count else "All were as planned."
    messages.success(request, said)
    return redirect("course-plan", course_id)


def _plan_page(
    request: HttpRequest,
    course: Course,
    person: Person,
    *,
    may_change: bool,
    error: CourseserverError | None = None,
) -> HttpResponse:
    plan = plans.plan_of(course)
    context: dict[str, Any] = {
        "course": course,
        "plan": plan,
        "may_change": may_change,
        "error": error,
        "maps": all_maps(),
        "others": term.plans_to_copy(person, course) if may_change else [],
        "today": _today(),
    }
    if plan is not None:
        context |= {
            "map": plans.map_of(plan.map_slug),
            "weeks": term.student_weeks(plan, person),
            "moves": term.due_moves(plan),
            "to_add": term.labs_to_add(plan, _installed()),
            "days": list(enumerate(DAYS)),
        }
    return render(request, "grading/plan.html", context, status=error.status if error else 200)


def _instructor(request: HttpRequest, course_id: str) -> tuple[Person, Course]:
    person = access.person_of(request)
    return person, access.instructor_course_for(person, course_id)


def _plan(course: Course) -> Plan:
    plan = plans.plan_of(course)
    if plan is None:
        raise NotFound("This course has no plan yet.", remedy="Choose a syllabus first.")
    return plan


def _note(request: HttpRequest) -> str:
    return note(request.POST.get("reason", ""))


def _installed() -> list[MapLab]:
    return [MapLab(slug=lab.slug, number=lab.number, title=lab.title) for lab in all_labs()]


def _today() -> date:
    return timezone.localtime(clock.now()).date()


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Unprocessable(
            f"“{text[:20]}” is not a day.", remedy="Choose the first day of the term."
        ) from error


def _words(form: TermForm) -> str:
    field, errors = next(iter(form.errors.items()))
    names = {
        "starts_on": "First day",
        "breaks": "Weeks off",
        "due_day": "Day",
        "due_time": "Time",
    }
    return f"{names.get(str(field), field)}: {' '.join(str(e) for e in errors)}"
