"""Reads: kits a course may use, a job as its page shows it, what was measured."""

from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Q

from courseserver.common import clock
from courseserver.common.errors import NotFound
from courseserver.courses.models import Course, Person
from courseserver.kits import queue
from courseserver.kits.models import Kit, KitJob, Measurement
from courseserver.kits.states import JobState, KitHealth
from firmware_specs.wire import Outcome

# A page looks again after about a tenth of the job's age; few steps keep its answers alike.
_POLL_MS = (1000, 2000, 5000, 10_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobView:
    """A job in words and numbers, for a page or the API."""

    id: str
    state: str
    is_final: bool
    position: int | None
    done: int
    total: int
    message: str
    kit_name: str
    kit_is_shared: bool | None
    # Whose word it is: "institution" or "own"; None before a kit has it.
    kit_origin: str | None
    # How long until it is worth asking again; None when nothing will change.
    poll_ms: int | None


def _poll_ms(job: KitJob) -> int:
    """Return when to look again: soon while it is young, at ease once it waits or runs long."""
    age_s = (clock.now() - job.queued_at).total_seconds()
    return next((pause for pause in _POLL_MS if 100 * age_s <= pause), _POLL_MS[-1])


def kits_available(
    course: Course,
    *,
    task_ids: Collection[str] = (),
    board: str = "",
    person: Person | None = None,
) -> list[Kit]:
    """Return the kits that are there and may serve a course, its own first.

    With `task_ids`, only those that said they can run all these tasks; with `board`, only those
    that are this board or hold it; with `person`, that person's own kits as well, before others.
    """
    mine = Q(owner__isnull=True) | Q(owner=person) if person else Q(owner__isnull=True)
    present = queue.kits_present().filter(Q(course=course) | Q(course__isnull=True)).filter(mine)
    able = [kit for kit in present if queue.serves(kit, set(task_ids), board)]
    return sorted(able, key=lambda kit: (kit.owner_id is None, kit.course_id is None, kit.name))


def kits_of(course: Course) -> list[Kit]:
    """Return all kits a course may use, present or not."""
    return list(
        Kit.objects.filter(Q(course=course) | Q(course__isnull=True))
        .exclude(health=KitHealth.REVOKED)
        .order_by("name")
    )


def own_kits(person: Person, course: Course) -> list[Kit]:
    """Return a student's own kits in a course."""
    kits = Kit.objects.filter(owner=person, course=course).exclude(health=KitHealth.REVOKED)
    return list(kits.order_by("name"))


def job_view(job_id: str) -> JobView:
    """Return a job as people see it.

    Raises
    ------
    NotFound
        If there is no such job.
    """
    job = KitJob.objects.select_related("kit").filter(pk=job_id).first()
    if job is None:
        raise NotFound("No such hardware job.")
    position = queue.position_of(job) if job.state == JobState.QUEUED else None
    return JobView(
        id=job.id,
        state=job.state,
        is_final=job.is_final,
        position=position,
        done=job.done,
        total=job.total,
        message=job.message,
        kit_name=job.kit.name if job.kit else "",
        kit_is_shared=job.kit.course_id is None if job.kit else None,
        kit_origin=job.kit.origin if job.kit else None,
        poll_ms=None if job.is_final else _poll_ms(job),
    )


def measurements_of(job: KitJob) -> dict[str, Measurement]:
    """Return what was measured, by task request id. Failed runs are not in it."""
    return {
        row.request_id: row
        for row in job.measurements.filter(
            superseded=False, outcome=Outcome.MEASURED.value
        ).select_related("kit")
    }


def levels_of(job_id: str) -> dict[str, str]:
    """Return how far the server checked each measurement of a job, by task request id."""
    rows = Measurement.objects.filter(job=job_id, superseded=False, outcome=Outcome.MEASURED.value)
    return dict(rows.values_list("request_id", "verdict"))


def doubts_of(job_id: str) -> str:
    """Return in a sentence what the kit itself doubts of its measurements, or nothing."""
    rows = Measurement.objects.filter(job=job_id, superseded=False, outcome=Outcome.MEASURED.value)
    told = rows.order_by("pk").values_list("detail", flat=True)
    details = [detail for detail in told if detail]
    if not details:
        return ""
    are = "is" if len(details) == 1 else "are"
    return f"{len(details)} of {rows.count()} measurements {are} doubtful: {details[0]}."


def outcomes_of(job: KitJob) -> dict[str, Measurement]:
    """Return every run's outcome, failures with their reasons included."""
    return {row.request_id: row for row in job.measurements.filter(superseded=False)}
