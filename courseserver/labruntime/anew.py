"""Computing attempts anew by the labs as they are installed, for regrading."""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from courseserver.grading.regrading import Computed
from courseserver.labruntime import challenges, work
from courseserver.labruntime.instances import PartInstance
from courseserver.labruntime.models import Attempt, ChallengeTry, Commit
from courseserver.labruntime.state import AttemptState, best_try
from labs.loader import UnknownLab, load_lab
from labs.tables import ContentError


def computed_anew(attempt_ids: Sequence[str]) -> Mapping[str, Computed]:
    """Return what each attempt is worth now; attempts at labs not installed here are missing."""
    found = {}
    attempts = Attempt.objects.filter(pk__in=attempt_ids).select_related("assignment")
    for attempt in attempts:
        try:
            lab = load_lab(attempt.lab)
        except (UnknownLab, ContentError):
            continue
        commits = {(c.part, c.question): c for c in Commit.objects.filter(attempt=attempt)}
        state = AttemptState(attempt=attempt, lab=lab, commits=commits)
        found[attempt.pk] = Computed(
            completion=work.completion_of(state, work.records_of(state)),
            challenge=_challenge(state),
            lab_version=lab.version,
        )
    return found


def _challenge(state: AttemptState) -> float | None:
    """Return the mean ratio to the optimum, every design run again."""
    ratios = []
    for part in state.required_parts:
        if part.challenge is not None:
            instance = state.instance(part.id)
            tries = [_again(instance, t) for t in challenges.tries_of(state.attempt, part.id)]
            ratios.append(challenges.ratio_of(instance, best_try(tries, part.challenge.better)))
    return sum(ratios) / len(ratios) if ratios else None


def _again(instance: PartInstance, made: ChallengeTry) -> ChallengeTry:
    """Return a try, not stored, as the model assesses its design now."""
    _, model = challenges.challenge_of(instance)
    knobs = {knob.id for knob in model.variables(instance.params)}
    if set(made.design) != knobs:
        # Another version asks for other choices: this design says nothing about them.
        return ChallengeTry(number=made.number, design=made.design, is_feasible=False)
    outputs = model.assess(
        instance.params, {name: np.asarray([value]) for name, value in made.design.items()}
    )
    objective = float(outputs["objective"][0])
    return ChallengeTry(
        number=made.number,
        design=made.design,
        objective=objective if math.isfinite(objective) else None,
        is_feasible=bool(outputs["feasible"][0]),
    )
