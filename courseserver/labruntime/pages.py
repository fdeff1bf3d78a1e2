"""What the lab pages show: frozen view models, the whole interface to the templates.

The templates are `labruntime/{briefing,part,synthesis,ledger}.html`, each given `page`: one of
`BriefingPage`, `PartPage`, `SynthesisPage`, `LedgerPage`. Fields ending in `_html` are safe HTML
(from Markdown or MathML rendered ahead of time); everything else is plain text to be escaped.
Fields ending in `_json` are dictionaries for Django's `json_script`.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

Json = dict[str, Any]


class RailState(StrEnum):
    """Where a step of the lab stands; `words` of the item says it for people."""

    DONE = "done"
    OPEN = "open"
    AHEAD = "ahead"


@dataclass(frozen=True, slots=True, kw_only=True)
class RailItem:
    """One step of the rail. `url` is empty where the step cannot be opened yet."""

    label: str  # "Briefing", "A Roofline", "Synthesis"
    state: RailState
    words: str  # "done", "open", "12 min"
    url: str
    is_current: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    eyebrow: str  # "Volume I, lab 11 · Hardware Acceleration · 52 min"
    title: str
    version: str
    track: str  # label of the track
    saved_at: str  # "14:02" of the last thing the server stored; "" before there is any
    done: int  # parts done
    total: int
    ledger_url: str
    is_preview: bool  # a member of staff looks at the lab as a student would


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    who: str
    role: str
    initials: str
    text_html: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionView:
    """`token` is opaque and the student's own; `is_chosen` is the draft or the commit."""

    token: str
    text: str
    is_chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitView:
    text: str  # as it reads on the page
    at: str  # "13:58"


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionView:
    """One question: its form before the commit, what was committed after it.

    The form field is named `field`; a choice posts an option's token, a number the text as typed.
    `draft` is the text typed so far, `reading` how the server reads it ("read as 3.05 h").
    """

    id: str
    field: str
    kind: str  # choice | numeric
    prompt_html: str
    options: tuple[OptionView, ...]
    units: tuple[str, ...]  # accepted units, the first is assumed where none is typed
    draft: str
    reading: str
    committed: CommitView | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LineItem:
    """One mark on the number line; `position` runs from 0 to 100 across its width."""

    evidence: str  # predicted | simulated | measured ...
    label: str  # "you", "simulated"
    text: str  # "50%"
    position: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    text: str
    position: float


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberLine:
    quantity: str
    items: tuple[LineItem, ...]
    ticks: tuple[Tick, ...]
    summary: str  # the same in one sentence, for screen readers


@dataclass(frozen=True, slots=True, kw_only=True)
class RevealView:
    """Predicted, actual, gap, one sentence on why, the misconception behind the choice."""

    question_id: str
    prompt_html: str
    headline_html: str
    why_html: str
    predicted: str
    actual: str
    gap: str  # "2.7 times too high", "right"; "" for worded options that are wrong
    is_right: bool
    misconception: str
    line: NumberLine | None
    committed_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SymbolView:
    math_html: str
    meaning: str
    value: str
    source: str
    evidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MathView:
    equations_html: tuple[str, ...]
    symbols: tuple[SymbolView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceView:
    text: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TryView:
    """One try at the challenge. `ratio` stays empty until the lab is submitted."""

    number: int
    design: str  # "batch 8, window 5 ms"
    objective: str
    is_feasible: bool
    broken: tuple[str, ...]
    ratio: str
    is_best: bool
    at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChallengeView:
    """`challenge_json`: url, variables (like knobs), objective, outputs, constraints, at."""

    title: str
    brief_html: str
    objective: str
    better: str  # lower | higher
    constraints: tuple[str, ...]
    challenge_json: Json
    tries: tuple[TryView, ...]
    optimum: str  # the best design and its objective; "" until the lab is submitted


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueRow:
    label: str
    text: str
    interval: str  # "2.1 to 2.4"; "" where none is known
    evidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobView:
    """`job_json`: url (POST inputs to start, DELETE to cancel), inputs (like knobs), plots, job.

    `job_json["job"]` is null or what `GET /api/jobs/<id>` answers (`poll_url`, `poll_ms`, `state`,
    `done`, `total`, `error`, `result`); poll while `state` is `queued` or `running`.
    """

    title: str
    brief_html: str
    state: str  # "" before the first run | queued | running | done | failed | cancelled
    words: str  # "running, 12 of 40"
    done: int
    total: int
    error: str
    values: tuple[ValueRow, ...]
    job_json: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class TermView:
    label: str  # "compute", "memory", "overhead"
    text: str
    share: float  # of the predicted time, 0 to 1
    start: float  # where its share begins when the terms stand in a row, 0 to 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonRowView:
    label: str
    predicted: str
    predicted_evidence: str
    measured: str  # "81.5 ms (80.1 to 83.0), 5 runs"; "" where not measured
    measured_evidence: str
    checked: str  # how far the server checked the measurement: "recomputed"
    ratio: str  # "1.31×"
    bound: str
    terms: tuple[TermView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RealityView:
    """The same workload on hardware. `mode` says what the rows rest on.

    `none`: nothing was run yet; `running`: a kit job is under way; `measured`: with measurements;
    `simulation`: no kit, the student asked for the simulated twin.
    `reality_json`: url (POST to request the kit, GET its state), kit job (state, message, done,
    total, poll_ms), whether a kit is there.
    """

    title: str
    brief_html: str
    notes_html: str
    mode: str
    kit_available: bool
    message: str  # state of the kit job in words
    doubts: str  # what the kit itself says is to be doubted, in a sentence
    evidence: str  # of the measurements: measured or emulated; empty without any
    done: int
    total: int
    calibration: tuple[ValueRow, ...]
    rows: tuple[ComparisonRowView, ...]
    reality_json: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Where "back" and "continue" lead; `url` is empty where the step is still locked."""

    label: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackChoice:
    id: str
    label: str
    machine: str
    is_chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BriefingPage:
    """The lab's home: objectives, core question, and the track while it can still be chosen.

    The track form posts `track=<id>` to `track_url`.
    """

    header: Header
    rail: tuple[RailItem, ...]
    core_question: str
    objectives: tuple[str, ...]
    prerequisites: tuple[str, ...]
    chapter: str
    reading: str
    tracks: tuple[TrackChoice, ...]
    track_is_open: bool
    track_url: str
    next_step: Step


@dataclass(frozen=True, slots=True, kw_only=True)
class PartPage:
    """One part. Before the lock closes, everything from `reveals` on is empty or None.

    The prediction form posts the questions' fields to `commit_url` (the page works without
    scripts); scripts may PUT `{"value": ...}` to `draft_urls[question id]` while typing, which
    answers `{"reading", "saved_at"}`.
    """

    attempt_id: str
    part_id: str
    header: Header
    rail: tuple[RailItem, ...]
    eyebrow: str  # "Part B · 11 min"
    title: str
    story: Story
    questions: tuple[QuestionView, ...]
    is_locked: bool
    is_passed: bool  # skipped, and a later part is committed
    promise: str
    commit_url: str
    draft_urls: dict[str, str]
    reveals: tuple[RevealView, ...]
    instrument_json: Json | None
    failures_found: int
    failures_total: int
    math: MathView | None
    explanation_html: str
    sources: tuple[SourceView, ...]
    challenge: ChallengeView | None
    job: JobView | None
    reality: RealityView | None
    previous_step: Step
    next_step: Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    title: str
    full: str
    part: str
    none: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PartSummary:
    """One part in the synthesis: what was predicted, what came out, what was explored."""

    label: str
    predicted: str
    actual: str
    releases: int
    failures_found: int
    is_done: bool
    missing: str  # "explore two more settings"; "" when done
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreLine:
    """One component of the score: "Completion", 36, 40, "held until marked"."""

    label: str
    points: str
    points_max: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmittedView:
    at: str
    score: str  # "86 / 100"; "" while nothing is known
    state: str  # what is held and why, what was sent, what the LMS shows
    lines: tuple[ScoreLine, ...]
    leaders_url: str  # the table of designs; "" where the course shows none


@dataclass(frozen=True, slots=True, kw_only=True)
class SynthesisPage:
    """Locked until every part is committed: then takeaways, the Decision Log, submission.

    The form posts `log` and `action` (`save`, `submit`, which asks, or `hand-in`) to `submit_url`;
    scripts PUT `{"value": ...}` to `draft_url`.
    """

    attempt_id: str
    header: Header
    rail: tuple[RailItem, ...]
    is_locked: bool
    waiting_for: tuple[str, ...]  # parts not committed yet
    takeaways_html: tuple[str, ...]
    parts: tuple[PartSummary, ...]
    prompt_html: str
    words_min: int
    words_max: int
    criteria: tuple[Criterion, ...]
    discussion: tuple[str, ...]
    portfolio_url: str  # "" where the lab does not offer it
    log_draft: str
    log_words: int
    log_error: str  # why the last try to submit was refused
    is_asked: bool  # whether submitting was pressed and waits for a yes
    draft_url: str
    submit_url: str
    submitted: SubmittedView | None
    previous_step: Step


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntryView:
    """One event. `hash_short` and `previous_short` make the chain visible."""

    number: int
    at: str
    day: str
    lab: str
    part: str
    kind: str  # prediction | reveal | failure_found | explored | challenge | decision | ...
    title: str  # "Prediction locked"
    text: str
    evidence: str
    hash_short: str
    previous_short: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerPage:
    """A student's own Design Ledger over all labs, newest last."""

    entries: tuple[LedgerEntryView, ...]
    is_whole: bool
    portfolio_url: str
    verdict: str  # "42 entries, unbroken chain"
    markdown_url: str
    json_url: str
    back: Step


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportPart:
    """What a student predicted and found in one part; nothing before the lock closes."""

    heading: str  # "B The iron law of one request"
    is_locked: bool
    reveals: tuple[RevealView, ...]
    failures: tuple[str, ...]
    tries: tuple[TryView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportPage:
    """One lab as a student did it, to print or to keep."""

    header: Header
    day: str
    is_submitted: bool
    parts: tuple[ReportPart, ...]
    decision_log: str
    markdown_url: str
    back: Step


@dataclass(frozen=True, slots=True, kw_only=True)
class PortfolioPrediction:
    """One prediction of the record, as the ledger keeps it."""

    part: str  # "B"
    quantity: str
    predicted: str
    actual: str
    gap: str
    is_told: bool  # a later part may have told it: no prediction


@dataclass(frozen=True, slots=True, kw_only=True)
class PortfolioDesign:
    part: str
    title: str
    design: str
    objective: str
    ratio: str  # "86%" of the optimum; "" where no feasible design was handed in


@dataclass(frozen=True, slots=True, kw_only=True)
class PortfolioLab:
    """One lab of the term, from the ledger: what was predicted, met, designed and decided."""

    heading: str  # "Lab 11, The hardware roofline"
    track: str
    day: str
    is_submitted: bool
    predictions: tuple[PortfolioPrediction, ...]
    limits: tuple[str, ...]
    designs: tuple[PortfolioDesign, ...]
    decision_log: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PortfolioRead:
    """A value that a lab took over from an earlier one, or from its default."""

    key: str
    value: str
    by: str  # the lab that read it
    origin: str  # the lab that wrote it; "" for a default


@dataclass(frozen=True, slots=True, kw_only=True)
class PortfolioRange:
    factor: str  # "2×"
    share: str  # "64%"


@dataclass(frozen=True, slots=True, kw_only=True)
class PortfolioPage:
    """A student's record over a course, to print or to keep.

    `calibration` are the predictions of numbers by lab (label, count, factor, words, dots as
    `LabForesight` gives them).
    """

    course: str
    verdict: str
    is_whole: bool
    counts: tuple[tuple[str, str], ...]  # label and figure
    typical: str  # "2.1×"; "" before there is a prediction of a number
    ranges: tuple[PortfolioRange, ...]
    calibration: tuple[Any, ...]
    labs: tuple[PortfolioLab, ...]
    reads: tuple[PortfolioRead, ...]
    markdown_url: str
    back: Step
