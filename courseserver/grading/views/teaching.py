"""A lab's teaching notes, for the staff of a course."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from courseserver.common.errors import NotFound
from courseserver.courses import access
from courseserver.grading.criteria import came_with, rubric_of
from courseserver.grading.teaching import sheet

SCHEME = "lab"


@require_GET
def lab_notes(request: HttpRequest, course_id: str, slug: str) -> HttpResponse:
    course = access.staff_course_for(access.person_of(request), course_id)
    placed = course.assignments.filter(lab=slug).order_by("created_at").first()
    found = sheet(slug, rubric_of(placed) if placed else came_with(SCHEME, slug))
    if found is None:
        raise NotFound("There are no notes on this lab.", remedy="Open a lab from the plan.")
    context = {"course": course, "sheet": found, "assignment": placed}
    return render(request, "grading/notes.html", context)
