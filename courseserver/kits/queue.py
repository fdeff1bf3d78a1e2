"""The fair queue: who gets which kit next, and what becomes of a job on a kit.

A student's own kit serves its owner first, then a course's own kits serve it; shared kits go round
by person (`fairness` says whose turn it is). A kit holds one lease at a time.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

from django.db import transaction
from django.db.models import Exists, F, OuterRef, QuerySet

from courseserver.common import clock
from courseserver.kits import fairness, requests
from courseserver.kits.models import Kit, KitJob, Lease
from courseserver.kits.states import JobKind, JobState, KitHealth, check_move
from firmware_specs import boards, tasks

# Kits speak at least every 30 s; one lost message is forgiven.
STALE_AFTER = timedelta(seconds=75)
# An overdue attempt: three times the estimate, and a minute for the network.
_DEADLINE_FACTOR, _DEADLINE_EXTRA_S = 3.0, 60.0
_ROUND = timedelta(hours=1)
# So many in a row, and only known work decides whether it is the kit or what was asked of it.
FAILURES_DOUBT = 3


def estimate_s(job: KitJob) -> float:
    """Return how long a kit will need for a job. [s]"""
    return sum(tasks.task(row["task"]).estimate_s for row in job.tasks)


def kits_present() -> QuerySet[Kit]:
    """Return kits in service that spoke lately and did not say goodbye."""
    return Kit.objects.filter(
        health=KitHealth.ACTIVE, last_seen_at__gte=clock.now() - STALE_AFTER
    ).exclude(presence="offline")


def may_take(kit: Kit, job: KitJob) -> bool:
    """Return whether a kit is one that may ever run this job."""
    if job.only_kit_id:
        return job.only_kit_id == kit.id and kit.can_run(job.task_ids)
    if kit.failures >= FAILURES_DOUBT:
        return False
    if kit.course_id and kit.course_id != job.course_id:
        return False
    if kit.owner_id and (job.institution_only or kit.owner_id != job.person_id):
        return False
    return serves(kit, job.task_ids, job.board)


def serves(kit: Kit, task_ids: set[str], board: str) -> bool:
    """Return whether a kit can run these tasks, on a board where one is named."""
    return kit.can_run(task_ids) and (board in ("", kit.board) or _speaks_for(kit, task_ids, board))


def _speaks_for(kit: Kit, task_ids: set[str], board: str) -> bool:
    """Return whether a computer has this board or accelerator on a port, as far as it says.

    Older agents do not say which board it is, and emulators have names of their own.
    """
    known = boards.all_boards()
    own, wanted = known.get(kit.board), known.get(board)
    if own is None or wanted is None or own.kind != "host" or wanted.kind == "host":
        return False
    told = kit.boards_told(task_ids)
    return wanted.kind == "accelerator" or all(x == board or x not in known for x in told)


def jobs_in_order(kit: Kit, jobs: Sequence[KitJob] | None = None) -> list[KitJob]:
    """Return the waiting jobs that a kit may run, the next one first."""
    waiting = KitJob.objects.filter(state=JobState.QUEUED) if jobs is None else jobs
    return _in_turn([job for job in waiting if may_take(kit, job)])


def jobs_assign() -> list[KitJob]:
    """Give every free kit its next job. Return what was assigned."""
    # Asked several times a second: an idle bench must not take the database's write lock.
    if not KitJob.objects.filter(state=JobState.QUEUED).exists():
        return []
    assigned = []
    with transaction.atomic():
        leased = Lease.objects.filter(kit=OuterRef("pk"), released_at__isnull=True)
        # Who serves fewest chooses first, so that shared kits stay free for the others.
        own_first = (F("owner_id").asc(nulls_last=True), F("course_id").asc(nulls_last=True))
        free = kits_present().exclude(Exists(leased)).order_by(*own_first, "created_at", "id")
        waiting = list(KitJob.objects.filter(state=JobState.QUEUED)) if free.exists() else []
        others = list(kits_present()) if any(job.avoid_kit_id for job in waiting) else []
        for kit in free.select_for_update(of=("self",)):
            jobs = [job for job in jobs_in_order(kit, waiting) if not _avoids(job, kit, others)]
            if jobs:
                assigned.append(job_send(job=jobs[0], kit=kit))
                waiting.remove(jobs[0])
    return assigned


def _avoids(job: KitJob, kit: Kit, present: Sequence[Kit]) -> bool:
    """Return whether a job failed on this kit and another one is there to try it."""
    return job.avoid_kit_id == kit.id and any(
        may_take(other, job) for other in present if other.id != kit.id
    )


def is_another_there(*, job: KitJob) -> bool:
    """Return whether another kit than the job's own is there to try it, and it may be tried."""
    return job.requeues < 1 and any(
        may_take(other, job) for other in kits_present().exclude(pk=job.kit_id)
    )


def job_send(*, job: KitJob, kit: Kit) -> KitJob:
    """Lease a kit for a job; the bridge sends the command from this row."""
    check_move(job.state, JobState.SENT)
    now = clock.now()
    if job.kit_id and job.kit_id != kit.id:
        # Two machines are never mixed in one comparison.
        job.measurements.update(superseded=True)
    job.kit = kit
    job.tasks = [requests.fitted(row, kit.arguments_of(row["task"])) for row in job.tasks]
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
    if job.state != JobState.SENT and job.answered_at:
        return
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


def job_requeue(*, job: KitJob, why: str, elsewhere: bool = False) -> None:
    """Put a lost attempt back into the queue once; the second time, fail with words.

    With `elsewhere`, it goes to another kit where one is there.
    """
    if job.requeues >= 1:
        job_close(job=job, state=JobState.FAILED, message=f"{why}; it was tried twice")
        return
    check_move(job.state, JobState.QUEUED)
    lease_release(job=job)
    job.requeues += 1
    job.avoid_kit = job.kit if elsewhere else None
    job.state = JobState.QUEUED
    job.deadline_at = job.command_at = job.answered_at = None
    job.message = f"{why}; waiting for a kit again"[:300]
    job.save()


def lease_release(*, job: KitJob) -> None:
    job.leases.filter(released_at__isnull=True).update(released_at=clock.now())


def kit_worked(*, kit: Kit) -> None:
    if kit.failures:
        kit.failures = 0
        kit.save(update_fields=["failures"])


def position_of(job: KitJob) -> int:
    """Return how many waiting jobs come before this one, plus one."""
    return positions().get(job.pk, 1)


def positions() -> dict[str, int]:
    """Return the place of each waiting job among those that share a kit with it, from 1."""
    turns = _in_turn(list(KitJob.objects.filter(state=JobState.QUEUED)))
    kits = list(Kit.objects.filter(health=KitHealth.ACTIVE))
    takers = {job.pk: {kit.pk for kit in kits if may_take(kit, job)} for job in turns}
    return {
        job.pk: 1 + sum(_are_rivals(job, other, takers) for other in turns[:ahead])
        for ahead, job in enumerate(turns)
    }


def _are_rivals(job: KitJob, other: KitJob, takers: dict[str, set[str]]) -> bool:
    mine = takers[job.pk]
    return not mine.isdisjoint(takers[other.pk]) if mine else other.course_id == job.course_id


def _in_turn(jobs: Sequence[KitJob]) -> list[KitJob]:
    by_id = {job.id: job for job in jobs}
    waiting = [
        fairness.Waiting(
            id=job.id,
            person=job.person_id or "",
            priority=job.priority,
            queued_s=job.queued_at.timestamp(),
        )
        for job in jobs
    ]
    turns = fairness.in_order(waiting, served=_served_lately(), now_s=clock.now().timestamp())
    return [by_id[turn.id] for turn in turns]


def _served_lately() -> Counter[str]:
    """Return how many jobs each person had on a kit within the last hour."""
    recent = Lease.objects.filter(
        taken_at__gte=clock.now() - _ROUND, job__kind=JobKind.REQUEST
    ).values_list("job__person_id", flat=True)
    return Counter(person for person in recent if person)
