"""Proving a lab's content: every check walks what any student may meet.

`prove(lab)` runs them all; a new check is one function in `ALL`. `manage.py check_content`
prints the outcome.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from labs.content import Lab, LabPart
from labs.loader import load_folder
from labs.proofs import extras, instruments, questions, words
from labs.proofs.case import Case, cases_of
from labs.tables import ContentError
from labs.teaching import teaching_notes

Check = Callable[[Lab, LabPart, list[Case]], Iterator[str]]

ALL: dict[str, Check] = {
    "one_right": questions.one_right,
    "options_alike": questions.options_alike,
    "misconceptions": questions.misconceptions_named,
    "no_leak": questions.no_leak,
    "failure_reachable": instruments.failure_reachable,
    "instrument": instruments.instrument_sound,
    "words": words.words_fill,
    "math": words.math_renders,
    "sourced": words.sourced,
    "examples": extras.examples_hold,
    "ledger": extras.ledger_sound,
    "challenge": extras.challenge_sound,
    "job": extras.job_sound,
    "reality": extras.reality_sound,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    lab: str
    part: str
    check: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PartProof:
    """One part: which checks hold, and how far the nearest wrong option is from the key."""

    id: str
    checks: dict[str, bool]
    margin: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LabProof:
    slug: str
    volume: int
    parts: tuple[PartProof, ...]
    faults: tuple[Fault, ...]


def prove_folder(folder: Path) -> LabProof:
    """Load and prove the lab in a folder; a lab that does not load is one fault."""
    try:
        lab = load_folder(folder)
    except ContentError as error:
        fault = Fault(lab=folder.name, part="", check="loads", message=str(error))
        return LabProof(slug=folder.name, volume=0, parts=(), faults=(fault,))
    return prove(lab)


def prove(lab: Lab) -> LabProof:
    """Run every check on every part."""
    faults: list[Fault] = []
    parts = []
    for part in lab.parts:
        found = {name: _messages(check, lab, part) for name, check in ALL.items()}
        faults += [
            Fault(lab=lab.slug, part=part.id, check=name, message=f"{lab.folder.name}/{message}")
            for name, messages in found.items()
            for message in messages
        ]
        checks = {"loads": True, **{name: not messages for name, messages in found.items()}}
        parts.append(PartProof(id=part.id, checks=checks, margin=_margin(lab, part)))
    if not any(part.failures for part in lab.parts):
        message = f"{lab.folder.name}: no part has a failure state; write one [[failure]]"
        faults.append(Fault(lab=lab.slug, part="", check="failure_reachable", message=message))
    try:
        teaching_notes(lab)
    except ContentError as error:
        faults.append(Fault(lab=lab.slug, part="", check="teaching", message=str(error)))
    return LabProof(slug=lab.slug, volume=lab.volume, parts=tuple(parts), faults=tuple(faults))


_MESSAGES_MAX = 5


def _messages(check: Check, lab: Lab, part: LabPart) -> list[str]:
    """Return the first faults a check finds; a check that breaks is a fault of the content."""
    found: list[str] = []
    try:
        for message in check(lab, part, _cases(lab, part)):
            found.append(f"{part.id}.toml: {message}")
            if len(found) == _MESSAGES_MAX:
                break
    except Exception as error:  # noqa: BLE001 - a model may raise anything; we name it
        found.append(f"model.py: class {part.id.upper()}: {type(error).__name__}: {error}")
    return found


def _margin(lab: Lab, part: LabPart) -> float | None:
    try:
        return questions.margin(part, _cases(lab, part))
    except Exception:  # noqa: BLE001 - `one_right` reports the reason
        return None


@cache
def _cases(lab: Lab, part: LabPart) -> list[Case]:
    return cases_of(lab, part)
