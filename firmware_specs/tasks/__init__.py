"""What a kit can be asked to measure: one TOML file per task, found by folder."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from firmware_specs.wire import Scalar

_FOLDER = Path(__file__).parent
Kind = Literal["int", "float", "choice", "bool"]


class SpecError(ValueError):
    """A task or an argument that no spec allows: says value, limit and remedy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Argument:
    """One argument of a task, its default and what it may be."""

    name: str
    kind: Kind
    default: Scalar
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    unit: str = ""
    about: str = ""

    def check(self, value: Scalar) -> Scalar:
        """Return `value`, refusing what the spec does not allow."""
        if self.kind == "choice":
            return self._check_choice(value)
        wanted = {"int": int, "float": float, "bool": bool}[self.kind]
        if wanted is float and type(value) is int:
            value = float(value)
        if type(value) is not wanted:
            raise SpecError(f"{self.name} = {value!r} is not of kind {self.kind}")
        if isinstance(value, int | float) and not isinstance(value, bool):
            self._check_range(value)
        return value

    def _check_choice(self, value: Scalar) -> Scalar:
        if value not in self.choices:
            raise SpecError(f"{self.name} = {value!r} is none of {', '.join(self.choices)}")
        return value

    def _check_range(self, value: float) -> None:
        if self.low is not None and value < self.low:
            raise SpecError(f"{self.name} = {value} is below {self.low:g}")
        if self.high is not None and value > self.high:
            raise SpecError(f"{self.name} = {value} is above {self.high:g}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One thing to measure: arguments, and the quantity and SI unit of its result."""

    id: str
    title: str
    about: str
    family: str
    estimate_s: float
    arguments: Mapping[str, Argument]
    quantity: str
    unit: str

    def check(self, arguments: Mapping[str, Scalar]) -> dict[str, Scalar]:
        """Return all arguments, defaults filled in.

        Raises
        ------
        SpecError
            If an argument is unknown or outside its bounds.
        """
        unknown = sorted(set(arguments) - set(self.arguments))
        if unknown:
            known = ", ".join(self.arguments) or "none"
            raise SpecError(f"task {self.id} has no argument {', '.join(unknown)}; it has {known}")
        return {
            name: argument.check(arguments.get(name, argument.default))
            for name, argument in self.arguments.items()
        }


@cache
def all_tasks() -> Mapping[str, Task]:
    """Return every task by id."""
    return {path.stem: _load(path) for path in sorted(_FOLDER.glob("*.toml"))}


def task(task_id: str) -> Task:
    """Return one task.

    Raises
    ------
    SpecError
        If there is none of that id.
    """
    tasks = all_tasks()
    if task_id not in tasks:
        raise SpecError(f"no task {task_id[:60]!r}; there are {', '.join(tasks)}")
    return tasks[task_id]


def _load(path: Path) -> Task:
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    try:
        return Task(
            id=path.stem,
            title=data["title"],
            about=data["about"],
            family=data["family"],
            estimate_s=float(data["estimate_s"]),
            arguments={
                name: _argument(name, spec) for name, spec in data.get("arguments", {}).items()
            },
            quantity=data["result"]["quantity"],
            unit=data["result"]["unit"],
        )
    except KeyError as error:
        raise SpecError(f"{path.name} lacks {error}") from error


def _argument(name: str, spec: Mapping[str, Any]) -> Argument:
    argument = Argument(
        name=name,
        kind=spec["kind"],
        default=spec["default"],
        low=spec.get("min"),
        high=spec.get("max"),
        choices=tuple(spec.get("choices", ())),
        unit=spec.get("unit", ""),
        about=spec.get("about", ""),
    )
    argument.check(argument.default)
    return argument
