"""The design challenge on its part's page."""

from django.urls import reverse

from courseserver.labruntime import challenges, instrument
from courseserver.labruntime.instances import PartInstance
from courseserver.labruntime.models import ChallengeTry
from courseserver.labruntime.pages import ChallengeView, Json, TryView
from courseserver.labruntime.show import frame
from courseserver.labruntime.state import AttemptState, best_try
from labs.content import ChallengeText
from labs.contract import Knob
from labs.text import fill, quantity


def challenge_view(state: AttemptState, instance: PartInstance) -> ChallengeView | None:
    if instance.part.challenge is None:
        return None
    text, model = challenges.challenge_of(instance)
    knobs = model.variables(instance.params)
    tries = challenges.tries_of(state.attempt, instance.id)
    return ChallengeView(
        title=text.title,
        brief_html=fill(text.brief_html, instance.telling_words),
        objective=text.objective_label,
        better=text.better,
        constraints=tuple(constraint.text for constraint in text.constraints),
        challenge_json=_json(state, instance, text, knobs, tries),
        tries=try_views(state, instance, tries),
        optimum=_optimum_text(state, instance, text, knobs),
    )


def try_views(
    state: AttemptState, instance: PartInstance, tries: list[ChallengeTry]
) -> tuple[TryView, ...]:
    text, model = challenges.challenge_of(instance)
    knobs = model.variables(instance.params)
    best = best_try(tries, text.better)
    return tuple(_try_view(state, instance, text, knobs, one, best) for one in tries)


def _try_view(
    state: AttemptState,
    instance: PartInstance,
    text: ChallengeText,
    knobs: tuple[Knob, ...],
    one: ChallengeTry,
    best: ChallengeTry | None,
) -> TryView:
    words = {constraint.when: constraint.text for constraint in text.constraints}
    # The ratio together with the objective would give the optimum away.
    told = state.attempt.submitted_at is not None
    return TryView(
        number=one.number,
        design=challenges.design_text(text, knobs, one.design),
        objective=challenges.objective_text(text, one.objective),
        is_feasible=one.is_feasible,
        broken=tuple(words.get(name, name) for name in one.broken),
        ratio=quantity(challenges.ratio_of(instance, one), "pct0") if told else "",
        is_best=best is not None and one.pk == best.pk,
        at=frame.clock_time(one.at),
    )


def _optimum_text(
    state: AttemptState, instance: PartInstance, text: ChallengeText, knobs: tuple[Knob, ...]
) -> str:
    if state.attempt.submitted_at is None:
        return ""
    design, objective = challenges.optimum_of(instance.part, instance.params)
    words = challenges.design_text(text, knobs, design)
    return f"{words}: {challenges.objective_text(text, objective)}"


def _json(
    state: AttemptState,
    instance: PartInstance,
    text: ChallengeText,
    knobs: tuple[Knob, ...],
    tries: list[ChallengeTry],
) -> Json:
    last = tries[-1].design if tries else {}
    return {
        "url": reverse("api-challenge", args=[state.attempt.pk, instance.id]),
        "variables": instrument.knobs_json(text.variables, knobs),
        "at": {
            knob.id: knob.steps.index(last[knob.id])
            if last.get(knob.id) in knob.steps
            else knob.default
            for knob in knobs
        },
        "objective": {
            "label": text.objective_label,
            "format": text.objective_format,
            "better": text.better,
        },
        "outputs": [
            {"id": o.id, "label": o.label, "format": o.format, "evidence": o.evidence}
            for o in text.outputs
        ],
        "constraints": [{"when": c.when, "text": c.text} for c in text.constraints],
        "is_open": state.attempt.submitted_at is None,
    }
