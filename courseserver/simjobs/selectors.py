"""Reading jobs: only those who asked for one see it."""

import hashlib
from typing import Any

from courseserver.common.errors import NotFound
from courseserver.courses.models import Person
from courseserver.simjobs.models import Job, JobState

_POLL_MS = {JobState.QUEUED: 1000, JobState.RUNNING: 500}


def job_for(person: Person, job_id: str) -> Job:
    """Return a job the person asked for; others learn not even that it exists."""
    job = Job.objects.filter(pk=job_id, uses__person=person).first()
    if job is None:
        raise NotFound("No such simulation.", remedy="Open the lab again from your course.")
    return job


def state_words(job: Job) -> str:
    """Return what a job is doing, in words."""
    if job.state == JobState.RUNNING:
        return f"running, {job.units_done} of {job.units_total}"
    if job.state == JobState.QUEUED and job.units_done:
        return f"waiting to go on, {job.units_done} of {job.units_total}"
    return JobState(job.state).label.lower()


def job_json(job: Job) -> dict[str, Any]:
    return {
        "id": job.pk,
        "state": job.state,
        "words": state_words(job),
        "done": job.units_done,
        "total": job.units_total,
        "error": job.error,
        "poll_ms": _POLL_MS.get(JobState(job.state)),
        "result": job.result,
    }


def etag_of(job: Job) -> str:
    """Return a tag that changes whenever what `job_json` says changes."""
    text = f"{job.pk} {job.state} {job.units_done} {job.error}"
    return f'"{hashlib.sha256(text.encode()).hexdigest()[:20]}"'
