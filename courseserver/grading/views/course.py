"""A course's settings, all its grades on one page, and its log."""

from typing import Any

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from courseserver.audit.services import record
from courseserver.common import clock
from courseserver.common.errors import CourseserverError, NotFound, Unprocessable
from courseserver.common.typed import whole
from courseserver.courses import access
from courseserver.courses.models import Course, Role
from courseserver.courses.selectors import members, whom_of
from courseserver.grading import (
    foreseen,
    gradesheet,
    lanes,
    more_time,
    outbox,
    settings_change,
)
from courseserver.grading.changes import Diff
from courseserver.grading.forms import AccommodationForm, CourseForm
from courseserver.grading.late import policy_of
from courseserver.grading.matrix import matrix
from courseserver.grading.models import GradeOutbox
from courseserver.grading.publishing import drain_soon
from courseserver.grading.trail import KINDS, course_entries, lines_of
from courseserver.grading.views.foreseen import ask, done_as_seen

LOG_PAGE = 100
# Products that may take points for late work by themselves.
HAVE_LATE_POLICIES = frozenset({"canvas", "blackboard", "brightspace", "desire2learn"})
# Factor and hours of who has no accommodation.
_NONE = (1.0, 0)


@require_http_methods(["GET", "POST"])
def course_settings(request: HttpRequest, course_id: str) -> HttpResponse:
    person = access.person_of(request)
    course, enrolment = access.course_for(person, course_id)
    access.staff_enrolment_in(person, course)
    may_change = enrolment.role == Role.INSTRUCTOR
    if request.method == "GET":
        return _settings_page(request, course, _form_of(course), may_change=may_change)
    access.instructor_enrolment_in(person, course)
    form = CourseForm(request.POST)
    if not form.is_valid():
        return _settings_page(request, course, form, may_change=True)
    wanted = dict(form.cleaned_data)
    reason = wanted.pop("reason")
    diff = foreseen.of_course(course, wanted)
    moved, error = done_as_seen(
        request,
        diff,
        lambda seen: settings_change.course_change(
            course=course, actor=person, reason=reason, seen=seen, **wanted
        ),
    )
    if moved is not None:
        messages.success(request, moved.words)
        return redirect("course-settings", course_id)
    return ask(
        request,
        course=course,
        title="Settings of the course",
        back=reverse("course-settings", args=[course_id]),
        diff=diff,
        changed=settings_change.changed_in(course, wanted),
        error=error,
    )


@require_POST
def accommodation_give(request: HttpRequest, course_id: str) -> HttpResponse:
    """Give a person or a section more time in every lab."""
    person = access.person_of(request)
    course = access.instructor_course_for(person, course_id)
    given = AccommodationForm(request.POST)
    if not given.is_valid():
        return _settings_page(request, course, _form_of(course), may_change=True, given=given)
    fields = dict(given.cleaned_data)
    whom = fields.pop("whom")

    def give(seen: str | None = None) -> int:
        return more_time.accommodation_give(
            course=course, actor=person, seen=seen, **whom, **fields
        )

    try:
        diff = foreseen.of_doing(course, give)
    except Unprocessable as refusal:
        given.add_error("whom", f"{refusal.detail} {refusal.remedy}")
        return _settings_page(request, course, _form_of(course), may_change=True, given=given)
    count, error = done_as_seen(request, diff, give)
    if count is None:
        had = course.accommodations.filter(
            person=whom.get("person_id"), section=whom.get("section", "")
        ).first()
        before = (had.multiplier, had.extra_hours) if had else _NONE
        after = (fields["multiplier"], fields["extra_hours"])
        return _ask_time(request, course, whom_of(course, **whom), before, after, diff, error)
    messages.success(request, f"Accommodation given. {_rescored(count)}")
    return redirect("course-settings", course_id)


@require_POST
def accommodation_take(request: HttpRequest, course_id: str) -> HttpResponse:
    """Take an accommodation back."""
    person = access.person_of(request)
    course = access.instructor_course_for(person, course_id)
    number = whole(request.POST.get("accommodation", "")) or 0
    found = course.accommodations.filter(pk=number).first()
    if found is None:
        raise NotFound("There is no such accommodation.", remedy="Load the settings again.")

    def take(seen: str | None = None) -> int:
        reason = request.POST.get("reason", "")
        return more_time.accommodation_take(
            accommodation=found, actor=person, reason=reason, seen=seen
        )

    diff = foreseen.of_doing(course, take)
    count, error = done_as_seen(request, diff, take)
    if count is None:
        whom = whom_of(course, person_id=found.person_id or "", section=found.section)
        before = (found.multiplier, found.extra_hours)
        return _ask_time(request, course, whom, before, _NONE, diff, error)
    messages.success(request, f"Accommodation taken back. {_rescored(count)}")
    return redirect("course-settings", course_id)


def _ask_time(
    request: HttpRequest,
    course: Course,
    whom: str,
    before: tuple[float, int],
    after: tuple[float, int],
    diff: Diff,
    error: CourseserverError | None,
) -> HttpResponse:
    return ask(
        request,
        course=course,
        title="Settings of the course",
        back=reverse("course-settings", args=[course.pk]),
        diff=diff,
        changed={
            f"Times the late policy’s, for {whom}": (before[0], after[0]),
            f"Hours more for each lab, for {whom}": (before[1], after[1]),
        },
        error=error,
    )


def _rescored(count: int) -> str:
    return f"{count} score{'' if count == 1 else 's'} changed."


def _form_of(course: Course) -> CourseForm:
    return CourseForm(initial={name: getattr(course, name, "") for name in CourseForm.base_fields})


def _settings_page(
    request: HttpRequest,
    course: Course,
    form: CourseForm,
    *,
    may_change: bool,
    given: AccommodationForm | None = None,
) -> HttpResponse:
    policy = policy_of(course)
    people = members(course) if may_change else []
    names = {member.person_id: member.name for member in people}
    context = {
        "course": course,
        "form": form,
        "may_change": may_change,
        "policy": policy,
        "warns": policy.is_on and course.platform.product in HAVE_LATE_POLICIES,
        "product": course.platform.product.capitalize(),
        # Who has more time is for instructors' eyes.
        "accommodations": [
            {"row": row, "whom": names.get(row.person_id or "", "") or row.section or "Somebody"}
            for row in course.accommodations.order_by("created_at")
        ]
        if may_change
        else [],
        "given": given or AccommodationForm(initial={"multiplier": 1.5, "extra_hours": 0}),
        "students": [m for m in people if m.role == Role.LEARNER and m.is_active],
        "sections": sorted({name for member in people for name in member.sections}),
    }
    status = 422 if form.errors or (given and given.errors) else 200
    return render(request, "grading/course_settings.html", context, status=status)


@require_GET
def course_grades(request: HttpRequest, course_id: str) -> HttpResponse:
    """Show every student's grade in every lab."""
    course, enrolment = access.course_for(access.person_of(request), course_id)
    access.staff_enrolment_in(enrolment.person, course)
    context = {
        "course": course,
        "matrix": matrix(course, request.GET, access.sections_seen(enrolment)),
        "has_no_section": access.has_no_section(enrolment),
        "may_change": enrolment.role == Role.INSTRUCTOR,
    }
    return render(request, "grading/matrix.html", context)


@require_GET
def grades_file(request: HttpRequest, course_id: str) -> HttpResponse:
    """Everybody's scores as a file to keep, or to change and upload."""
    person = access.person_of(request)
    course, enrolment = access.course_for(person, course_id)
    access.staff_enrolment_in(person, course)
    record(
        actor=person.id,
        action="grades.exported",
        subject=course.id,
        course_id=course.id,
        format="gradebook",
    )
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="gradebook.csv"'
    gradesheet.write(response, matrix(course, {}, access.sections_seen(enrolment)))
    return response


@require_POST
def grades_upload(request: HttpRequest, course_id: str) -> HttpResponse:
    """Show what a file would change; nothing changes yet."""
    person = access.person_of(request)
    course = access.instructor_course_for(person, course_id)
    names = {m.person_id: m.name for m in members(course) if m.role == Role.LEARNER}
    sheet, error = None, None
    try:
        file = request.FILES.get("file")
        if file is None:
            raise Unprocessable("No file was chosen.", remedy="Choose the file, then upload it.")
        sheet = gradesheet.read(course, _content(file), names)
    except Unprocessable as refusal:
        error = refusal
    context = {"course": course, "sheet": sheet, "error": error}
    return render(request, "grading/upload.html", context, status=422 if error else 200)


def _content(file: "UploadedFile[Any]") -> bytes:
    """Return what a file holds, where it is none of a size that no gradebook has."""
    most = gradesheet.BYTES_MAX
    if (file.size or 0) > most:
        raise Unprocessable(
            f"The file has {file.size:,} bytes; {most:,} fit.", remedy="Upload scores alone."
        )
    return bytes(file.read())


@require_POST
def grades_apply(request: HttpRequest, course_id: str) -> HttpResponse:
    """Set the scores that the page showed."""
    person = access.person_of(request)
    course = access.instructor_course_for(person, course_id)
    done, left = gradesheet.apply(
        course=course,
        marks=request.POST.get("cells", "").split(),
        reason=request.POST.get("reason", ""),
        actor=person,
    )
    messages.success(request, f"{done} score{'' if done == 1 else 's'} set.")
    if left:
        messages.warning(request, f"{left} changed since you looked, and stay as they are.")
    return redirect("course-grades", course_id)


@require_POST
def course_retry(request: HttpRequest, course_id: str) -> HttpResponse:
    """Try again every refused or waiting grade of the course, now."""
    person = access.person_of(request)
    course, enrolment = access.course_for(person, course_id)
    access.staff_enrolment_in(person, course)
    lanes.lane_resume(course.platform_id)
    every = GradeOutbox.objects.filter(assignment__course=course)
    rows = outbox.rows_of(every, access.people_seen(enrolment))
    reason = request.POST.get("reason", "")
    count = outbox.rows_retry(rows, actor=person.id, now=clock.now(), reason=reason)
    drain_soon(course.platform_id)
    messages.success(request, f"{count} tried again now." if count else "Nothing to try again.")
    return redirect("course-grades", course_id)


@require_GET
def course_audit(request: HttpRequest, course_id: str) -> HttpResponse:
    """Show what happened in the course, the newest first."""
    course, enrolment = access.course_for(access.person_of(request), course_id)
    access.staff_enrolment_in(enrolment.person, course)
    kind = request.GET.get("kind", "all")
    kind = kind if kind in KINDS else "all"
    entries = course_entries(course, kind)
    mine = access.people_seen(enrolment)
    if mine is not None:
        # One's own acts, too; not those about people one sees no more.
        me = enrolment.person_id
        others = course.enrolments.exclude(person__in=[*mine, me]).values("person")
        entries = entries.filter(Q(subject__in=mine) | Q(actor=me)).exclude(subject__in=others)
    if enrolment.role != Role.INSTRUCTOR:
        entries = entries.exclude(action__startswith="accommodation.")
    page = Paginator(entries, LOG_PAGE).get_page(request.GET.get("page"))
    lines = lines_of(course, page.object_list)
    context = {"course": course, "kinds": KINDS, "kind": kind, "page": page, "lines": lines}
    return render(request, "grading/course_log.html", context)
