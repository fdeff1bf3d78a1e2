"""Reads: kits a course may use, a job as its page shows it, what was measured."""

from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Q

from courseserver.common.errors import NotFound
from courseserver.courses.models import Course
from courseserver.kits import queue
from courseserver.kits.models import Kit, KitJob, Measurement
from courseserver.kits.states import JobState, KitHealth
from firmware_specs.wire import Outcome


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
    # How long until it is worth asking again; None when nothing will change.
    poll_ms: int | None


def kits_available(course: Course, *, task_ids: Collection[str] = ()) -> list[Kit]:
    """Return the kits that are there and may serve a course, its own first.

    With `task_ids`, only those that said they can run all these tasks.
    """
    present = queue.kits_present().filter(Q(course=course) | Q(course__isnull=True))
    able = [kit for kit in present if kit.can_run(set(task_ids))]
    return sorted(able, key=lambda kit: (kit.course_id is None, kit.name))


def kits_of(course: Course) -> list[Kit]:
    """Return all kits a course may use, present or not."""
    return list(
        Kit.objects.filter(Q(course=course) | Q(course__isnull=True))
        .exclude(health=KitHealth.REVOKED)
        .order_by("name")
    )


def is_present(kit: Kit) -> bool:
    return queue.kits_present().filter(pk=kit.pk).exists()


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
        poll_ms=None if job.is_final else 1000,
    )


def measurements_of(job: KitJob) -> dict[str, Measurement]:
    """Return what was measured, by task request id. Failed runs are not in it."""
    return {
        row.request_id: row
        for row in job.measurements.filter(
            superseded=False, outcome=Outcome.MEASURED.value
        ).select_related("kit")
    }


def outcomes_of(job: KitJob) -> dict[str, Measurement]:
    """Return every run's outcome, failures with their reasons included."""
    return {row.request_id: row for row in job.measurements.filter(superseded=False)}
