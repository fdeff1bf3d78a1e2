"""Writes for people's requests: ask for a job, cancel it."""

from collections.abc import Sequence

from django.db import transaction

from courseserver.audit import services as audit
from courseserver.common import clock
from courseserver.common.errors import Conflict, Unprocessable
from courseserver.courses.access import enrolment_in
from courseserver.courses.models import Course, Person
from courseserver.kits import agreement, queue, requests
from courseserver.kits.models import KitJob
from courseserver.kits.requests import TaskRequest
from courseserver.kits.states import FINAL, ON_KIT, JobState

__all__ = ["TaskRequest", "kit_job_cancel", "kit_job_request"]

# One running and two waiting, none of them long: a class shares few kits.
_OPEN_MOST = 3
_STUDENTS_MOST_S = 600.0


def kit_job_request(
    *,
    person: Person,
    course: Course,
    tasks: Sequence[TaskRequest],
    purpose: str,
    board: str = "",
    institution_only: bool = False,
) -> KitJob:
    """Queue measurements for a person. The same open request again returns the same job.

    Seeds and nonces are drawn here, whatever was asked. What counts for a grade or a rank is asked
    `institution_only`: a student's own kit never takes it.

    Raises
    ------
    NotFound
        If the person is not in the course.
    Unprocessable
        If a task or an argument is none that kits know, or a student's job is too long to share.
    Conflict
        If the person already has too many open jobs.
    """
    enrolment = enrolment_in(person, course)
    checked = requests.checked(list(tasks))
    estimate_s = sum(request.estimate_s for request in checked)
    if estimate_s > _STUDENTS_MOST_S and not enrolment.is_staff:
        raise Unprocessable(
            f"This takes some {estimate_s / 60:.0f} min on a kit, a student's has at most"
            f" {_STUDENTS_MOST_S / 60:.0f} min.",
            remedy="Ask for fewer measurements at once.",
        )
    asked = requests.asked_hash(
        checked, purpose=purpose, board=board, institution_only=institution_only
    )
    with transaction.atomic():
        # Serialises one person's requests, so that a double click makes one job.
        Person.objects.select_for_update().get(pk=person.pk)
        open_jobs = list(KitJob.objects.filter(person=person).exclude(state__in=FINAL))
        for job in open_jobs:
            if (job.course_id, job.asked_hash) == (course.id, asked):
                return job
        if len(open_jobs) >= _OPEN_MOST and not enrolment.is_staff:
            raise Conflict(
                f"You already have {len(open_jobs)} hardware jobs waiting or running.",
                remedy="Wait for one to finish, or cancel one.",
            )
        job = KitJob.objects.create(
            course=course,
            person=person,
            purpose=purpose,
            tasks=requests.as_json(
                requests.drawn(checked, asked_before=agreement.seed_asked_before)
            ),
            asked_hash=asked,
            board=board,
            institution_only=institution_only,
            total=len(checked),
            priority=1 if enrolment.is_staff else 0,
            queued_at=clock.now(),
            message="Waiting for a free kit",
        )
        _record(job, person.id, "kit_job_request")
        queue.jobs_assign()
    job.refresh_from_db()
    return job


def kit_job_cancel(*, person: Person, job: KitJob) -> KitJob:
    """Cancel a job: at once while it waits, else as soon as its kit answers."""
    with transaction.atomic():
        job = KitJob.objects.select_for_update().get(pk=job.pk)
        if job.state in FINAL:
            return job
        if job.state in ON_KIT:
            job.cancel_asked_at = job.cancel_asked_at or clock.now()
            job.command_at = None
            job.message = "Cancelling: the kit has been told"
            job.save(update_fields=["cancel_asked_at", "command_at", "message"])
        else:
            queue.job_close(job=job, state=JobState.CANCELLED, message="Cancelled")
        _record(job, person.id, "kit_job_cancel")
    return job


def _record(job: KitJob, actor: str, action: str) -> None:
    audit.record(actor=actor, action=action, subject=job.id, course_id=job.course_id or "")
