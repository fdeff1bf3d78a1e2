"""Pages of the bench for the teaching staff."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from courseserver.common.errors import CourseserverError, NotFound, Unprocessable
from courseserver.courses.access import person_of
from courseserver.courses.models import Course, Role
from courseserver.kits import access, claims, enrolment, services
from courseserver.kits import bundles as offline
from courseserver.kits.bench import bench_of
from firmware_specs.wire import BUNDLE_MOST


@require_GET
def bench(request: HttpRequest, course_id: str) -> HttpResponse:
    """Show the kits of a course, its queue and its log."""
    person = person_of(request)
    course = access.staff_course_for(person, course_id)
    viewer = person.enrolments.select_related("course").get(course=course)
    may_manage = viewer.role == Role.INSTRUCTOR
    context = {"course": course, "bench": bench_of(viewer), "may_manage": may_manage}
    return render(request, "kits/bench.html", context)


@require_GET
def claim_start(request: HttpRequest) -> HttpResponse:
    """Lead from the address an agent prints to the course the kit is for."""
    person = person_of(request)
    courses = list(
        Course.objects.filter(
            enrolments__person=person,
            enrolments__role__in=(Role.INSTRUCTOR, Role.LEARNER),
            enrolments__is_active=True,
        )
    )
    if not courses:
        raise NotFound("Kits are added by instructors.", remedy="Give the code to your instructor.")
    if len(courses) == 1:
        return redirect("kits-claim-code", courses[0].id)
    return render(request, "kits/claim_course.html", {"courses": courses})


@require_GET
def claim_code(request: HttpRequest, course_id: str) -> HttpResponse:
    """Ask for a code; with one, show which kit it is before anything is decided."""
    course, is_own = access.claim_course_for(person_of(request), course_id)
    code = request.GET.get("code", "").strip()
    found, refusal = None, None
    if code:
        try:
            found = claims.claim_find(user_code=code)
        except CourseserverError as error:
            refusal = error
    context = {
        "course": course, "code": code, "claim": found, "refusal": refusal, "is_own": is_own,
    }  # fmt: skip
    return render(request, "kits/claim.html", context)


@require_POST
def claim_decide(request: HttpRequest, course_id: str) -> HttpResponse:
    """Adopt the kit that shows the code, or turn it away."""
    person = person_of(request)
    course, is_own = access.claim_course_for(person, course_id)
    approve = request.POST.get("decision") == "approve"
    claim = claims.claim_decide(
        person=person,
        course=course,
        user_code=request.POST.get("code", ""),
        approve=approve,
        is_own=is_own,
    )
    done = "is added; it connects within seconds" if approve else "is turned away"
    messages.success(request, f"{claim.name} {done}.")
    return redirect("activities" if is_own else "kits-bench", course.id)


@require_http_methods(["GET", "POST"])
def kit_revoke(request: HttpRequest, course_id: str, kit_id: str) -> HttpResponse:
    """Ask, then end a kit's credentials: a course's by its instructors, an own one by its owner."""
    person = person_of(request)
    kit = access.kit_to_remove_for(person, course_id, kit_id)
    if request.method == "GET":
        context = {"course": kit.course, "kit": kit, "is_own": kit.owner_id == person.id}
        return render(request, "kits/revoke.html", context)
    enrolment.kit_revoke(kit=kit, actor=person.id)
    messages.success(request, f"{kit.name} can no longer connect. Its measurements stay.")
    return redirect("activities" if kit.owner_id == person.id else "kits-bench", course_id)


_SAID = {
    enrolment.kit_restore: "is back in service",
    enrolment.kit_drain: "finishes its job and takes no other",
    enrolment.kit_mark_sick: "is out of service; its job goes to another kit",
}


@require_POST
def kit_restore(request: HttpRequest, course_id: str, kit_id: str) -> HttpResponse:
    return _kit_changed(request, course_id, kit_id, enrolment.kit_restore)


@require_POST
def kit_drain(request: HttpRequest, course_id: str, kit_id: str) -> HttpResponse:
    return _kit_changed(request, course_id, kit_id, enrolment.kit_drain)


@require_POST
def kit_sick(request: HttpRequest, course_id: str, kit_id: str) -> HttpResponse:
    return _kit_changed(request, course_id, kit_id, enrolment.kit_mark_sick)


def _kit_changed(
    request: HttpRequest, course_id: str, kit_id: str, change: Callable[..., None]
) -> HttpResponse:
    person = person_of(request)
    kit = access.instructor_kit_for(person, course_id, kit_id)
    change(kit=kit, actor=person.id)
    messages.success(request, f"{kit.name} {_SAID[change]}.")
    return redirect("kits-bench", course_id)


@require_http_methods(["GET", "POST"])
def bundles(request: HttpRequest, course_id: str) -> HttpResponse:
    """Show results measured offline; take a signed file of more."""
    person = person_of(request)
    course = access.instructor_course_for(person, course_id)
    refusal = None
    if request.method == "POST":
        try:
            kept = offline.bundle_import(payload=_uploaded(request), course=course, actor=person.id)
        except CourseserverError as error:
            refusal = error
        else:
            messages.success(request, f"{kept.job.total} results of {kept.kit.name} are imported.")
            return redirect("kits-bundles", course.id)
    context = {"course": course, "bundles": offline.bundles_of(course), "refusal": refusal}
    return render(request, "kits/bundles.html", context, status=refusal.status if refusal else 200)


def _uploaded(request: HttpRequest) -> bytes:
    """Return the file that was sent, never more of it than a bundle can be."""
    file = request.FILES.get("bundle")
    if file is None:
        raise Unprocessable("No file was chosen.", remedy="Choose the bundle, then import it.")
    return bytes(file.read(2 * BUNDLE_MOST + 1))


@require_POST
def job_cancel(request: HttpRequest, course_id: str, job_id: str) -> HttpResponse:
    person = person_of(request)
    access.staff_course_for(person, course_id)
    job = access.job_for(person, job_id)
    services.kit_job_cancel(person=person, job=job)
    messages.success(request, "The job is cancelled.")
    return redirect("kits-bench", course_id)
