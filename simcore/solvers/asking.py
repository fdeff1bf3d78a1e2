"""Finds a solver, completes its inputs from the catalogue, asks it, and says how sure it is."""

import importlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from simcore import catalog
from simcore.catalog.facts import Fact, Kind
from simcore.errors import NotInCatalogue, unknown
from simcore.solvers.question import Answer, ItemInput, Question
from simcore.solvers.result import Quantity, Result
from simcore.wording import quantity

# The title of a question is its module's docstring, of one line.
_SOLVER = re.compile(
    r'\A"""(?P<title>[^\n]+)"""$.*^QUESTION = Question\(', re.DOTALL | re.MULTILINE
)


@cache
def titles() -> Mapping[str, str]:
    """Return every solver with its question, read from the sources without running them."""
    sources = {path.stem: path.read_text(encoding="utf-8")
               for path in sorted(Path(__file__).parent.glob("*.py"))}  # fmt: skip
    return {name: found["title"] for name, source in sources.items()
            if (found := _SOLVER.search(source))}  # fmt: skip


def names() -> tuple[str, ...]:
    """Return every solver: the modules of the folder that hold a question."""
    return tuple(titles())


def question(name: str) -> Question:
    """Return what a solver asks for.

    Raises
    ------
    NotInCatalogue
        If there is no such solver, naming the nearest.
    """
    try:
        found: Question = _module(name).QUESTION
    except (ModuleNotFoundError, AttributeError):
        raise NotInCatalogue(unknown("solver", name, names())) from None
    return found


@dataclass(frozen=True, slots=True)
class Asked:
    """Inputs complete: numbers as arrays, and the facts of the catalogue that gave some of them."""

    values: dict[str, Any]
    facts: Mapping[str, Fact]


def complete(name: str, given: Mapping[str, Any]) -> Asked:
    """Return the inputs of a solver: given ones, facts of named items, defaults; checked.

    Lists of items become arrays of their facts, so a sweep over machines is one call.

    Raises
    ------
    NotInCatalogue
        If an input, item or fact is unknown, naming the nearest.
    ValueError
        If an input is missing or lies outside its limits.
    """
    asked = question(name)
    items = {item.name: item for item in asked.items}
    for key in given:
        if key not in items:
            asked.input(key)
    values: dict[str, Any] = {
        entry.name: given.get(entry.name, entry.default) for entry in asked.inputs
    }
    for entry in asked.inputs:
        if entry.choices:
            entry.checked(values[entry.name])
    facts: dict[str, Fact] = {}
    for key, item in items.items():
        if given.get(key) is not None:
            _fill(values, facts, item, given)
    missing = [key for key, value in values.items() if value is None]
    if missing:
        wanted = "; ".join(f"{key} ({asked.input(key).meaning})" for key in missing)
        could = [key for key, item in items.items() if set(missing) & set(item.gives)]
        or_items = f", or {' or '.join(could)}" if could else ""
        raise ValueError(f"{name} needs {wanted}{or_items}")
    checked = {entry.name: entry.checked(values[entry.name]) for entry in asked.inputs}
    return Asked(checked, facts)


def ask(name: str, given: Mapping[str, Any]) -> Answer:
    """Return a solver's answer for numbers or arrays that broadcast."""
    return answered(name, complete(name, given).values)


def solve(name: str, **given: Any) -> Result:
    """Return a solver's answer at one point.

    Raises
    ------
    NotInCatalogue
        If a name is unknown, naming the nearest.
    ValueError
        If an input is missing or lies outside its limits, is an array, or does not go together
        with the others (a split that does not divide), naming the nearest that does.
    """
    asked = complete(name, given)
    shapes = [key for key, value in asked.values.items() if np.ndim(value)]
    if shapes:
        raise ValueError(f"solve takes one point, {shapes[0]} is an array; use tools.sweep")
    refuse = getattr(_module(name), "refuse", None)
    if refuse is not None:
        refuse(asked.values)
    found = answered(name, asked.values)
    half = spread(name, asked.values, float(found.value))
    described = question(name)
    terms = {key: float(term) for key, term in found.terms.items()}
    feasible = bool(found.feasible)
    value = float(found.value)
    return Result(
        solver=name,
        value=Quantity(value, described.unit),
        terms={key: Quantity(term, described.terms[key]) for key, term in terms.items()},
        bound=str(found.bound),
        feasible=feasible,
        reason=_reason(described, asked.values, terms, feasible, str(found.bound)),
        low=value - half,
        high=value + half,
        evidence=_evidence(described, asked.facts),
        inputs={key: value if isinstance(value, str) else float(value)
                for key, value in asked.values.items()},
        sources=(*described.sources, *_sources(asked.facts)),
    )  # fmt: skip


def spread(name: str, values: Mapping[str, Any], value: float) -> float:
    """Return one standard deviation of the value, inputs varied one by one to first order."""
    if not np.isfinite(value):
        return 0.0
    total = 0.0
    for entry in question(name).inputs:
        if entry.spread and not entry.choices:
            center = float(values[entry.name])
            ends = center * np.asarray([1 - entry.spread, 1 + entry.spread])
            ends = np.clip(ends, entry.low, entry.high)
            found = answered(name, {**values, entry.name: ends}).value
            total += float(np.ptp(np.broadcast_to(found, (2,))) / 2) ** 2
    return float(np.sqrt(total))


def _fill(
    values: dict[str, Any], facts: dict[str, Fact], item: ItemInput, given: Mapping[str, Any]
) -> None:
    """Put facts of the named items where no number is given."""
    wanted = given[item.name]
    ids, place = np.unique(np.asarray(wanted, dtype=str), return_inverse=True)
    found = [catalog.item(item.category, str(id_)) for id_ in ids]
    for name, pattern in item.gives.items():
        if name not in values or given.get(name) is not None:
            continue
        fact_name = pattern.format(**values)
        present = [entry for entry in found if fact_name in entry]
        if len(present) < len(found) and values[name] is not None:
            continue  # a default stands where an item says nothing
        numbers = np.asarray([entry[fact_name].value for entry in found])
        values[name] = numbers[place].reshape(np.shape(wanted))
        facts.update({f"{entry.id} {fact_name}": entry[fact_name] for entry in found})


def answered(name: str, values: Mapping[str, Any]) -> Answer:
    """Return a solver's answer for inputs that are complete and checked already."""
    found: Answer = _module(name).answer(values)
    return found


@cache
def _module(name: str) -> ModuleType:
    return importlib.import_module(f"simcore.solvers.{name}")


def _reason(
    asked: Question,
    values: Mapping[str, Any],
    terms: Mapping[str, float],
    feasible: bool,
    bound: str,
) -> str:
    """Return what fits what and what decides, or why it is not feasible, in words."""
    units = {**{entry.name: entry.unit for entry in asked.inputs}, **asked.terms}
    said = {
        name: value if isinstance(value, str) else quantity(float(value), units[name])
        for name, value in {**values, **terms}.items()
    }
    if feasible:
        room = f": {asked.room.format(**said)}" if asked.room else ""
        return f"feasible{room}; {bound} decides"
    return asked.limits.format(**said)


def _evidence(asked: Question, facts: Mapping[str, Fact]) -> str:
    is_estimate = any(fact.source.kind == Kind.ESTIMATE for fact in facts.values())
    return "assumed" if is_estimate else asked.evidence


def _sources(facts: Mapping[str, Fact]) -> tuple[str, ...]:
    return tuple(
        f"{name}: {fact.source.text} ({fact.source.kind}) {fact.source.url or ''}".strip()
        for name, fact in facts.items()
    )
