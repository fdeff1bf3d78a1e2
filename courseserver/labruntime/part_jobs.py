"""Starting a part's long simulation. Its inputs are the part's parameters and the settings."""

from django.db import transaction

from courseserver.common import clock
from courseserver.common.errors import NotFound
from courseserver.labruntime import instrument
from courseserver.labruntime.instances import PartInstance
from courseserver.labruntime.ledger import entry_append
from courseserver.labruntime.models import PartJob
from courseserver.labruntime.state import AttemptState
from courseserver.simjobs.models import Job
from courseserver.simjobs.services import job_drop, job_request
from labs.content import JobText
from labs.contract import LongJob


def job_of(instance: PartInstance) -> tuple[JobText, LongJob]:
    text, model = instance.part.job, instance.part.model.job
    if text is None or model is None:
        raise NotFound("This part has no simulation to run.", remedy="Choose another part.")
    return text, model


def last_job(state: AttemptState, part_id: str) -> PartJob | None:
    jobs = PartJob.objects.select_related("job")
    return jobs.filter(attempt=state.attempt, part=part_id).order_by("-id").first()


def part_job_start(*, state: AttemptState, instance: PartInstance, asked: object) -> Job:
    """Ask for a run; an earlier one of this part that still waits or runs is dropped."""
    _, model = job_of(instance)
    knobs = model.inputs(instance.params)
    settings = instrument.settings_of(knobs, instrument.checked_steps(knobs, asked))
    person = state.attempt.person
    with transaction.atomic():
        job = job_request(
            person=person,
            lab=state.lab,
            part_id=instance.id,
            model=model,
            inputs={**instance.params, **settings},
        )
        before = last_job(state, instance.id)
        if before is not None and before.job_id == job.pk:
            return job
        if before is not None and before.job.is_open:
            job_drop(person=person, job=before.job)
        PartJob.objects.create(
            attempt=state.attempt, part=instance.id, job=job, settings=settings, at=clock.now()
        )
        entry_append(
            attempt=state.attempt,
            kind="job",
            part=instance.id,
            body={"settings": settings, "job": job.pk},
        )
    return job


def part_job_drop(*, state: AttemptState, instance: PartInstance) -> Job:
    """Take back the run asked for last."""
    use = last_job(state, instance.id)
    if use is None:
        raise NotFound("No run was asked for here.", remedy="Start one.")
    return job_drop(person=state.attempt.person, job=use.job)
