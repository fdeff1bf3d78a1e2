"""The last page: what was learned, the Decision Log, and what became of it."""

from contextlib import nullcontext, suppress

from django.urls import reverse
from django.utils.timezone import localtime

from courseserver.common import moments
from courseserver.grading.criteria import rubric_of
from courseserver.grading.scoring import Section
from courseserver.grading.selectors import SubmissionView, submission_view
from courseserver.labruntime import work
from courseserver.labruntime.pages import (
    Criterion,
    PartSummary,
    ScoreLine,
    Step,
    SubmittedView,
    SynthesisPage,
)
from courseserver.labruntime.services import LOG
from courseserver.labruntime.show import frame
from courseserver.labruntime.state import AttemptState, drafts_of
from courseserver.labruntime.submission import words_in
from labs.schemes import Level
from labs.text import fill


def synthesis_page(
    state: AttemptState, *, log: str | None = None, error: str = "", is_asked: bool = False
) -> SynthesisPage:
    """Return the page; `log` is what was just typed, `error` why it was refused.

    `is_asked`: submitting was pressed, and the page asks whether that is meant.
    """
    attempt, text = state.attempt, state.lab.synthesis
    waiting = state.missing_parts
    is_locked = bool(waiting)
    draft = drafts_of(attempt).get(LOG)
    typed = log if log is not None else (draft.text if draft else "")
    last = state.lab.parts[-1].id
    return SynthesisPage(
        attempt_id=attempt.pk,
        header=frame.header(state),
        rail=frame.rail(state, "synthesis"),
        is_locked=is_locked,
        waiting_for=tuple(f"Part {part.upper()}" for part in waiting),
        takeaways_html=() if is_locked else _takeaways(state),
        parts=() if is_locked else _parts(state),
        prompt_html="" if is_locked else text.prompt_html,
        words_min=text.words_min,
        words_max=text.words_max,
        criteria=()
        if is_locked
        else tuple(
            Criterion(
                title=c.title,
                full=c.texts[Level.FULL],
                part=c.texts[Level.PART],
                none=c.texts[Level.NONE],
            )
            for c in rubric_of(attempt.assignment)
        ),
        discussion=() if is_locked else text.discussion,
        portfolio_url=_portfolio_url(state),
        log_draft=attempt.decision_log or typed,
        log_words=words_in(attempt.decision_log or typed),
        log_error=error,
        is_asked=is_asked,
        draft_url=reverse("api-draft", args=[attempt.pk, LOG]),
        submit_url=frame.synthesis_url(attempt),
        submitted=_submitted(state),
        previous_step=Step(label=f"Part {last.upper()}", url=frame.part_url(attempt, last)),
    )


def _portfolio_url(state: AttemptState) -> str:
    return reverse("lab-portfolio", args=[state.attempt.pk]) if state.lab.has_portfolio else ""


def _takeaways(state: AttemptState) -> tuple[str, ...]:
    """Return what to keep, with every part's figures: `{a_share}`, or `{share}` where unique."""
    words = {part.id: state.instance(part.id).telling_words for part in state.done_parts}
    values = {name: value for own in words.values() for name, value in own.items()}
    values |= {
        f"{part}_{name}": value for part, own in words.items() for name, value in own.items()
    }
    told = []
    for text in state.lab.synthesis.takeaways_html:
        # Figures of an optional part that is not predicted yet stay behind its lock.
        with suppress(KeyError) if len(words) < len(state.lab.parts) else nullcontext():
            told.append(fill(text, values))
    return tuple(told)


def _parts(state: AttemptState) -> tuple[PartSummary, ...]:
    records = work.records_of(state)
    return tuple(_part(state, part.id, part.title, records[part.id]) for part in state.done_parts)


def _part(state: AttemptState, part_id: str, title: str, record: work.PartRecord) -> PartSummary:
    outcomes = list(state.outcomes(part_id).values())
    missing = work.missing_words(state, record)
    return PartSummary(
        label=f"{part_id.upper()} {title}",
        predicted="; ".join(outcome.pick for outcome in outcomes),
        actual="; ".join(outcome.key for outcome in outcomes),
        releases=len(record.settings),
        failures_found=len(record.failures),
        is_done=not missing,
        missing=missing,
        url=frame.part_url(state.attempt, part_id),
    )


def _submitted(state: AttemptState) -> SubmittedView | None:
    attempt = state.attempt
    if attempt.submitted_at is None:
        return None
    local = localtime(attempt.submitted_at)
    at = f"{moments.date_text(local)}, {moments.time_text(local)} {local:%Z}"
    view = submission_view(attempt.pk)
    if view is None:
        return SubmittedView(
            at=at,
            score="",
            state="A preview by staff: nothing is graded or sent.",
            lines=(),
            leaders_url="",
        )
    return SubmittedView(
        at=at,
        score=view.score_words,
        state=view.state_words,
        lines=tuple(
            ScoreLine(
                label=section.title,
                points="" if section.points is None else f"{section.points:g}",
                points_max=f"{section.points_max:g}",
                note=_note(section, view),
            )
            for section in view.sections
        ),
        leaders_url=reverse("leaders", args=[attempt.assignment_id])
        if attempt.assignment.shows_leaders
        else "",
    )


def _note(section: Section, view: SubmissionView) -> str:
    """Return what the marker said: each criterion's level, and the comment."""
    if section.points is None:
        return "waits for its mark"
    if section.id != "decision_log":
        return ""
    titles = {criterion.id: criterion.title for criterion in view.rubric}
    levels = [f"{titles.get(key, key)}: {level}" for key, level in view.log_levels.items()]
    return ". ".join([*([", ".join(levels)] if levels else []), *filter(None, [view.comment])])
