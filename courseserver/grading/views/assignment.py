"""An assignment as its staff see it: who is where, where to go, and its settings."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from courseserver.courses import access
from courseserver.courses.models import Assignment, Role
from courseserver.grading import selectors, settings_change, tables
from courseserver.grading.forms import SettingsForm


def assignment_staff(request: HttpRequest, assignment_id: str) -> HttpResponse:
    assignment, enrolment = access.staff_assignment_for(access.person_of(request), assignment_id)
    form = SettingsForm(
        initial={
            "send_mode": assignment.send_mode,
            "shared_parameters": assignment.shared_parameters,
            "due_at": assignment.due_at,
        }
    )
    return _page(request, assignment, form, may_change=enrolment.role == Role.INSTRUCTOR)


@require_POST
def assignment_settings(request: HttpRequest, assignment_id: str) -> HttpResponse:
    person = access.person_of(request)
    assignment, _ = access.staff_assignment_for(person, assignment_id)
    access.instructor_enrolment_in(person, assignment.course)
    form = SettingsForm(request.POST)
    if not form.is_valid():
        return _page(request, assignment, form, may_change=True)
    moved = settings_change.settings_change(
        assignment=assignment, actor=person, **form.cleaned_data
    )
    messages.success(request, moved.words)
    return redirect("assignment-staff", assignment_id)


def _page(
    request: HttpRequest, assignment: Assignment, form: SettingsForm, *, may_change: bool
) -> HttpResponse:
    board = selectors.board(assignment)
    context = {
        "assignment": assignment,
        "course": assignment.course,
        "board": board,
        "table": tables.arrange(board.rows, request.GET),
        "form": form,
        "may_change": may_change,
    }
    return render(request, "grading/assignment.html", context, status=422 if form.errors else 200)
