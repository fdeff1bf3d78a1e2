"""Celery tasks: thin shells around services. A message carries a job's id and nothing else."""

from celery import shared_task

from courseserver.simjobs import running, services


@shared_task  # type: ignore[untyped-decorator]
def run(job_id: str) -> None:
    """Work on a job for one turn; a second message for a running job does nothing."""
    running.job_run(job_id)


@shared_task  # type: ignore[untyped-decorator]
def sweep() -> None:
    """Re-queue what a broker or a dead worker lost."""
    services.jobs_sweep()
