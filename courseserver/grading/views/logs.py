"""Marking Decision Logs: one at a time, the student's own evidence beside it."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from courseserver.common.errors import (
    Conflict,
    CourseserverError,
    Forbidden,
    NotFound,
    Unprocessable,
)
from courseserver.common.typed import whole
from courseserver.courses import access
from courseserver.courses import selectors as course_selectors
from courseserver.courses.models import Enrolment, Person, Role
from courseserver.grading import calibration, evidence, rubric, selectors, services, tracing
from courseserver.grading.anonymous import alias, marker_sees
from courseserver.grading.criteria import scheme_of
from courseserver.grading.forms import levels_in
from courseserver.grading.likeness import alike
from courseserver.grading.models import LogMark, Submission
from courseserver.grading.suggestion import Suggestion, suggestions
from labs.schemes import Criterion, Level

# The criterion whose signals link a gain to its cost.
TRADE_OFFS = "constraint"
# So many logs that resemble one are shown, the most alike first.
ALIKE_MAX = 8
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
    """Open the log that waits longest, or say that none does.

    With `again`, one whose mark lacks a criterion that was added since.
    """
    assignment, enrolment = access.staff_assignment_for(access.person_of(request), assignment_id)
    seen = access.sections_seen(enrolment)
    if "again" in request.GET:
        again = selectors.seen_of(
            Submission.objects.filter(pk__in=rubric.unjudged(assignment)), assignment, seen
        )
        if again:
            url = reverse("log-mark", args=[again[0].pk])
            return redirect(f"{url}?again=1")
    waiting = selectors.logs_to_mark(assignment, seen)
    if waiting:
        return redirect("log-mark", waiting[0].id)
    context = {"assignment": assignment, "course": assignment.course}
    return render(request, "grading/log_none.html", context)


@require_http_methods(["GET", "POST"])
def log_mark(request: HttpRequest, submission_id: str) -> HttpResponse:
    person = access.person_of(request)
    submission, enrolment = _submission_for(person, submission_id)
    if request.method == "GET":
        return _page(request, submission, enrolment)
    scheme = scheme_of(submission.assignment)
    levels = levels_in(scheme, request.POST)
    comment = request.POST.get("comment", "")
    try:
        services.log_mark(
            submission=submission,
            marker=person,
            levels=levels,
            comment=comment,
            seen_number=whole(request.POST.get("seen_number", "")) or 0,
        )
    except (Conflict, Unprocessable) as error:
        return _page(request, submission, enrolment, levels=levels, comment=comment, error=error)
    messages.success(request, "Mark saved.")
    url = reverse("log-queue", args=[submission.assignment_id])
    return redirect(f"{url}?again=1" if "again" in request.GET else url)


def _submission_for(person: Person, submission_id: str) -> tuple[Submission, Enrolment]:
    submissions = Submission.objects.select_related("assignment__course", "person")
    submission = submissions.filter(pk=submission_id).first()
    if submission is None:
        raise NotFound("No such thing in your courses.", remedy="Open it again from your course.")
    _, enrolment = access.staff_assignment_for(person, submission.assignment_id)
    access.student_seen_by(enrolment, submission.person_id)
    return submission, enrolment


def _page(
    request: HttpRequest,
    submission: Submission,
    enrolment: Enrolment,
    *,
    levels: dict[str, Level] | None = None,
    comment: str | None = None,
    error: CourseserverError | None = None,
) -> HttpResponse:
    assignment = submission.assignment
    scheme = scheme_of(assignment)
    found = evidence.from_json(submission.evidence)
    pieces = tracing.segments(submission.log_text, found.numbers)
    marks = list(submission.log_marks.prefetch_related("criteria").order_by("-number"))
    chosen = levels if levels is not None else _levels_of(marks)
    suggested = suggestions(scheme.criteria, submission.log_text, pieces)
    seen = access.sections_seen(enrolment)
    waiting = [s.id for s in selectors.logs_to_mark(assignment, seen)]
    context = {
        "assignment": assignment,
        "course": assignment.course,
        "submission": submission,
        "name": marker_sees(assignment.course, submission.pk, submission.person_id),
        "pieces": (told := tracing.with_terms(pieces)),
        "terms": tracing.terms_named(told),
        "trade_offs": tracing.trade_offs(submission.log_text, _links(scheme.criteria)),
        "traced": tracing.traced(pieces),
        "untraced": tracing.untraced(pieces),
        "words": len(submission.log_text.split()),
        "evidence": found,
        "alike": _alike(submission, enrolment),
        "criteria": [
            _criterion_form(c, chosen.get(c.id), suggested.get(c.id)) for c in scheme.criteria
        ],
        "comment": comment if comment is not None else marks[0].comment if marks else "",
        "unjudged": [c.title for c in scheme.criteria if c.id not in _levels_of(marks)]
        if marks
        else [],
        "marks": [_history(mark) for mark in marks],
        "seen_number": marks[0].number if marks else 0,
        "is_newest": services.newest_submission(assignment, submission.person) == submission,
        "left": len([pk for pk in waiting if pk != submission.id]),
        "error": error,
    }
    return render(request, "grading/log_mark.html", context, status=error.status if error else 200)


def _alike(submission: Submission, enrolment: Enrolment) -> list[dict[str, object]]:
    """Return the logs that resemble this one, with whose they are where the marker may know."""
    course = submission.assignment.course
    others = Submission.objects.filter(
        assignment=submission.assignment, voided_at__isnull=True
    ).defer("evidence")
    sections = dict(course.enrolments.values_list("person_id", "sections"))
    names = {m.person_id: m.name for m in course_selectors.members(course)}
    return [
        {
            "log": found,
            "name": alias(found.submission_id)
            if course.marks_anonymously
            else names.get(found.person_id, course_selectors.UNNAMED),
            "percent": round(100 * found.share),
            "may_open": access.may_see(enrolment, sections.get(found.person_id, ())),
        }
        for found in alike(submission, others)[:ALIKE_MAX]
    ]


def _links(criteria: Sequence[Criterion]) -> tuple[str, ...]:
    """Return the words that tie what is gained to what it costs, as the scheme has them."""
    return next((c.signals.links for c in criteria if c.id == TRADE_OFFS and c.signals), ())


def _levels_of(marks: list[LogMark]) -> dict[str, Level]:
    return {row.criterion: Level(row.level) for row in marks[0].criteria.all()} if marks else {}


def _criterion_form(
    criterion: Criterion, chosen: Level | None, suggestion: Suggestion | None
) -> CriterionForm:
    return CriterionForm(
        id=criterion.id,
        title=criterion.title,
        suggestion=suggestion,
        choices=tuple(
            Choice(
                level=level,
                key=_KEYS[level],
                points=criterion.points[level],
                text=criterion.texts[level],
                is_chosen=level == chosen,
            )
            for level in Level
        ),
    )


def _history(mark: LogMark) -> dict[str, object]:
    course = mark.submission.assignment.course
    return {"mark": mark, "marker": course_selectors.name_of(course, mark.marker_id)}


# --- calibration ----------------------------------------------------------------------------------
@require_GET
def calibrate(request: HttpRequest, assignment_id: str) -> HttpResponse:
    """Show the samples, what is left to mark, and how far the markers agree."""
    person = access.person_of(request)
    assignment, enrolment = access.staff_assignment_for(person, assignment_id)
    _refuse_limited(enrolment)
    course = assignment.course
    names = {m.person_id: m.name for m in course_selectors.members(course)}
    given = calibration.given_for(assignment, person)
    markers = sorted({key for item in given for key in item.levels}, key=lambda k: names.get(k, k))
    criteria = scheme_of(assignment).criteria
    context = {
        "assignment": assignment,
        "course": course,
        "count": calibration.samples_of(assignment).count(),
        "following": calibration.next_for(assignment, person),
        "may_draw": enrolment.role == Role.INSTRUCTOR,
        "most": calibration.SAMPLES,
        "markers": [names.get(key, key) for key in markers],
        "rows": [
            {
                "alias": alias(item.sample.submission_id),
                "criterion": criterion.title,
                "levels": [item.levels.get(key, {}).get(criterion.id, "") for key in markers],
            }
            for item in given
            for criterion in criteria
        ],
        "pairs": [
            {
                "names": f"{names.get(p.first, p.first)} and {names.get(p.second, p.second)}",
                "pair": p,
            }
            for p in calibration.agreements(assignment)
        ],
    }
    return render(request, "grading/calibrate.html", context)


@require_POST
def calibrate_draw(request: HttpRequest, assignment_id: str) -> HttpResponse:
    """Choose the logs to calibrate with."""
    person = access.person_of(request)
    assignment, _ = access.staff_assignment_for(person, assignment_id)
    access.instructor_enrolment_in(person, assignment.course)
    try:
        count = calibration.samples_draw(assignment=assignment, actor=person)
        messages.success(request, f"{count} log{'' if count == 1 else 's'} drawn.")
    except Unprocessable as error:
        messages.warning(request, f"{error.detail} {error.remedy}")
    return redirect("calibrate", assignment_id)


@require_http_methods(["GET", "POST"])
def calibrate_mark(request: HttpRequest, assignment_id: str) -> HttpResponse:
    """Mark the next sample without names and without anybody else's marks."""
    person = access.person_of(request)
    assignment, enrolment = access.staff_assignment_for(person, assignment_id)
    _refuse_limited(enrolment)
    sample = calibration.next_for(assignment, person)
    if sample is None:
        messages.info(request, "You have marked every sample.")
        return redirect("calibrate", assignment_id)
    error, levels = None, {}
    if request.method == "POST":
        if request.POST.get("sample") != sample.pk:
            return redirect("calibrate-mark", assignment_id)
        levels = levels_in(scheme_of(assignment), request.POST)
        try:
            calibration.sample_mark(sample=sample, marker=person, levels=levels)
        except Unprocessable as refusal:
            error = refusal
        else:
            messages.success(request, "Mark saved.")
            return redirect("calibrate-mark", assignment_id)
    submission = sample.submission
    pieces = tracing.segments(submission.log_text, evidence.from_json(submission.evidence).numbers)
    context = {
        "assignment": assignment,
        "course": assignment.course,
        "sample": sample,
        "alias": alias(submission.pk),
        "pieces": tracing.with_terms(pieces),
        "words": len(submission.log_text.split()),
        # No suggestion: markers shall agree with one another, not with a machine.
        "criteria": [
            _criterion_form(c, levels.get(c.id), None) for c in scheme_of(assignment).criteria
        ],
        "error": error,
    }
    return render(request, "grading/calibrate_mark.html", context, status=422 if error else 200)


def _refuse_limited(enrolment: Enrolment) -> None:
    """Samples come from the whole class, so whoever sees sections only takes no part."""
    if access.sections_seen(enrolment) is not None:
        raise Forbidden(
            "Samples come from all sections, and you see your own only.",
            remedy="Ask an instructor to show the whole course to assistants.",
        )
