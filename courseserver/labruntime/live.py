"""The live class: who is where in a lab, who is stuck, what was predicted. For the staff.

What a projector shows of it names nobody.
"""

import hashlib
import itertools
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db.models import Max

from courseserver.courses import selectors as course_selectors
from courseserver.courses.models import Assignment, Role
from courseserver.courses.ranking import LISTED_LEAST
from courseserver.labruntime.models import (
    Attempt,
    ChallengeTry,
    Commit,
    Draft,
    Exploration,
    FailureFound,
    LedgerEntry,
)
from courseserver.labruntime.state import lab_of, part_ahead, required_parts
from labs.content import Lab, LabPart, QuestionText
from labs.contract import RIGHT
from labs.text import without_figures

# Longer in a part than this many times its minutes, and still at it: somebody to go to.
_STUCK_TIMES, _STUCK_LEAST = 1.5, timedelta(minutes=10)
# In a large class, so many are named: the predictions below are the moment to discuss.
_STUCK_SHOWN = 12
_STILL_HERE = timedelta(minutes=30)
# Limits of |log10(predicted / actual)|: 1.5 times, 3 times, 10 times off.
_FACTORS = ((0.176, "1.5×"), (0.477, "3×"), (1.0, "10×"))
_POINTS = ((10.0, "10 points"), (30.0, "30 points"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A place in the lab and how many students are there now."""

    label: str
    count: int
    share: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """One answer, or one range of errors, and how many gave it."""

    label: str
    count: int
    share: int
    is_answer: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question with the distribution of what the class predicted; no buckets: not told."""

    part: str
    title: str
    question: str
    is_numeric: bool
    count: int
    buckets: tuple[Bucket, ...]
    # The wrong option chosen most, in its sentence; empty for numbers and where all were right.
    misconception: str
    misled: int

    @property
    def right(self) -> int:
        return sum(bucket.count for bucket in self.buckets if bucket.is_answer)


@dataclass(frozen=True, slots=True, kw_only=True)
class Boundary:
    """A failure state of a part, found by so many of those who could look for it."""

    part: str
    title: str
    # None: not told.
    found: int | None
    of: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stuck:
    person_id: str
    name: str
    where: str
    minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassView:
    students: int
    # None, no stages: not told.
    here: int | None
    stages: tuple[Stage, ...]
    # The longest at it first; how many there are besides those that fit on a screen.
    stuck: tuple[Stuck, ...]
    more_stuck: int
    asked: tuple[Asked, ...]
    boundaries: tuple[Boundary, ...]

    @property
    def hides_limits(self) -> bool:
        return any(limit.found is None for limit in self.boundaries)


def class_view(
    assignment: Assignment, now: datetime, seen: frozenset[str] | None = None
) -> ClassView:
    """Return the state of a class in one lab; ten queries, however many students.

    `seen`: only students of these sections (`access.sections_seen`).
    """
    lab = lab_of(assignment.lab)
    members = [
        member
        for member in course_selectors.members(assignment.course, role=Role.LEARNER)
        if member.is_active
        and not member.is_test_student
        and (seen is None or not seen.isdisjoint(member.sections))
    ]
    attempts = {
        attempt.person_id: attempt
        for attempt in Attempt.objects.filter(
            assignment=assignment, voided_at__isnull=True, is_preview=False
        )
    }
    mine = [attempts[m.person_id] for m in members if m.person_id in attempts]
    commits, required = _commits(mine), required_parts(lab, assignment)
    places = {a.person_id: _place(lab, required, a, commits[a.pk]) for a in mine}
    last = _last_seen(mine)
    names = {m.person_id: m.name for m in members}
    stuck = _stuck(lab, mine, commits, places, last, names, now)
    return ClassView(
        students=len(members),
        here=sum(now - last[a.pk] <= _STILL_HERE for a in mine),
        stages=_stages(lab, len(members), places.values()),
        stuck=stuck[:_STUCK_SHOWN],
        more_stuck=max(0, len(stuck) - _STUCK_SHOWN),
        asked=tuple(_asked(lab, mine, commits)),
        boundaries=tuple(_boundaries(lab, mine, commits)),
    )


def for_projector(view: ClassView) -> ClassView:
    """Return what a projector shows: nobody's name, and no count that tells of one."""
    is_few = view.students < LISTED_LEAST
    return replace(
        view,
        here=None if is_few else view.here,
        stages=() if is_few else view.stages,
        stuck=(),
        more_stuck=0,
        asked=tuple(asked if _tells_of_nobody(asked) else _untold(asked) for asked in view.asked),
        boundaries=tuple(
            replace(limit, found=limit.found if limit.of >= LISTED_LEAST else None)
            for limit in view.boundaries
        ),
    )


def _tells_of_nobody(asked: Asked) -> bool:
    """Return whether nobody in the class learns from a distribution what another predicted.

    A least number of people is not enough: equal answers tell everybody's (A. Machanavajjhala et
    al., "l-diversity: Privacy beyond k-anonymity", ACM TKDD 1(1), 2007,
    doi:10.1145/1217299.1217302). Who looks knows their own answer, so the others' must still
    differ without it: no answer may hold all, or all but one.
    """
    most = max((bucket.count for bucket in asked.buckets), default=0)
    return asked.count >= LISTED_LEAST and most < asked.count - 1


def _untold(asked: Asked) -> Asked:
    return replace(asked, buckets=(), misconception="", misled=0)


def _commits(attempts: list[Attempt]) -> dict[str, list[Commit]]:
    found: dict[str, list[Commit]] = defaultdict(list)
    for commit in Commit.objects.filter(attempt__in=attempts).order_by("pk"):
        found[commit.attempt_id].append(commit)
    return found


def _done_parts(lab: Lab, commits: Iterable[Commit]) -> list[LabPart]:
    counts = Counter(commit.part for commit in commits)
    return [part for part in lab.parts if counts[part.id] == len(part.questions)]


def _place(lab: Lab, required: list[LabPart], attempt: Attempt, commits: list[Commit]) -> str:
    """Return the id of the part somebody works on, or `synthesis` or `submitted`."""
    if attempt.submitted_at is not None:
        return "submitted"
    done = {part.id for part in _done_parts(lab, commits)}
    return part_ahead(lab, required, done) or "synthesis"


def _label(lab: Lab, place: str) -> str:
    part = lab.part(place)
    return f"{part.id.upper()} {part.title}" if part else {"synthesis": "Synthesis"}[place]


def _stages(lab: Lab, students: int, places: Iterable[str]) -> tuple[Stage, ...]:
    counts = Counter(places)
    rows = [("Not started", students - sum(counts.values()))]
    rows += [(_label(lab, part.id), counts[part.id]) for part in lab.parts]
    rows += [("Synthesis", counts["synthesis"]), ("Handed in", counts["submitted"])]
    return tuple(
        Stage(label=label, count=count, share=_share(count, students)) for label, count in rows
    )


def _share(count: int, whole: int) -> int:
    """Return percent, whole."""
    return round(100 * count / whole) if whole else 0


def _last_seen(attempts: list[Attempt]) -> dict[str, datetime]:
    """Return when each attempt was last worked on."""
    last = {attempt.pk: attempt.started_at for attempt in attempts}
    for model in (Commit, Exploration, ChallengeTry, Draft):
        rows = model.objects.filter(attempt__in=attempts).values("attempt").annotate(at=Max("at"))
        for row in rows:
            last[row["attempt"]] = max(last[row["attempt"]], row["at"])
    return last


def _stuck(
    lab: Lab,
    attempts: list[Attempt],
    commits: Mapping[str, list[Commit]],
    places: Mapping[str, str],
    last: Mapping[str, datetime],
    names: Mapping[str, str],
    now: datetime,
) -> tuple[Stuck, ...]:
    found = []
    for attempt in attempts:
        place = places[attempt.person_id]
        if place == "submitted" or now - last[attempt.pk] > _STILL_HERE:
            continue
        part = lab.part(place)
        minutes = part.minutes if part else lab.synthesis.minutes
        mine = commits[attempt.pk]
        since = mine[-1].at if mine else attempt.started_at
        if now - since > max(_STUCK_TIMES * timedelta(minutes=minutes), _STUCK_LEAST):
            found.append(
                Stuck(
                    person_id=attempt.person_id,
                    name=names[attempt.person_id],
                    where=_label(lab, place),
                    minutes=int((now - since).total_seconds() // 60),
                )
            )
    return tuple(sorted(found, key=lambda stuck: -stuck.minutes))


def _asked(
    lab: Lab, attempts: list[Attempt], commits: Mapping[str, list[Commit]]
) -> Iterable[Asked]:
    chosen: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for commit in (c for attempt in attempts for c in _foreseen(lab, commits[attempt.pk])):
        chosen[(commit.part, commit.question)][commit.option] += 1
    errors = _errors(attempts)
    for part in lab.parts:
        for number, text in enumerate(part.questions, start=1):
            key = (part.id, text.id)
            if text.kind == "numeric":
                buckets = _ranges(text, errors[key])
                wrong: Counter[str] = Counter()
            else:
                buckets = _options(text, chosen[key])
                wrong = Counter({o: n for o, n in chosen[key].items() if o != RIGHT})
            option, misled = next(iter(wrong.most_common(1)), ("", 0))
            yield Asked(
                part=part.id.upper(),
                title=_title(part, number),
                question=text.id,
                is_numeric=text.kind == "numeric",
                count=sum(bucket.count for bucket in buckets),
                buckets=buckets,
                misconception=without_figures(text.misconceptions.get(option, "")),
                misled=misled,
            )


def _foreseen(lab: Lab, commits: Iterable[Commit]) -> Iterable[Commit]:
    """Return the options chosen before a later part could tell which one is right."""
    order = {part.id: index for index, part in enumerate(lab.parts)}
    reached = -1
    for commit in commits:
        index = order.get(commit.part, -1)
        if commit.option and index >= reached:
            yield commit
        reached = max(reached, index)


def _title(part: LabPart, number: int) -> str:
    title = without_figures(part.title)
    return title if len(part.questions) == 1 else f"{title}, question {number}"


def _options(text: QuestionText, chosen: Counter[str]) -> tuple[Bucket, ...]:
    whole = sum(chosen.values())
    # An order that says nothing about which one is right, and never changes.
    ids = sorted([RIGHT, *text.misconceptions], key=lambda option: _shuffled(text, option))
    return tuple(
        Bucket(
            label="As it comes out"
            if option == RIGHT
            else without_figures(text.misconceptions[option]),
            count=chosen[option],
            share=_share(chosen[option], whole),
            is_answer=option == RIGHT,
        )
        for option in ids
    )


def _shuffled(text: QuestionText, option: str) -> bytes:
    return hashlib.sha256(f"{text.prompt_html} {option}".encode()).digest()


def _errors(attempts: list[Attempt]) -> dict[tuple[str, str], list[Mapping[str, float | None]]]:
    """Return, by part and question, every student's error as the ledger holds it."""
    found: dict[tuple[str, str], list[Mapping[str, float | None]]] = defaultdict(list)
    entries = LedgerEntry.objects.filter(attempt__in=attempts, kind="reveal")
    for body in entries.values_list("body", flat=True):
        entry = json.loads(body)
        if entry["body"].get("passed"):
            continue
        for question, outcome in entry["body"]["outcomes"].items():
            found[(entry["part"], question)].append(outcome)
    return found


def _ranges(text: QuestionText, errors: list[Mapping[str, float | None]]) -> tuple[Bucket, ...]:
    """Return how far off the class was, from too low to too high."""
    limits, name = (
        (_POINTS, "error_points") if text.error == "points" else (_FACTORS, "log10_error")
    )
    values = [value for error in errors if (value := error[name]) is not None]
    labels = _range_labels(limits)
    middle = len(limits)
    counts = Counter(_range_of(value, [limit for limit, _ in limits]) for value in values)
    return tuple(
        Bucket(
            label=label,
            count=counts[index],
            share=_share(counts[index], len(values)),
            is_answer=index == middle,
        )
        for index, label in enumerate(labels)
    )


def _range_of(value: float, limits: list[float]) -> int:
    """Return which range: 0 is farthest below, the middle is closest."""
    off = sum(abs(value) > limit for limit in limits)
    return len(limits) - off if value < 0 else len(limits) + off


def _range_labels(limits: tuple[tuple[float, str], ...]) -> list[str]:
    names = [name for _, name in limits]
    steps = [f"{a} to {b}" for a, b in itertools.pairwise(names)]
    far = [*steps, f"more than {names[-1]}"]
    low = [f"Too low by {step}" for step in reversed(far)]
    return [*low, f"Within {names[0]}", *(f"Too high by {step}" for step in far)]


def _boundaries(
    lab: Lab, attempts: list[Attempt], commits: Mapping[str, list[Commit]]
) -> Iterable[Boundary]:
    rows = FailureFound.objects.filter(attempt__in=attempts).values_list("part", "failure")
    found = Counter(rows)
    could = Counter(
        part.id for attempt in attempts for part in _done_parts(lab, commits[attempt.pk])
    )
    for part in lab.parts:
        for failure in part.failures:
            yield Boundary(
                part=part.id.upper(),
                title=without_figures(failure.title),
                found=found[(part.id, failure.id)],
                of=could[part.id],
            )
