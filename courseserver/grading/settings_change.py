"""Changing an assignment's switches, with what that means for grades on their way."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from courseserver.audit.services import record
from courseserver.common import clock
from courseserver.courses.models import Assignment, Person, SendMode
from courseserver.grading import outbox
from courseserver.grading.models import GradeOutbox
from courseserver.grading.publishing import drain_soon


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """How many grades a change of mode released or held back."""

    released: int
    held: int

    @property
    def words(self) -> str:
        said = ["Settings saved."]
        if self.released:
            said.append(f"{_grades(self.released)} on the way to the LMS.")
        if self.held:
            said.append(f"{_grades(self.held)} held back.")
        return " ".join(said)


def _grades(count: int) -> str:
    return "1 grade" if count == 1 else f"{count} grades"


@transaction.atomic
def settings_change(
    *,
    assignment: Assignment,
    actor: Person,
    send_mode: str,
    shared_parameters: bool,
    due_at: datetime | None,
) -> Moved:
    """Store the switches; a new mode also releases or holds what waits now."""
    wanted = {
        "send_mode": SendMode(send_mode).value,
        "shared_parameters": shared_parameters,
        "due_at": due_at,
    }
    assignment = Assignment.objects.select_for_update().get(pk=assignment.pk)
    old = {name: getattr(assignment, name) for name in wanted}
    changed = {name: value for name, value in wanted.items() if old[name] != value}
    if not changed:
        return Moved(released=0, held=0)
    for name, value in changed.items():
        setattr(assignment, name, value)
    assignment.save(update_fields=list(changed))
    record(
        actor=actor.id,
        action="assignment.settings_changed",
        subject=assignment.id,
        course_id=assignment.course_id,
        old={name: _plain(old[name]) for name in changed},
        new={name: _plain(value) for name, value in changed.items()},
    )
    moved = (
        _apply_mode(assignment, actor.id) if "send_mode" in changed else Moved(released=0, held=0)
    )
    if moved.released:
        platform_id = assignment.course.platform_id
        transaction.on_commit(lambda: drain_soon(platform_id))
    return moved


def _apply_mode(assignment: Assignment, actor: str) -> Moved:
    now = clock.now()
    rows = GradeOutbox.objects.filter(assignment=assignment)
    if assignment.send_mode == SendMode.LIVE:
        return Moved(released=outbox.rows_release(rows, actor=actor, now=now), held=0)
    if assignment.send_mode == SendMode.MANUAL:
        return Moved(released=0, held=outbox.rows_hold(rows, actor=actor, now=now))
    full, part = rows.filter(desired_is_full=True), rows.filter(desired_is_full=False)
    return Moved(
        released=outbox.rows_release(full, actor=actor, now=now),
        held=outbox.rows_hold(part, actor=actor, now=now),
    )


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value
