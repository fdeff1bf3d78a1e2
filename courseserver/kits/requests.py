"""What may be asked of a kit."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from courseserver.common.errors import Unprocessable
from firmware_specs import tasks
from firmware_specs.wire import Scalar

MAX_TASKS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRequest:
    """One measurement: `id` names it within its job, `task` is one of `firmware_specs/tasks`."""

    id: str
    task: str
    arguments: Mapping[str, Scalar] = field(default_factory=dict)

    @property
    def estimate_s(self) -> float:
        return tasks.task(self.task).estimate_s


def checked(requests: list[TaskRequest]) -> list[TaskRequest]:
    """Return the requests with all arguments filled in.

    Raises
    ------
    Unprocessable
        If there is none or too many, two share an id, or a spec refuses one.
    """
    if not 1 <= len(requests) <= MAX_TASKS:
        raise Unprocessable(f"A kit job asks for 1 to {MAX_TASKS} measurements.")
    ids = [request.id for request in requests]
    if len(set(ids)) < len(ids) or not all(0 < len(i) <= 64 and i.isprintable() for i in ids):
        raise Unprocessable("Each measurement needs an id of its own, of 1 to 64 characters.")
    try:
        return [
            TaskRequest(id=r.id, task=r.task, arguments=tasks.task(r.task).check(r.arguments))
            for r in requests
        ]
    except tasks.SpecError as error:
        raise Unprocessable(f"A kit cannot measure that: {error}.") from error


def as_json(requests: list[TaskRequest]) -> list[dict[str, object]]:
    return [{"id": r.id, "task": r.task, "arguments": dict(r.arguments)} for r in requests]
