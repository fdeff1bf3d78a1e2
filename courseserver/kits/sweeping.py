"""What time alone decides: kits that fell silent, attempts that took too long, old log lines."""

from datetime import timedelta

from django.db import transaction
from django.db.models import Count, Q

from courseserver.common import clock
from courseserver.kits import queue, reference
from courseserver.kits.models import KitClaim, KitJob, KitLog
from courseserver.kits.states import FINAL, ClaimState, JobState

# How long a job waits for a kit to come before its person is told that none did; where kits are
# there and work through a queue, it waits on.
_WAIT_MOST = timedelta(minutes=30)
# A kit told to cancel, and silent, is not waited for longer than this.
_CANCEL_MOST = timedelta(seconds=60)
_LOG_LIFE = timedelta(days=30)
# Of one kit: weeks of an ordinary one's, a minute of one that talks without end.
_LOG_MOST = 5000


def sweep() -> None:
    """Look at every open job once; then let free kits take what was put back."""
    for job_id in KitJob.objects.exclude(state__in=FINAL).values_list("pk", flat=True):
        with transaction.atomic():
            job = KitJob.objects.select_for_update().select_related(None).get(pk=job_id)
            _look_at(job)
    reference.jobs_ask()
    queue.jobs_assign()
    now = clock.now()
    KitLog.objects.filter(at__lt=now - _LOG_LIFE).delete()
    _cut_logs()
    KitClaim.objects.filter(expires_at__lt=now, state=ClaimState.PENDING).delete()


def _cut_logs() -> None:
    """Keep the latest lines of each kit that has said too many."""
    many = KitLog.objects.values("kit").annotate(said=Count("pk")).filter(said__gt=_LOG_MOST)
    for row in many.order_by():
        lines = KitLog.objects.filter(kit=row["kit"])
        oldest = lines.order_by("-at", "-pk")[_LOG_MOST - 1]
        lines.filter(Q(at__lt=oldest.at) | Q(at=oldest.at, pk__lt=oldest.pk)).delete()


def _look_at(job: KitJob) -> None:
    now = clock.now()
    if job.state == JobState.QUEUED:
        if now - job.queued_at > _WAIT_MOST and not _is_kit_there(job):
            minutes = int(_WAIT_MOST.total_seconds() // 60)
            why = f"No kit came for {minutes} minutes; use the simulation, or ask again later"
            queue.job_close(job=job, state=JobState.FAILED, message=why)
        return
    if job.state in FINAL or job.kit is None:
        return
    if job.cancel_asked_at and now - job.cancel_asked_at > _CANCEL_MOST:
        queue.job_close(job=job, state=JobState.CANCELLED, message="Cancelled; the kit was silent")
    elif job.kit.last_seen_at is None or now - job.kit.last_seen_at > queue.STALE_AFTER:
        queue.job_requeue(job=job, why=f"{job.kit.name} fell silent")
    elif job.deadline_at and now > job.deadline_at:
        reference.kit_failed(kit=job.kit, job=job)
        queue.job_requeue(job=job, why=f"{job.kit.name} took too long", elsewhere=True)


def _is_kit_there(job: KitJob) -> bool:
    return any(queue.may_take(kit, job) for kit in queue.kits_present())
