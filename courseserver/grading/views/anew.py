"""Changes of many scores at once, each shown before it is made: the rubric, a version anew."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from courseserver.common.errors import CourseserverError
from courseserver.courses import access
from courseserver.courses.models import Assignment, Person, Role
from courseserver.grading import regrading, rubric
from courseserver.grading.changes import Diff
from courseserver.grading.facts import scheme_of
from labs.schemes import Level


@require_http_methods(["GET", "POST"])
def rubric_page(request: HttpRequest, assignment_id: str) -> HttpResponse:
    """Show what levels are worth; with `look`, what other points would change."""
    person = access.person_of(request)
    assignment, enrolment = access.staff_assignment_for(person, assignment_id)
    scheme = scheme_of(assignment)
    may_change = enrolment.role == Role.INSTRUCTOR
    error: CourseserverError | None = None
    diff: Diff | None = None
    typed = request.GET if "look" in request.GET else request.POST
    if typed:
        access.instructor_enrolment_in(person, assignment.course)
        try:
            wanted = rubric.rubric_read(scheme, typed.dict())
            if request.method == "POST":
                seen = request.POST.get("seen", "")
                count = rubric.rubric_change(
                    assignment=assignment, wanted=wanted, seen=seen, actor=person
                )
                messages.success(request, _changed(count))
                return redirect("rubric", assignment_id)
            diff = rubric.rubric_diff(assignment, wanted)
        except CourseserverError as refusal:
            error = refusal
    context = {
        "assignment": assignment,
        "course": assignment.course,
        "levels": [level.value for level in Level],
        "rows": [
            {
                "title": criterion.title,
                "cells": [
                    {
                        "name": f"{criterion.id}-{level.value}",
                        "level": level.value,
                        "value": typed.get(f"{criterion.id}-{level.value}")
                        or criterion.points[level],
                        "text": criterion.texts[level],
                    }
                    for level in Level
                ],
            }
            for criterion in scheme.criteria
        ],
        "diff": diff,
        "may_change": may_change,
        "error": error,
    }
    return render(request, "grading/rubric.html", context, status=error.status if error else 200)


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
