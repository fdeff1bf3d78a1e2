"""A student's own score of a lab: where it comes from, and asking for another look."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from courseserver.common.errors import CourseserverError, NotFound
from courseserver.common.typed import whole
from courseserver.courses import access
from courseserver.courses.models import Assignment, Person
from courseserver.grading import requests, selectors
from courseserver.grading.criteria import rubric_of
from courseserver.grading.models import Score, Submission
from courseserver.grading.selectors import SubmissionView
from labs.schemes import Level


@require_http_methods(["GET", "POST"])
def my_grade(request: HttpRequest, assignment_id: str) -> HttpResponse:
    person = access.person_of(request)
    assignment, _ = access.assignment_for(person, assignment_id)
    score = Score.objects.filter(assignment=assignment, person=person, is_voided=False)
    found = score.select_related("assignment", "submission__assignment").first()
    if found is None or not selectors.is_told(found, assignment):
        raise NotFound("You have handed nothing in here.", remedy="Open the lab from your course.")
    submission = found.submission
    if submission is None:
        context = {
            "assignment": assignment,
            "course": assignment.course,
            "view": selectors.score_view(found),
        }
        return render(request, "grading/mine.html", context)
    if request.method == "GET":
        return _page(request, assignment, person, submission)
    text = request.POST.get("text", "")
    number = request.POST.get("request", "")
    try:
        if number:
            asked = submission.regrade_requests.filter(pk=whole(number) or 0).first()
            if asked is None:
                raise NotFound("This request is not yours.", remedy="Load the page again.")
            requests.request_answer(request=asked, person=person, text=text)
        else:
            requests.request_ask(submission=submission, person=person, text=text)
    except CourseserverError as error:
        return _page(request, assignment, person, submission, error=error, text=text)
    messages.success(request, "Sent. Your instructors answer here.")
    return redirect("my-grade", assignment_id)


def _page(
    request: HttpRequest,
    assignment: Assignment,
    person: Person,
    submission: Submission,
    *,
    error: CourseserverError | None = None,
    text: str = "",
) -> HttpResponse:
    view = selectors.submission_view(submission.attempt_id)
    assert view is not None
    found = requests.threads(submission, {person.pk: "You"})
    context = {
        "assignment": assignment,
        "course": assignment.course,
        "view": view,
        "feedback": _feedback(assignment, view),
        "threads": found,
        "shows_leaders": assignment.shows_leaders,
        "may_ask": view.is_full
        and not selectors.hides_marks(assignment)
        and not any(thread.is_open for thread in found),
        "text": text,
        "error": error,
    }
    return render(request, "grading/mine.html", context, status=error.status if error else 200)


def _feedback(assignment: Assignment, view: SubmissionView) -> list[tuple[str, str, str, bool]]:
    """Return each criterion's title, its level, what that level meant, and if it counts still."""
    asked = {criterion.id for criterion in rubric_of(assignment)}
    return [
        (c.title, view.log_levels[c.id], c.texts[Level(view.log_levels[c.id])], c.id in asked)
        for c in view.rubric
        if c.id in view.log_levels
    ]
