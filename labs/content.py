"""A loaded lab: the words of its TOML files beside the physics of its `model.py`.

Fields ending in `_html` are Markdown or LaTeX rendered at load, with `{name:format}` placeholders
still in them; `labs.text.fill` puts the student's numbers in. Text fields may hold placeholders.
A `Lab` and its parts are equal only to themselves, so that they can key a cache.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labs.contract import Part, Scalar

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    who: str
    role: str
    html: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionText:
    """The words of one question; the numbers come from the model's question of the same id."""

    id: str
    kind: str
    prompt_html: str
    option: str
    texts: Mapping[str, str]
    unit: str
    accept: Mapping[str, float]
    quantity: str
    scale: str
    error: str
    value_format: str
    misconceptions: Mapping[str, str]
    reveal_html: str
    why_html: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KnobText:
    id: str
    label: str
    format: str
    texts: Mapping[str, str]
    help: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputText:
    id: str
    label: str
    format: str
    evidence: str
    headline: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureText:
    """`when` names a boolean output; `example` are knob settings at which it must be true."""

    id: str
    when: str
    title: str
    text: str
    example: Mapping[str, Scalar]


@dataclass(frozen=True, slots=True, kw_only=True)
class SymbolText:
    html: str
    meaning: str
    value: str
    source: str
    evidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceText:
    text: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstraintText:
    when: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChallengeText:
    title: str
    brief_html: str
    objective_label: str
    objective_format: str
    better: str
    variables: tuple[KnobText, ...]
    outputs: tuple[OutputText, ...]
    constraints: tuple[ConstraintText, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueText:
    id: str
    label: str
    format: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobText:
    title: str
    brief_html: str
    inputs: tuple[KnobText, ...]
    values: tuple[ValueText, ...]
    plots: tuple[Json, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RealityText:
    """`rows` and `calibration` name how the comparison's ids print."""

    title: str
    brief_html: str
    notes_html: str
    rows: tuple[ValueText, ...]
    calibration: tuple[ValueText, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerWrite:
    key: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerRead:
    name: str
    key: str
    default: Scalar


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LabPart:
    """One part: its words, and `model`, its physics."""

    id: str
    title: str
    minutes: int
    promise: str
    stories: Mapping[str, Story]
    questions: tuple[QuestionText, ...]
    knobs: tuple[KnobText, ...]
    outputs: tuple[OutputText, ...]
    plots: tuple[Json, ...]
    failures: tuple[FailureText, ...]
    explanation_html: str
    equations_html: tuple[str, ...]
    symbols: tuple[SymbolText, ...]
    sources: tuple[SourceText, ...]
    challenge: ChallengeText | None
    job: JobText | None
    reality: RealityText | None
    writes: tuple[LedgerWrite, ...]
    model: Part

    def question(self, question_id: str) -> QuestionText | None:
        return next((q for q in self.questions if q.id == question_id), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class CriterionText:
    id: str
    title: str
    full: str
    part: str
    none: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Synthesis:
    minutes: int
    takeaways_html: tuple[str, ...]
    prompt_html: str
    words_min: int
    words_max: int
    criteria: tuple[CriterionText, ...]
    discussion: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackText:
    id: str
    label: str
    machine: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lab:
    """`ledgers` are examples of what students may bring along: a key that rests on the ledger is
    proved with each. `has_portfolio` offers the student's whole record, to print."""

    slug: str
    version: str
    volume: int
    number: int
    title: str
    chapter: str
    reading: str
    core_question: str
    objectives: tuple[str, ...]
    prerequisites: tuple[str, ...]
    tracks: tuple[TrackText, ...]
    parts: tuple[LabPart, ...]
    synthesis: Synthesis
    reads: tuple[LedgerRead, ...]
    ledgers: tuple[Mapping[str, Scalar], ...]
    has_portfolio: bool
    folder: Path

    @property
    def minutes(self) -> int:
        """Time for the parts, the synthesis and two minutes of briefing. [min]"""
        return 2 + sum(part.minutes for part in self.parts) + self.synthesis.minutes

    def part(self, part_id: str) -> LabPart | None:
        return next((part for part in self.parts if part.id == part_id), None)

    def track(self, track_id: str) -> TrackText:
        return next((track for track in self.tracks if track.id == track_id), self.tracks[0])
