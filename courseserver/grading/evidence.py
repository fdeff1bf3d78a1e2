"""What a submission carries for its marker: the student's own numbers, predictions, challenge.

The lab runtime builds an `Evidence` and hands `to_json()` to `submission_receive`; the marking
page reads it back with `from_json`. Unknown fields are ignored and missing ones are empty, so
that a submission of last year still opens.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from labs.text import quantity

KINDS = frozenset(
    {"predicted", "simulated", "emulated", "measured", "published", "given", "assumed"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenNumber:
    """One number the student had on screen: an output at a release, a fact, a measurement.

    `format` is a spec of `labs.text.quantity`; `value` is what that spec takes.
    """

    value: float
    format: str
    label: str
    part: str
    evidence: str = "simulated"

    @property
    def text(self) -> str:
        """The number as the student saw it."""
        try:
            return quantity(self.value, self.format)
        except ValueError:
            return quantity(self.value, "g3")


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictionMade:
    part: str
    question: str
    predicted: str
    actual: str
    gap: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartDone:
    label: str
    releases: int
    failures: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """How the designs were searched for.

    `distinct` designs, `feasible` tries within every constraint, `changes` from a try to a
    different next one and `alone` those that moved one knob only; `moved` names each knob with how
    many of its values were tried.
    """

    distinct: int
    feasible: int
    changes: int
    alone: int
    moved: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ChallengeDone:
    """The best design handed in, in words; `ratio` to the optimum, 0 to 1.

    `method` is None where it was handed in before methods were recorded.
    """

    title: str
    design: str
    objective: str
    ratio: float
    tries: int
    method: Method | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    numbers: tuple[SeenNumber, ...] = ()
    predictions: tuple[PredictionMade, ...] = ()
    parts: tuple[PartDone, ...] = ()
    challenge: ChallengeDone | None = None
    track: str = ""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def from_json(stored: Mapping[str, Any]) -> Evidence:
    """Return the evidence as it was stored, however old its shape."""
    row = _Row(stored)
    challenge = row.row("challenge")
    return Evidence(
        numbers=tuple(n for n in map(_number, row.rows("numbers")) if math.isfinite(n.value)),
        predictions=tuple(map(_prediction, row.rows("predictions"))),
        parts=tuple(map(_part, row.rows("parts"))),
        challenge=_challenge(challenge) if challenge.values else None,
        track=row.text("track"),
    )


def _number(row: "_Row") -> SeenNumber:
    kind = row.text("evidence")
    return SeenNumber(
        value=row.number("value", math.nan),
        format=row.text("format") or "g3",
        label=row.text("label"),
        part=row.text("part"),
        evidence=kind if kind in KINDS else "simulated",
    )


def _prediction(row: "_Row") -> PredictionMade:
    return PredictionMade(
        part=row.text("part"),
        question=row.text("question"),
        predicted=row.text("predicted"),
        actual=row.text("actual"),
        gap=row.text("gap"),
    )


def _part(row: "_Row") -> PartDone:
    failures = row.values.get("failures")
    return PartDone(
        label=row.text("label"),
        releases=int(row.number("releases", 0)),
        failures=tuple(map(str, failures)) if isinstance(failures, list | tuple) else (),
    )


def _challenge(row: "_Row") -> ChallengeDone:
    return ChallengeDone(
        title=row.text("title"),
        design=row.text("design"),
        objective=row.text("objective"),
        ratio=row.number("ratio", 0.0),
        tries=int(row.number("tries", 0)),
        method=_method(row.row("method")),
    )


def _method(row: "_Row") -> Method | None:
    if not row.values:
        return None
    moved = row.values.get("moved")
    return Method(
        distinct=int(row.number("distinct", 0)),
        feasible=int(row.number("feasible", 0)),
        changes=int(row.number("changes", 0)),
        alone=int(row.number("alone", 0)),
        moved=tuple(map(str, moved)) if isinstance(moved, list | tuple) else (),
    )


@dataclass(frozen=True, slots=True)
class _Row:
    """JSON of unknown age, read without trust."""

    values: Mapping[str, Any] = field(default_factory=dict)

    def text(self, key: str) -> str:
        value = self.values.get(key, "")
        return str(value) if isinstance(value, str | int | float) else ""

    def number(self, key: str, default: float) -> float:
        value = self.values.get(key)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return float(value) if is_number and value is not None else default

    def row(self, key: str) -> "_Row":
        value = self.values.get(key)
        return _Row(value if isinstance(value, Mapping) else {})

    def rows(self, key: str) -> list["_Row"]:
        value = self.values.get(key)
        rows = value if isinstance(value, list | tuple) else []
        return [_Row(row) for row in rows if isinstance(row, Mapping)]
