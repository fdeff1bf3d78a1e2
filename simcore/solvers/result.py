"""What a solver answers: one point, with everything needed to judge it."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number in SI; infinite and unknown numbers are None in JSON."""

    value: float
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The answer to one question at one point."""

    solver: str
    value: Quantity
    terms: Mapping[str, Quantity]
    bound: str
    """The term or resource that decided."""
    feasible: bool
    reason: str
    """In words; why it is not feasible, or what leaves how much room."""
    low: float
    high: float
    """One standard deviation below and above, from the uncertainty of the inputs."""
    evidence: str
    """How it is known: simulated, or assumed where an input or the rule itself is an estimate."""
    inputs: Mapping[str, Any]
    sources: tuple[str, ...]

    def to_json(self) -> str:
        """Return the result as JSON text."""
        return json.dumps(self.as_dict(), allow_nan=False)

    def as_dict(self) -> dict[str, Any]:
        """Return the result as values that JSON can hold."""
        return {name: _plain(value) for name, value in asdict(self).items()}

    @classmethod
    def from_json(cls, text: str) -> "Result":
        """Return the result that `to_json` wrote.

        Raises
        ------
        ValueError
            If the text is not such a result, naming what is missing.
        """
        raw = json.loads(text)
        missing = set(cls.__slots__) - set(raw)
        if missing:
            raise ValueError(f"no result: {', '.join(sorted(missing))} missing")
        return cls(
            **{
                **{name: raw[name] for name in cls.__slots__},
                "value": _quantity(raw["value"]),
                "terms": {name: _quantity(term) for name, term in raw["terms"].items()},
                "low": _number(raw["low"]),
                "high": _number(raw["high"]),
                "sources": tuple(raw["sources"]),
            }
        )


def _plain(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {name: _plain(inner) for name, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, tuple | list) else value


def _quantity(raw: Mapping[str, Any]) -> Quantity:
    return Quantity(_number(raw["value"]), raw["unit"])


def _number(raw: float | None) -> float:
    return math.inf if raw is None else raw
