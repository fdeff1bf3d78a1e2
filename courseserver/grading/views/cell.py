"""One student's score in one lab, as staff decide about it; and requests for another look."""

from collections.abc import Mapping

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from courseserver.common.errors import CourseserverError, NotFound, Unprocessable
from courseserver.courses import access
from courseserver.courses import selectors as course_selectors
from courseserver.courses.due import due_dates
from courseserver.courses.models import Assignment, Enrolment, Person, Role
from courseserver.grading import decisions, policy, requests, selectors, trail
from courseserver.grading.facts import facts_of
from courseserver.grading.models import Override, RegradeRequest, RequestState, Submission


@require_GET
def grade_cell(request: HttpRequest, assignment_id: str, person_id: str) -> HttpResponse:
    assignment, enrolment, student = _student(request, assignment_id, person_id)
    return _page(request, assignment, enrolment, student)


@require_POST
def cell_set(request: HttpRequest, assignment_id: str, person_id: str) -> HttpResponse:
    """Set a score by hand, or with `take` let the computed one count again."""
    assignment, enrolment, student = _instructor(request, assignment_id, person_id)
    actor = enrolment.person
    try:
        if request.POST.get("action") == "take":
            decisions.override_take(
                assignment=assignment,
                person=student,
                reason=request.POST.get("reason", ""),
                actor=actor,
            )
            messages.success(request, "Taken back: what is handed in counts again.")
        else:
            decisions.override_set(
                assignment=assignment,
                person=student,
                points=_points(request.POST.get("points", "")),
                reason=request.POST.get("reason", ""),
                actor=actor,
            )
            messages.success(request, "Score set.")
    except Unprocessable as error:
        return _page(
            request, assignment, enrolment, student, error=error, typed=request.POST.dict()
        )
    return redirect("grade-cell", assignment_id, person_id)


@require_POST
def cell_hold(request: HttpRequest, assignment_id: str, person_id: str) -> HttpResponse:
    """Keep one grade from the LMS, or with `lift` let it go."""
    assignment, enrolment, student = _instructor(request, assignment_id, person_id)
    actor = enrolment.person
    try:
        reason = request.POST.get("reason", "")
        if request.POST.get("action") == "lift":
            decisions.hold_lift(assignment=assignment, person=student, reason=reason, actor=actor)
            messages.success(request, "The grade is no longer kept back.")
        else:
            decisions.hold_put(assignment=assignment, person=student, reason=reason, actor=actor)
            messages.success(request, "The grade stays here until you let it go.")
    except Unprocessable as error:
        return _page(request, assignment, enrolment, student, error=error)
    return redirect("grade-cell", assignment_id, person_id)


@require_GET
def regrades(request: HttpRequest, course_id: str) -> HttpResponse:
    """List a course's requests for another look, open ones first."""
    person = access.person_of(request)
    course, enrolment = access.course_for(person, course_id)
    access.staff_enrolment_in(person, course)
    members = {m.person_id: m for m in course_selectors.members(course)}
    found = requests.requests_in(course)
    open_ones = [r for r in found if r.state == RequestState.OPEN]
    closed = [r for r in found if r.state != RequestState.OPEN]
    items = [
        {
            "request": one,
            "assignment": one.submission.assignment,
            "person_id": one.submission.person_id,
            "name": members[one.submission.person_id].name,
            "is_open": one.state == RequestState.OPEN,
        }
        for one in [*open_ones, *reversed(closed)]
        if one.submission.person_id in members
        and access.may_see(enrolment, members[one.submission.person_id].sections)
    ]
    return render(request, "grading/regrades.html", {"course": course, "items": items})


@require_POST
def regrade_answer(request: HttpRequest, request_id: int) -> HttpResponse:
    """Answer a request, or close it as regraded or declined."""
    found = RegradeRequest.objects.select_related("submission__assignment__course")
    asked = found.filter(pk=request_id).first()
    if asked is None:
        raise NotFound("There is no such request.", remedy="Open the list of requests again.")
    submission = asked.submission
    assignment, enrolment, student = _student(
        request, submission.assignment_id, submission.person_id
    )
    person, text = enrolment.person, request.POST.get("text", "")
    action = request.POST.get("action", "answer")
    try:
        if action == "answer":
            requests.request_answer(request=asked, person=person, text=text)
            messages.success(request, "Answer sent.")
        else:
            requests.request_close(
                request=asked, person=person, is_regraded=action == "regraded", text=text
            )
            messages.success(request, "Request closed.")
    except CourseserverError as error:
        return _page(request, assignment, enrolment, student, error=error)
    return redirect("grade-cell", assignment.pk, student.pk)


def _student(
    request: HttpRequest, assignment_id: str, person_id: str
) -> tuple[Assignment, Enrolment, Person]:
    assignment, enrolment = access.staff_assignment_for(access.person_of(request), assignment_id)
    return assignment, enrolment, access.student_seen_by(enrolment, person_id).person


def _instructor(
    request: HttpRequest, assignment_id: str, person_id: str
) -> tuple[Assignment, Enrolment, Person]:
    assignment, enrolment, student = _student(request, assignment_id, person_id)
    access.instructor_enrolment_in(enrolment.person, assignment.course)
    return assignment, enrolment, student


def _points(text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise Unprocessable(
            f"“{text[:20]}” is not a number of points.", remedy="Give a number."
        ) from error


def _page(
    request: HttpRequest,
    assignment: Assignment,
    enrolment: Enrolment,
    student: Person,
    *,
    error: CourseserverError | None = None,
    typed: Mapping[str, str] | None = None,
) -> HttpResponse:
    course = assignment.course
    facts = facts_of(course, [student.pk], assignments=[assignment]).get(student.pk)
    mark = policy.marks(facts).get(assignment.pk) if facts else None
    names = {m.person_id: m.name for m in course_selectors.members(course)}
    handed = mark.handed if mark else None
    submission = Submission.objects.get(pk=handed.id) if handed else None
    board = selectors.board(assignment)
    lines = trail.trail(course, student.pk, is_instructor=enrolment.role == Role.INSTRUCTOR)
    context = {
        "assignment": assignment,
        "course": course,
        "member": course_selectors.member(course, student.pk),
        "mark": mark,
        "computed": policy.computed_points(mark) if mark else None,
        "row": next((row for row in board.rows if row.person_id == student.pk), None),
        "due_at": due_dates(assignment, [student.pk]).of(student.pk),
        "bank": facts.bank_h if facts else 0,
        "bank_left": policy.bank_left(facts) if facts else 0,
        "override": Override.objects.filter(assignment=assignment, person=student).first(),
        # Whose log waits for a mark nobody is told where logs are marked without names.
        "is_hidden": course.marks_anonymously and mark is not None and not mark.total.is_full,
        "threads": requests.threads(submission, names) if submission else (),
        "may_change": enrolment.role == Role.INSTRUCTOR,
        "lines": [line for line in lines if line.assignment_title == assignment.title],
        "error": error,
        "typed": typed,
    }
    return render(request, "grading/cell.html", context, status=error.status if error else 200)
