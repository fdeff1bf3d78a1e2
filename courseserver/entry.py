"""Topmost: takes the checked launch, enrols the person, and sends the browser where it belongs."""

from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.text import slugify
from django.utils.timezone import localtime, make_aware
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
from courseserver.common.moments import SESSION_LOCALE, known_locale
from courseserver.courses.access import enrolment_in, person_of
from courseserver.courses.due import due_from_launch
from courseserver.courses.middleware import SESSION_KEY
from courseserver.courses.models import Assignment, Course, Enrolment, Identity
from courseserver.courses.plans import PlannedWeek, plan_of, planned_weeks, week_now
from courseserver.courses.services import (
    assignment_from_launch,
    enrol_from_launch,
    person_known,
)
from courseserver.courses.zones import zone_of
from courseserver.grading.models import Submission
from courseserver.grading.services import scores_recompute
from courseserver.grading.term import rubric_take_over
from courseserver.labruntime.models import Attempt
from courseserver.lti import claims, frames, states, views
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
from courseserver.lti.variables import DUE, VARIABLES
from labs.activities import (
    Activity,
    UnknownActivity,
    activity_titled,
    all_activities,
    load_activity,
)
from labs.content import Lab
from labs.loader import UnknownLab, all_labs, load_lab

log = structlog.get_logger(__name__)

SESSION_PICKS = "deep_linking"
LAB_TYPE = "ltiResourceLink"
# What the picker puts before the slug of an activity on a board.
ACTIVITY = "activity:"
NO_LABS_HERE = "This place of your LMS does not take labs."
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
    if request.method == "GET" or request.POST.get("action") in ("search", "week"):
        return _picker(request, course, wanted)
    takes_labs = LAB_TYPE in wanted.accept_types
    try:
        is_chosen = takes_labs and request.POST.get("action") == "add"
        items = _items(request, course, wanted) if is_chosen else []
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
        "jwt": response_jwt(
            course.platform,
            wanted,
            items,
            now=clock.now(),
            words=_words_back(len(items), takes_labs, reference_of(request)),
        ),
        "count": len(items),
    }
    response = render(request, "lti/hand_over.html", context)
    frames.allow_form_to(response, [origin_of(wanted.return_url), *frame_origins(course.platform)])
    return response


def _words_back(count: int, takes_labs: bool, reference: str) -> dict[str, str]:
    """Return what the platform may show its user and keep in its log, as the standard has it."""
    if not takes_labs:
        return {"errormsg": NO_LABS_HERE, "errorlog": f"accept_types, reference {reference}"}
    if not count:
        return {}
    added = "1 lab was" if count == 1 else f"{count} labs were"
    return {"msg": f"{added} chosen.", "log": f"{count} links, reference {reference}"}


def _session_of(checked: Launch, enrolment: Enrolment) -> dict[str, Any]:
    """Return what a session of this launch holds."""
    origins = [*frame_origins(checked.platform), checked.frame_origin]
    return {
        SESSION_KEY: enrolment.person_id,
        SESSION_LOCALE: known_locale(checked.locale),
        frames.SESSION_MESSAGE_TOKEN: checked.custom.get("post_message_token", ""),
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
    if slug := slugify(checked.activity):
        return reverse("activity", args=[enrolment.course_id, slug])
    if not checked.lab or not checked.resource_link_id:
        return reverse("course-home", args=[enrolment.course_id])
    lab = _lab(checked.lab)
    title = checked.resource_link_title or lab.title
    assignment = assignment_from_launch(checked, enrolment.course, lab.slug, title)
    if enrolment.course.copied_from_id is not None:
        rubric_take_over(assignment, None)
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
    if LAB_TYPE not in wanted.accept_types:
        return render(request, "lti/no_labs_here.html", {"said": NO_LABS_HERE}, status=422)
    words = request.POST.get("q", "").lower().split()
    chosen = set(request.POST.getlist("lab"))
    due = request.POST.get("due", "")
    weeks = _weeks(course) if wanted.accept_multiple else []
    week = None
    if request.POST.get("action") == "week":
        number = request.POST.get("week", "")
        week = next((w for w in weeks if str(w.planned.span.number) == number), None)
        chosen = set(week.resources) if week else chosen
        due = f"{localtime(week.planned.span.due_at):%Y-%m-%dT%H:%M}" if week else due
    labs = [lab for lab in all_labs() if lab.slug in chosen or _fits(lab, words)]
    # What was chosen stands where one sees it.
    labs.sort(key=lambda lab: lab.slug not in chosen)
    activities = [
        activity
        for activity in all_activities()
        if f"{ACTIVITY}{activity.slug}" in chosen
        or all(word in f"{activity.title} {activity.question}".lower() for word in words)
    ]
    context = {
        "course": course,
        "labs": labs,
        "activities": [(f"{ACTIVITY}{activity.slug}", activity) for activity in activities],
        "chosen": chosen,
        "q": request.POST.get("q", ""),
        "points": request.POST.get("points") or f"{POINTS_DEFAULT:g}",
        "opens": request.POST.get("opens", ""),
        "due": due,
        "closes": request.POST.get("closes", ""),
        "title": request.POST.get("title", ""),
        "proposed_title": wanted.title,
        "at_once": wanted.auto_create,
        "weeks": weeks,
        "week": week,
        "zone": str(zone_of(course)),
        "several": wanted.accept_multiple,
        "columns": wanted.accept_line_item is not False,
        "refusal": refusal,
    }
    return render(request, "lti/picker.html", context, status=refusal.status if refusal else 200)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedLabs:
    """A week of the course's plan: its labs that are installed, and its activity on a board."""

    planned: PlannedWeek
    labs: tuple[Lab, ...]
    activity: Activity | None
    is_now: bool

    @property
    def resources(self) -> list[str]:
        """What the picker's boxes of this week are called."""
        boards = [f"{ACTIVITY}{self.activity.slug}"] if self.activity else []
        return [*(lab.slug for lab in self.labs), *boards]

    @property
    def titles(self) -> list[str]:
        boards = [f"{self.activity.title} (on a board)"] if self.activity else []
        return [*(lab.title for lab in self.labs), *boards]

    @property
    def missing(self) -> int:
        return len(self.planned.labs) - len(self.labs)


def _weeks(course: Course) -> list[PlannedLabs]:
    """Return the weeks of the course's plan that have something to add; none without a plan."""
    plan = plan_of(course)
    if plan is None:
        return []
    installed = {lab.slug: lab for lab in all_labs()}
    weeks = planned_weeks(plan)
    now = week_now(weeks, localtime(clock.now()).date())
    found = [
        PlannedLabs(
            planned=week,
            labs=tuple(installed[p.lab] for p in week.labs if p.lab in installed),
            activity=_activity_in(week),
            is_now=week == now,
        )
        for week in weeks
    ]
    return [week for week in found if week.resources]


def _activity_in(week: PlannedWeek) -> Activity | None:
    deploy = week.week.deploy
    return activity_titled(deploy.activity) if deploy else None


def _fits(lab: Lab, words: list[str]) -> bool:
    place = f"volume {lab.volume} lab {lab.number}"
    text = f"{lab.title} {lab.chapter} {lab.core_question} {place}".lower()
    return all(word in text for word in words)


def _items(request: HttpRequest, course: Course, wanted: DeepLinkRequest) -> list[LinkItem]:
    """Return the links chosen; a lab that the plan says is ungraded asks for no column."""
    chosen = list(dict.fromkeys(request.POST.getlist("lab")))
    if not chosen:
        raise Unprocessable("No lab is chosen.", remedy="Choose at least one.")
    if len(chosen) > 1 and not wanted.accept_multiple:
        raise Unprocessable("Your LMS takes one lab at a time.", remedy="Choose one.")
    points = _points(request.POST.get("points", ""))
    window = _window(request)
    ungraded = _ungraded(course)
    items = [
        _activity_item(slug.removeprefix(ACTIVITY), window)
        if slug.startswith(ACTIVITY)
        else _link_item(_lab(slug), None if slug in ungraded else points, window)
        for slug in chosen
    ]
    if len(items) > 1:
        return items
    title = claims.clean(request.POST.get("title", ""), claims.ID_MAX)
    return [replace(items[0], title=title or items[0].title)]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Window:
    """When labs open, are due and close."""

    opens_at: datetime | None
    due_at: datetime | None
    closes_at: datetime | None


def _window(request: HttpRequest) -> _Window:
    window = _Window(
        opens_at=_moment(request.POST.get("opens", "")),
        due_at=_moment(request.POST.get("due", "")),
        closes_at=_moment(request.POST.get("closes", "")),
    )
    moments = [m for m in (window.opens_at, window.due_at, window.closes_at) if m]
    if window.opens_at and window.due_at and window.opens_at >= window.due_at:
        raise Unprocessable("The labs would open after they are due.", remedy="Change a date.")
    if moments != sorted(moments):
        raise Unprocessable("The labs would close too early.", remedy="Change a date.")
    return window


def _ungraded(course: Course) -> set[str]:
    """Return the labs that the course's plan calls ungraded."""
    plan = plan_of(course)
    return set(plan.labs.filter(is_graded=False).values_list("lab", flat=True)) if plan else set()


def _link_item(lab: Lab, points: float | None, window: _Window) -> LinkItem:
    return LinkItem(
        # Twice, because some platforms drop custom parameters and some the query.
        url=f"{launch_url()}?lab={lab.slug}",
        title=lab.title,
        text=lab.core_question,
        custom={
            "lab": lab.slug,
            **DUE,
            **VARIABLES,
        },
        points_max=points,
        resource_id=lab.slug,
        opens_at=window.opens_at,
        due_at=window.due_at,
        closes_at=window.closes_at,
    )


def _activity_item(slug: str, window: _Window) -> LinkItem:
    """Return the link to an activity on a board; it is not graded, so it asks for no column."""
    try:
        activity = load_activity(slug)
    except UnknownActivity as error:
        raise NotFound(
            f"The activity “{slug[:60]}” is not here.", remedy="Choose from the list again."
        ) from error
    return LinkItem(
        url=f"{launch_url()}?activity={activity.slug}",
        title=activity.title,
        text=activity.question,
        custom={"activity": activity.slug},
        resource_id=activity.slug,
        opens_at=window.opens_at,
        due_at=window.due_at,
        closes_at=window.closes_at,
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
    if not text:
        return None
    try:
        typed = datetime.fromisoformat(text)
        is_local = typed.tzinfo is None and clock.is_usable(typed)
    except ValueError:
        is_local = False
    if not is_local:
        raise Unprocessable(f"“{text[:40]}” is not a date and time.", remedy="Choose it again.")
    return make_aware(typed)
