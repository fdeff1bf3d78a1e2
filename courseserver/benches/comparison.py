"""Predicted, measured and published beside one another, each with how it is known."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import cast

from courseserver.benches.energy import EnergyView, energy_view
from courseserver.benches.models import ActivityRun
from courseserver.benches.readings import Readings, readings_of
from courseserver.courses.models import Course, Person
from courseserver.kits import selectors as kits
from courseserver.kits.models import KitJob, Measurement
from courseserver.kits.states import JobKind, Verdict
from firmware_specs.wire import Outcome
from labs.activities import Activity, Design, Figure, Past, Published, Told
from labs.contract import Estimate, Evidence, Measured, Scalar
from labs.text import quantity
from simcore import catalog

_PAST_MOST = 20
_PUBLISHED_MOST = 6
# An accelerator has no voice of its own: a computer speaks for the one on its port.
_CORALS = ("coral-usb", "coral-dev-board")


@dataclass(frozen=True, slots=True, kw_only=True)
class TermRow:
    label: str
    text: str
    start: float
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureRow:
    """One figure in words; empty texts where something is not known."""

    label: str
    help: str
    predicted: str
    calibrated: str
    measured: str
    measured_evidence: str
    ratio: str
    # The ratio to the prediction before the calibration, where there was one.
    ratio_before: str
    # Whether the two intervals overlap: None without a measurement.
    is_inside: bool | None
    published: str
    bound: str
    terms: tuple[TermRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedRow:
    label: str
    value: str
    what: str
    source: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Whose word the measurement is: kit, board, and what the server found out."""

    kit_name: str
    board: str
    evidence: str
    verdict: str
    verdict_words: str
    is_own: bool
    drift: str


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Everything the page shows of one design on one board."""

    board_name: str
    # In words, where another board did the work than the one that was asked for.
    other_board: str
    rows: tuple[FigureRow, ...]
    published: tuple[PublishedRow, ...]
    more_published: int
    # On how many earlier measurements of which kit the prediction rests; none: on no kit's.
    past: int
    past_kit: str
    origin: Origin | None
    energy: EnergyView | None
    why_no_energy: str
    # What makes the figures worth less, in sentences.
    doubts: tuple[str, ...]
    readings: Readings | None


def view_of(
    activity: Activity,
    design: Design,
    board: str,
    run: ActivityRun | None,
    *,
    person: Person,
    course: Course,
) -> View:
    """Return the comparison of a design, with the measurements of a run where it has some.

    Before there are any, the prediction rests on the kit that measured for this person last.
    """
    outcomes = measured_of(run)
    origin = _origin(outcomes)
    shown = origin.board if origin and origin.board in activity.model.boards() else board
    basis = outcomes[0] if outcomes else _latest(activity, board, person, course)
    past = _past(activity, basis, is_next=not outcomes) if basis else []
    told = {row.request_id: _told(row) for row in outcomes}
    measured = activity.model.read(told) if told else {}
    published = activity.model.published(design, shown)
    calibrated = activity.model.predict(design, shown, past) if past else ()
    rows = tuple(
        _row(activity, figure, _find(calibrated, figure.id), measured, published)
        for figure in activity.model.predict(design, shown)
    )
    is_calibrated = any(row.calibrated for row in rows)
    return View(
        board_name=catalog.item("hardware", shown).name,
        other_board=_other_board(origin, asked=board, shown=shown),
        rows=rows,
        published=tuple(_published(activity, row) for row in published[:_PUBLISHED_MOST]),
        more_published=max(0, len(published) - _PUBLISHED_MOST),
        past=len(past) if is_calibrated else 0,
        past_kit=basis.kit.name if basis and is_calibrated else "",
        origin=origin,
        energy=next((found for row in outcomes if (found := energy_view(row))), None),
        doubts=tuple(_doubts(outcomes, origin)),
        why_no_energy=next((row.energy_why_not for row in outcomes if row.energy_why_not), ""),
        readings=readings_of(outcomes),
    )


def _other_board(origin: Origin | None, *, asked: str, shown: str) -> str:
    """Return what to say where a bench held another board than was asked for."""
    if origin is None or origin.board == asked:
        return ""
    name = catalog.item("hardware", asked).name
    if shown == origin.board:
        return f"You asked for {name}. This board answered, and what stands here is about it."
    return (
        f"The board that answered calls itself {origin.board[:40]}, for which nothing is predicted:"
        f" the prediction here is that of {name}."
    )


def measured_of(run: ActivityRun | None) -> list[Measurement]:
    """Return what a kit measured for a run."""
    job = KitJob.objects.filter(pk=run.kit_job).first() if run and run.kit_job else None
    return list(kits.measurements_of(job).values()) if job else []


def _latest(activity: Activity, board: str, person: Person, course: Course) -> Measurement | None:
    """Return what a kit last measured of this board for this person's runs of an activity."""
    runs = ActivityRun.objects.filter(course=course, person=person, activity=activity.slug)
    rows = Measurement.objects.filter(
        job__in=runs.exclude(kit_job="").values("kit_job"),
        outcome=Outcome.MEASURED.value,
        superseded=False,
    ).select_related("kit")
    latest = rows.order_by("-received_at")[:_PAST_MOST]
    return next((row for row in latest if board_measured(row) == board), None)


def board_measured(row: Measurement) -> str:
    """Return which board did the work: one on a bench computer says its own name."""
    if row.arguments.get("runtime") == "edge_tpu" and row.kit.board not in _CORALS:
        return _CORALS[0]
    return str(row.environment.get("board") or row.kit.board)


def _origin(outcomes: list[Measurement]) -> Origin | None:
    if not outcomes:
        return None
    # Of several runs the one that is known least well speaks for all.
    row = max(outcomes, key=lambda row: list(Verdict).index(Verdict(row.verdict)))
    return Origin(
        kit_name=row.kit.name,
        board=board_measured(row),
        evidence=row.evidence,
        verdict=row.verdict,
        verdict_words="; ".join(filter(None, (Verdict(row.verdict).label, row.verdict_why))),
        is_own=row.is_self_reported,
        drift=row.kit.drift,
    )


def _doubts(outcomes: list[Measurement], origin: Origin | None) -> Iterator[str]:
    """Yield in sentences what a reader should know before trusting the figures."""
    if detail := "; ".join(dict.fromkeys(row.detail for row in outcomes if row.detail)):
        yield f"Doubtful time: {detail}."
    energy = (str(row.environment.get("energy_doubt", "")) for row in outcomes)
    if doubt := next(filter(None, energy), ""):
        yield f"Doubtful energy: {doubt[:400]}."
    if origin and origin.drift:
        yield f"This kit has drifted: {origin.drift}."


def _past(activity: Activity, now: Measurement, *, is_next: bool) -> list[Past]:
    """Return what the same kit measured for this activity before, of the same evidence.

    Never what another kit measured, nor emulated where this one is hardware. With `is_next`, what
    is to come may rest on `now` as well.
    """
    model = activity.model
    knobs = model.design()
    designs = [
        dict(zip((knob.id for knob in knobs), steps, strict=True))
        for steps in product(*(knob.steps for knob in knobs))
    ]
    board = board_measured(now)
    tasks = {task.task for design in designs for task in model.tasks(design, board)}
    rows = Measurement.objects.filter(
        kit=now.kit_id, evidence=now.evidence, task__in=tasks, outcome=Outcome.MEASURED.value,
        superseded=False, value__isnull=False, job__kind=JobKind.REQUEST,
    ).select_related("kit")  # fmt: skip
    if not is_next:
        rows = rows.filter(received_at__lt=now.received_at).exclude(job=now.job_id)
    found = []
    for row in rows.order_by("-received_at")[:_PAST_MOST]:
        names = {knob.id for knob in knobs}
        design = {k: v for k, v in row.arguments.items() if k in names} or {"network": row.task}
        if design in designs and board_measured(row) == board:
            found.append(Past(design=design, time_s=cast(float, row.value)))
    return found


def _told(row: Measurement) -> Told:
    value = cast(float, row.value)
    spread = row.environment.get("energy_uncertainty_j", 0.0)
    return Told(
        measured=Measured(
            value=value,
            low=value if row.low is None else row.low,
            high=value if row.high is None else row.high,
            n=row.n,
            evidence=Evidence(row.evidence),
        ),
        energy_j=row.energy_total_j,
        energy_spread_j=float(spread) if isinstance(spread, int | float) else 0.0,
        facts=cast(dict[str, Scalar], {**row.arguments, **row.environment}),
    )


def _find(figures: tuple[Figure, ...], name: str) -> Figure | None:
    return next((figure for figure in figures if figure.id == name), None)


def _row(
    activity: Activity,
    figure: Figure,
    calibrated: Figure | None,
    measured: dict[str, Measured],
    published: tuple[Published, ...],
) -> FigureRow:
    words = activity.figures[figure.id]
    found = measured.get(figure.id)
    best = calibrated or figure
    changes = calibrated is not None and calibrated.predicted.value != figure.predicted.value
    ratio = found.value / best.predicted.value if found and best.predicted.value else None
    values = [row.value for row in published if row.figure == figure.id]
    return FigureRow(
        label=words.label,
        help=words.help,
        predicted=_interval(figure.predicted, words.format),
        calibrated=_interval(best.predicted, words.format) if changes else "",
        measured=_measured(found, words.format) if found else "",
        measured_evidence=str(found.evidence) if found else "",
        ratio="" if ratio is None else quantity(ratio, "x"),
        ratio_before=(
            quantity(found.value / figure.predicted.value, "x")
            if found and changes and figure.predicted.value
            else ""
        ),
        is_inside=_overlap(best.predicted, found) if found else None,
        published=_range(values, words.format),
        bound=figure.bound,
        terms=_terms(best),
    )


def _interval(x: Estimate, spec: str) -> str:
    text = quantity(float(x.value), spec)
    if x.low is None or x.high is None:
        return text
    return f"{text} ({quantity(float(x.low), spec)} to {quantity(float(x.high), spec)})"


def _measured(x: Measured, spec: str) -> str:
    text, low, high = (quantity(value, spec) for value in (x.value, x.low, x.high))
    if x.low == x.high:
        return text
    # Windows may agree in every digit that is shown.
    return f"{text}, n = {x.n}" if low == high == text else f"{text} ({low} to {high}), n = {x.n}"


def _range(values: list[float], spec: str) -> str:
    if not values:
        return ""
    if len(values) == 1:
        return quantity(values[0], spec)
    ends = f"{quantity(min(values), spec)} to {quantity(max(values), spec)}"
    return f"{ends}, {len(values)} results"


def _overlap(predicted: Estimate, found: Measured) -> bool | None:
    if predicted.low is None or predicted.high is None:
        return None
    # numpy's own truth is no `False` to a template.
    return bool(predicted.low <= found.high and found.low <= predicted.high)


def _terms(figure: Figure) -> tuple[TermRow, ...]:
    total = sum(figure.terms.values()) or 1.0
    rows, start = [], 0.0
    for name, x in figure.terms.items():
        text = quantity(float(x), "time")
        rows.append(TermRow(label=name, text=text, start=start, share=x / total))
        start += x / total
    return tuple(rows)


def _published(activity: Activity, row: Published) -> PublishedRow:
    words = activity.figures[row.figure]
    return PublishedRow(
        label=words.label,
        value=quantity(row.value, words.format),
        what=row.what,
        source=row.source,
        url=row.url,
    )
