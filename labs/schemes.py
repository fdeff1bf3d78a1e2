"""Grading schemes: how completion, Decision Log and Design Challenge become points.

A scheme is one file in `labs/courses/schemes`; adding one touches nothing else.
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

SCHEMES_DIR = Path(__file__).parent / "courses" / "schemes"


class SchemeError(ValueError):
    """A scheme's file says something it cannot mean; names file, key, value and remedy."""


class Level(StrEnum):
    """How far one criterion of a Decision Log is met."""

    FULL = "full"
    PART = "part"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletionRule:
    """What counts as having worked through a lab."""

    points: float
    commit_share: float
    releases_min: int
    failure_counts: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Signals:
    """What a log that meets a criterion tends to hold; grounds for a suggestion, never a mark.

    Lower-case words: `names` says what, `links` ties it to something else. `numbers_full` is how
    many numbers from the student's own instruments a full answer quotes.
    """

    names: tuple[str, ...]
    links: tuple[str, ...]
    numbers_full: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """One row of the Decision Log's rubric: points and meaning of each level."""

    id: str
    title: str
    points: Mapping[Level, float]
    texts: Mapping[Level, str]
    signals: Signals | None

    @property
    def points_max(self) -> float:
        return max(self.points.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheme:
    id: str
    title: str
    completion: CompletionRule
    criteria: tuple[Criterion, ...]
    challenge_points: float

    @property
    def log_points(self) -> float:
        return sum(criterion.points_max for criterion in self.criteria)

    @property
    def points_max(self) -> float:
        return self.completion.points + self.log_points + self.challenge_points


@dataclass(frozen=True, slots=True, kw_only=True)
class PartWork:
    """What one student did in one part: committed, different settings released, failures found."""

    committed: bool
    releases: int
    failures: int


def completion_share(rule: CompletionRule, parts: Iterable[PartWork]) -> float:
    """Return the share of the completion points earned, 0 to 1; every part weighs the same.

    Raises
    ------
    ValueError
        If there is no part.
    """
    earned = [_part_credit(rule, work) for work in parts]
    if not earned:
        raise ValueError("a lab without parts has no completion")
    return sum(earned) / len(earned)


def _part_credit(rule: CompletionRule, work: PartWork) -> float:
    if not work.committed:
        return 0.0
    found = rule.failure_counts and work.failures > 0
    explored = 1.0 if found or rule.releases_min == 0 else work.releases / rule.releases_min
    return rule.commit_share + (1 - rule.commit_share) * min(1.0, explored)


@cache
def load_scheme(scheme_id: str) -> Scheme:
    """Return the scheme of that name.

    Raises
    ------
    SchemeError
        If there is no such scheme, or its file is wrong.
    """
    path = SCHEMES_DIR / f"{scheme_id}.toml"
    if not scheme_id.isidentifier() or not path.is_file():
        known = ", ".join(sorted(file.stem for file in SCHEMES_DIR.glob("*.toml")))
        raise SchemeError(f"no grading scheme {scheme_id!r}; there are: {known}")
    return parse_scheme(scheme_id, path.read_text(encoding="utf-8"))


def all_schemes() -> tuple[Scheme, ...]:
    return tuple(load_scheme(path.stem) for path in sorted(SCHEMES_DIR.glob("*.toml")))


def parse_scheme(scheme_id: str, text: str) -> Scheme:
    """Return the scheme that a TOML text describes; see `load_scheme`."""
    reader = _Reader(f"{scheme_id}.toml", tomllib.loads(text))
    completion = reader.table("completion")
    log = reader.table("decision_log")
    criteria = tuple(_criterion(row) for row in log.tables("criteria"))
    if len({criterion.id for criterion in criteria}) != len(criteria):
        raise log.wrong("criteria", [c.id for c in criteria], "give each criterion its own id")
    scheme = Scheme(
        id=scheme_id,
        title=reader.text("title"),
        completion=CompletionRule(
            points=completion.number("points", low=0),
            commit_share=completion.number("commit_share", low=0, high=1),
            releases_min=int(completion.number("releases_min", low=0, high=100)),
            failure_counts=completion.boolean("failure_counts"),
        ),
        criteria=criteria,
        challenge_points=reader.table("challenge").number("points", low=0),
    )
    stated = log.number("points", low=0)
    if stated != scheme.log_points:
        raise log.wrong("points", stated, f"the criteria add up to {scheme.log_points:g}")
    if scheme.points_max <= 0:
        raise reader.wrong("points", scheme.points_max, "give some section points")
    return scheme


def with_criteria(scheme: Scheme, criteria: tuple[Criterion, ...]) -> Scheme:
    """Return a scheme with another rubric.

    The log's share of the whole follows: its points add up to more or less, and so does the whole.

    Raises
    ------
    SchemeError
        If there is no criterion, two share an id, or the points of one are not ordered from most
        to least.
    """
    if not criteria:
        raise SchemeError("a rubric needs at least one criterion")
    ids = [criterion.id for criterion in criteria]
    if len(set(ids)) != len(ids):
        raise SchemeError(f"criteria {ids}: give each criterion its own id")
    for criterion in criteria:
        points = [criterion.points[level] for level in Level]
        if not points[0] >= points[1] >= points[2] >= 0:
            said = ", ".join(f"{value:g}" for value in points)
            raise SchemeError(
                f"{criterion.title}: {said} points: order them from most to least, none below 0"
            )
    return replace(scheme, criteria=criteria)


def _criterion(row: "_Reader") -> Criterion:
    points = {level: row.number(level.value, low=0) for level in Level}
    if not points[Level.FULL] >= points[Level.PART] >= points[Level.NONE]:
        raise row.wrong("full, part, none", list(points.values()), "order them from most to least")
    return Criterion(
        id=row.text("id"),
        title=row.text("title"),
        points=points,
        texts={level: row.text(f"{level.value}_text") for level in Level},
        signals=_signals(row.table("signals")) if "signals" in row.values else None,
    )


def _signals(row: "_Reader") -> Signals:
    return Signals(
        names=row.words("names"),
        links=row.words("links"),
        numbers_full=int(row.number("numbers_full", low=0, high=20)),
    )


@dataclass(frozen=True, slots=True)
class _Reader:
    """One TOML table that reports what is wrong with file, key, value and remedy."""

    where: str
    values: Mapping[str, Any]

    def wrong(self, key: str, value: object, remedy: str) -> SchemeError:
        return SchemeError(f"{self.where}: {key} = {value!r}: {remedy}")

    def table(self, key: str) -> "_Reader":
        value = self.values.get(key)
        if not isinstance(value, dict):
            raise self.wrong(key, value, f"add the table [{key}]")
        return _Reader(f"{self.where} [{key}]", value)

    def tables(self, key: str) -> list["_Reader"]:
        rows = self.values.get(key)
        if not isinstance(rows, list) or not rows or not all(isinstance(r, dict) for r in rows):
            raise self.wrong(key, rows, f"add at least one [[{key}]]")
        return [_Reader(f"{self.where} [[{key}]] {n}", row) for n, row in enumerate(rows, 1)]

    def text(self, key: str) -> str:
        value = self.values.get(key)
        if not isinstance(value, str) or not value.strip():
            raise self.wrong(key, value, "write a text")
        return value

    def words(self, key: str) -> tuple[str, ...]:
        value = self.values.get(key)
        if not isinstance(value, list) or not all(isinstance(w, str) and w for w in value):
            raise self.wrong(key, value, "write a list of words, empty if none")
        if any(word != word.lower() for word in value):
            raise self.wrong(key, value, "write the words in lower case")
        return tuple(value)

    def boolean(self, key: str) -> bool:
        value = self.values.get(key)
        if not isinstance(value, bool):
            raise self.wrong(key, value, "write true or false")
        return value

    def number(self, key: str, *, low: float, high: float = 1e6) -> float:
        value = self.values.get(key)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.wrong(key, value, "write a number")
        if not low <= value <= high:
            raise self.wrong(key, value, f"choose {low:g} to {high:g}")
        return float(value)
