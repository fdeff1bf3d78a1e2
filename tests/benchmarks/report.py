"""What a benchmark found: figures with a baseline each, as a table and as JSON. Pure."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """Something simpler that does the same amount of work, measured in the same run."""

    name: str
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measured number: `value` is a median where `p95` stands beside it.

    `at_most` is a target for `p95`, or for `value` where there is none; `ratio_at_least` is one for
    the ratio. `counts` holds what else was counted in the same measurement.
    """

    name: str
    unit: str
    value: float
    n: int
    baseline: Baseline
    p95: float | None = None
    at_most: float | None = None
    ratio_at_least: float | None = None
    note: str = ""
    counts: Mapping[str, float] = field(default_factory=dict)

    @property
    def ratio(self) -> float | None:
        """`value` over the baseline's."""
        return self.value / self.baseline.value if self.baseline.value else None

    @property
    def is_missed(self) -> bool:
        decisive = self.value if self.p95 is None else self.p95
        too_much = self.at_most is not None and decisive > self.at_most
        too_little = self.ratio_at_least is not None and (self.ratio or 0) < self.ratio_at_least
        return too_much or too_little


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """The figures of one module, or why it has none, with the load average around them."""

    name: str
    title: str
    seconds: float
    load_before: float
    load_after: float
    figures: tuple[Figure, ...] = ()
    not_measured: str = ""
    failed: str = ""


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value at `share` (0 to 1) of the sorted values, between two by interpolation.

    Raises
    ------
    ValueError
        If there are no values.
    """
    if not values:
        raise ValueError("no values")
    ordered = sorted(values)
    at = share * (len(ordered) - 1)
    low = math.floor(at)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (at - low) * (ordered[high] - ordered[low])


def timed(
    name: str,
    values_ms: Sequence[float],
    baseline: Baseline,
    *,
    at_most: float | None = None,
    note: str = "",
    counts: Mapping[str, float] | None = None,
) -> Figure:
    """Return the figure of repeated durations: their median and 95th percentile."""
    return Figure(
        name=name,
        unit="ms",
        value=percentile(values_ms, 0.5),
        p95=percentile(values_ms, 0.95),
        n=len(values_ms),
        baseline=baseline,
        at_most=at_most,
        note=note,
        counts=counts or {},
    )


def lines_of(section: Section) -> list[str]:
    """Return a section as it is printed."""
    head = (
        f"## {section.title}  ({section.seconds:.0f} s, "
        f"load average {section.load_before:.1f} to {section.load_after:.1f})"
    )
    if section.not_measured:
        return [head, f"  not measured: {section.not_measured}"]
    if section.failed:
        return [head, f"  failed: {section.failed}"]
    return [head, *(line for figure in section.figures for line in _figure_lines(figure))]


def _figure_lines(figure: Figure) -> list[str]:
    amount = (
        f"{number(figure.value)} {figure.unit}"
        if figure.p95 is None
        else f"p50 {number(figure.value)}, p95 {number(figure.p95)} {figure.unit}"
    )
    ratio = "no ratio" if figure.ratio is None else f"{number(figure.ratio)} ×"
    lines = [
        f"  {figure.name}: {amount} (n = {figure.n}){target_words(figure)}",
        f"      {ratio} {figure.baseline.name} ({number(figure.baseline.value)} {figure.unit})",
    ]
    counts = ", ".join(f"{name} {number(value)}" for name, value in figure.counts.items())
    return lines + [f"      {words}" for words in (counts, figure.note) if words]


def target_words(figure: Figure) -> str:
    verdict = "MISSED" if figure.is_missed else "met"
    if figure.ratio_at_least is not None:
        return f"; at least {number(figure.ratio_at_least)} × the baseline: {verdict}"
    if figure.at_most is None:
        return ""
    return f"; at most {number(figure.at_most)} {figure.unit}: {verdict}"


def number(x: float) -> str:
    """Return three significant digits, with thousands separated."""
    if x == 0 or not math.isfinite(x):
        return f"{x:g}"
    digits = max(0, 2 - math.floor(math.log10(abs(x))))
    return f"{x:,.{digits}f}" if digits < 6 else f"{x:.2e}"


def json_of(sections: Sequence[Section], about: Mapping[str, Any]) -> dict[str, Any]:
    """Return everything that was measured, as plain JSON."""
    return {**about, "sections": [_section_json(section) for section in sections]}


def _section_json(section: Section) -> dict[str, Any]:
    return {
        "name": section.name,
        "title": section.title,
        "seconds": round(section.seconds, 1),
        "load_average": [section.load_before, section.load_after],
        "not_measured": section.not_measured,
        "failed": section.failed,
        "figures": [_figure_json(figure) for figure in section.figures],
    }


def _figure_json(figure: Figure) -> dict[str, Any]:
    return {
        "name": figure.name,
        "unit": figure.unit,
        "value": figure.value,
        "p95": figure.p95,
        "n": figure.n,
        "baseline": {"name": figure.baseline.name, "value": figure.baseline.value},
        "ratio": figure.ratio,
        "at_most": figure.at_most,
        "is_missed": figure.is_missed,
        "note": figure.note,
        "counts": dict(figure.counts),
    }
