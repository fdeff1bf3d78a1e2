"""The sync board: what is in the LMS, what is not, and what to do about it."""

from collections.abc import Callable

from django.contrib import messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from courseserver.audit.services import record
from courseserver.common import clock
from courseserver.common.errors import NotFound
from courseserver.courses import access
from courseserver.courses.models import Assignment, Enrolment, Person, Role, SendMode
from courseserver.grading import (
    csv_export,
    lanes,
    outbox,
    plan,
    selectors,
    settings_change,
    tables,
)
from courseserver.grading.models import GradeOutbox
from courseserver.grading.publishing import drain_soon
from courseserver.lti import ags


@require_GET
def sync_board(request: HttpRequest, assignment_id: str) -> HttpResponse:
    assignment, enrolment = access.staff_assignment_for(access.person_of(request), assignment_id)
    board = selectors.board(assignment, access.sections_seen(enrolment))
    context = {
        "assignment": assignment,
        "course": assignment.course,
        "board": board,
        "table": tables.arrange(board.rows, request.GET),
        "has_no_section": access.has_no_section(enrolment),
        "may_send": enrolment.role == Role.INSTRUCTOR,
        "waits_for_release": board.held and assignment.send_mode == SendMode.ON_RELEASE,
        "needs_column": board.without_column and ags.SCOPE_LINE_ITEM in assignment.ags_scopes,
        "unmatched": csv_export.unmatched(board),
    }
    return render(request, "grading/board.html", context)


@require_POST
def grades_send(request: HttpRequest, assignment_id: str) -> HttpResponse:
    """Send the held grades that one press may send: all of them, or one person's."""
    person, assignment = _instructor(request, assignment_id)
    sendable = {
        row.outbox.pk
        for row in selectors.board(assignment).rows
        if row.outbox and "send" in row.shown.actions
    }
    rows = _chosen(_of(assignment), request).filter(pk__in=sendable)
    return _act(request, person, assignment, rows, outbox.rows_release, "on the way to the LMS")


@require_GET
def grades_preview(request: HttpRequest, assignment_id: str) -> HttpResponse:
    """The dry run: what sending would change there, before anything is sent."""
    assignment, enrolment = access.staff_assignment_for(access.person_of(request), assignment_id)
    board = selectors.board(assignment, access.sections_seen(enrolment))
    planned = plan.plan(board)
    context = {
        "assignment": assignment,
        "course": assignment.course,
        "board": board,
        "planned": planned,
        "sending": [line for line in planned if line.will_send],
        "is_reading": outbox.is_looking(_of(assignment)),
        "is_release": assignment.send_mode == SendMode.ON_RELEASE,
        "may_send": enrolment.role == Role.INSTRUCTOR,
    }
    return render(request, "grading/preview.html", context)


@require_POST
def grades_preview_look(request: HttpRequest, assignment_id: str) -> HttpResponse:
    """Look at every grade in the LMS, then show what sending would change."""
    assignment, enrolment = access.staff_assignment_for(access.person_of(request), assignment_id)
    outbox.rows_look(_seen(enrolment, assignment), now=clock.now())
    drain_soon(assignment.course.platform_id)
    return redirect("grades-preview", assignment_id)


@require_POST
def grades_preview_send(request: HttpRequest, assignment_id: str) -> HttpResponse:
    """Send exactly the grades that the dry run showed, in the versions it showed."""
    person, assignment = _instructor(request, assignment_id)
    sendable = {
        line.row.outbox.pk
        for line in plan.plan(selectors.board(assignment))
        if line.will_send and line.row.outbox
    }
    marks = plan.seen_in(request.POST.get("rows", ""))
    seen = {pk: version for pk, version in marks.items() if pk in sendable}
    rows = _of(assignment)
    with transaction.atomic():
        count = outbox.rows_release_seen(
            rows, seen, actor=person.id, now=clock.now(), reason=_reason(request)
        )
        platform_id = assignment.course.platform_id
        transaction.on_commit(lambda: drain_soon(platform_id))
    messages.success(request, f"{_grades(count)} on the way to the LMS.")
    if count < len(marks):
        left = _grades(len(marks) - count)
        messages.warning(request, f"{left} changed since you looked: look again before sending.")
    return redirect("sync-board", assignment_id)


@require_POST
def grades_release(request: HttpRequest, assignment_id: str) -> HttpResponse:
    """Release the assignment's grades; from now on they go at once."""
    person, assignment = _instructor(request, assignment_id)
    count = settings_change.grades_release(
        assignment=assignment, actor=person, reason=_reason(request)
    )
    messages.success(request, f"Grades released: {_grades(count)} on the way to the LMS.")
    return redirect("sync-board", assignment_id)


@require_POST
def column_make(request: HttpRequest, assignment_id: str) -> HttpResponse:
    """Let the LMS make a column for a lab that has none there."""
    person, assignment = _instructor(request, assignment_id)
    settings_change.column_wanted(assignment=assignment, actor=person)
    messages.success(request, "The LMS is asked for a column; the grades follow.")
    return redirect("sync-board", assignment_id)


@require_POST
def grades_retry(request: HttpRequest, assignment_id: str) -> HttpResponse:
    """Try again what was refused or waits, now; an end to the platform's pause included."""
    person = access.person_of(request)
    assignment, enrolment = access.staff_assignment_for(person, assignment_id)
    rows = _chosen(_seen(enrolment, assignment), request)
    lanes.lane_resume(assignment.course.platform_id)
    return _act(request, person, assignment, rows, outbox.rows_retry, "tried again now")


@require_POST
def grades_read(request: HttpRequest, assignment_id: str) -> HttpResponse:
    """Look again at every grade of the assignment in the LMS."""
    assignment, enrolment = access.staff_assignment_for(access.person_of(request), assignment_id)
    rows = _chosen(_seen(enrolment, assignment), request)
    count = outbox.rows_look(rows, now=clock.now())
    drain_soon(assignment.course.platform_id)
    messages.success(request, f"Looking at {_grades(count)} in the LMS. Reload in a moment.")
    return redirect("sync-board", assignment_id)


@require_POST
def grade_decide(request: HttpRequest, assignment_id: str) -> HttpResponse:
    """Settle one grade that differs in the LMS: `keep` theirs, or with a reason `push` ours."""
    person, assignment = _instructor(request, assignment_id)
    row = _chosen(_of(assignment), request).first()
    decision = request.POST.get("decision")
    if row is None or "person" not in request.POST or decision not in ("keep", "push"):
        raise NotFound("There is no such grade to decide on.", remedy="Open the board again.")
    keep = decision == "keep"
    actor, why = person.id, _reason(request)
    if outbox.row_decide(row.pk, keep=keep, actor=actor, now=clock.now(), reason=why):
        done = "Their grade stays." if keep else "Our grade is on the way to the LMS."
        messages.success(request, done)
        drain_soon(assignment.course.platform_id)
    else:
        messages.warning(request, "That grade was settled meanwhile.")
    return redirect("sync-board", assignment_id)


@require_GET
def grades_csv(request: HttpRequest, assignment_id: str) -> HttpResponse:
    """The fallback without grade services: a file for the gradebook's own import."""
    person = access.person_of(request)
    assignment, enrolment = access.staff_assignment_for(person, assignment_id)
    product = request.GET.get("for", "moodle")
    if product not in csv_export.FORMATS:
        known = " or ".join(csv_export.FORMATS)
        raise NotFound(f"There is no file for {product[:40]!r}.", remedy=f"Choose {known}.")
    record(
        actor=person.id,
        action="grades.exported",
        subject=assignment.id,
        course_id=assignment.course_id,
        format=product,
    )
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    name = f"grades-{assignment.lab}-{product}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    board = selectors.board(assignment, access.sections_seen(enrolment))
    csv_export.write(response, board, product)
    return response


def _instructor(request: HttpRequest, assignment_id: str) -> tuple[Person, Assignment]:
    person = access.person_of(request)
    assignment, _ = access.staff_assignment_for(person, assignment_id)
    access.instructor_enrolment_in(person, assignment.course)
    return person, assignment


def _of(assignment: Assignment) -> QuerySet[GradeOutbox]:
    return GradeOutbox.objects.filter(assignment=assignment)


def _seen(enrolment: Enrolment, assignment: Assignment) -> QuerySet[GradeOutbox]:
    """Return the assignment's grades of whom this member of staff may see."""
    return outbox.rows_of(_of(assignment), access.people_seen(enrolment))


def _chosen(rows: QuerySet[GradeOutbox], request: HttpRequest) -> QuerySet[GradeOutbox]:
    """Return these grades, or one person's if the form names one."""
    person_id = request.POST.get("person")
    return rows.filter(person_id=person_id) if person_id else rows


def _act(
    request: HttpRequest,
    person: Person,
    assignment: Assignment,
    rows: QuerySet[GradeOutbox],
    act: Callable[..., int],
    done: str,
) -> HttpResponse:
    with transaction.atomic():
        count = act(rows, actor=person.id, now=clock.now(), reason=_reason(request))
        platform_id = assignment.course.platform_id
        transaction.on_commit(lambda: drain_soon(platform_id))
    if count:
        messages.success(request, f"{_grades(count)} {done}.")
    else:
        messages.info(request, "There was nothing left to do.")
    return redirect("sync-board", assignment.id)


def _reason(request: HttpRequest) -> str:
    return request.POST.get("reason", "")


def _grades(count: int) -> str:
    return "1 grade" if count == 1 else f"{count} grades"
