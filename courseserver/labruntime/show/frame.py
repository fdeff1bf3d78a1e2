"""What surrounds every page of a lab: header, rail, and where the steps lead."""

from datetime import datetime

from django.urls import reverse

from courseserver.common import moments
from courseserver.labruntime.models import Attempt, Commit, Draft, Exploration
from courseserver.labruntime.pages import Header, RailItem, RailState, Step
from courseserver.labruntime.state import AttemptState, part_ahead
from labs.content import LabPart

_VOLUMES = {1: "Volume I", 2: "Volume II"}


def clock_time(at: datetime) -> str:
    """Return a time of day as pages print it, in the course's zone."""
    return moments.time_text(at)


def header(state: AttemptState) -> Header:
    lab, attempt = state.lab, state.attempt
    volume = _VOLUMES.get(lab.volume, "Collaborative")
    return Header(
        eyebrow=f"{volume}, lab {lab.number} · {lab.chapter} · {lab.minutes} min",
        title=lab.title,
        version=lab.version,
        track=lab.track(attempt.track).label,
        saved_at=_saved_at(attempt),
        done=sum(state.is_committed(part.id) for part in state.required_parts),
        total=len(state.required_parts),
        ledger_url=reverse("lab-ledger", args=[attempt.pk]),
        is_preview=attempt.is_preview,
    )


def _saved_at(attempt: Attempt) -> str:
    newest = [
        model.objects.filter(attempt=attempt).order_by("-at").values_list("at", flat=True)[:1]
        for model in (Commit, Draft, Exploration)
    ]
    times = [at for query in newest for at in query]
    return clock_time(max(times)) if times else ""


def home_url(attempt: Attempt) -> str:
    return reverse("lab-home", args=[attempt.assignment_id])


def part_url(attempt: Attempt, part_id: str) -> str:
    return reverse("lab-part", args=[attempt.pk, part_id])


def synthesis_url(attempt: Attempt) -> str:
    return reverse("lab-synthesis", args=[attempt.pk])


def rail(state: AttemptState, current: str) -> tuple[RailItem, ...]:
    """Return the steps; `current` is a part's id, `briefing` or `synthesis`."""
    attempt, started = state.attempt, bool(state.commits)
    items = [_item("Briefing", "2 min", home_url(attempt), started, True, current == "briefing")]
    for part in state.lab.parts:
        items.append(
            _item(
                _label(part, state.is_required(part.id)),
                f"{part.minutes} min",
                part_url(attempt, part.id),
                state.is_committed(part.id),
                state.is_open(part.id),
                current == part.id,
            )
        )
    minutes = f"{state.lab.synthesis.minutes} min"
    is_open, is_done = not state.missing_parts, attempt.submitted_at is not None
    items.append(
        _item("Synthesis", minutes, synthesis_url(attempt), is_done, is_open,
              current == "synthesis")
    )  # fmt: skip
    return tuple(items)


def _label(part: LabPart, is_required: bool) -> str:
    return f"{part.id.upper()} {part.title}{'' if is_required else ' (optional)'}"


def _item(
    label: str, minutes: str, url: str, is_done: bool, is_open: bool, is_current: bool
) -> RailItem:
    if is_done:
        state, words = RailState.DONE, "done"
    elif is_open:
        state, words = RailState.OPEN, "open"
    else:
        state, words = RailState.AHEAD, minutes
    return RailItem(
        label=label, state=state, words=words, url=url if is_open else "", is_current=is_current
    )


def steps_around(state: AttemptState, part_id: str) -> tuple[Step, Step]:
    """Return where a part's "back" and "continue" lead."""
    ids = [part.id for part in state.lab.parts]
    index = ids.index(part_id)
    back = (
        Step(label=f"Part {ids[index - 1].upper()}", url=part_url(state.attempt, ids[index - 1]))
        if index
        else Step(label="Briefing", url=home_url(state.attempt))
    )
    if index + 1 < len(ids):
        onward = ids[index + 1]
        label, url = f"part {onward.upper()}", part_url(state.attempt, onward)
        if not state.is_required(onward):
            label += " (optional)"
        is_open = state.is_open(onward)
    else:
        label, url = "the synthesis", synthesis_url(state.attempt)
        is_open = not state.missing_parts
    verb = "Continue" if state.is_committed(part_id) else "Skip"
    return back, Step(label=f"{verb} to {label}", url=url if is_open else "")


def first_step(state: AttemptState) -> Step:
    """Return where the briefing's button leads: the first part that is not done nor passed."""
    done = {part.id for part in state.done_parts}
    ahead = part_ahead(state.lab, state.required_parts, done)
    if ahead is None:
        return Step(label="Continue to the synthesis", url=synthesis_url(state.attempt))
    verb = "Continue with" if state.commits else "Begin with"
    return Step(label=f"{verb} part {ahead.upper()}", url=part_url(state.attempt, ahead))
