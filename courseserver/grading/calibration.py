"""Calibrating markers: the same few logs, marked by each on their own, and how far they agree."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

from django.db import transaction
from django.db.models import QuerySet

from courseserver.audit.services import record
from courseserver.common import clock
from courseserver.common.errors import Conflict, Unprocessable
from courseserver.courses.models import Assignment, Person
from courseserver.grading.agreement import Agreement, agreement
from courseserver.grading.criteria import scheme_of
from courseserver.grading.models import CalibrationMark, CalibrationSample, Submission
from labs.schemes import Level

SAMPLES = 5


@transaction.atomic
def samples_draw(*, assignment: Assignment, actor: Person, count: int = SAMPLES) -> int:
    """Choose the first logs handed in as samples, up to `count` in all; return how many are new.

    Raises
    ------
    Unprocessable
        If there is no further log.
    """
    have = samples_of(assignment).count()
    logs = Submission.objects.filter(
        assignment=assignment, voided_at__isnull=True, calibration__isnull=True
    ).exclude(log_text="")
    chosen = list(logs.order_by("submitted_at", "pk")[: max(0, count - have)])
    if not chosen:
        raise Unprocessable("There is no further log to draw.", remedy="Wait for more hand-ins.")
    now = clock.now()
    CalibrationSample.objects.bulk_create(
        CalibrationSample(submission=submission, drawn_at=now) for submission in chosen
    )
    record(
        actor=actor.id,
        action="calibration.drawn",
        subject=assignment.id,
        course_id=assignment.course_id,
        count=len(chosen),
    )
    return len(chosen)


def samples_of(assignment: Assignment) -> QuerySet[CalibrationSample]:
    samples = CalibrationSample.objects.filter(
        submission__assignment=assignment, submission__voided_at__isnull=True
    )
    return samples.select_related("submission").order_by("submission__submitted_at", "pk")


def next_for(assignment: Assignment, marker: Person) -> CalibrationSample | None:
    """Return the next sample this marker has not marked, and whose text was not erased since."""
    waiting = samples_of(assignment).exclude(submission__log_text="")
    return waiting.exclude(marks__marker=marker).first()


@transaction.atomic
def sample_mark(
    *, sample: CalibrationSample, marker: Person, levels: Mapping[str, Level]
) -> CalibrationMark:
    """Store one marker's levels, once: whoever has seen the others' cannot mark anew.

    Raises
    ------
    Conflict
        If this marker has marked it.
    Unprocessable
        If a criterion has no level.
    """
    assignment = sample.submission.assignment
    missing = [c.title for c in scheme_of(assignment).criteria if c.id not in levels]
    if missing:
        raise Unprocessable(
            f"The marks are not complete: {missing[0]}.", remedy="Choose a level for each."
        )
    mark, created = CalibrationMark.objects.get_or_create(
        sample=sample,
        marker=marker,
        defaults={
            "levels": {key: level.value for key, level in levels.items()},
            "marked_at": clock.now(),
        },
    )
    if not created:
        raise Conflict("You have marked this log.", remedy="Go on to the next one.")
    record(
        actor=marker.id,
        action="calibration.marked",
        subject=assignment.id,
        course_id=assignment.course_id,
        submission=sample.submission_id,
    )
    return mark


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two markers and how far they agree on one criterion, or on all of them together."""

    first: str
    second: str
    criterion: str
    found: Agreement


def agreements(assignment: Assignment) -> list[Pair]:
    """Return the agreement of every two markers, by criterion and over all, by marker's id."""
    titles = {c.id: c.title for c in scheme_of(assignment).criteria}
    by_marker: dict[str, dict[str, Mapping[str, str]]] = {}
    marks = CalibrationMark.objects.filter(sample__in=samples_of(assignment))
    for mark in marks.order_by("pk"):
        by_marker.setdefault(mark.marker_id, {})[mark.sample_id] = mark.levels
    found = []
    for first, second in combinations(by_marker, 2):
        both = by_marker[first].keys() & by_marker[second].keys()
        pairs = {
            key: [
                (Level(by_marker[first][s][key]), Level(by_marker[second][s][key]))
                for s in both
                if key in by_marker[first][s] and key in by_marker[second][s]
            ]
            for key in titles
        }
        rows = [(titles[key], levels) for key, levels in pairs.items()]
        rows.append(("All criteria", [pair for levels in pairs.values() for pair in levels]))
        for title, levels in rows:
            if (agreed := agreement(levels)) is not None:
                found.append(Pair(first=first, second=second, criterion=title, found=agreed))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A sample with the levels each marker gave, by marker's id."""

    sample: CalibrationSample
    levels: Mapping[str, Mapping[str, str]]


def given_for(assignment: Assignment, marker: Person) -> list[Given]:
    """Return the samples this marker has marked, with everybody's levels: after, never before."""
    samples = samples_of(assignment).filter(marks__marker=marker).prefetch_related("marks")
    return [
        Given(sample=sample, levels={mark.marker_id: mark.levels for mark in sample.marks.all()})
        for sample in samples
    ]
