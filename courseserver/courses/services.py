"""What a launch changes in courses: who is in them, and which labs they hold."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from courseserver.audit.services import record
from courseserver.common import clock
from courseserver.courses.models import Assignment, Course, Enrolment, Identity, Person
from courseserver.lti import nrps
from courseserver.lti.faults import FaultKind, PlatformFault
from courseserver.lti.messages import Launch
from courseserver.lti.models import Platform
from courseserver.lti.nrps import Member


def enrol_from_launch(launch: Launch) -> Enrolment:
    """Return the enrolment that a launch proves, made or brought up to date.

    The role is the one of this launch: a person who lost a staff role loses it here.
    """
    with transaction.atomic():
        course = _course(launch)
        person = person_from_launch(launch)
        enrolment, created = Enrolment.objects.select_for_update().get_or_create(
            person=person, course=course, defaults={"role": launch.role}
        )
        former = "" if created else enrolment.role
        enrolment.role = launch.role
        enrolment.is_test_student = launch.is_test_student
        enrolment.is_active = True
        enrolment.last_launch_at = clock.now()
        enrolment.save()
        if former != enrolment.role:
            record(
                actor=person.pk,
                action="enrolled" if created else "role changed",
                subject=person.pk,
                course_id=course.pk,
                role=enrolment.role,
                former=former,
            )
    return enrolment


def assignment_from_launch(launch: Launch, course: Course, lab_slug: str, title: str) -> Assignment:
    """Return the assignment behind a resource link, made or brought up to date.

    A link that now names another lab keeps its assignment but changes its lab: attempts belong to
    a lab, so none is mixed up.
    """
    services: dict[str, Any] = {
        "line_items_url": launch.line_items_url,
        "ags_scopes": list(launch.ags_scopes),
    }
    # A link with several columns arrives without `lineitem`: the one we know stays.
    if launch.line_item_url:
        services["line_item_url"] = launch.line_item_url
    if "due" in launch.custom:
        services["due_at"] = _moment(launch.custom["due"])
    with transaction.atomic():
        assignment, created = Assignment.objects.select_for_update().get_or_create(
            course=course,
            resource_link_id=launch.resource_link_id,
            defaults={"lab": lab_slug, "title": title, **services},
        )
        former = assignment.lab
        wanted = {"lab": lab_slug, "title": title, **services}
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
    if not course.memberships_url:
        raise PlatformFault(FaultKind.REGISTRATION, "the LMS offers us no roster of this course")
    members = nrps.members(course.platform, course.memberships_url)
    known = {
        identity.subject: identity.person
        for identity in _identities(course.platform).select_related("person")
    }
    return [RosterLine(member=m, person=known.get(m.subject)) for m in members]


def person_known(platform: Platform, subject: str) -> Person | None:
    """Return the person of this subject, None if they never opened a lab."""
    identity = _identities(platform).select_related("person").filter(subject=subject).first()
    return identity.person if identity else None


def person_from_launch(launch: Launch) -> Person:
    """Return the person behind (platform client, subject), with name and email as sent now.

    Two deployments of one client share their people; two clients never do.
    """
    same = _identities(launch.platform).filter(subject=launch.subject)
    identity = same.select_related("person").first()
    if identity is None:
        identity = _identity_add(platform=launch.platform, subject=launch.subject)
    _identity_refresh(identity=identity, name=launch.name, email=launch.email)
    return identity.person


def _identities(platform: Platform) -> QuerySet[Identity]:
    return Identity.objects.filter(
        platform__issuer=platform.issuer, platform__client_id=platform.client_id
    )


def _identity_refresh(*, identity: Identity, name: str, email: str) -> None:
    # One link of an LMS may send names and another not; what we were told once stays.
    wanted = (name or identity.name, email or identity.email)
    if wanted != (identity.name, identity.email):
        identity.name, identity.email = wanted
        identity.save(update_fields=["name", "email"])


def _identity_add(*, platform: Platform, subject: str) -> Identity:
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
    course, _ = Course.objects.get_or_create(
        platform=launch.platform, context_id=context_id, defaults=wanted
    )
    changed = [name for name, value in wanted.items() if value and getattr(course, name) != value]
    for name in changed:
        setattr(course, name, wanted[name])
    if changed:
        course.save(update_fields=changed)
    return course


def _moment(text: str) -> datetime | None:
    """Return the LMS's due date; None where it has none or writes it in a way we cannot read."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None
