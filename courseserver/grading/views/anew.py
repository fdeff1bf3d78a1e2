"""Changes of many scores at once, each shown before it is made: the rubric, a version anew."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from courseserver.common.errors import CourseserverError
from courseserver.common.typed import whole
from courseserver.courses import access
from courseserver.courses.models import Assignment, Person, Role
from courseserver.courses.selectors import members
from courseserver.grading import regrading, rubric
from courseserver.grading.changes import Diff
from courseserver.grading.criteria import Rubric, rubric_of, scheme_of
from labs.schemes import Criterion, Level


@require_http_methods(["GET", "POST"])
def rubric_page(request: HttpRequest, assignment_id: str) -> HttpResponse:
    """Show the rubric to be edited, on a `look` what that would change, and its history."""
    person = access.person_of(request)
    assignment, enrolment = access.staff_assignment_for(person, assignment_id)
    error: CourseserverError | None = None
    proposed: rubric.Proposal | None = None
    if request.method == "POST":
        access.instructor_enrolment_in(person, assignment.course)
        try:
            wanted = rubric.rubric_read(assignment, request.POST.dict())
            if request.POST.get("action") == "use":
                count = rubric.rubric_change(
                    assignment=assignment,
                    wanted=wanted,
                    seen=request.POST.get("seen", ""),
                    reason=request.POST.get("reason", ""),
                    actor=person,
                )
                messages.success(request, f"Rubric changed. {_changed(count)}")
                return redirect("rubric", assignment_id)
            proposed = rubric.proposal(assignment, wanted)
        except CourseserverError as refusal:
            error = refusal
            proposed = _shown_again(assignment, request)
    names = {m.person_id: m.name for m in members(assignment.course)}
    newest = rubric_of(assignment)
    context = {
        "assignment": assignment,
        "course": assignment.course,
        "scheme": scheme_of(assignment, newest),
        "rows": [
            *(_criterion_row(criterion, request) for criterion in _edited(assignment, request)),
            _blank_row(request),
        ],
        "proposal": proposed,
        "diff": proposed.diff if proposed else None,
        "reason": request.POST.get("reason", ""),
        "editions": [
            {
                "edition": edition,
                "who": names.get(edition.version.changed_by_id or "", "—"),
                "is_a_beginning": _begun(newest, edition.rubric) != newest,
            }
            for edition in rubric.history(assignment)
        ],
        "came_is_a_beginning": _begun(newest, rubric_of(assignment, 0)) != newest,
        "unjudged": len(rubric.unjudged(assignment)),
        "limits": {"title": rubric.TITLE_MAX, "text": rubric.TEXT_MAX},
        "may_change": enrolment.role == Role.INSTRUCTOR,
        "error": error,
    }
    return render(request, "grading/rubric.html", context, status=error.status if error else 200)


def _shown_again(assignment: Assignment, request: HttpRequest) -> rubric.Proposal | None:
    """Return what would change after a refused confirmation, to be looked at once more."""
    if request.POST.get("action") != "use":
        return None
    try:
        return rubric.proposal(assignment, rubric.rubric_read(assignment, request.POST.dict()))
    except CourseserverError:
        return None


def _edited(assignment: Assignment, request: HttpRequest) -> Rubric:
    """Return the rubric that the form begins with: the newest, or in `?from=` an earlier one.

    Criteria that only an earlier one had cannot come back by it: their marks are history.
    """
    newest, wanted = rubric_of(assignment), whole(request.GET.get("from", ""))
    return newest if wanted is None else _begun(newest, rubric_of(assignment, wanted))


def _begun(newest: Rubric, earlier: Rubric) -> Rubric:
    known = {criterion.id: criterion for criterion in earlier}
    return tuple(known.get(criterion.id, criterion) for criterion in newest)


def _criterion_row(criterion: Criterion, request: HttpRequest) -> dict[str, object]:
    typed, key = request.POST, criterion.id
    return {
        "id": key,
        "title": typed.get(f"{key}-title", criterion.title),
        "is_removed": bool(typed.get(f"{key}-remove")),
        "cells": [
            {
                "level": level.value,
                "points": typed.get(f"{key}-{level}", f"{criterion.points[level]:g}"),
                "text": typed.get(f"{key}-{level}-text", criterion.texts[level]),
            }
            for level in Level
        ],
    }


def _blank_row(request: HttpRequest) -> dict[str, object]:
    points = dict(zip(Level, (10.0, 6.0, 2.0), strict=True))
    blank = Criterion(
        id=rubric.NEW, title="", points=points, texts=dict.fromkeys(Level, ""), signals=None
    )
    return _criterion_row(blank, request) | {"is_new": True}


@require_http_methods(["GET", "POST"])
def regrade_page(request: HttpRequest, assignment_id: str) -> HttpResponse:
    """Show what computing a version anew would change; a POST does what was seen."""
    person, assignment = _instructor(request, assignment_id)
    error: CourseserverError | None = None
    diff: Diff | None = None
    version = request.POST.get("version", "") or request.GET.get("version", "")
    reason = request.POST.get("reason", "")
    try:
        if request.method == "POST":
            seen = request.POST.get("seen", "")
            count = regrading.version_regrade(
                assignment=assignment, version=version, seen=seen, reason=reason, actor=person
            )
            messages.success(request, _changed(count))
            return redirect("assignment-staff", assignment_id)
        if version:
            diff = regrading.proposal(assignment, version).diff
    except CourseserverError as refusal:
        error = refusal
    context = {
        "assignment": assignment,
        "course": assignment.course,
        "versions": regrading.versions_of(assignment),
        "version": version,
        "reason": reason,
        "diff": diff,
        "error": error,
    }
    return render(request, "grading/regrade.html", context, status=error.status if error else 200)


def _changed(count: int) -> str:
    return f"{count} score{'' if count == 1 else 's'} changed; grades in the LMS follow."


def _instructor(request: HttpRequest, assignment_id: str) -> tuple[Person, Assignment]:
    person = access.person_of(request)
    assignment, _ = access.staff_assignment_for(person, assignment_id)
    access.instructor_enrolment_in(person, assignment.course)
    return person, assignment
