"""The roster's page: read it from the LMS, see what would change, take it over."""

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from courseserver.common.errors import CourseserverError
from courseserver.courses import access, roster
from courseserver.courses.models import Course, Person, Role, RosterReading, RosterState
from courseserver.courses.selectors import members
from courseserver.courses.tasks import read_roster_soon


@require_GET
def roster_page(request: HttpRequest, course_id: str) -> HttpResponse:
    person = access.person_of(request)
    course, _ = access.course_for(person, course_id)
    enrolment = access.staff_enrolment_in(person, course)
    reading = RosterReading.objects.filter(course=course).first()
    diff = None
    sees_all = access.sections_seen(enrolment) is None
    if reading is not None and reading.state == RosterState.READ and sees_all:
        diff = roster.diff_with(course, roster.members_in(reading))
    people = [m for m in members(course) if access.may_see(enrolment, m.sections)]
    context = {
        "course": course,
        "reading": reading,
        "is_reading": reading is not None and reading.state == RosterState.ASKED,
        "diff": diff,
        "may_change": enrolment.role == Role.INSTRUCTOR,
        "active": [member for member in people if member.is_active],
        "gone": [member for member in people if not member.is_active],
    }
    return render(request, "grading/roster.html", context)


@require_POST
def roster_read(request: HttpRequest, course_id: str) -> HttpResponse:
    """Ask a worker to read the roster."""
    person, course = _instructor(request, course_id)
    with transaction.atomic():
        roster.roster_ask(course=course, actor=person)
        transaction.on_commit(lambda: read_roster_soon(course.pk))
    return redirect("course-roster", course_id)


@require_POST
def roster_apply(request: HttpRequest, course_id: str) -> HttpResponse:
    """Take over what the page showed."""
    person, course = _instructor(request, course_id)
    with_left = request.POST.get("with_left") == "on"
    seen = request.POST.get("seen", "")
    try:
        diff = roster.roster_apply(course=course, actor=person, seen=seen, with_left=with_left)
    except CourseserverError as error:
        messages.warning(request, f"{error.detail} {error.remedy}")
        return redirect("course-roster", course_id)
    said = f"Roster taken over: {len(diff.new)} new, {len(diff.back)} back"
    if with_left or not diff.looks_halved:
        said += f", {len(diff.left)} no longer here"
    messages.success(request, f"{said}.")
    return redirect("course-roster", course_id)


@require_POST
def roster_drop(request: HttpRequest, course_id: str) -> HttpResponse:
    """Forget what was read; nothing changes."""
    person, course = _instructor(request, course_id)
    roster.roster_drop(course=course, actor=person)
    messages.info(request, "Nothing was changed.")
    return redirect("course-roster", course_id)


def _instructor(request: HttpRequest, course_id: str) -> tuple[Person, Course]:
    person = access.person_of(request)
    course, _ = access.course_for(person, course_id)
    access.instructor_enrolment_in(person, course)
    return person, course
