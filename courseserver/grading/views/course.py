"""A course's settings, all its grades on one page, and its log."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from courseserver.common import clock
from courseserver.courses import access
from courseserver.courses.models import Course, Role
from courseserver.grading import lanes, outbox, settings_change
from courseserver.grading.forms import CourseForm
from courseserver.grading.late import policy_of
from courseserver.grading.matrix import matrix
from courseserver.grading.models import GradeOutbox
from courseserver.grading.publishing import drain_soon
from courseserver.grading.trail import KINDS, course_entries, lines_of

LOG_PAGE = 100
# Products that may take points for late work by themselves.
HAVE_LATE_POLICIES = frozenset({"canvas", "blackboard", "brightspace", "desire2learn"})


@require_http_methods(["GET", "POST"])
def course_settings(request: HttpRequest, course_id: str) -> HttpResponse:
    person = access.person_of(request)
    course, enrolment = access.course_for(person, course_id)
    access.staff_enrolment_in(person, course)
    may_change = enrolment.role == Role.INSTRUCTOR
    if request.method == "GET":
        form = CourseForm(initial={name: getattr(course, name) for name in CourseForm.base_fields})
        return _settings_page(request, course, form, may_change=may_change)
    access.instructor_enrolment_in(person, course)
    form = CourseForm(request.POST)
    if not form.is_valid():
        return _settings_page(request, course, form, may_change=True)
    moved = settings_change.course_change(course=course, actor=person, **form.cleaned_data)
    messages.success(request, moved.words)
    return redirect("course-settings", course_id)


def _settings_page(
    request: HttpRequest, course: Course, form: CourseForm, *, may_change: bool
) -> HttpResponse:
    policy = policy_of(course)
    context = {
        "course": course,
        "form": form,
        "may_change": may_change,
        "policy": policy,
        "warns": policy.is_on and course.platform.product in HAVE_LATE_POLICIES,
        "product": course.platform.product.capitalize(),
    }
    status = 422 if form.errors else 200
    return render(request, "grading/course_settings.html", context, status=status)


@require_GET
def course_grades(request: HttpRequest, course_id: str) -> HttpResponse:
    """Show every student's grade in every lab."""
    course = access.staff_course_for(access.person_of(request), course_id)
    context = {"course": course, "matrix": matrix(course, request.GET)}
    return render(request, "grading/matrix.html", context)


@require_POST
def course_retry(request: HttpRequest, course_id: str) -> HttpResponse:
    """Try again every refused or waiting grade of the course, now."""
    person = access.person_of(request)
    course = access.staff_course_for(person, course_id)
    lanes.lane_resume(course.platform_id)
    rows = GradeOutbox.objects.filter(assignment__course=course)
    count = outbox.rows_retry(rows, actor=person.id, now=clock.now())
    drain_soon(course.platform_id)
    messages.success(request, f"{count} tried again now." if count else "Nothing to try again.")
    return redirect("course-grades", course_id)


@require_GET
def course_audit(request: HttpRequest, course_id: str) -> HttpResponse:
    """Show what happened in the course, the newest first."""
    course = access.staff_course_for(access.person_of(request), course_id)
    kind = request.GET.get("kind", "all")
    kind = kind if kind in KINDS else "all"
    page = Paginator(course_entries(course, kind), LOG_PAGE).get_page(request.GET.get("page"))
    lines = lines_of(course, page.object_list)
    context = {"course": course, "kinds": KINDS, "kind": kind, "page": page, "lines": lines}
    return render(request, "grading/course_log.html", context)
