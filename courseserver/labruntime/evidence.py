"""A student's own numbers, predictions and designs, for whoever marks the Decision Log."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from courseserver.grading.evidence import (
    ChallengeDone,
    Evidence,
    PartDone,
    PredictionMade,
    SeenNumber,
)
from courseserver.labruntime import challenges
from courseserver.labruntime.instances import PartInstance
from courseserver.labruntime.method import method_of
from courseserver.labruntime.part_jobs import last_job
from courseserver.labruntime.realities import (
    comparison_if_ready,
    is_self_reported,
    last_reality,
)
from courseserver.labruntime.state import AttemptState, best_try
from courseserver.labruntime.work import PartRecord
from labs.text import fill

_NUMBERS_MAX = 600


def evidence_of(state: AttemptState, records: Mapping[str, PartRecord]) -> Evidence:
    """Return what the student saw and did, each number with how it is known."""
    instances = [state.instance(part.id) for part in state.done_parts]
    numbers = [n for i in instances for n in _numbers(state, i, records[i.id])]
    return Evidence(
        numbers=tuple(dict.fromkeys(numbers))[:_NUMBERS_MAX],
        predictions=tuple(
            PredictionMade(
                part=instance.id.upper(),
                question=question,
                predicted=outcome.pick,
                actual=outcome.key,
                gap=outcome.gap,
            )
            for instance in instances
            for question, outcome in state.outcomes(instance.id).items()
        ),
        parts=tuple(_part_done(i, records[i.id]) for i in instances),
        challenge=_challenge_done(state, instances),
        track=state.lab.track(state.attempt.track).label,
    )


def _numbers(
    state: AttemptState, instance: PartInstance, record: PartRecord
) -> Iterator[SeenNumber]:
    yield from _keys(instance)
    yield from _measured(state, instance)
    yield from _simulated(state, instance)
    yield from _outputs(instance, record)


def _keys(instance: PartInstance) -> Iterator[SeenNumber]:
    for question in instance.questions:
        if isinstance(question.key, int | float):
            yield SeenNumber(
                value=float(question.key),
                format=question.text.value_format,
                label=question.text.quantity or question.id,
                part=instance.id.upper(),
            )


def _outputs(instance: PartInstance, record: PartRecord) -> Iterator[SeenNumber]:
    """Return every output at every setting released, exactly as it was on screen."""
    if not record.settings:
        return
    k = {name: np.asarray([s[name] for s in record.settings]) for name in record.settings[0]}
    outputs = instance.part.model.evaluate(instance.params, k)
    for output in instance.part.outputs:
        column = np.asarray(outputs[output.id])
        if column.dtype.kind not in "fiu":
            continue
        for value in column.tolist():
            if np.isfinite(value):
                yield SeenNumber(
                    value=float(value),
                    format=output.format,
                    label=output.label,
                    part=instance.id.upper(),
                    evidence=fill(output.evidence, instance.params),
                )


def _measured(state: AttemptState, instance: PartInstance) -> Iterator[SeenNumber]:
    """Return the rows of the check on hardware: predicted, and measured where it was.

    What a kit of the student's own says is no evidence for a mark.
    """
    row = last_reality(state, instance.id) if instance.part.reality else None
    comparison = comparison_if_ready(instance, row, state.attempt.track) if row else None
    if comparison is None or instance.part.reality is None:
        return
    texts = {text.id: text for text in instance.part.reality.rows}
    is_own = row is not None and is_self_reported(row)
    for found in comparison.rows:
        text = texts.get(found.id)
        for shown in (found.predicted, None if is_own else found.measured):
            if shown is not None:
                yield SeenNumber(
                    value=shown.value,
                    format=text.format if text else "time",
                    label=text.label if text else found.id,
                    part=instance.id.upper(),
                    evidence=str(shown.evidence),
                )


def _simulated(state: AttemptState, instance: PartInstance) -> Iterator[SeenNumber]:
    """Return the values of the long run asked for last, if it is done."""
    text = instance.part.job
    use = last_job(state, instance.id) if text else None
    if text is None or use is None or not use.job.result:
        return
    for value in text.values:
        estimate = use.job.result["values"].get(value.id)
        if estimate is not None and estimate["value"] is not None:
            yield SeenNumber(
                value=estimate["value"],
                format=value.format,
                label=value.label,
                part=instance.id.upper(),
                evidence=estimate["evidence"],
            )


def _part_done(instance: PartInstance, record: PartRecord) -> PartDone:
    titles = {failure.id: failure.title for failure in instance.part.failures}
    return PartDone(
        label=f"{instance.id.upper()} {fill(instance.part.title, instance.params)}",
        releases=len(record.settings),
        failures=tuple(titles.get(name, name) for name in record.failures),
    )


def _challenge_done(state: AttemptState, instances: Sequence[PartInstance]) -> ChallengeDone | None:
    for instance in instances:
        if instance.part.challenge is None:
            continue
        text, model = challenges.challenge_of(instance)
        tries = challenges.tries_of(state.attempt, instance.id)
        best = best_try(tries, text.better)
        if best is None:
            continue
        knobs = model.variables(instance.params)
        return ChallengeDone(
            title=text.title,
            design=challenges.design_text(text, knobs, best.design),
            objective=challenges.objective_text(text, best.objective),
            ratio=challenges.ratio_of(instance, best),
            tries=len(tries),
            method=method_of(tries, {variable.id: variable.label for variable in text.variables}),
        )
    return None
