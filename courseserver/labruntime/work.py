"""What a student did in a lab, added up: completion, explored extremes, the challenge's ratio."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from courseserver.labruntime import challenges
from courseserver.labruntime.models import Exploration, FailureFound
from courseserver.labruntime.state import AttemptState, best_try
from labs.contract import Scalar
from labs.schemes import PartWork, completion_share, load_scheme


@dataclass(frozen=True, slots=True, kw_only=True)
class PartRecord:
    """One part's explorations: different settings only, in the order of their first release."""

    part_id: str
    committed: bool
    settings: tuple[Mapping[str, Scalar], ...]
    failures: tuple[str, ...]

    @property
    def work(self) -> PartWork:
        return PartWork(
            committed=self.committed, releases=len(self.settings), failures=len(self.failures)
        )


def records_of(state: AttemptState) -> dict[str, PartRecord]:
    """Return every part's record, in two queries."""
    settings: dict[str, dict[str, Mapping[str, Scalar]]] = {}
    rows = Exploration.objects.filter(attempt=state.attempt).order_by("id")
    for part, steps, values in rows.values_list("part", "steps", "settings"):
        settings.setdefault(part, {}).setdefault(repr(sorted(steps.items())), values)
    failures: dict[str, list[str]] = {}
    found = FailureFound.objects.filter(attempt=state.attempt).order_by("id")
    for part, failure in found.values_list("part", "failure"):
        failures.setdefault(part, []).append(failure)
    return {
        part.id: PartRecord(
            part_id=part.id,
            committed=state.is_committed(part.id),
            settings=tuple(settings.get(part.id, {}).values()),
            failures=tuple(failures.get(part.id, ())),
        )
        for part in state.lab.parts
    }


def completion_of(state: AttemptState, records: Mapping[str, PartRecord]) -> float:
    """Return the share of completion earned, 0 to 1, by the assignment's scheme.

    Optional parts neither add nor cost anything.
    """
    rule = load_scheme(state.attempt.assignment.scheme).completion
    return completion_share(rule, [records[part.id].work for part in state.required_parts])


def missing_words(state: AttemptState, record: PartRecord) -> str:
    """Return what a part still lacks for full completion, in words; "" when it is done."""
    if not record.committed:
        return "commit your prediction"
    rule = load_scheme(state.attempt.assignment.scheme).completion
    more = rule.releases_min - len(record.settings)
    if more <= 0 or (rule.failure_counts and record.failures):
        return ""
    part = state.lab.part(record.part_id)
    way = ", or find how it fails" if rule.failure_counts and part and part.failures else ""
    return f"explore {more} more setting{'s' if more > 1 else ''}{way}"


def challenge_score(state: AttemptState) -> float | None:
    """Return the mean ratio to the optimum over the challenges asked for; None if none is."""
    ratios = []
    for part in state.required_parts:
        if part.challenge is not None:
            tries = challenges.tries_of(state.attempt, part.id)
            best = best_try(tries, part.challenge.better)
            ratios.append(challenges.ratio_of(state.instance(part.id), best))
    return sum(ratios) / len(ratios) if ratios else None


def extremes_of(record: PartRecord) -> dict[str, Any]:
    """Return what was explored of each knob: the ends of a slider, the choices of a list."""
    found: dict[str, Any] = {}
    for settings in record.settings:
        for knob, value in settings.items():
            found.setdefault(knob, []).append(value)
    return {knob: _extreme(values) for knob, values in found.items()}


def _extreme(values: Sequence[Scalar]) -> list[Scalar]:
    if any(isinstance(value, str | bool) for value in values):
        return list(dict.fromkeys(values))
    numbers = [float(value) for value in values]
    return [min(numbers), max(numbers)]
