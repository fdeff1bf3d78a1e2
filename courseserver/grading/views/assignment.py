"""An assignment as its staff see it: who is where, where to go, and its settings."""

from collections.abc import Mapping
from datetime import datetime

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from courseserver.common.errors import CourseserverError, NotFound, Unprocessable
from courseserver.common.typed import whole
from courseserver.courses import access
from courseserver.courses.models import Assignment, Role
from courseserver.courses.selectors import whom_of
from courseserver.grading import foreseen, more_time, selectors, settings_change, tables
from courseserver.grading.changes import Diff
from courseserver.grading.forms import ExtensionForm, SettingsForm
from courseserver.grading.late import policy_of
from courseserver.grading.teaching import has_challenge, has_notes, parts_of
from courseserver.grading.views.foreseen import ask, done_as_seen
from labs.schemes import all_schemes


def assignment_staff(request: HttpRequest, assignment_id: str) -> HttpResponse:
    assignment, enrolment = access.staff_assignment_for(access.person_of(request), assignment_id)
    form = _settings_of(assignment)
    return _page(
        request,
        assignment,
        form,
        may_change=enrolment.role == Role.INSTRUCTOR,
        seen=access.sections_seen(enrolment),
    )


@require_POST
def assignment_settings(request: HttpRequest, assignment_id: str) -> HttpResponse:
    person = access.person_of(request)
    assignment, _ = access.staff_assignment_for(person, assignment_id)
    access.instructor_enrolment_in(person, assignment.course)
    form = SettingsForm(
        request.POST,
        parts=parts_of(assignment.lab),
        scheme=assignment.scheme,
        present_due=assignment.due_at,
    )
    if not form.is_valid():
        return _page(request, assignment, form, may_change=True)
    wanted = dict(form.cleaned_data)
    reason = wanted.pop("reason")
    diff = foreseen.of_lab(assignment, wanted)
    moved, error = done_as_seen(
        request,
        diff,
        lambda seen: settings_change.settings_change(
            assignment=assignment, actor=person, reason=reason, seen=seen, **wanted
        ),
    )
    if moved is not None:
        messages.success(request, moved.words)
        return redirect("assignment-staff", assignment_id)
    return ask(
        request,
        course=assignment.course,
        title=assignment.title,
        back=reverse("assignment-staff", args=[assignment_id]),
        diff=diff,
        changed=settings_change.changed_in(assignment, wanted),
        error=error,
    )


@require_POST
def extension_give(request: HttpRequest, assignment_id: str) -> HttpResponse:
    """Give a person or a section a later due date."""
    person = access.person_of(request)
    assignment, _ = access.staff_assignment_for(person, assignment_id)
    access.instructor_enrolment_in(person, assignment.course)
    given = ExtensionForm(request.POST)
    if not given.is_valid():
        return _page(request, assignment, _settings_of(assignment), may_change=True, given=given)
    fields = dict(given.cleaned_data)
    whom = fields.pop("whom")

    def give(seen: str | None = None) -> int:
        return more_time.extension_give(
            assignment=assignment, actor=person, seen=seen, **whom, **fields
        )

    try:
        diff = foreseen.of_doing(assignment.course, give)
    except Unprocessable as refusal:
        given.add_error("due_at", f"{refusal.detail} {refusal.remedy}")
        return _page(request, assignment, _settings_of(assignment), may_change=True, given=given)
    rescored, error = done_as_seen(request, diff, give)
    if rescored is None:
        due = (more_time.due_of(assignment, **whom), fields["due_at"])
        return _ask_due(request, assignment, whom, due, diff, error)
    messages.success(request, f"Extension given.{_rescored(rescored)}")
    return redirect("assignment-staff", assignment_id)


@require_POST
def extension_take(request: HttpRequest, assignment_id: str) -> HttpResponse:
    """Take an extension back."""
    person = access.person_of(request)
    assignment, _ = access.staff_assignment_for(person, assignment_id)
    access.instructor_enrolment_in(person, assignment.course)
    number = whole(request.POST.get("extension", "")) or 0
    extension = assignment.extensions.filter(pk=number).first()
    if extension is None:
        raise NotFound("There is no such extension.", remedy="Open the lab's page again.")

    def take(seen: str | None = None) -> int:
        reason = request.POST.get("reason", "")
        return more_time.extension_take(extension=extension, actor=person, reason=reason, seen=seen)

    diff = foreseen.of_doing(assignment.course, take)
    rescored, error = done_as_seen(request, diff, take)
    if rescored is None:
        whom = {"person_id": extension.person_id or "", "section": extension.section}
        due = (extension.due_at, more_time.due_of(assignment, **whom, is_taken=True))
        return _ask_due(request, assignment, whom, due, diff, error)
    messages.success(request, f"Extension taken back.{_rescored(rescored)}")
    return redirect("assignment-staff", assignment_id)


def _ask_due(
    request: HttpRequest,
    assignment: Assignment,
    whom: Mapping[str, str],
    due: tuple[datetime | None, datetime | None],
    diff: Diff,
    error: CourseserverError | None,
) -> HttpResponse:
    return ask(
        request,
        course=assignment.course,
        title=assignment.title,
        back=reverse("assignment-staff", args=[assignment.pk]),
        diff=diff,
        changed={f"Due, for {whom_of(assignment.course, **whom)}": due},
        error=error,
    )


def _rescored(count: int) -> str:
    return f" {count} score{'' if count == 1 else 's'} changed." if count else ""


def _settings_of(assignment: Assignment) -> SettingsForm:
    return SettingsForm(
        initial={name: getattr(assignment, name, "") for name in SettingsForm.base_fields},
        parts=parts_of(assignment.lab),
        scheme=assignment.scheme,
        present_due=assignment.due_at,
    )


def _page(
    request: HttpRequest,
    assignment: Assignment,
    form: SettingsForm,
    *,
    may_change: bool,
    given: ExtensionForm | None = None,
    seen: frozenset[str] | None = None,
) -> HttpResponse:
    board = selectors.board(assignment, seen)
    names = {row.person_id: row.name for row in board.rows}
    context = {
        "assignment": assignment,
        "course": assignment.course,
        "board": board,
        "has_no_section": seen == frozenset(),
        "table": tables.arrange(board.rows, request.GET),
        "form": form,
        "may_change": may_change,
        "given": given or ExtensionForm(),
        "extensions": [
            {"extension": e, "whom": names.get(e.person_id or "", "") or e.section or "Somebody"}
            for e in assignment.extensions.order_by("due_at", "pk")
            if seen is None or e.person_id in names or e.section in seen
        ],
        "sections": sorted({name for row in board.rows for name in row.sections}),
        "policy": policy_of(assignment.course),
        "has_notes": has_notes(assignment.lab),
        "schemes": sorted(all_schemes(), key=lambda scheme: -scheme.points_max),
        "has_challenge": has_challenge(assignment.lab),
    }
    is_wrong = bool(form.errors or (given and given.errors))
    return render(request, "grading/assignment.html", context, status=422 if is_wrong else 200)
