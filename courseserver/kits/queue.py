"""The fair queue: who gets which kit next, and what becomes of a job on a kit.

A course's own kits serve it first; shared kits go round by person, so that whoever had least
lately comes first; staff come before students. A kit holds one lease at a time.
"""

from collections import Counter
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from courseserver.common import clock
from courseserver.kits.models import Kit, KitJob, Lease
from courseserver.kits.states import ON_KIT, JobState, KitHealth, check_move
from firmware_specs import tasks

# Kits speak at least every 30 s; one lost message is forgiven.
STALE_AFTER = timedelta(seconds=75)
# An overdue attempt: three times the estimate, and a minute for the network.
_DEADLINE_FACTOR, _DEADLINE_EXTRA_S = 3.0, 60.0
_ROUND = timedelta(hours=1)
_FAILURES_SICK = 3


def estimate_s(job: KitJob) -> float:
    """Return how long a kit will need for a job. [s]"""
    return sum(tasks.task(row["task"]).estimate_s for row in job.tasks)


def kits_present() -> QuerySet[Kit]:
    """Return kits in service that spoke lately and did not say goodbye."""
    return Kit.objects.filter(
        health=KitHealth.ACTIVE, last_seen_at__gte=clock.now() - STALE_AFTER
    ).exclude(presence="offline")


def jobs_in_order(kit: Kit) -> list[KitJob]:
    """Return the waiting jobs that a kit may run, the next one first."""
    waiting = KitJob.objects.filter(state=JobState.QUEUED)
    if kit.course_id:
        waiting = waiting.filter(course_id=kit.course_id)
    served = _served_lately()
    fitting = [job for job in waiting if kit.can_run(job.task_ids)]
    return sorted(fitting, key=lambda job: _turn(job, served))


def jobs_assign() -> list[KitJob]:
    """Give every free kit its next job. Return what was assigned."""
    # Asked several times a second: an idle bench must not take the database's write lock.
    if not KitJob.objects.filter(state=JobState.QUEUED).exists():
        return []
    assigned = []
    with transaction.atomic():
        leased = Lease.objects.filter(kit=OuterRef("pk"), released_at__isnull=True)
        # A course's own kits choose first, so that shared ones stay free for the others.
        own_first = F("course_id").asc(nulls_last=True)
        free = kits_present().exclude(Exists(leased)).order_by(own_first, "created_at", "id")
        for kit in free.select_for_update(of=("self",)):
            jobs = jobs_in_order(kit)
            if jobs:
                assigned.append(job_send(job=jobs[0], kit=kit))
    return assigned


def job_send(*, job: KitJob, kit: Kit) -> KitJob:
    """Lease a kit for a job; the bridge sends the command from this row."""
    check_move(job.state, JobState.SENT)
    now = clock.now()
    if job.kit_id and job.kit_id != kit.id:
        # Two machines are never mixed in one comparison.
        job.measurements.update(superseded=True)
    job.kit = kit
    job.state = JobState.SENT
    job.attempt += 1
    job.done = job.measurements.filter(superseded=False).count()
    job.command_at = job.answered_at = None
    job.deadline_at = now + timedelta(
        seconds=_DEADLINE_FACTOR * estimate_s(job) + _DEADLINE_EXTRA_S
    )
    job.message = f"Sent to {kit.name}"
    job.save()
    Lease.objects.create(kit=kit, job=job, attempt=job.attempt, taken_at=now)
    return job


def job_started(*, job: KitJob) -> None:
    """A kit has accepted or begun the job."""
    if job.state == JobState.SENT:
        job.state = JobState.RUNNING
        job.message = f"Running on {job.kit.name if job.kit else 'a kit'}"
    job.answered_at = job.answered_at or clock.now()
    job.save(update_fields=["state", "message", "answered_at"])


def job_close(*, job: KitJob, state: JobState, message: str) -> None:
    """End a job for good and free its kit."""
    check_move(job.state, state)
    job.state = state
    job.message = message[:300]
    job.finished_at = clock.now()
    job.save(update_fields=["state", "message", "finished_at"])
    lease_release(job=job)


def job_requeue(*, job: KitJob, why: str) -> None:
    """Put a lost attempt back into the queue once; the second time, fail with words."""
    if job.requeues >= 1:
        job_close(job=job, state=JobState.FAILED, message=f"{why}; it was tried twice")
        return
    check_move(job.state, JobState.QUEUED)
    lease_release(job=job)
    job.requeues += 1
    job.state = JobState.QUEUED
    job.deadline_at = job.command_at = job.answered_at = None
    job.message = f"{why}; waiting for a kit again"[:300]
    job.save()


def lease_release(*, job: KitJob) -> None:
    job.leases.filter(released_at__isnull=True).update(released_at=clock.now())


def kit_failed(*, kit: Kit) -> None:
    """Count a failure against a kit; three in a row take it out of service."""
    kit.failures += 1
    if kit.failures >= _FAILURES_SICK and kit.health == KitHealth.ACTIVE:
        kit.health = KitHealth.SICK
    kit.save(update_fields=["failures", "health"])


def kit_worked(*, kit: Kit) -> None:
    if kit.failures:
        kit.failures = 0
        kit.save(update_fields=["failures"])


def position_of(job: KitJob) -> int:
    """Return how many waiting jobs come before this one, plus one."""
    served = _served_lately()
    rivals = KitJob.objects.filter(state=JobState.QUEUED).filter(_sharing_kits_with(job))
    return 1 + sum(_turn(rival, served) < _turn(job, served) for rival in rivals)


def _turn(job: KitJob, served: Counter[str]) -> tuple[int, int, datetime, str]:
    """Return what decides whose turn it is: staff, who had less lately, who waits longer."""
    return (-job.priority, served[job.person_id], job.queued_at, job.pk)


def _sharing_kits_with(job: KitJob) -> Q:
    if Kit.objects.filter(course__isnull=True, health=KitHealth.ACTIVE).exists():
        return Q()
    return Q(course_id=job.course_id)


def _served_lately() -> Counter[str]:
    """Return how many jobs each person had on a kit within the last hour."""
    since = clock.now() - _ROUND
    recent = Lease.objects.filter(taken_at__gte=since).values_list("job__person_id", flat=True)
    return Counter(recent)


def jobs_on_kits() -> QuerySet[KitJob]:
    return KitJob.objects.filter(state__in=ON_KIT)
