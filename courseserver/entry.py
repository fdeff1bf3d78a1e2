"""Topmost: takes the checked launch, enrols the person, and sends the browser where it belongs."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.timezone import make_aware
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from courseserver.audit.services import record
from courseserver.common import clock
from courseserver.common.cookies import SESSION_CROSS_SITE
from courseserver.common.errors import (
    CourseserverError,
    Forbidden,
    NotFound,
    Unprocessable,
    reference_of,
)
from courseserver.common.ids import new_id
from courseserver.courses.access import enrolment_in, person_of
from courseserver.courses.due import due_from_launch
from courseserver.courses.middleware import SESSION_KEY
from courseserver.courses.models import Assignment, Course, Enrolment, Identity
from courseserver.courses.services import (
    assignment_from_launch,
    enrol_from_launch,
    person_known,
)
from courseserver.courses.variables import VARIABLES
from courseserver.courses.zones import zone_of
from courseserver.grading.models import Submission
from courseserver.grading.services import scores_recompute
from courseserver.labruntime.models import Attempt
from courseserver.lti import frames, states, views
from courseserver.lti.addresses import origin_of
from courseserver.lti.ags import with_query
from courseserver.lti.deep_linking import LinkItem, response_jwt
from courseserver.lti.errors import AGAIN, BrowserUnproven
from courseserver.lti.launch import check_launch, not_this_browser
from courseserver.lti.login import launch_url
from courseserver.lti.messages import DATA_PRIVACY, SUBMISSION_REVIEW, DeepLinkRequest, Launch
from courseserver.lti.registrations import frame_origins
from courseserver.lti.roles import is_platform_administrator, may_add_links
from courseserver.lti.states import cookie_name
from labs.content import Lab
from labs.loader import UnknownLab, all_labs, load_lab

log = structlog.get_logger(__name__)

SESSION_PICKS = "deep_linking"
POINTS_DEFAULT, POINTS_MAX = 100.0, 10_000.0


@csrf_exempt
@never_cache
def launch(request: HttpRequest) -> HttpResponse:
    """Answer a platform's form post: 303, so that a reload repeats no launch."""
    try:
        checked = check_launch(request)
        return _let_in(request, checked)
    except BrowserUnproven as refusal:
        return views.unproven(request, refusal)


def _let_in(request: HttpRequest, checked: Launch) -> HttpResponse:
    """Spend the login, enrol the person and begin the session: one transaction, or nothing.

    A launch that leads nowhere (an observer, an unknown lab) spends its login, too.
    """
    now = clock.now()
    try:
        with transaction.atomic():
            if not states.state_spend(state_id=checked.state_id, now=now):
                raise not_this_browser("state used before")
            return _arrive(request, checked)
    except CourseserverError as refusal:
        states.state_spend(state_id=checked.state_id, now=now)
        refusal.return_url = _way_back(checked, refusal, reference_of(request))
        raise


def _way_back(checked: Launch, refusal: CourseserverError, reference: str) -> str:
    """Return the address at which the LMS takes somebody back, told why as the standard has it."""
    if not checked.return_url:
        return ""
    told = {"lti_errormsg": refusal.detail, "lti_errorlog": f"reference {reference}"}
    return with_query(checked.return_url, **told)


def _arrive(request: HttpRequest, checked: Launch) -> HttpResponse:
    if checked.is_only_mentor:
        raise Forbidden(
            "Your LMS knows you as an observer of this course.",
            remedy="Labs open for students and staff. Ask the instructor what you may see.",
        )
    if checked.message_type in DATA_PRIVACY:
        return _privacy_page(request, checked)
    enrolment = enrol_from_launch(checked)
    record(
        actor=enrolment.person_id,
        action="launched",
        subject=enrolment.person_id,
        course_id=enrolment.course_id,
        message=checked.message_type,
        role=enrolment.role,
    )
    address = _address(checked, enrolment)
    session = _session_of(checked, enrolment)
    if checked.deep_linking is not None:
        address, session[SESSION_PICKS] = _pick_begin(checked, checked.deep_linking, enrolment)
    log.info("launched", role=enrolment.role, course=enrolment.course_id)
    if not checked.keeps_cookies:
        return _proven_page(request, session, address)
    response = _session_begin(request, session, address)
    frames.forget_cookie(request, response, cookie_name(request.POST["state"]))
    return response


@csrf_exempt  # the Origin header says who asks; there is no session yet
@never_cache
@require_POST
def enter(request: HttpRequest) -> HttpResponse:
    """Begin the session of a launch that was proven in a frame without cookies, in its own tab."""
    if origin_of(request.headers.get("Origin", "")) != origin_of(settings.PUBLIC_URL):
        raise Forbidden("This page was not opened from our own button.", remedy=AGAIN)
    held = states.hand_over_use(code=request.POST.get("code", ""), now=clock.now())
    if held is None:
        raise Forbidden("This button works once, for ten minutes.", remedy=AGAIN)
    return _session_begin(request, held.session, held.address)


@require_http_methods(["GET", "POST"])
def pick(request: HttpRequest, pick_id: str) -> HttpResponse:
    """Let staff choose labs for their course, and hand them to the platform."""
    wanted, course = _pick_of(request, pick_id)
    if request.method == "GET" or request.POST.get("action") == "search":
        return _picker(request, course, wanted)
    try:
        items = _items(request, wanted) if request.POST.get("action") == "add" else []
    except Unprocessable as refusal:
        return _picker(request, course, wanted, refusal)
    request.session[SESSION_PICKS] = {}
    record(
        actor=person_of(request).pk,
        action="labs handed to the platform",
        subject=course.pk,
        course_id=course.pk,
        labs=[item.resource_id for item in items],
    )
    context = {
        "address": wanted.return_url,
        "jwt": response_jwt(course.platform, wanted, items, now=clock.now()),
        "count": len(items),
    }
    response = render(request, "lti/hand_over.html", context)
    frames.allow_form_to(response, [origin_of(wanted.return_url), *frame_origins(course.platform)])
    return response


def _session_of(checked: Launch, enrolment: Enrolment) -> dict[str, Any]:
    """Return what a session of this launch holds."""
    origins = [*frame_origins(checked.platform), checked.frame_origin]
    return {
        SESSION_KEY: enrolment.person_id,
        frames.SESSION_ANCESTORS: [origin for origin in origins if origin],
    }


def _session_begin(request: HttpRequest, session: dict[str, Any], address: str) -> HttpResponse:
    """Begin a fresh session, so that nothing of an earlier one, its id included, lives on."""
    request.session.flush()
    request.session.update(session)
    request.session[SESSION_CROSS_SITE] = frames.is_cross_site(request)
    request.session.create()
    response = HttpResponseRedirect(address)
    response.status_code = 303
    return response


def _proven_page(request: HttpRequest, session: dict[str, Any], address: str) -> HttpResponse:
    """Offer a tab of its own to somebody whom the platform's storage proved in this frame."""
    code = states.hand_over_add(session=session, address=address, now=clock.now())
    context = {
        "address": reverse("lti-enter"),
        "code": code,
        "reference": reference_of(request),
    }
    response = render(request, "lti/proven.html", context)
    frames.allow_frames(response, session[frames.SESSION_ANCESTORS])
    return response


def _address(checked: Launch, enrolment: Enrolment) -> str:
    """Return where this launch leads, making its assignment where it names a lab."""
    if not checked.lab or not checked.resource_link_id:
        return reverse("course-home", args=[enrolment.course_id])
    lab = _lab(checked.lab)
    title = checked.resource_link_title or lab.title
    assignment = assignment_from_launch(checked, enrolment.course, lab.slug, title)
    told = checked.custom.get("due")
    if told is not None and due_from_launch(assignment, enrolment, told):
        scores_recompute(assignment, actor="system")
    if checked.message_type == SUBMISSION_REVIEW and enrolment.is_staff:
        return _review_address(checked, enrolment)
    return _assignment_address(assignment, enrolment)


def _review_address(checked: Launch, enrolment: Enrolment) -> str:
    """Return where staff see the work of the student whom the launch names."""
    student = person_known(checked.platform, checked.for_user)
    if student is None:
        raise NotFound(
            "This student has not opened the lab yet.",
            remedy="There is nothing to review before they do.",
        )
    return reverse("student-trail", args=[enrolment.course_id, student.pk])


def _assignment_address(assignment: Assignment, enrolment: Enrolment) -> str:
    page = "assignment-staff" if enrolment.is_staff else "lab-home"
    return reverse(page, args=[assignment.pk])


def _lab(slug: str) -> Lab:
    try:
        return load_lab(slug)
    except UnknownLab as error:
        raise NotFound(
            f"This link names the lab “{slug[:60]}”, which is not here.",
            remedy="Tell your instructor: the link's custom parameter “lab” needs another value.",
        ) from error


# --- what we keep about somebody (data privacy launch) --------------------------------------------


def _privacy_page(request: HttpRequest, checked: Launch) -> HttpResponse:
    """Show what is kept: to the person, or about anybody to those who run the LMS."""
    about = checked.for_user or checked.subject
    if about != checked.subject and not is_platform_administrator(checked.roles):
        raise Forbidden("Only you and those who run your LMS may see what we keep about you.")
    person = person_known(checked.platform, about)
    if person is not None:
        record(actor="platform", action="privacy page shown", subject=person.pk)
    enrolments = Enrolment.objects.filter(person=person).select_related("course")
    context = {
        "identities": Identity.objects.filter(person=person).select_related("platform"),
        "enrolments": enrolments.order_by("course__title"),
        "attempts": Attempt.objects.filter(person=person).count(),
        "submissions": Submission.objects.filter(person=person).count(),
        "person": person,
        "reference": reference_of(request),
    }
    response = render(request, "lti/privacy.html", context)
    frames.allow_frames(response, frame_origins(checked.platform))
    return response


# --- choosing labs for the platform (deep linking) ------------------------------------------------


def _pick_begin(
    checked: Launch, wanted: DeepLinkRequest, enrolment: Enrolment
) -> tuple[str, dict[str, Any]]:
    """Return the picker's address, and what the session keeps of the request."""
    if not may_add_links(checked.roles, checked.platform.product):
        raise Forbidden("Only the teaching staff of this course may add labs to it.")
    if "ltiResourceLink" not in wanted.accept_types:
        raise Unprocessable(
            "This place of your LMS does not take labs.",
            remedy="Add the lab as an assignment or a module item.",
        )
    pick_id = new_id("pck")
    kept = {"course": enrolment.course_id, "request": asdict(wanted)}
    return reverse("lti-pick", args=[pick_id]), {pick_id: kept}


def _pick_of(request: HttpRequest, pick_id: str) -> tuple[DeepLinkRequest, Course]:
    person = person_of(request)
    kept: dict[str, Any] | None = request.session.get(SESSION_PICKS, {}).get(pick_id)
    if kept is None:
        raise NotFound("This choice was sent before.", remedy="Begin again in your LMS.")
    course = Course.objects.select_related("platform").get(pk=kept["course"])
    # The launch said that this person may add labs; the session holds no other choice.
    enrolment_in(person, course)
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in kept["request"].items()
    }
    return DeepLinkRequest(**values), course


def _picker(
    request: HttpRequest,
    course: Course,
    wanted: DeepLinkRequest,
    refusal: Unprocessable | None = None,
) -> HttpResponse:
    words = request.POST.get("q", "").lower().split()
    chosen = set(request.POST.getlist("lab"))
    labs = [lab for lab in all_labs() if lab.slug in chosen or _fits(lab, words)]
    context = {
        "course": course,
        "labs": labs,
        "chosen": chosen,
        "q": request.POST.get("q", ""),
        "points": request.POST.get("points") or f"{POINTS_DEFAULT:g}",
        "opens": request.POST.get("opens", ""),
        "due": request.POST.get("due", ""),
        "zone": str(zone_of(course)),
        "several": wanted.accept_multiple,
        "columns": wanted.accept_line_item is not False,
        "refusal": refusal,
    }
    return render(request, "lti/picker.html", context, status=refusal.status if refusal else 200)


def _fits(lab: Lab, words: list[str]) -> bool:
    place = f"volume {lab.volume} lab {lab.number}"
    text = f"{lab.title} {lab.chapter} {lab.core_question} {place}".lower()
    return all(word in text for word in words)


def _items(request: HttpRequest, wanted: DeepLinkRequest) -> list[LinkItem]:
    chosen = [_lab(slug) for slug in dict.fromkeys(request.POST.getlist("lab"))]
    if not chosen:
        raise Unprocessable("No lab is chosen.", remedy="Choose at least one.")
    if len(chosen) > 1 and not wanted.accept_multiple:
        raise Unprocessable("Your LMS takes one lab at a time.", remedy="Choose one.")
    points = _points(request.POST.get("points", ""))
    opens_at, due_at = (_moment(request.POST.get(name, "")) for name in ("opens", "due"))
    if opens_at and due_at and opens_at >= due_at:
        raise Unprocessable("The labs would open after they are due.", remedy="Change a date.")
    return [_link_item(lab, points, opens_at, due_at) for lab in chosen]


def _link_item(
    lab: Lab, points: float, opens_at: datetime | None, due_at: datetime | None
) -> LinkItem:
    return LinkItem(
        # Twice, because some platforms drop custom parameters and some the query.
        url=f"{launch_url()}?lab={lab.slug}",
        title=lab.title,
        text=lab.core_question,
        custom={
            "lab": lab.slug,
            "due": "$ResourceLink.submission.endDateTime",
            **VARIABLES,
        },
        points_max=points,
        resource_id=lab.slug,
        opens_at=opens_at,
        due_at=due_at,
    )


def _points(text: str) -> float:
    try:
        points = float(text) if text.strip() else POINTS_DEFAULT
    except ValueError:
        points = 0.0
    if not 0 < points <= POINTS_MAX:
        raise Unprocessable(
            f"“{text[:20]}” is not a number of points.",
            remedy=f"Give a number above 0 and up to {POINTS_MAX:g}.",
        )
    return points


def _moment(text: str) -> datetime | None:
    try:
        return make_aware(datetime.fromisoformat(text)) if text else None
    except ValueError as error:
        raise Unprocessable(
            f"“{text[:40]}” is not a date and time.", remedy="Choose it again."
        ) from error
