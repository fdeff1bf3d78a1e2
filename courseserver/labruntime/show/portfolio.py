"""A student's portfolio: the whole record of a course, read from the ledger alone."""

import math
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.timezone import localtime

from courseserver.common import moments
from courseserver.grading.foresight import LabForesight, foresight
from courseserver.labruntime import challenges, instrument, ledger
from courseserver.labruntime.models import Attempt, LedgerEntry
from courseserver.labruntime.pages import (
    Json,
    PortfolioDesign,
    PortfolioLab,
    PortfolioPage,
    PortfolioPrediction,
    PortfolioRange,
    PortfolioRead,
    Step,
)
from courseserver.labruntime.show import frame
from courseserver.labruntime.show.ledger import lab_title, verdict_words
from courseserver.labruntime.state import draw_of
from labs.content import ChallengeText, Lab
from labs.contract import Scalar
from labs.loader import UnknownLab, load_lab
from labs.tables import ContentError
from labs.text import quantity
from simcore.equations.judgement import factor_holding, share_within

RANGES = (1.5, 2.0, 3.0, 10.0)
"""Factors whose share of the predictions is told. [1]"""


@dataclass(frozen=True, slots=True)
class _Record:
    """One attempt with its entries, and the lab where it is still installed."""

    attempt: Attempt
    lab: Lab | None
    entries: Sequence[Json]

    def of(self, kind: str) -> Iterator[Json]:
        return (entry for entry in self.entries if entry["kind"] == kind)


@dataclass(frozen=True, slots=True)
class _Written:
    """A key of the ledger: the entry's number, the lab, and what it wrote."""

    number: int
    lab: str
    key: str
    value: Any


def portfolio_page(attempt: Attempt) -> PortfolioPage:
    """Return the record of the attempt's student in the attempt's course."""
    course, person = attempt.assignment.course, attempt.person
    verdict = ledger.verify(person.pk)
    contents = ledger.contents(person)
    records, written = _records(attempt, contents), _written(contents)
    calibration = tuple(foresight(course, person))
    errors = [error for lab in calibration for error in lab.errors]
    return PortfolioPage(
        course=course.title,
        verdict=verdict_words(verdict),
        is_whole=verdict.is_whole,
        counts=_counts(records),
        typical=quantity(float(factor_holding(errors, share=0.5)), "x") if errors else "",
        ranges=_ranges(errors),
        calibration=calibration,
        labs=tuple(_lab(record) for record in records),
        reads=tuple(read for record in records for read in _reads(record, written)),
        markdown_url=reverse("lab-portfolio-export", args=[attempt.pk]),
        back=Step(label="Back to the lab", url=frame.home_url(attempt)),
    )


def _ranges(errors: list[float]) -> tuple[PortfolioRange, ...]:
    if not errors:
        return ()
    shares = share_within(errors, factor=RANGES).tolist()
    return tuple(
        PortfolioRange(factor=f"{factor:g}×", share=quantity(share, "pct0"))
        for factor, share in zip(RANGES, shares, strict=True)
    )


def _written(contents: Sequence[tuple[LedgerEntry, Json]]) -> list[_Written]:
    """Return every key the student's live attempts wrote, oldest first."""
    return [
        _Written(content["number"], content["lab"], key, value)
        for entry, content in contents
        if entry.attempt.voided_at is None
        for key, value in content["keys"].items()
    ]


def _records(attempt: Attempt, contents: Sequence[tuple[LedgerEntry, Json]]) -> list[_Record]:
    """Return the student's live attempts of the course, in the order of the labs."""
    entries: dict[str, list[Json]] = {}
    for entry, content in contents:
        entries.setdefault(entry.attempt_id, []).append(content)
    attempts = Attempt.objects.select_related("assignment").filter(
        person=attempt.person,
        assignment__course=attempt.assignment.course,
        voided_at__isnull=True,
        is_preview=attempt.is_preview,
    )
    found = [_Record(one, _installed(one.lab), entries.get(one.pk, [])) for one in attempts]
    return sorted(found, key=_order)


def _order(record: _Record) -> tuple[int, int, datetime]:
    lab = record.lab
    return (lab.volume, lab.number, record.attempt.started_at) if lab else (
        99, 0, record.attempt.started_at,
    )  # fmt: skip


def _installed(slug: str) -> Lab | None:
    with suppress(UnknownLab, ContentError):
        return load_lab(slug)
    return None


def _counts(records: Sequence[_Record]) -> tuple[tuple[str, str], ...]:
    """Return what the record amounts to."""
    outcomes = [o for r in records for e in r.of("reveal") for o in e["body"]["outcomes"].values()]
    designs = [e["body"] for r in records for e in r.of("design")]
    feasible = [body for body in designs if body["design"] is not None]
    limits = sum(1 for r in records for _ in r.of("failure_found"))
    return (
        ("labs begun", str(len(records))),
        ("handed in", str(sum(r.attempt.submitted_at is not None for r in records))),
        ("predictions", str(len(outcomes))),
        ("right", str(sum(bool(o["right"]) for o in outcomes))),
        ("limits found", str(limits)),
        ("designs that kept every constraint", f"{len(feasible)} of {len(designs)}"),
    )


def _lab(record: _Record) -> PortfolioLab:
    attempt = record.attempt
    title = lab_title(attempt.lab)
    return PortfolioLab(
        heading=f"Lab {record.lab.number}, {title}" if record.lab else title,
        track=record.lab.track(attempt.track).label if record.lab else attempt.track,
        day=moments.date_text(localtime(attempt.submitted_at or attempt.started_at)),
        is_submitted=attempt.submitted_at is not None,
        predictions=tuple(_predictions(record)),
        limits=tuple(
            f"{entry['part'].upper()} {entry['body']['title']}"
            for entry in record.of("failure_found")
        ),
        designs=tuple(_designs(record)),
        decision_log=attempt.decision_log,
    )


def _predictions(record: _Record) -> Iterator[PortfolioPrediction]:
    for entry in record.of("reveal"):
        part = record.lab.part(entry["part"]) if record.lab else None
        for question, outcome in entry["body"]["outcomes"].items():
            text = part.question(question) if part else None
            yield PortfolioPrediction(
                part=entry["part"].upper(),
                quantity=text.quantity if text else question,
                predicted=outcome["predicted"],
                actual=outcome["actual"],
                gap=outcome["gap"],
                is_told=bool(entry["body"].get("passed")),
            )


def _designs(record: _Record) -> Iterator[PortfolioDesign]:
    for entry in record.of("design"):
        part = record.lab.part(entry["part"]) if record.lab else None
        text, body = (part.challenge if part else None), entry["body"]
        design = body["design"]
        yield PortfolioDesign(
            part=entry["part"].upper(),
            title=text.title if text else "Design",
            design=_design_words(record, entry["part"], design) if design else "",
            objective=_objective_words(text, body["objective"]) if text and design else "",
            ratio=quantity(body["score"], "pct0") if design else "",
        )


def _objective_words(text: ChallengeText, objective: float | None) -> str:
    return f"{text.objective_label}: {challenges.objective_text(text, objective)}"


def _design_words(record: _Record, part_id: str, design: dict[str, Scalar]) -> str:
    part = record.lab.part(part_id) if record.lab else None
    if part is None or part.challenge is None:
        return ", ".join(f"{name} {value}" for name, value in design.items())
    words = {variable.id: variable for variable in part.challenge.variables}
    return ", ".join(
        f"{words[name].label} {instrument.step_text(words[name], value)}"
        for name, value in design.items()
        if name in words
    )


def _reads(record: _Record, written: Sequence[_Written]) -> Iterator[PortfolioRead]:
    """Return what the attempt took over when it began, and where it came from."""
    if record.lab is None:
        return
    # What was read is fixed by the first prediction, not by the first visit.
    fixed = next((entry["number"] for entry in record.of("prediction")), math.inf)
    before = [one for one in written if one.number < fixed]
    taken = dict(draw_of(record.attempt).reads)
    for read in record.lab.reads:
        if read.name not in taken:
            continue
        newest = next((one for one in reversed(before) if one.key == read.key), None)
        is_own = newest is not None and newest.value == taken[read.name]
        yield PortfolioRead(
            key=read.key,
            value=_plain(taken[read.name]),
            by=f"Lab {record.lab.number}",
            origin=lab_title(newest.lab) if newest is not None and is_own else "",
        )


def _plain(value: Any) -> str:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return quantity(float(value), "g3") if is_number else str(value)


def portfolio_markdown(page: PortfolioPage) -> str:
    """Return the same as plain text in Markdown."""
    return "\n".join(_lines(page)) + "\n"


def _lines(page: PortfolioPage) -> Iterator[str]:
    yield from (f"# Portfolio: {page.course}", "")
    yield from (f"- {label}: {figure}" for label, figure in page.counts)
    yield from (f"- Design Ledger: {page.verdict}", "")
    if page.typical:
        yield from ("## Calibration", "", f"Half of the predictions lie within {page.typical}.", "")
        yield from (f"- within {one.factor}: {one.share}" for one in page.ranges)
        yield from (_foresight_line(lab) for lab in page.calibration)
        yield ""
    for lab in page.labs:
        yield from _lab_lines(lab)
    if page.reads:
        yield from ("## Decisions that came back", "")
        yield from (
            f"- {read.by} read `{read.key}` = {read.value} ({read.origin or 'default'})"
            for read in page.reads
        )


def _foresight_line(lab: LabForesight) -> str:
    return f"- {lab.lab}: {lab.words}"


def _lab_lines(lab: PortfolioLab) -> Iterator[str]:
    state = "handed in" if lab.is_submitted else "begun"
    yield from (f"## {lab.heading}", "", f"Track {lab.track}, {state} {lab.day}.", "")
    for one in lab.predictions:
        gap = f"{one.gap}, told by a later part" if one.is_told else one.gap
        yield f"- {one.part}, {one.quantity}: {one.predicted}; it came out {one.actual} ({gap})"
    yield from (f"- Limit found: {limit}" for limit in lab.limits)
    for design in lab.designs:
        yield f"- {design.title}: " + (
            f"{design.design}; {design.objective}, {design.ratio} of the optimum"
            if design.design
            else "no feasible design"
        )
    if lab.decision_log:
        yield from ("", "> " + "\n> ".join(lab.decision_log.splitlines()))
    yield ""
