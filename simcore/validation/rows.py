"""One published value and its prediction."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A published value beside its prediction, or why there is none."""

    id: str
    family: str
    knowledge: str
    quantity: str
    unit: str
    published: float | None
    predicted: float | None = None
    low: float | None = None
    """Lower end of the 95% interval, where the method gives one."""
    high: float | None = None
    learned_from: int = 0
    """How many other published values the prediction used."""
    reason: str = ""
    """Why there is no prediction."""

    @property
    def error(self) -> float | None:
        """Absolute relative error. [1]"""
        if self.predicted is None or not self.published:
            return None
        return abs(self.predicted / self.published - 1)

    def as_json(self) -> dict[str, Any]:
        """Return the row with its error, in JSON's types."""
        return {**asdict(self), "relative_error": self.error}


def families(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """Return the errors of each family at each level of knowledge, in order of appearance."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row.family, row.knowledge), []).append(row)
    return [_summary(*key, found) for key, found in groups.items()]


def _summary(family: str, knowledge: str, rows: Sequence[Row]) -> dict[str, Any]:
    errors = [row.error for row in rows if row.error is not None]
    return {
        "family": family,
        "knowledge": knowledge,
        "n": len(errors),
        "median_error": float(np.median(errors)) if errors else None,
        "p90_error": float(np.quantile(errors, 0.9)) if errors else None,
        "without_prediction": len(rows) - len(errors),
    }
