"""Marking Decision Logs: one at a time, the student's own evidence beside it."""

from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from courseserver.common.errors import NotFound, Unprocessable
from courseserver.courses import access
from courseserver.courses import selectors as course_selectors
from courseserver.courses.models import Person
from courseserver.grading import evidence, selectors, services, tracing
from courseserver.grading.forms import levels_in
from courseserver.grading.likeness import alike
from courseserver.grading.models import LogMark, Submission
from courseserver.grading.suggestion import Suggestion, suggestions
from labs.content import CriterionText
from labs.loader import UnknownLab, load_lab
from labs.schemes import Criterion, Level, load_scheme

_KEYS = {Level.FULL: "1", Level.PART: "2", Level.NONE: "3"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    level: Level
    key: str
    points: float
    text: str
    is_chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CriterionForm:
    id: str
    title: str
    choices: tuple[Choice, ...]
    suggestion: Suggestion | None


@require_GET
def log_queue(request: HttpRequest, assignment_id: str) -> HttpResponse:
    """Open the log that waits longest, or say that none does."""
    assignment, _ = access.staff_assignment_for(access.person_of(request), assignment_id)
    waiting = selectors.logs_to_mark(assignment)
    if waiting:
        return redirect("log-mark", waiting[0].id)
    context = {"assignment": assignment, "course": assignment.course}
    return render(request, "grading/log_none.html", context)


@require_http_methods(["GET", "POST"])
def log_mark(request: HttpRequest, submission_id: str) -> HttpResponse:
    person = access.person_of(request)
    submission = _submission_for(person, submission_id)
    if request.method == "GET":
        return _page(request, submission)
    scheme = load_scheme(submission.assignment.scheme)
    levels = levels_in(scheme, request.POST)
    comment = request.POST.get("comment", "")
    try:
        services.log_mark(
            submission=submission,
            marker=person,
            levels=levels,
            comment=comment,
            seen_number=_whole(request.POST.get("seen_number", "")),
        )
    except Unprocessable as error:
        return _page(request, submission, levels=levels, comment=comment, error=error)
    messages.success(request, "Mark saved.")
    return redirect("log-queue", submission.assignment_id)


def _submission_for(person: Person, submission_id: str) -> Submission:
    submissions = Submission.objects.select_related("assignment__course", "person")
    submission = submissions.filter(pk=submission_id).first()
    if submission is None:
        raise NotFound("No such thing in your courses.", remedy="Open it again from your course.")
    access.staff_assignment_for(person, submission.assignment_id)
    return submission


def _whole(text: str) -> int:
    return int(text) if text.isdigit() and len(text) < 7 else 0


def _page(
    request: HttpRequest,
    submission: Submission,
    *,
    levels: dict[str, Level] | None = None,
    comment: str | None = None,
    error: Unprocessable | None = None,
) -> HttpResponse:
    assignment = submission.assignment
    scheme = load_scheme(assignment.scheme)
    found = evidence.from_json(submission.evidence)
    pieces = tracing.segments(submission.log_text, found.numbers)
    marks = list(submission.log_marks.prefetch_related("criteria").order_by("-number"))
    chosen = levels if levels is not None else _levels_of(marks)
    suggested = suggestions(scheme.criteria, submission.log_text, pieces)
    texts = _lab_texts(submission.lab_slug)
    waiting = [s.id for s in selectors.logs_to_mark(assignment)]
    context = {
        "assignment": assignment,
        "course": assignment.course,
        "submission": submission,
        "name": course_selectors.name_of(assignment.course, submission.person_id),
        "pieces": pieces,
        "traced": tracing.traced(pieces),
        "untraced": tracing.untraced(pieces),
        "words": len(submission.log_text.split()),
        "evidence": found,
        "alike": _alike(submission),
        "criteria": [
            _criterion_form(c, texts.get(c.id), chosen.get(c.id), suggested.get(c.id))
            for c in scheme.criteria
        ],
        "comment": comment if comment is not None else marks[0].comment if marks else "",
        "marks": [_history(mark) for mark in marks],
        "seen_number": marks[0].number if marks else 0,
        "is_newest": services.newest_submission(assignment, submission.person) == submission,
        "left": len([pk for pk in waiting if pk != submission.id]),
        "error": error,
    }
    return render(request, "grading/log_mark.html", context, status=422 if error else 200)


def _alike(submission: Submission) -> list[dict[str, object]]:
    """Return the logs that resemble this one, with whose they are."""
    course = submission.assignment.course
    others = Submission.objects.filter(
        assignment=submission.assignment, voided_at__isnull=True
    ).defer("evidence")
    return [
        {
            "log": found,
            "name": course_selectors.name_of(course, found.person_id),
            "percent": round(100 * found.share),
        }
        for found in alike(submission, others)
    ]


def _levels_of(marks: list[LogMark]) -> dict[str, Level]:
    return {row.criterion: Level(row.level) for row in marks[0].criteria.all()} if marks else {}


def _lab_texts(lab_slug: str) -> dict[str, CriterionText]:
    """Return the lab's own words for its criteria; none for a lab that is no longer here."""
    try:
        return {text.id: text for text in load_lab(lab_slug).synthesis.criteria}
    except UnknownLab:
        return {}


def _criterion_form(
    criterion: Criterion,
    text: CriterionText | None,
    chosen: Level | None,
    suggestion: Suggestion | None,
) -> CriterionForm:
    return CriterionForm(
        id=criterion.id,
        title=text.title if text else criterion.title,
        suggestion=suggestion,
        choices=tuple(
            Choice(
                level=level,
                key=_KEYS[level],
                points=criterion.points[level],
                text=_level_text(text, level) or criterion.texts[level],
                is_chosen=level == chosen,
            )
            for level in Level
        ),
    )


def _level_text(text: CriterionText | None, level: Level) -> str:
    if text is None:
        return ""
    return {Level.FULL: text.full, Level.PART: text.part, Level.NONE: text.none}[level]


def _history(mark: LogMark) -> dict[str, object]:
    course = mark.submission.assignment.course
    return {"mark": mark, "marker": course_selectors.name_of(course, mark.marker_id)}
