"""The course's page: "what needs me?" for staff, labs and scores for students."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from courseserver.courses import access
from courseserver.grading import selectors
from courseserver.grading.late import policy_of


def course_home(request: HttpRequest, course_id: str) -> HttpResponse:
    course, enrolment = access.course_for(access.person_of(request), course_id)
    if not enrolment.is_staff:
        items = selectors.student_assignments(course, enrolment.person)
        context = {"course": course, "items": items, "policy": policy_of(course)}
        return render(request, "grading/course_student.html", context)
    boards = selectors.boards(course)
    context = {
        "course": course,
        "boards": boards,
        "needs": selectors.needs(boards),
        "pause": next((board.pause for board in boards if board.pause), None),
    }
    return render(request, "grading/course_staff.html", context)
