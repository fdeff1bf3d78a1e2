"""What a launch changes in courses: who is in them, and which labs they hold."""

from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from courseserver.audit.services import record
from courseserver.common import clock
from courseserver.common.rows import row_where, rows_change
from courseserver.courses.models import (
    Assignment,
    Course,
    Enrolment,
    Identity,
    Person,
    PlannedLab,
)
from courseserver.courses.zones import is_zone
from courseserver.lti import nrps
from courseserver.lti.faults import FaultKind, PlatformFault
from courseserver.lti.messages import Launch
from courseserver.lti.models import Platform
from courseserver.lti.nrps import Member, section_names


def enrol_from_launch(launch: Launch) -> Enrolment:
    """Return the enrolment that a launch proves, made or brought up to date.

    The role is the one of this launch: a person who lost a staff role loses it here.
    """
    with transaction.atomic(savepoint=False):
        person_id = _identity_from_launch(launch).person_id
        course = _course(launch)
        enrolment, created = _enrolment(person_id, course, launch.role)
        former = "" if created else enrolment.role
        if launch.role != "learner":
            _course_zone(course, launch.custom.get("time_zone", ""))
        now: dict[str, Any] = {
            "role": launch.role,
            "is_test_student": launch.is_test_student,
            "is_active": True,
            "last_launch_at": clock.now(),
        }
        if "sections" in launch.custom:
            now["sections"] = list(section_names(launch.custom["sections"]))
        rows_change(Enrolment, {"id": enrolment.pk}, **now)
        for name, value in now.items():
            setattr(enrolment, name, value)
        if former != enrolment.role:
            record(
                actor=person_id,
                action="enrolled" if created else "role changed",
                subject=person_id,
                course_id=course.pk,
                role=enrolment.role,
                former=former,
            )
    return enrolment


def _enrolment(person_id: str, course: Course, role: str) -> tuple[Enrolment, bool]:
    """Return the enrolment, locked, and whether it was made just now."""
    known = row_where(Enrolment, lock=True, person_id=person_id, course_id=course.pk)
    if known is not None:
        known.course = course
        return known, False
    return Enrolment.objects.get_or_create(
        person_id=person_id, course=course, defaults={"role": role}
    )


def assignment_from_launch(launch: Launch, course: Course, lab_slug: str, title: str) -> Assignment:
    """Return the assignment behind a resource link, made or brought up to date.

    A link that now names another lab keeps its assignment but changes its lab: attempts belong to
    a lab, so none is mixed up.
    """
    services: dict[str, Any] = {
        "resource_link_id": launch.resource_link_id,
        "line_items_url": launch.line_items_url,
        "ags_scopes": list(launch.ags_scopes),
    }
    # A link with several columns arrives without `lineitem`: the one we know stays.
    if launch.line_item_url:
        services["line_item_url"] = launch.line_item_url
    if launch.legacy is not None and launch.legacy.resource_link_id:
        services["legacy_link_id"] = launch.legacy.resource_link_id
    with transaction.atomic(savepoint=False):
        wanted = {"lab": lab_slug, "title": title, **services}
        place: dict[str, Any] = {
            "course_id": course.pk,
            "resource_link_id": launch.resource_link_id,
        }
        known = row_where(Assignment, lock=True, **place) or _assignment_of_before(launch, place)
        assignment, created = (
            (known, False)
            if known
            else Assignment.objects.get_or_create(
                **place, defaults=settings_at_first(course, lab_slug) | wanted
            )
        )
        former = assignment.lab
        changed = [name for name, value in wanted.items() if getattr(assignment, name) != value]
        for name in changed:
            setattr(assignment, name, wanted[name])
        if changed:
            assignment.save(update_fields=changed)
        if created or former != lab_slug:
            record(
                actor="system",
                action="assignment added" if created else "assignment's lab changed",
                subject=assignment.pk,
                course_id=course.pk,
                lab=lab_slug,
            )
    return assignment


def _assignment_of_before(launch: Launch, place: dict[str, Any]) -> Assignment | None:
    """Return the course's assignment whose link had another name, and the same one in LTI 1.1."""
    if launch.legacy is None or not launch.legacy.resource_link_id:
        return None
    legacy = {"legacy_link_id": launch.legacy.resource_link_id}
    return row_where(Assignment, lock=True, course_id=place["course_id"], **legacy)


SETTINGS = (
    "scheme",
    "send_mode",
    "send_as",
    "only_if_higher",
    "shared_parameters",
    "optional_parts",
    "shows_leaders",
)


def settings_at_first(course: Course, lab_slug: str) -> dict[str, Any]:
    """Return how a lab is set when it is placed: as in the term before, and as the plan says."""
    planned = PlannedLab.objects.filter(plan__course=course, lab=lab_slug)
    return settings_before(course, lab_slug) | (planned.values("optional_parts").first() or {})


def settings_before(course: Course, lab_slug: str) -> dict[str, Any]:
    """Return how this lab was set in the term that the course was copied from; empty if in none."""
    if course.copied_from_id is None:
        return {}
    labs = Assignment.objects.filter(course=course.copied_from_id, lab=lab_slug)
    return labs.order_by("created_at", "pk").values(*SETTINGS).first() or {}


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterLine:
    """One person of the LMS's roster, and who that is here, if they ever opened a lab."""

    member: Member
    person: Person | None


def roster_read(course: Course) -> list[RosterLine]:
    """Ask the LMS who is in the course; nothing is changed here.

    Raises
    ------
    PlatformFault
        If the LMS does not tell, or not completely.
    """
    members = roster_members(course)
    known = {
        identity.subject: identity.person
        for identity in _identities(course.platform).select_related("person")
    }
    return [RosterLine(member=m, person=known.get(m.subject)) for m in members]


def roster_members(course: Course) -> list[Member]:
    """Return the LMS's roster, with sections and gradebook ids where the LMS tells them.

    Raises
    ------
    PlatformFault
        If the LMS does not tell, or not completely.
    """
    if not course.memberships_url:
        raise PlatformFault(FaultKind.REGISTRATION, "the LMS offers us no roster of this course")
    # Asked for one link, Canvas tells each member's variables. Others leave out whoever may not
    # open that link, and half a roster would drop people.
    link = course.assignments.first() if course.platform.product == "canvas" else None
    return nrps.members(
        course.platform, course.memberships_url, link_id=link.resource_link_id if link else ""
    )


def person_known(platform: Platform, subject: str) -> Person | None:
    """Return the person of this subject, None if they never opened a lab."""
    identity = _identities(platform).select_related("person").filter(subject=subject).first()
    return identity.person if identity else None


def _identity_from_launch(launch: Launch) -> Identity:
    """Return who is behind (platform client, subject), with name and email as sent now.

    Two deployments of one client share their people; two clients never do.
    """
    identity = (
        row_where(Identity, platform_id=launch.platform.pk, subject=launch.subject)
        or _identities(launch.platform).filter(subject=launch.subject).first()
        or _identity_of_before(launch)
        or identity_add(platform=launch.platform, subject=launch.subject)
    )
    before = launch.legacy
    identity_refresh(
        identity,
        legacy_key=before.consumer_key if before else "",
        legacy_id=before.user_id if before else "",
        name=launch.name,
        email=launch.email,
        lms_user_id=launch.custom.get("lms_user_id", ""),
        login=launch.custom.get("lms_login", ""),
    )
    return identity


def _identity_of_before(launch: Launch) -> Identity | None:
    """Join somebody whom another registration of the same platform knew under LTI 1.1.

    Never two people of one registration: each of its subjects is somebody.
    """
    if launch.legacy is None:
        return None
    known = Identity.objects.filter(
        platform__issuer=launch.platform.issuer,
        legacy_key=launch.legacy.consumer_key,
        legacy_id=launch.legacy.user_id,
    )
    here = _identities(launch.platform).values("person")
    before = known.exclude(person__in=here).order_by("pk").first()
    if before is None:
        return None
    record(
        actor=before.person_id,
        action="known from LTI 1.1",
        subject=before.person_id,
        platform=launch.platform.pk,
    )
    return Identity.objects.create(
        person_id=before.person_id, platform=launch.platform, subject=launch.subject
    )


def _identities(platform: Platform) -> QuerySet[Identity]:
    return Identity.objects.filter(
        platform__issuer=platform.issuer, platform__client_id=platform.client_id
    )


def identity_refresh(identity: Identity, **told: str) -> bool:
    """Take over what the platform tells of a person; return whether anything changed.

    One link of an LMS may send names and another not; what we were told once stays.
    """
    changed = {
        field: value[:255]
        for field, value in told.items()
        if value and getattr(identity, field) != value[:255]
    }
    for field, value in changed.items():
        setattr(identity, field, value)
    if changed:
        identity.save(update_fields=list(changed))
    return bool(changed)


def identity_add(*, platform: Platform, subject: str) -> Identity:
    defaults: dict[str, Any] = {"person": Person.objects.create}  # called only if none is there
    identity, _ = Identity.objects.get_or_create(
        platform=platform, subject=subject, defaults=defaults
    )
    return identity


def _course(launch: Launch) -> Course:
    # A platform may launch a link outside any course; the link is then a course of its own.
    context_id = launch.context_id or f"link {launch.resource_link_id}"[:255]
    wanted = {
        "title": launch.context_title or ("" if launch.context_id else launch.resource_link_title),
        "label": launch.context_label,
        "memberships_url": launch.memberships_url,
    }
    place: dict[str, Any] = {"platform_id": launch.platform.pk, "context_id": context_id}
    course = row_where(Course, **place) or Course.objects.get_or_create(**place, defaults=wanted)[0]
    changed = [name for name, value in wanted.items() if value and getattr(course, name) != value]
    for name in changed:
        setattr(course, name, wanted[name])
    if changed:
        course.save(update_fields=changed)
    return course


def _course_zone(course: Course, name: str) -> None:
    """Take the zone of the first member of staff as the course's, until somebody sets another."""
    if not course.time_zone and is_zone(name):
        course.time_zone = name
        course.save(update_fields=["time_zone"])
