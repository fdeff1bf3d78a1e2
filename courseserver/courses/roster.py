"""The LMS's roster: asked for, compared with who is here, shown, and only then taken over."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import timedelta

from django.db import transaction

from courseserver.audit.services import record
from courseserver.common import clock
from courseserver.common.errors import Conflict, Unprocessable
from courseserver.courses.models import (
    Course,
    Enrolment,
    Identity,
    Person,
    Role,
    RosterReading,
    RosterState,
)
from courseserver.courses.selectors import UNNAMED, identities_by_person
from courseserver.courses.services import identity_add, identity_refresh, roster_members
from courseserver.lti import vault
from courseserver.lti.faults import FaultKind, PlatformFault
from courseserver.lti.nrps import Member

# A reading holds names: it is kept no longer than somebody looks at it.
KEPT = timedelta(hours=1)
ASK_AGAIN_AFTER = timedelta(seconds=60)
GIVE_UP_AFTER = timedelta(minutes=10)
# More of the students than this share gone at once looks like half a roster.
GONE_SHARE_MAX = 0.25
GONE_FREE = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One person of a diff: who, what they are here, what the LMS says."""

    subject: str
    person_id: str
    name: str
    here: str
    there: str
    sections: tuple[str, ...] = ()
    member: Member | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Diff:
    """What taking the roster over would change."""

    new: tuple[Change, ...] = ()
    back: tuple[Change, ...] = ()
    left: tuple[Change, ...] = ()
    roles: tuple[Change, ...] = ()
    # Staff by their launch whom the roster calls students: Moodle's non-editing teachers.
    kept_staff: tuple[Change, ...] = ()
    details: tuple[Change, ...] = ()
    same: int = 0
    total: int = 0
    # Why nothing of it can be right, in words; empty: nothing speaks against it.
    obstacle: str = ""
    looks_halved: bool = False

    @property
    def is_empty(self) -> bool:
        return not (self.new or self.back or self.left or self.roles or self.details)

    @property
    def fingerprint(self) -> str:
        """What was shown, as one word: taking over another diff is refused."""
        shown = [
            [change.subject, change.there]
            for group in (self.new, self.back, self.left, self.roles, self.details)
            for change in group
        ]
        return hashlib.sha256(json.dumps(shown).encode()).hexdigest()[:24]


@dataclass(slots=True)
class _Groups:
    new: list[Change] = field(default_factory=list)
    back: list[Change] = field(default_factory=list)
    left: list[Change] = field(default_factory=list)
    roles: list[Change] = field(default_factory=list)
    kept_staff: list[Change] = field(default_factory=list)
    details: list[Change] = field(default_factory=list)
    same: int = 0


# --- asking the LMS ---------------------------------------------------------------------------
@transaction.atomic
def roster_ask(*, course: Course, actor: Person) -> None:
    """Let a worker read the roster; an earlier reading is forgotten."""
    RosterReading.objects.update_or_create(
        course=course,
        defaults={
            "state": RosterState.ASKED,
            "asked_at": clock.now(),
            "read_at": None,
            "content_encrypted": "",
            "fault": "",
        },
    )
    record(actor=actor.id, action="roster.asked", subject=course.id, course_id=course.id)


def roster_fetch(course_id: str) -> None:
    """Read the roster that was asked for, whole or not at all, and keep it for a look."""
    reading = RosterReading.objects.filter(course=course_id, state=RosterState.ASKED).first()
    if reading is None:
        return
    course = Course.objects.select_related("platform").get(pk=course_id)
    try:
        members = roster_members(course)
    except PlatformFault as fault:
        _noted(reading, state=RosterState.FAILED, fault=_words(fault))
        return
    content = json.dumps([asdict(member) for member in members])
    _noted(
        reading,
        state=RosterState.READ,
        read_at=clock.now(),
        content_encrypted=vault.encrypt(content),
    )


def _noted(reading: RosterReading, **values: object) -> None:
    # Only the reading that we began: somebody may have asked again.
    same = RosterReading.objects.filter(pk=reading.pk, asked_at=reading.asked_at)
    same.filter(state=RosterState.ASKED).update(**values)


def _words(fault: PlatformFault) -> str:
    if fault.kind is FaultKind.RETRY:
        return f"{fault.detail}. Nothing was changed; try again in a while."
    return f"{fault.detail}. Ask the LMS administrator to allow the roster service for this tool."


def readings_tidy() -> list[str]:
    """Forget old readings, give up on silent ones; return courses whose reading was lost."""
    now = clock.now()
    RosterReading.objects.filter(asked_at__lt=now - KEPT).delete()
    asked = RosterReading.objects.filter(state=RosterState.ASKED)
    asked.filter(asked_at__lt=now - GIVE_UP_AFTER).update(
        state=RosterState.FAILED, fault="No worker read it. Nothing was changed; try again."
    )
    late = asked.filter(asked_at__lt=now - ASK_AGAIN_AFTER)
    return list(late.values_list("course_id", flat=True))


# --- comparing --------------------------------------------------------------------------------
def members_in(reading: RosterReading) -> list[Member]:
    """Return the roster that was read."""
    rows = json.loads(vault.decrypt(reading.content_encrypted))
    return [Member(**{**row, "sections": tuple(row["sections"])}) for row in rows]


def diff_with(course: Course, members: Sequence[Member]) -> Diff:
    """Compare a roster with who is in the course here; nothing is changed."""
    enrolments = list(Enrolment.objects.filter(course=course).select_related("person"))
    known = identities_by_person(course, Enrolment.objects.filter(course=course))
    by_subject = {
        known[e.person_id].subject: (e, known[e.person_id])
        for e in enrolments
        if e.person_id in known
    }
    groups = _Groups()
    present = [member for member in members if member.is_active and not member.is_test_student]
    for member in present:
        enrolment, identity = by_subject.get(member.subject, (None, None))
        if enrolment is None or identity is None:
            groups.new.append(_change(member, "", member.role))
        else:
            _compare(groups, member, enrolment, identity)
    there = {member.subject for member in present}
    away = {m.subject: "deactivated there" for m in members if not m.is_active}
    students = [
        (e, identity)
        for e, identity in by_subject.values()
        if e.role == Role.LEARNER and e.is_active and not e.is_test_student
    ]
    groups.left += [
        Change(
            subject=identity.subject,
            person_id=e.person_id,
            name=identity.name or UNNAMED,
            here=Role(e.role).label,
            there=away.get(identity.subject, "not in the roster"),
        )
        for e, identity in students
        if identity.subject not in there
    ]
    gone = len(groups.left)
    return Diff(
        **{
            name: tuple(sorted(getattr(groups, name), key=lambda c: (c.name.casefold(), c.subject)))
            for name in ("new", "back", "left", "roles", "kept_staff", "details")
        },
        same=groups.same,
        total=len(members),
        obstacle=_obstacle(present),
        looks_halved=gone > GONE_FREE and gone > GONE_SHARE_MAX * len(students),
    )


def _obstacle(present: Sequence[Member]) -> str:
    if not present:
        return "The LMS sent an empty roster."
    if not any(member.role == "learner" for member in present):
        return "The LMS sent a roster without a single student."
    return ""


def _compare(groups: _Groups, member: Member, enrolment: Enrolment, identity: Identity) -> None:
    here = Role(enrolment.role)
    change = _change(member, here.label, member.role, person_id=enrolment.person_id)
    if not enrolment.is_active:
        groups.back.append(change)
    elif here != member.role and _is_staff_by_launch(enrolment, member):
        groups.kept_staff.append(change)
    elif here != member.role:
        groups.roles.append(change)
    elif _told_anew(member, enrolment, identity):
        groups.details.append(change)
    else:
        groups.same += 1


def _is_staff_by_launch(enrolment: Enrolment, member: Member) -> bool:
    return enrolment.is_staff and enrolment.last_launch_at is not None and member.role == "learner"


def _told_anew(member: Member, enrolment: Enrolment, identity: Identity) -> bool:
    told = _identity_fields(member)
    is_other = any(value and getattr(identity, name) != value for name, value in told.items())
    return is_other or bool(member.sections and list(member.sections) != enrolment.sections)


def _change(member: Member, here: str, role: str, *, person_id: str = "") -> Change:
    return Change(
        subject=member.subject,
        person_id=person_id,
        name=member.name or UNNAMED,
        here=here,
        there=str(Role(role).label),
        sections=member.sections,
        member=member,
    )


def _identity_fields(member: Member) -> dict[str, str]:
    return {
        "name": member.name,
        "email": member.email,
        "lms_user_id": member.lms_user_id,
        "login": member.login,
        "sis_id": member.sis_id,
    }


# --- taking over ------------------------------------------------------------------------------
@transaction.atomic
def roster_apply(*, course: Course, actor: Person, seen: str, with_left: bool) -> Diff:
    """Take over the diff that was shown; people who left keep their work.

    Raises
    ------
    Conflict
        If there is no reading, or it differs from what was shown.
    Unprocessable
        If the roster cannot be right, or half of it seems to be missing and nobody confirmed.
    """
    reading = RosterReading.objects.select_for_update().filter(course=course).first()
    if reading is None or reading.state != RosterState.READ:
        raise Conflict("There is no roster to take over.", remedy="Read it from the LMS again.")
    diff = diff_with(course, members_in(reading))
    if diff.fingerprint != seen:
        raise Conflict(
            "The course changed since you looked.", remedy="Look at the new list, then decide."
        )
    if diff.obstacle:
        raise Unprocessable(diff.obstacle, remedy="Nothing was changed. Read it again later.")
    for change in (*diff.new, *diff.back, *diff.roles, *diff.details, *diff.kept_staff):
        _take_over(course, change, actor)
    if with_left or not diff.looks_halved:
        for change in diff.left:
            _leave(course, change, actor)
    record(
        actor=actor.id,
        action="roster.applied",
        subject=course.id,
        course_id=course.id,
        new=len(diff.new),
        back=len(diff.back),
        left=len(diff.left) if with_left or not diff.looks_halved else 0,
        roles=len(diff.roles),
    )
    reading.delete()
    return diff


def roster_drop(*, course: Course, actor: Person) -> None:
    """Forget the reading and change nothing."""
    RosterReading.objects.filter(course=course).delete()
    record(actor=actor.id, action="roster.dropped", subject=course.id, course_id=course.id)


def _take_over(course: Course, change: Change, actor: Person) -> None:
    member = change.member
    if member is None:
        return
    identity = identity_add(platform=course.platform, subject=member.subject)
    identity_refresh(identity, **_identity_fields(member))
    enrolment, created = Enrolment.objects.get_or_create(
        person=identity.person, course=course, defaults={"role": member.role}
    )
    former, was_active = enrolment.role, enrolment.is_active
    if not _is_staff_by_launch(enrolment, member):
        enrolment.role = member.role
    enrolment.is_active = True
    enrolment.sections = list(member.sections) or enrolment.sections
    enrolment.save()
    action = (
        "roster.added"
        if created
        else "roster.returned"
        if not was_active
        else "roster.role"
        if former != enrolment.role
        else ""
    )
    if action:
        _recorded(course, action, identity.person_id, actor, role=enrolment.role, former=former)


def _leave(course: Course, change: Change, actor: Person) -> None:
    Enrolment.objects.filter(course=course, person=change.person_id).update(is_active=False)
    _recorded(course, "roster.left", change.person_id, actor)


def _recorded(course: Course, action: str, person_id: str, actor: Person, **detail: object) -> None:
    record(actor=actor.id, action=action, subject=person_id, course_id=course.id, **detail)
