"""The Design Ledger as a timeline, and its exports."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.timezone import localtime

from courseserver.common import moments
from courseserver.labruntime import ledger
from courseserver.labruntime.models import Attempt, LedgerEntry
from courseserver.labruntime.pages import Json, LedgerEntryView, LedgerPage, Step
from courseserver.labruntime.show import frame
from labs.loader import UnknownLab, load_lab
from labs.tables import ContentError
from labs.text import quantity

_TITLES = {
    "begun": "Lab begun",
    "track": "Track chosen",
    "prediction": "Prediction locked",
    "reveal": "Revealed",
    "failure_found": "Failure found",
    "challenge": "Design tried",
    "explored": "Explored",
    "design": "Design handed in",
    "decision": "Decision",
    "job": "Simulation run",
    "reality": "Check on hardware",
    "measured": "Measured",
    "voided": "Attempt voided by staff",
}


def ledger_page(attempt: Attempt) -> LedgerPage:
    verdict = ledger.verify(attempt.person_id)
    entries = ledger.contents(attempt.person)
    return LedgerPage(
        entries=tuple(_entry(entry, content) for entry, content in entries),
        is_whole=verdict.is_whole,
        verdict=verdict_words(verdict),
        portfolio_url=reverse("lab-portfolio", args=[attempt.pk]),
        markdown_url=reverse("lab-ledger-export", args=[attempt.pk, "md"]),
        json_url=reverse("lab-ledger-export", args=[attempt.pk, "json"]),
        back=Step(label="Back to the lab", url=frame.home_url(attempt)),
    )


def verdict_words(verdict: ledger.Verdict) -> str:
    entries = f"{verdict.count} entr{'y' if verdict.count == 1 else 'ies'}"
    return f"{entries}, unbroken chain" if verdict.is_whole else f"broken: {verdict.fault}"


def _entry(entry: LedgerEntry, content: Json) -> LedgerEntryView:
    at = datetime.fromisoformat(content["at"])
    return LedgerEntryView(
        number=entry.number,
        at=frame.clock_time(at),
        day=moments.date_text(localtime(at)),
        lab=lab_title(content["lab"]),
        part=content["part"].upper(),
        kind=entry.kind,
        title=_TITLES.get(entry.kind, entry.kind),
        text=_text(entry, content["body"]),
        evidence=_evidence(entry.kind),
        hash_short=entry.hash[:10],
        previous_short=entry.previous_hash[:10],
    )


def lab_title(slug: str) -> str:
    try:
        return load_lab(slug).title
    except (UnknownLab, ContentError):
        return slug


def _evidence(kind: str) -> str:
    known = {"prediction": "predicted", "measured": "measured"}
    return known.get(kind, "simulated" if kind in ("reveal", "job", "challenge", "design") else "")


def _text(entry: LedgerEntry, body: Json) -> str:
    """Return one event in a sentence."""
    if entry.kind == "decision":
        return entry.attempt.decision_log or "The words were erased."
    writer = _WRITERS.get(entry.kind)
    return writer(body) if writer else ""


def _reveal_text(body: Json) -> str:
    sentences = [
        f"Predicted {o['predicted']}, actual {o['actual']} ({o['gap']})."
        for o in body["outcomes"].values()
    ]
    return " ".join(sentences)


def _explored_text(body: Json) -> str:
    ranges = [f"{knob} {_range(values)}" for knob, values in body["explored"].items()]
    return f"{body['releases']} settings: {', '.join(ranges)}."


def _range(values: list[Any]) -> str:
    numbers = all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)
    if numbers and len(values) == 2:
        return f"{values[0]:g} to {values[1]:g}"
    return " and ".join(str(value) for value in values)


def _settings(settings: Json) -> str:
    return ", ".join(f"{name} {value}" for name, value in settings.items())


def _try_text(body: Json) -> str:
    state = "feasible" if body["feasible"] else f"broken: {', '.join(body['broken'])}"
    return f"Try {body['try']}: {_settings(body['design'])} ({state})."


def _design_text(body: Json) -> str:
    if body["design"] is None:
        return "No feasible design."
    return f"{_settings(body['design'])}: {100 * body['score']:.0f}% of the optimum."


def _measured_text(body: Json) -> str:
    ratios = [row["ratio"] for row in body["rows"]]
    count = f"{len(ratios)} workload{'' if len(ratios) == 1 else 's'}"
    if not ratios:
        return "Nothing could be compared."
    ends = dict.fromkeys(quantity(ratio, "x") for ratio in (min(ratios), max(ratios)))
    spread = " to ".join(ends)
    return f"{count}: measured is {spread} the predicted time."


_REALITY = {
    "kit": "Measurements asked of a kit.",
    "simulation": "Simulation only: nothing was measured.",
}

_WRITERS: dict[str, Callable[[Json], str]] = {
    "begun": lambda body: f"Track {body['track']}.",
    "track": lambda body: f"Track {body['track']}.",
    "prediction": lambda body: str(body["text"]),
    "reveal": _reveal_text,
    "failure_found": lambda body: f"{body['title']} at {_settings(body['settings'])}.",
    "challenge": _try_text,
    "explored": _explored_text,
    "design": _design_text,
    "job": lambda body: f"{_settings(body['settings'])}.",
    "reality": lambda body: _REALITY[body["mode"]],
    "measured": _measured_text,
}


def export_json(attempt: Attempt) -> Json:
    """Return the chain as it can be verified elsewhere: each hash is of the text beside it."""
    verdict = ledger.verify(attempt.person_id)
    rows = ledger.contents(attempt.person)
    return {
        "format": "courseserver design ledger 1",
        "rule": "hash = sha256(previous_hash + newline + content)",
        "person": attempt.person_id,
        "verdict": verdict_words(verdict),
        "entries": [
            {"hash": e.hash, "previous_hash": e.previous_hash, "content": e.body} for e, _ in rows
        ],
        # The chain holds the SHA-256 of these words, not the words.
        "decision_logs": {
            e.attempt_id: e.attempt.decision_log for e, _ in rows if e.kind == "decision"
        },
    }


def export_markdown(attempt: Attempt) -> str:
    lines = ["# Design Ledger", ""]
    day = ""
    for entry, content in ledger.contents(attempt.person):
        view = _entry(entry, content)
        if view.day != day:
            day = view.day
            lines += [f"## {day}", ""]
        where = f"{view.lab}, part {view.part}" if view.part else view.lab
        text = " ".join(view.text.split())
        lines.append(f"- {view.at} **{view.title}** ({where}): {text} `{view.hash_short}`")
    lines += ["", f"{verdict_words(ledger.verify(attempt.person_id)).capitalize()}.", ""]
    return "\n".join(lines)
