"""A lab's teaching notes as its instructors read them: prompt, rubric and points beside them."""

from collections.abc import Iterable
from dataclasses import dataclass

from labs.content import CriterionText, Lab
from labs.loader import UnknownLab, load_lab
from labs.schemes import Criterion, Level
from labs.tables import ContentError
from labs.teaching import FILE, Expected, Misconception, TeachingNotes, teaching_notes


@dataclass(frozen=True, slots=True, kw_only=True)
class RubricRow:
    """A criterion: its levels with their points, and what to expect in a full answer."""

    title: str
    levels: tuple[tuple[float, str], ...]
    expected: tuple[Expected, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    lab: Lab
    notes: TeachingNotes
    rubric: tuple[RubricRow, ...]
    # A part's title beside what students believe before it.
    misconceptions: tuple[tuple[str, Misconception], ...]


def has_notes(slug: str) -> bool:
    """Return whether an installed lab brings teaching notes."""
    try:
        return (load_lab(slug).folder / FILE).is_file()
    except (UnknownLab, ContentError):
        return False


def criteria_of(slug: str) -> tuple[CriterionText, ...]:
    """Return a lab's own words for its rubric; none for a lab that is no longer here."""
    try:
        return load_lab(slug).synthesis.criteria
    except (UnknownLab, ContentError):
        return ()


def parts_of(slug: str) -> list[tuple[str, str]]:
    """Return a lab's parts, id and title; none for a lab that is not installed."""
    try:
        return [(part.id, f"{part.id.upper()} {part.title}") for part in load_lab(slug).parts]
    except (UnknownLab, ContentError):
        return []


def has_challenge(slug: str) -> bool:
    """Return whether a part of an installed lab is a design challenge."""
    try:
        return any(part.challenge for part in load_lab(slug).parts)
    except (UnknownLab, ContentError):
        return False


def sheet(slug: str, rubric: Iterable[Criterion]) -> Sheet | None:
    """Return a lab's notes with a rubric; None if there are none."""
    try:
        lab = load_lab(slug)
        notes = teaching_notes(lab)
    except (UnknownLab, ContentError):
        return None
    if notes is None:
        return None
    titles = {part.id: f"{part.id.upper()} {part.title}" for part in lab.parts}
    return Sheet(
        lab=lab,
        notes=notes,
        rubric=tuple(_row(criterion, notes) for criterion in rubric),
        misconceptions=tuple((titles[item.part], item) for item in notes.misconceptions),
    )


def _row(criterion: Criterion, notes: TeachingNotes) -> RubricRow:
    return RubricRow(
        title=criterion.title,
        levels=tuple((criterion.points[level], criterion.texts[level]) for level in Level),
        expected=tuple(item for item in notes.evidence if item.criterion == criterion.id),
    )
