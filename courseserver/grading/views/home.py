"""The course's page: "what needs me?" for staff, labs and scores for students."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from courseserver.courses import access
from courseserver.grading import selectors


def course_home(request: HttpRequest, course_id: str) -> HttpResponse:
    course, enrolment = access.course_for(access.person_of(request), course_id)
    if not enrolment.is_staff:
        items = selectors.student_assignments(course, enrolment.person)
        return render(request, "grading/course_student.html", {"course": course, "items": items})
    boards = selectors.boards(course)
    context = {
        "course": course,
        "boards": boards,
        "needs": selectors.needs(boards),
        "pause": next((board.pause for board in boards if board.pause), None),
    }
    return render(request, "grading/course_staff.html", context)
