"""Asking for simulations, running them unit by unit, and bringing back what was lost."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet

from courseserver.common import clock
from courseserver.common.errors import Unprocessable
from courseserver.courses.models import Person
from courseserver.simjobs.models import OPEN_STATES, Job, JobState, JobUse
from labs.content import Lab
from labs.contract import LongJob, Scalar

log = structlog.get_logger(__name__)

_LOSSES_MAX = 3
_UNITS_MAX = 5000
# A message older than this, with its job still queued, is taken for lost.
_PUBLISH_AGAIN = timedelta(seconds=30)


def job_request(
    *, person: Person, lab: Lab, part_id: str, model: LongJob, inputs: Mapping[str, Scalar]
) -> Job:
    """Return the job of these inputs, queueing it if nobody asked for it before.

    Raises
    ------
    Unprocessable
        If the model refuses the inputs, in its words.
    """
    total = _checked_units(model, inputs)
    text = json.dumps(
        [lab.slug, lab.version, part_id, dict(inputs)], sort_keys=True, allow_nan=False
    )
    input_hash = hashlib.sha256(text.encode()).hexdigest()
    now = clock.now()
    with transaction.atomic():
        job, is_new = Job.objects.select_for_update().get_or_create(
            input_hash=input_hash,
            defaults={
                "lab": lab.slug,
                "lab_version": lab.version,
                "part": part_id,
                "inputs": dict(inputs),
                "seed": hashlib.sha256(f"seed {input_hash}".encode()).hexdigest()[:32],
                "units_total": total,
                "created_at": now,
            },
        )
        JobUse.objects.update_or_create(
            job=job, person=person, defaults={"dropped_at": None, "at": now}
        )
        if is_new or _revived(job):
            transaction.on_commit(lambda: job_publish(job.pk))
    job.refresh_from_db()
    return job


def _revived(job: Job) -> bool:
    """Queue a failed or cancelled job again (True); its finished units stay done.

    A running one that was asked to stop a moment ago is wanted again and goes on.
    """
    Job.objects.filter(pk=job.pk, state__in=OPEN_STATES).update(cancel_asked=False)
    ended = Job.objects.filter(pk=job.pk, state__in=(JobState.FAILED, JobState.CANCELLED))
    return bool(
        ended.update(
            state=JobState.QUEUED, cancel_asked=False, losses=0, error="", finished_at=None
        )
    )


def _checked_units(model: LongJob, inputs: Mapping[str, Scalar]) -> int:
    try:
        model.check(inputs)
        total = model.units(inputs)
    except ValueError as error:
        raise Unprocessable(
            f"This run cannot be made: {error}.", remedy="Change its settings."
        ) from error
    if not 1 <= total <= _UNITS_MAX:
        raise Unprocessable(
            f"This run has {total:,} units; {_UNITS_MAX:,} are allowed.", remedy="Make it shorter."
        )
    return total


def job_publish(job_id: str) -> bool:
    """Tell the workers; a broker that is down is no failure, the sweeper repeats it."""
    from courseserver.simjobs.tasks import run

    Job.objects.filter(pk=job_id).update(published_at=clock.now())
    try:
        run.delay(job_id)
    except Exception as error:  # noqa: BLE001 - each transport raises its own when it is down
        log.warning("broker did not take the job", job=job_id, error=type(error).__name__)
        return False
    return True


def job_drop(*, person: Person, job: Job) -> Job:
    """Take back a person's wish for a job; without any wish left it is cancelled."""
    with transaction.atomic():
        now = clock.now()
        JobUse.objects.filter(job=job, person=person, dropped_at=None).update(dropped_at=now)
        if not JobUse.objects.filter(job=job, dropped_at=None).exists():
            Job.objects.filter(pk=job.pk, state__in=OPEN_STATES).update(cancel_asked=True)
            Job.objects.filter(pk=job.pk, state=JobState.QUEUED).update(
                state=JobState.CANCELLED, finished_at=now
            )
    job.refresh_from_db()
    return job


def job_claim(*, job_id: str, worker: str) -> Job | None:
    """Return the job if this worker got it; of several messages for one job, one wins."""
    now = clock.now()
    free = Q(state=JobState.QUEUED) | Q(state=JobState.RUNNING, lease_until__lt=now)
    won = Job.objects.filter(free, pk=job_id).update(
        state=JobState.RUNNING, worker=worker, lease_until=_lease(), heartbeat_at=now
    )
    return Job.objects.get(pk=job_id) if won else None


def job_beat(*, job: Job, worker: str) -> bool:
    """Extend the lease; False means that another worker has the job, or nobody wants it."""
    return bool(
        _mine(job, worker)
        .filter(cancel_asked=False)
        .update(
            lease_until=_lease(),
            heartbeat_at=clock.now(),
            units_done=job.units.count(),
        )
    )


def job_close(*, job: Job, worker: str, state: JobState, **fields: object) -> bool:
    """End a run this worker still holds."""
    closed = _mine(job, worker).update(state=state, finished_at=clock.now(), **fields)
    return bool(closed)


def job_release(*, job: Job, worker: str) -> None:
    """Put a long run back, so that others get their turn; its units stay done."""
    if _mine(job, worker).update(state=JobState.QUEUED, lease_until=None, worker=""):
        job_publish(job.pk)


def job_cancelled(*, job: Job, worker: str) -> None:
    """Close a run that was asked to stop; a run lost to another worker is left alone."""
    _mine(job, worker).filter(cancel_asked=True).update(
        state=JobState.CANCELLED, finished_at=clock.now()
    )


def _mine(job: Job, worker: str) -> QuerySet[Job]:
    return Job.objects.filter(pk=job.pk, worker=worker, state=JobState.RUNNING)


def _lease() -> datetime:
    return clock.now() + timedelta(seconds=settings.SIMJOBS_LEASE_S)


def jobs_sweep() -> int:
    """Bring back what a broker or a dead worker lost; return how many jobs were published."""
    now = clock.now()
    lost = Job.objects.filter(state=JobState.RUNNING, lease_until__lt=now)
    lost.filter(cancel_asked=True).update(state=JobState.CANCELLED, finished_at=now)
    lost.filter(losses__gte=_LOSSES_MAX - 1).update(
        state=JobState.FAILED,
        finished_at=now,
        losses=F("losses") + 1,
        error=f"The run was lost {_LOSSES_MAX} times on our side. Start it again.",
    )
    lost.update(
        state=JobState.QUEUED, worker="", lease_until=None, published_at=None,
        losses=F("losses") + 1,
    )  # fmt: skip
    stale = Q(published_at=None) | Q(published_at__lt=now - _PUBLISH_AGAIN)
    waiting = Job.objects.filter(stale, state=JobState.QUEUED).order_by("created_at")
    return sum(job_publish(job_id) for job_id in waiting.values_list("pk", flat=True)[:200])
