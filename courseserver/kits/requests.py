"""What may be asked of a kit."""

import hashlib
import json
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from courseserver.common.errors import Unprocessable
from firmware_specs import tasks
from firmware_specs.wire import Scalar

MAX_TASKS = 64
# Arguments that choose an input or seal an output: the server draws them, for nobody may know
# them before the kit does.
DRAWN = ("seed", "nonce")
_DRAWN_MOST = 2**31 - 1


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


def asked_hash(requests: Sequence[TaskRequest], **which: object) -> str:
    """Return what the same request has in common, whatever is drawn for it."""
    body = [{"id": r.id, "task": r.task, "arguments": without_drawn(r.arguments)} for r in requests]
    text = json.dumps([body, which], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def drawn(
    requests: Sequence[TaskRequest],
    *,
    asked_before: Callable[[str], int | None] = lambda task: None,
) -> list[TaskRequest]:
    """Return the requests with the server's own seeds and nonces.

    A seed may be one that `asked_before` tells for a task, so that answers can be compared; never
    a nonce, to which the right answer would be known.
    """
    return [replace(r, arguments=dict(_drawn(r, asked_before))) for r in requests]


def _drawn(
    request: TaskRequest, asked_before: Callable[[str], int | None]
) -> Iterator[tuple[str, Scalar]]:
    for name, value in request.arguments.items():
        again = asked_before(request.task) if name == "seed" else None
        fresh = secrets.randbelow(_DRAWN_MOST)
        yield name, value if name not in DRAWN else fresh if again is None else again


def fitted(row: Mapping[str, Any], named: Sequence[str] | None) -> dict[str, Any]:
    """Return a job's row for a kit that `named` the task's arguments, or is too old to name any.

    An agent refuses a job for one argument that it does not know. So what was drawn is left out,
    and what stands at its default; anything else it shall refuse in words, for it cannot do it.
    """
    spec = tasks.task(row["task"]).arguments
    left_out = [
        name
        for name, value in row["arguments"].items()
        if (name in DRAWN if named is None else name not in named)
        and (name in DRAWN or value == spec[name].default)
    ]
    return {**row, "left_out": left_out}


def sent(row: Mapping[str, Any]) -> dict[str, Scalar]:
    """Return the arguments of a job's row that its kit is told."""
    return {k: v for k, v in row["arguments"].items() if k not in row.get("left_out", ())}


def asked(row: Mapping[str, Any]) -> dict[str, Scalar]:
    """Return the arguments that a job's row was measured with: defaults, sent or not, are known."""
    unknown = set(row.get("left_out", ())).intersection(DRAWN)
    return {k: v for k, v in row["arguments"].items() if k not in unknown}


def undrawn(task: str, arguments: Mapping[str, Scalar]) -> list[str]:
    """Return what the server should have drawn for a task, and its kit was not told."""
    return [name for name in DRAWN if name in tasks.task(task).arguments and name not in arguments]


def without_drawn(arguments: Mapping[str, Scalar]) -> dict[str, Scalar]:
    """Return the arguments that say how much work it is."""
    return {name: value for name, value in arguments.items() if name not in DRAWN}
