"""One student's history in a course."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from courseserver.common.errors import NotFound
from courseserver.courses import access, selectors
from courseserver.courses.models import Role
from courseserver.grading.trail import attempts_of, trail


@require_GET
def student_trail(request: HttpRequest, course_id: str, person_id: str) -> HttpResponse:
    course, enrolment = access.course_for(access.person_of(request), course_id)
    access.staff_enrolment_in(enrolment.person, course)
    access.student_seen_by(enrolment, person_id)
    member = selectors.member(course, person_id)
    if member is None:
        raise NotFound(
            "No such person in this course.", remedy="Open the student from the lab's list."
        )
    context = {
        "course": course,
        "member": member,
        "lines": trail(course, person_id, is_instructor=enrolment.role == Role.INSTRUCTOR),
        "attempts": attempts_of(course, person_id),
    }
    return render(request, "grading/trail.html", context)
