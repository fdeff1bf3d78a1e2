"""A lab's table of designs, and what a student is called on such tables."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from courseserver.common.errors import Conflict, CourseserverError, NotFound, Unprocessable
from courseserver.courses import access
from courseserver.courses.models import Assignment, Enrolment
from courseserver.courses.ranking import (
    LISTED_LEAST,
    NAME_MAX,
    Presence,
    presence_of,
    rank_name_clear,
    rank_name_typed,
)
from courseserver.grading import leaders
from courseserver.grading.models import Score


@require_http_methods(["GET", "POST"])
def leaders_page(request: HttpRequest, assignment_id: str) -> HttpResponse:
    """Show the table; a POST chooses how a student stands on it, or clears a name (staff)."""
    assignment, enrolment = _reader(request, assignment_id)
    typed: Presence | None = None
    error: CourseserverError | None = None
    if request.method == "POST":
        try:
            said = _change(request, enrolment)
        except (Conflict, Unprocessable) as refusal:
            error, typed = refusal, _typed(request)
        else:
            messages.success(request, said)
            return redirect("leaders", assignment_id)
    found = leaders.listed(assignment)
    projector = enrolment.is_staff and request.GET.get("projector") == "1"
    is_enough = len(found) >= LISTED_LEAST or (enrolment.is_staff and not projector)
    context = {
        "assignment": assignment,
        "course": assignment.course,
        "is_staff": enrolment.is_staff,
        "may_clear": enrolment.is_staff and not projector,
        "projector": projector,
        "is_enough": is_enough,
        "least": LISTED_LEAST,
        "count": len(found),
        "ties": leaders.ties(found) if projector and is_enough else (),
        "rows": leaders.leaders(assignment, found, enrolment)
        if is_enough and not projector
        else (),
        "presence": typed or presence_of(assignment.course, enrolment.person),
        "name_max": NAME_MAX,
        "error": error,
    }
    return render(request, "grading/leaders.html", context, status=error.status if error else 200)


def _reader(request: HttpRequest, assignment_id: str) -> tuple[Assignment, Enrolment]:
    """Return the assignment for staff, or for a student who handed in and may see the table."""
    person = access.person_of(request)
    assignment, enrolment = access.assignment_for(person, assignment_id)
    if not assignment.shows_leaders:
        raise NotFound(
            "This lab has no table of designs.",
            remedy="Instructors switch it on in the settings of the lab.",
        )
    if not enrolment.is_staff:
        mine = Score.objects.filter(assignment=assignment, person=person, is_voided=False)
        if not mine.filter(submission__isnull=False).exists():
            raise NotFound("The table opens when you have handed in.", remedy="Finish the lab.")
    return assignment, enrolment


def _change(request: HttpRequest, enrolment: Enrolment) -> str:
    if enrolment.is_staff:
        person_id = request.POST.get("person", "")
        access.student_seen_by(enrolment, person_id)
        rank_name_clear(course=enrolment.course, person_id=person_id, actor=enrolment.person)
        return "Name taken off the tables."
    return rank_name_typed(enrolment, request.POST.dict())


def _typed(request: HttpRequest) -> Presence:
    """Return what was typed and refused, to be shown again."""
    return Presence(pseudonym=request.POST.get("pseudonym", "")[:NAME_MAX])
