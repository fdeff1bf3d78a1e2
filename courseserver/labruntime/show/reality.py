"""The check on hardware on its part's page: predicted beside measured, each labelled."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from django.urls import reverse

from courseserver.kits import selectors as kit_selectors
from courseserver.labruntime.instances import PartInstance
from courseserver.labruntime.models import PartReality
from courseserver.labruntime.pages import (
    ComparisonRowView,
    Json,
    RealityView,
    TermView,
    ValueRow,
)
from courseserver.labruntime.realities import (
    comparison_of,
    is_kit_there,
    last_reality,
    reality_of,
)
from courseserver.labruntime.show.job import value_row
from courseserver.labruntime.state import AttemptState
from labs.content import RealityText, ValueText
from labs.contract import Comparison, ComparisonRow, Measured
from labs.text import fill, quantity

_DONE = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Standing:
    """Where the check stands: mode, the kit's job, the table, and what to say."""

    mode: str
    message: str
    job: kit_selectors.JobView | None
    comparison: Comparison | None
    kit_available: bool
    # How far the server checked each measurement.
    levels: Mapping[str, str] = field(default_factory=dict)


def reality_view(state: AttemptState, instance: PartInstance) -> RealityView | None:
    if instance.part.reality is None:
        return None
    text, _ = reality_of(instance)
    standing = _standing(state, instance)
    found = standing.comparison
    return RealityView(
        title=text.title,
        brief_html=fill(text.brief_html, instance.telling_words),
        notes_html=fill(text.notes_html, instance.telling_words),
        mode=standing.mode,
        kit_available=standing.kit_available,
        message=standing.message,
        doubts=kit_selectors.doubts_of(standing.job.id) if standing.job and found else "",
        evidence=_evidence(found),
        done=standing.job.done if standing.job else 0,
        total=standing.job.total if standing.job else 0,
        calibration=_calibration(text, found) if found else (),
        rows=tuple(_row(text, row, standing.levels) for row in found.rows) if found else (),
        reality_json=_json(state, instance, standing),
    )


def reality_json(state: AttemptState, instance: PartInstance) -> Json:
    """Return the state as polling answers it."""
    return _json(state, instance, _standing(state, instance))


def _json(state: AttemptState, instance: PartInstance, standing: _Standing) -> Json:
    job = standing.job
    return {
        "url": reverse("api-reality", args=[state.attempt.pk, instance.id]),
        "mode": standing.mode,
        "kit_available": standing.kit_available,
        "message": standing.message,
        "job": asdict(job) if job else None,
        "poll_ms": job.poll_ms if job else None,
        "rows": _rows_json(reality_of(instance)[0], standing.comparison),
    }


def _rows_json(text: RealityText, comparison: Comparison | None) -> list[Json]:
    """Return the numbers behind the table, for its plot."""
    rows = comparison.rows if comparison else ()
    return [
        {
            "label": _text_of(text.rows, row.id, "time").label,
            "format": _text_of(text.rows, row.id, "time").format,
            "ratio": "" if row.ratio is None else quantity(row.ratio, "x"),
            "predicted": asdict(row.predicted),
            "measured": asdict(row.measured) if row.measured else None,
        }
        for row in rows
    ]


def _standing(state: AttemptState, instance: PartInstance) -> _Standing:
    row = last_reality(state, instance.id)
    available = is_kit_there(state, reality_of(instance)[1])
    if row is None:
        message = "" if available else "No kit is online. You can go on with simulation only."
        return _Standing(
            mode="none", message=message, job=None, comparison=None, kit_available=available
        )
    job = kit_selectors.job_view(row.kit_job) if row.kit_job else None
    mode, message, comparison = _outcome(state, instance, row, job)
    return _Standing(
        mode=mode,
        message=message,
        job=job,
        comparison=comparison,
        kit_available=available,
        levels=kit_selectors.levels_of(job.id) if job and comparison else {},
    )


def _outcome(
    state: AttemptState,
    instance: PartInstance,
    row: PartReality,
    job: kit_selectors.JobView | None,
) -> tuple[str, str, Comparison | None]:
    if job is not None and not job.is_final:
        return "running", job.message, None
    if job is not None and job.state != _DONE:
        return "none", job.message, None
    try:
        comparison, mode = comparison_of(instance, row, state.attempt.track)
    except ValueError as error:
        return "none", f"The measurements do not suffice: {error}.", None
    if job is None:
        return mode, "Simulation only: nothing here was measured.", comparison
    is_own = job.kit_origin == "own"
    message = f"{job.message}, self-reported by your own kit" if is_own else job.message
    return mode, message, comparison


def _evidence(found: Comparison | None) -> str:
    """Return how the measurements are known, of several the lesser."""
    known = {str(row.measured.evidence) for row in found.rows if row.measured} if found else set()
    return "emulated" if "emulated" in known else next(iter(known), "")


def _calibration(text: RealityText, comparison: Comparison) -> tuple[ValueRow, ...]:
    return tuple(
        value_row(_text_of(text.calibration, name, "g3"), asdict(estimate))
        for name, estimate in comparison.calibration.items()
    )


def _text_of(texts: tuple[ValueText, ...], name: str, default: str) -> ValueText:
    """Return how an id prints; one that no author named prints as itself."""
    found = next((text for text in texts if text.id == name), None)
    return found or ValueText(id=name, label=name.replace("_", " "), format=default)


def _row(text: RealityText, row: ComparisonRow, levels: Mapping[str, str]) -> ComparisonRowView:
    words = _text_of(text.rows, row.id, "time")
    ratio = row.ratio
    return ComparisonRowView(
        label=words.label,
        predicted=_interval(row.predicted.value, row.predicted.low, row.predicted.high, words),
        predicted_evidence=str(row.predicted.evidence),
        measured=_measured(row.measured, words),
        measured_evidence=str(row.measured.evidence) if row.measured else "",
        checked=levels.get(row.id, "") if row.measured else "",
        ratio="" if ratio is None else quantity(ratio, "x"),
        bound=row.bound,
        terms=_terms(row),
    )


def _terms(row: ComparisonRow) -> tuple[TermView, ...]:
    total = sum(row.terms.values()) or 1.0
    views, start = [], 0.0
    for name, x in row.terms.items():
        text = quantity(x, "time")
        views.append(TermView(label=name, text=text, share=x / total, start=start))
        start += x / total
    return tuple(views)


def _measured(measured: Measured | None, words: ValueText) -> str:
    if measured is None:
        return ""
    runs = f"{measured.n} run{'' if measured.n == 1 else 's'}"
    return f"{_interval(measured.value, measured.low, measured.high, words)}, {runs}"


def _interval(value: float, low: float | None, high: float | None, words: ValueText) -> str:
    text = quantity(value, words.format)
    if low is None or high is None:
        return text
    return f"{text} ({quantity(low, words.format)} to {quantity(high, words.format)})"
