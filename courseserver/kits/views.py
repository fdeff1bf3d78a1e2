"""Pages of the bench for the teaching staff."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from courseserver.common.errors import CourseserverError, NotFound
from courseserver.courses.access import person_of
from courseserver.courses.models import Course, Role
from courseserver.kits import access, claims, enrolment, services
from courseserver.kits.bench import bench_of


@require_GET
def bench(request: HttpRequest, course_id: str) -> HttpResponse:
    """Show the kits of a course, its queue and its log."""
    person = person_of(request)
    course = access.staff_course_for(person, course_id)
    may_manage = person.enrolments.filter(course=course, role=Role.INSTRUCTOR).exists()
    context = {"course": course, "bench": bench_of(course), "may_manage": may_manage}
    return render(request, "kits/bench.html", context)


@require_GET
def claim_start(request: HttpRequest) -> HttpResponse:
    """Lead from the address an agent prints to the course the kit is for."""
    person = person_of(request)
    courses = list(
        Course.objects.filter(
            enrolments__person=person,
            enrolments__role=Role.INSTRUCTOR,
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
    course = access.instructor_course_for(person_of(request), course_id)
    code = request.GET.get("code", "").strip()
    found, refusal = None, None
    if code:
        try:
            found = claims.claim_find(user_code=code)
        except CourseserverError as error:
            refusal = error
    context = {"course": course, "code": code, "claim": found, "refusal": refusal}
    return render(request, "kits/claim.html", context)


@require_POST
def claim_decide(request: HttpRequest, course_id: str) -> HttpResponse:
    """Adopt the kit that shows the code, or turn it away."""
    person = person_of(request)
    course = access.instructor_course_for(person, course_id)
    approve = request.POST.get("decision") == "approve"
    claim = claims.claim_decide(
        person=person, course=course, user_code=request.POST.get("code", ""), approve=approve
    )
    done = "is added; it connects within seconds" if approve else "is turned away"
    messages.success(request, f"{claim.name} {done}.")
    return redirect("kits-bench", course.id)


@require_POST
def kit_revoke(request: HttpRequest, course_id: str, kit_id: str) -> HttpResponse:
    person = person_of(request)
    kit = access.instructor_kit_for(person, course_id, kit_id)
    enrolment.kit_revoke(kit=kit, actor=person.id)
    messages.success(request, f"{kit.name} can no longer connect. Its measurements stay.")
    return redirect("kits-bench", course_id)


@require_POST
def kit_restore(request: HttpRequest, course_id: str, kit_id: str) -> HttpResponse:
    person = person_of(request)
    kit = access.instructor_kit_for(person, course_id, kit_id)
    enrolment.kit_restore(kit=kit, actor=person.id)
    messages.success(request, f"{kit.name} is back in service.")
    return redirect("kits-bench", course_id)


@require_POST
def job_cancel(request: HttpRequest, course_id: str, job_id: str) -> HttpResponse:
    person = person_of(request)
    access.staff_course_for(person, course_id)
    job = access.job_for(person, job_id)
    services.kit_job_cancel(person=person, job=job)
    messages.success(request, "The job is cancelled.")
    return redirect("kits-bench", course_id)
