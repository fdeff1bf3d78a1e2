"""The course's page: "what needs me?" for staff; this week, else labs and scores, for students."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from courseserver.courses import access
from courseserver.courses.plans import plan_of
from courseserver.grading import selectors
from courseserver.grading.facts import late_hours
from courseserver.grading.foresight import foresight
from courseserver.grading.late import policy_of
from courseserver.grading.requests import open_count


def course_home(request: HttpRequest, course_id: str) -> HttpResponse:
    course, enrolment = access.course_for(access.person_of(request), course_id)
    is_planned = plan_of(course) is not None
    if not enrolment.is_staff:
        if is_planned and "all" not in request.GET:
            return redirect("course-week", course_id)
        items = selectors.student_assignments(course, enrolment.person)
        policy = policy_of(course)
        context = {
            "course": course,
            "items": items,
            "is_planned": is_planned,
            "policy": policy,
            "foresight": foresight(course, enrolment.person),
            "hours": late_hours(course, enrolment.person) if policy.has_bank else None,
        }
        return render(request, "grading/course_student.html", context)
    seen = access.sections_seen(enrolment)
    boards = selectors.boards(course, seen)
    context = {
        "course": course,
        "is_planned": is_planned,
        "boards": boards,
        "has_no_section": access.has_no_section(enrolment),
        "requests": open_count(course, seen),
        "needs": selectors.needs(boards),
        "pause": next((board.pause for board in boards if board.pause), None),
    }
    return render(request, "grading/course_staff.html", context)
