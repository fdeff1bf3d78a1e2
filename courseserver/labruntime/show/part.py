"""One part's page: before the lock closes a story and a question, after it everything."""

from collections.abc import Mapping

from django.urls import reverse

from courseserver.common.errors import Unprocessable
from courseserver.labruntime import instrument
from courseserver.labruntime.answers import reading_of
from courseserver.labruntime.instances import PartInstance, QuestionInstance
from courseserver.labruntime.models import Draft, FailureFound
from courseserver.labruntime.pages import (
    CommitView,
    Json,
    MathView,
    OptionView,
    PartPage,
    QuestionView,
    SourceView,
    Story,
    SymbolView,
)
from courseserver.labruntime.show import frame
from courseserver.labruntime.show.challenge import challenge_view
from courseserver.labruntime.show.job import job_view
from courseserver.labruntime.show.reality import reality_view
from courseserver.labruntime.show.reveal import reveal_views
from courseserver.labruntime.state import AttemptState, drafts_of, last_steps
from labs.contract import Knob
from labs.text import fill


def part_page(state: AttemptState, instance: PartInstance) -> PartPage:
    part, attempt = instance.part, state.attempt
    is_locked = not state.is_committed(part.id)
    back, onward = frame.steps_around(state, part.id)
    found = set() if is_locked else found_failures(state, part.id)
    drafts = drafts_of(attempt)
    return PartPage(
        attempt_id=attempt.pk,
        part_id=part.id,
        header=frame.header(state),
        rail=frame.rail(state, part.id),
        eyebrow=f"Part {part.id.upper()} · {part.minutes} min"
        + ("" if state.is_required(part.id) else " · optional"),
        title=fill(part.title, instance.params),
        story=_story(state, instance),
        questions=tuple(_question(state, instance, q, drafts) for q in instance.questions),
        is_locked=is_locked,
        is_passed=is_locked and state.is_passed(part.id),
        promise=part.promise,
        commit_url=frame.part_url(attempt, part.id),
        draft_urls={
            q.id: reverse("api-draft", args=[attempt.pk, f"{part.id}.{q.id}"])
            for q in instance.questions
        },
        reveals=() if is_locked else reveal_views(state, instance),
        instrument_json=None if is_locked else instrument_json(state, instance, found),
        failures_found=len(found),
        failures_total=0 if is_locked else len(part.failures),
        math=None if is_locked else _math(instance),
        explanation_html="" if is_locked else fill(part.explanation_html, instance.telling_words),
        sources=()
        if is_locked
        else tuple(SourceView(text=source.text, url=source.url) for source in part.sources),
        challenge=None if is_locked else challenge_view(state, instance),
        job=None if is_locked else job_view(state, instance),
        reality=None if is_locked else reality_view(state, instance),
        previous_step=back,
        next_step=onward,
    )


def found_failures(state: AttemptState, part_id: str) -> set[str]:
    rows = FailureFound.objects.filter(attempt=state.attempt, part=part_id)
    return set(rows.values_list("failure", flat=True))


def _story(state: AttemptState, instance: PartInstance) -> Story:
    story = instance.part.stories[state.attempt.track]
    initials = "".join(word[0] for word in story.who.split()[:2]).upper()
    return Story(
        who=story.who,
        role=story.role,
        initials=initials,
        text_html=fill(story.html, instance.words),
    )


def _question(
    state: AttemptState,
    instance: PartInstance,
    question: QuestionInstance,
    drafts: Mapping[str, Draft],
) -> QuestionView:
    commit = state.commits.get((instance.id, question.id))
    draft = drafts.get(f"{instance.id}.{question.id}")
    typed = draft.text if draft else ""
    return QuestionView(
        id=question.id,
        field=f"q-{question.id}",
        kind=question.text.kind,
        prompt_html=fill(question.text.prompt_html, instance.words),
        options=tuple(
            OptionView(
                token=option.token,
                text=option.text,
                is_chosen=option.id == commit.option if commit else option.token == typed,
            )
            for option in question.options
        ),
        units=_units(question),
        draft=typed if question.text.kind == "numeric" else "",
        reading=_reading(question, typed),
        committed=CommitView(text=commit.text, at=frame.clock_time(commit.at)) if commit else None,
    )


def _units(question: QuestionInstance) -> tuple[str, ...]:
    """Return the accepted units, first the one assumed where none is typed."""
    first = question.text.unit
    return tuple(dict.fromkeys((first, *question.text.accept))) if question.text.accept else ()


def _reading(question: QuestionInstance, typed: str) -> str:
    if question.text.kind != "numeric" or not typed:
        return ""
    return reading_text(question, typed)


def reading_text(question: QuestionInstance, typed: str) -> str:
    """Return the echo of a typed number, or why it cannot be read."""
    try:
        return f"Read as {reading_of(typed, question.text).text}"
    except Unprocessable as error:
        return f"{error.detail} {error.remedy}"


def _math(instance: PartInstance) -> MathView:
    values = instance.telling_words
    return MathView(
        equations_html=instance.part.equations_html,
        symbols=tuple(
            SymbolView(
                math_html=symbol.html,
                meaning=symbol.meaning,
                value=fill(symbol.value, values),
                source=symbol.source,
                evidence=fill(symbol.evidence, instance.params),
            )
            for symbol in instance.part.symbols
        ),
    )


def instrument_json(state: AttemptState, instance: PartInstance, found: set[str]) -> Json:
    """Return the whole instrument where the student left it."""
    knobs = instance.part.model.knobs(instance.params)
    start = instrument.default_steps(knobs)
    steps = _usable(knobs, last_steps(state.attempt, instance.id)) or start
    evaluation = instrument.evaluate(instance.part, instance.params, steps, state.locked)
    safe = _usable(knobs, last_steps(state.attempt, instance.id, safe=True))
    if not (safe or _fails(state, instance, start)):
        safe = start
    return {
        **instrument.static_json(instance.part, instance.params),
        "url": reverse("api-instrument", args=[state.attempt.pk, instance.id]),
        **evaluation.moving,
        "failures": instrument.failures_json(instance.part, found),
        "params": {**instance.params, **instance.facts},
        "safe": safe,
    }


def _fails(state: AttemptState, instance: PartInstance, steps: dict[str, int]) -> bool:
    return bool(instrument.evaluate(instance.part, instance.params, steps, state.locked).failures)


def _usable(knobs: tuple[Knob, ...], steps: dict[str, int] | None) -> dict[str, int] | None:
    return steps if steps and set(steps) == {knob.id for knob in knobs} else None
