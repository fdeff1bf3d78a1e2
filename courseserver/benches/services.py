"""Writes: deploy a design on a kit, or take the simulated twin; take a job back."""

from collections.abc import Mapping

from django.db import transaction

from courseserver.audit.services import record
from courseserver.benches.models import ActivityRun
from courseserver.common import clock
from courseserver.common.errors import Conflict, Unprocessable
from courseserver.courses.access import enrolment_in
from courseserver.courses.models import Course, Person
from courseserver.kits import selectors as kits
from courseserver.kits.models import Kit, KitJob
from courseserver.kits.services import TaskRequest, kit_job_cancel, kit_job_request
from firmware_specs import boards
from firmware_specs import tasks as known_tasks
from firmware_specs.fit import size_text
from labs.activities import Activity, Design
from labs.contract import Scalar

KIT, SIMULATION = "kit", "simulation"


class NoKit(Conflict):
    title = "No kit can take this now"


def design_of(activity: Activity, given: Mapping[str, str]) -> dict[str, Scalar]:
    """Return the chosen design; what was not chosen is as it starts.

    Raises
    ------
    Unprocessable
        If a value is none of those on offer.
    """
    design: dict[str, Scalar] = {}
    for knob in activity.model.design():
        if knob.id not in given:
            design[knob.id] = knob.steps[knob.default]
            continue
        found = [step for step in knob.steps if str(step) == given[knob.id]]
        if not found:
            offered = ", ".join(map(str, knob.steps))
            raise Unprocessable(
                f"{knob.id} = {given[knob.id][:40]!r} is not on offer.",
                remedy=f"Choose one of {offered}.",
            )
        design[knob.id] = found[0]
    return design


def board_of(activity: Activity, given: str) -> str:
    boards = activity.model.boards()
    if given and given not in boards:
        raise Unprocessable(
            f"The board {given[:40]!r} is not on offer.", remedy="Choose one of those shown."
        )
    return given or boards[0]


def able_kits(
    course: Course, person: Person, activity: Activity, design: Design, board: str
) -> list[Kit]:
    """Return kits there that can measure this design on this board, or hold a board that can."""
    wanted = {task.task for task in activity.model.tasks(design, board)}
    if not wanted or not wanted <= set(known_tasks.all_tasks()):
        return []
    return kits.kits_available(
        course, task_ids=wanted, board=board, person=None if activity.is_ranked else person
    )


def why_no_room(activity: Activity, design: Design, board: str) -> str:
    """Return in words why a model is too large for the board's firmware, or an empty string."""
    sheet = boards.all_boards().get(board)
    figures = {figure.id: figure for figure in activity.model.predict(design, board)}
    size = float(figures["memory"].predicted.value) if "memory" in figures else 0.0
    if sheet is None or not 0 < sheet.memory.model_bytes < size:
        return ""
    return (
        f"This model takes {size_text(size)}, the firmware of {sheet.name} has room for"
        f" {size_text(sheet.memory.model_bytes)}: take fewer hidden units, or fewer bits."
    )


def run_ask(
    *, person: Person, course: Course, activity: Activity, design: Design, board: str, mode: str
) -> ActivityRun:
    """Keep a run: on a kit, or simulated only.

    Raises
    ------
    NotFound
        If the person is not in the course.
    Unprocessable
        If the mode is unknown.
    NoKit
        If no kit that is there can take it.
    """
    enrolment_in(person, course)
    if mode not in (KIT, SIMULATION):
        raise Unprocessable("Ask for kit or simulation.", remedy="Load the page again.")
    with transaction.atomic():
        job_id = _job(person, course, activity, design, board) if mode == KIT else ""
        last = ActivityRun.objects.filter(person=person, course=course, kit_job=job_id).first()
        if job_id and last is not None:
            return last
        run = ActivityRun.objects.create(
            course=course,
            person=person,
            activity=activity.slug,
            board=board,
            design=dict(design),
            kit_job=job_id,
            at=clock.now(),
        )
        record(
            actor=person.pk, action="activity_run", subject=run.pk, course_id=course.pk, mode=mode
        )
    return run


def run_cancel(*, person: Person, run: ActivityRun) -> None:
    job = KitJob.objects.filter(pk=run.kit_job).first()
    if job is not None:
        kit_job_cancel(person=person, job=job)


def _job(person: Person, course: Course, activity: Activity, design: Design, board: str) -> str:
    if why := why_no_room(activity, design, board):
        raise NoKit(why, remedy="Or take the simulation.")
    if not able_kits(course, person, activity, design, board):
        raise NoKit("No kit that is online can measure this.", remedy="Take the simulation.")
    asked = [
        TaskRequest(id=task.id, task=task.task, arguments=dict(task.arguments))
        for task in activity.model.tasks(design, board)
    ]
    job = kit_job_request(
        person=person,
        course=course,
        tasks=asked,
        purpose=activity.title,
        board=board,
        institution_only=activity.is_ranked,
    )
    return str(job.pk)
