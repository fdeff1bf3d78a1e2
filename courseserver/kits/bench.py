"""The bench as staff see it: which kit does what for whom, how it is, what waits, what was said."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q

from courseserver.common import clock
from courseserver.courses import selectors as people
from courseserver.courses.models import Course, Enrolment, Person
from courseserver.kits import queue, selectors
from courseserver.kits.access import is_person_seen_by
from courseserver.kits.models import BridgeBeat, Kit, KitJob, KitLog
from courseserver.kits.states import FINAL, JobState, KitHealth
from firmware_specs import boards

_BEAT_STALE = timedelta(seconds=15)
_LOG_LINES = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class KitRow:
    """One kit in words."""

    kit: Kit
    state: str
    tone: str
    remedy: str
    doing: str
    is_own: bool
    agent_version: str
    # What it is, and which boards are on its ports.
    machine: str
    meter: str
    # Whose it is, where it is a student's own.
    owner: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnKit:
    """A student's own kit, as its owner sees it."""

    kit: Kit
    machine: str
    state: str
    tone: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRow:
    """One open job of the course."""

    job: KitJob
    name: str
    position: int | None
    may_cancel: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    kits: list[KitRow]
    jobs: list[JobRow]
    lines: list[KitLog]
    present: int
    waiting: int
    # Empty while the bridge works, else what is wrong and what to do.
    trouble: str
    beat_at: datetime | None


def bench_of(viewer: Enrolment) -> Bench:
    """Return the bench as this member of staff may see it."""
    course = viewer.course
    kits = [_kit_row(kit, viewer) for kit in selectors.kits_of(course)]
    open_jobs = (
        KitJob.objects.filter(course=course)
        .exclude(state__in=FINAL)
        .select_related("kit")
        .order_by("queued_at")
    )
    places = queue.positions()
    jobs = sorted(
        (_job_row(job, viewer, places) for job in open_jobs), key=lambda row: row.position or 0
    )
    beat = BridgeBeat.objects.first()
    return Bench(
        kits=kits,
        jobs=jobs,
        lines=list(_lines(course)),
        present=queue.kits_present().filter(pk__in=[row.kit.pk for row in kits]).count(),
        waiting=sum(row.position is not None for row in jobs),
        trouble=_trouble(beat),
        beat_at=beat.at if beat else None,
    )


def own_kits_of(person: Person, course: Course) -> list[OwnKit]:
    """Return a student's own kits in a course, each with how it is."""
    rows = []
    for kit in selectors.own_kits(person, course):
        state, tone, remedy = _state_of(kit, is_staff=False)
        rows.append(OwnKit(kit=kit, machine=_machine(kit), state=state, tone=tone, remedy=remedy))
    return rows


def _kit_row(kit: Kit, viewer: Enrolment) -> KitRow:
    state, tone, remedy = _state_of(kit)
    doing = _doing(kit, viewer)
    meters = [row["name"] for row in kit.birth.get("meters", []) if row["available"]]
    return KitRow(
        kit=kit,
        # It holds a job before it says so.
        state="busy" if doing and state == "ready" else state,
        tone=tone,
        remedy=remedy,
        doing=doing,
        is_own=kit.course_id == viewer.course_id,
        machine=_machine(kit),
        agent_version=str(kit.birth.get("agent_version", "")),
        meter=", ".join(meters) or "no meter",
        owner=_name(viewer, kit.owner_id) if kit.owner_id else "",
    )


def _machine(kit: Kit) -> str:
    known = boards.all_boards()
    held = sorted(kit.boards_told(kit.tasks_told) - {"", kit.board})
    own, *others = [known[x].name if x in known else x for x in (kit.board, *held)]
    return own + (f" with {', '.join(others)}" if others else "")


def _state_of(kit: Kit, *, is_staff: bool = True) -> tuple[str, str, str]:
    """Return a kit's state in words, its tone, and what to do about it."""
    if kit.health == KitHealth.SICK:
        why = f"{kit.failures} failures in a row" if kit.failures else "Taken out by staff"
        how = "read the log, then put it back"
        if not is_staff:
            how = "mend it, then ask your instructor to put it back"
        remedy = f"{why}: {how}."
        return "out of service", "fail", remedy
    if kit.last_seen_at is None:
        return "never seen", "wait", "Start its agent: python -m device_agent run"
    if kit.presence == "offline":
        return "offline", "wait", "Switched off, or its agent is stopped."
    if clock.now() - kit.last_seen_at > queue.STALE_AFTER:
        return "silent", "warn", "It said no goodbye: look at its power and network."
    if kit.health == KitHealth.DRAINING:
        return "draining", "wait", "It takes no other job until it is put back."
    if kit.failures >= queue.FAILURES_DOUBT:
        remedy = f"{kit.failures} failures in a row: its reference job decides."
        return "in doubt", "warn", remedy
    if kit.drift:
        return "drifting", "warn", f"{kit.drift}. Look at heat, supply and governor."
    return ("busy" if kit.presence == "busy" else "ready"), "good", ""


def _doing(kit: Kit, viewer: Enrolment) -> str:
    lease = kit.leases.filter(released_at__isnull=True).select_related("job").first()
    if lease is None:
        return ""
    if lease.job.person_id is None:
        return f"its daily reference, {lease.job.done} of {lease.job.total}"
    if lease.job.course_id != viewer.course_id:
        return "a job of another course"
    name = _name(viewer, lease.job.person_id)
    return f"{name}: {lease.job.purpose}, {lease.job.done} of {lease.job.total}"


def _job_row(job: KitJob, viewer: Enrolment, places: dict[str, int]) -> JobRow:
    position = places.get(job.pk) if job.state == JobState.QUEUED else None
    name = _name(viewer, job.person_id) if job.person_id else "The server itself"
    return JobRow(
        job=job, name=name, position=position, may_cancel=is_person_seen_by(viewer, job.person_id)
    )


def _name(viewer: Enrolment, person_id: str) -> str:
    """Return whose job or kit it is, where this member of staff may see that person."""
    if not is_person_seen_by(viewer, person_id):
        return "A student of another section"
    return people.name_of(viewer.course, person_id)


def _lines(course: Course) -> list[KitLog]:
    """Return the latest lines about the course's own kits and jobs."""
    mine = KitJob.objects.filter(course=course).order_by("-queued_at").values("pk")[:500]
    about = Q(kit__course=course) | Q(job_id__in=mine)
    return list(KitLog.objects.filter(about).select_related("kit").order_by("-at")[:_LOG_LINES])


def _trouble(beat: BridgeBeat | None) -> str:
    if beat is None or clock.now() - beat.at > _BEAT_STALE:
        return "The bridge is not running, so kits cannot report: start manage.py mqtt_bridge."
    if not beat.is_connected:
        return "The bridge has no connection to the MQTT broker: is the broker running?"
    return ""
