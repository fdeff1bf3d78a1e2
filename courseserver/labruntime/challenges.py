"""The design challenge: every try is run again here; the optimum stays here until submission."""

import math
from functools import lru_cache

import numpy as np
from django.db import transaction

from courseserver.common import clock
from courseserver.common.errors import Conflict, NotFound
from courseserver.labruntime import instrument
from courseserver.labruntime.instances import PartInstance
from courseserver.labruntime.ledger import entry_append
from courseserver.labruntime.models import Attempt, ChallengeTry
from courseserver.labruntime.state import AttemptState
from labs.content import ChallengeText, LabPart
from labs.contract import Challenge, Knob, Params, Scalar
from labs.text import quantity

_TRIES_MAX = 200


def challenge_of(instance: PartInstance) -> tuple[ChallengeText, Challenge]:
    text, model = instance.part.challenge, instance.part.model.challenge
    if text is None or model is None:
        raise NotFound("This part has no design challenge.", remedy="Choose another part.")
    return text, model


def challenge_try(
    *, state: AttemptState, instance: PartInstance, asked: object
) -> tuple[ChallengeTry, instrument.Json]:
    """Run one design and store it; return it with the outputs it gave."""
    text, model = challenge_of(instance)
    knobs = model.variables(instance.params)
    steps = instrument.checked_steps(knobs, asked)
    design = instrument.settings_of(knobs, steps)
    outputs = model.assess(
        instance.params, {name: np.asarray([value]) for name, value in design.items()}
    )
    objective = float(outputs["objective"][0])
    with transaction.atomic():
        attempt = Attempt.objects.select_for_update().get(pk=state.attempt.pk)
        if attempt.submitted_at is not None:
            raise Conflict(
                "You have submitted this lab.", remedy="The optimum is shown, so tries are over."
            )
        number = ChallengeTry.objects.filter(attempt=attempt, part=instance.id).count() + 1
        if number > _TRIES_MAX:
            raise Conflict(f"You have used all {_TRIES_MAX} tries.", remedy="Submit your best one.")
        made = ChallengeTry.objects.create(
            attempt=attempt,
            part=instance.id,
            number=number,
            design=design,
            objective=objective if math.isfinite(objective) else None,
            is_feasible=bool(outputs["feasible"][0]),
            broken=[c.when for c in text.constraints if bool(outputs[c.when][0])],
            at=clock.now(),
        )
        entry_append(
            attempt=attempt,
            kind="challenge",
            part=instance.id,
            body={
                "try": made.number,
                "design": design,
                "objective": made.objective,
                "feasible": made.is_feasible,
                "broken": made.broken,
            },
        )
    shown = {o.id: instrument.cell(outputs[o.id][0]) for o in text.outputs if o.id in outputs}
    return made, shown


def tries_of(attempt: Attempt, part_id: str) -> list[ChallengeTry]:
    return list(ChallengeTry.objects.filter(attempt=attempt, part=part_id).order_by("number"))


@lru_cache(maxsize=512)
def _optimum(
    part: LabPart, params: tuple[tuple[str, Scalar], ...]
) -> tuple[dict[str, Scalar], float]:
    assert part.model.challenge is not None
    return part.model.challenge.optimum(dict(params))


def optimum_of(part: LabPart, params: Params) -> tuple[dict[str, Scalar], float]:
    """Return the best feasible design and its objective, searched once per process."""
    return _optimum(part, tuple(sorted(params.items())))


def ratio_of(instance: PartInstance, best: ChallengeTry | None) -> float:
    """Return how near a try comes to the optimum, 0 to 1; no feasible try is 0."""
    if best is None or not best.is_feasible or best.objective is None:
        return 0.0
    _, optimum = optimum_of(instance.part, instance.params)
    _, model = challenge_of(instance)
    if best.objective == optimum:
        return 1.0
    pair = (optimum, best.objective) if model.better == "lower" else (best.objective, optimum)
    return min(1.0, max(0.0, pair[0] / pair[1])) if pair[1] else 0.0


def design_text(text: ChallengeText, knobs: tuple[Knob, ...], design: dict[str, Scalar]) -> str:
    """Return a design in words: "batch 8, window 5 ms"."""
    labels = {variable.id: variable for variable in text.variables}
    return ", ".join(
        f"{labels[knob.id].label} {instrument.step_text(labels[knob.id], design[knob.id])}"
        for knob in knobs
        if knob.id in design
    )


def objective_text(text: ChallengeText, objective: float | None) -> str:
    return "none" if objective is None else quantity(objective, text.objective_format)
