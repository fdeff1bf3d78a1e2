"""The same workload on hardware: ask a kit, or go on with the simulated twin and say so."""

from django.db import transaction

from courseserver.common import clock
from courseserver.common.errors import Conflict, NotFound, Unprocessable
from courseserver.kits import selectors as kit_selectors
from courseserver.kits.models import KitJob
from courseserver.kits.services import TaskRequest, kit_job_cancel, kit_job_request
from courseserver.labruntime.instances import PartInstance
from courseserver.labruntime.ledger import entry_append
from courseserver.labruntime.models import PartReality
from courseserver.labruntime.state import AttemptState
from labs.content import RealityText
from labs.contract import Comparison, Evidence, Measured, RealityCheck


class NoKit(Conflict):
    title = "No kit is online right now"


KIT, SIMULATION = "kit", "simulation"


def reality_of(instance: PartInstance) -> tuple[RealityText, RealityCheck]:
    text, model = instance.part.reality, instance.part.model.reality
    if text is None or model is None:
        raise NotFound("This part has no check on hardware.", remedy="Choose another part.")
    return text, model


def last_reality(state: AttemptState, part_id: str) -> PartReality | None:
    return PartReality.objects.filter(attempt=state.attempt, part=part_id).first()


def reality_ask(*, state: AttemptState, instance: PartInstance, mode: str) -> PartReality:
    """Queue the measurements on a kit of the course, or choose simulation only."""
    _, model = reality_of(instance)
    if mode not in (KIT, SIMULATION):
        raise Unprocessable("Ask for kit or simulation.", remedy="Reload the page.")
    with transaction.atomic():
        job_id = _kit_job(state, instance, model) if mode == KIT else ""
        row, _ = PartReality.objects.update_or_create(
            attempt=state.attempt,
            part=instance.id,
            defaults={"kit_job": job_id, "at": clock.now()},
        )
        entry_append(
            attempt=state.attempt,
            kind="reality",
            part=instance.id,
            body={"mode": mode, "kit_job": job_id},
        )
    return row


def is_kit_there(state: AttemptState, model: RealityCheck) -> bool:
    """Return whether a kit of the course is online that can run every task of this check."""
    task_ids = {task.task for task in model.tasks()}
    course = state.attempt.assignment.course
    person = state.attempt.person
    return bool(kit_selectors.kits_available(course, task_ids=task_ids, person=person))


def _kit_job(state: AttemptState, instance: PartInstance, model: RealityCheck) -> str:
    course = state.attempt.assignment.course
    if not is_kit_there(state, model):
        raise NoKit("No kit of this course answers.", remedy="Go on with simulation only.")
    tasks = [
        TaskRequest(id=task.id, task=task.task, arguments=dict(task.arguments))
        for task in model.tasks()
    ]
    purpose = f"{state.attempt.lab} part {instance.id}"
    job = kit_job_request(person=state.attempt.person, course=course, tasks=tasks, purpose=purpose)
    return str(job.pk)


def reality_cancel(*, state: AttemptState, instance: PartInstance) -> None:
    """Take back the measurements, if any are waiting or running."""
    row = last_reality(state, instance.id)
    job = KitJob.objects.filter(pk=row.kit_job).first() if row and row.kit_job else None
    if job is not None:
        kit_job_cancel(person=state.attempt.person, job=job)


def measured_by(job_id: str) -> dict[str, Measured]:
    """Return what the kit measured, by task; failed runs are not in it."""
    rows = kit_selectors.measurements_of(KitJob.objects.get(pk=job_id))
    return {
        name: Measured(
            value=row.value,
            low=row.value if row.low is None else row.low,
            high=row.value if row.high is None else row.high,
            n=row.n,
            evidence=Evidence(row.evidence),
        )
        for name, row in rows.items()
        if row.value is not None
    }


def is_self_reported(row: PartReality) -> bool:
    """Return whether a kit of the student's own measured this."""
    return bool(row.kit_job) and kit_selectors.job_view(row.kit_job).kit_origin == "own"


def comparison_if_ready(instance: PartInstance, row: PartReality, track: str) -> Comparison | None:
    """Return the table if the measurements are there and suffice."""
    if row.kit_job and kit_selectors.job_view(row.kit_job).state != "done":
        return None
    try:
        return comparison_of(instance, row, track)[0]
    except ValueError:
        return None


def comparison_of(instance: PartInstance, row: PartReality, track: str) -> tuple[Comparison, str]:
    """Return the table and what it rests on: "measured" or "simulation".

    Raises
    ------
    ValueError
        If the measurements do not suffice, in words.
    """
    _, model = reality_of(instance)
    if not row.kit_job:
        return model.simulate(track), SIMULATION
    return model.compare(measured_by(row.kit_job)), "measured"
