"""Constraints with units, such as "first_token < 200 ms"."""

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simcore.errors import NotInCatalogue, unknown
from simcore.solvers.question import Question
from simcore.units import si

_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "<=": operator.le, ">=": operator.ge, "<": operator.lt, ">": operator.gt,
}  # fmt: skip
_PATTERN = re.compile(r"\s*(\w+)\s*(<=|>=|<|>)\s*(.+?)\s*\Z")


@dataclass(frozen=True, slots=True)
class Constraint:
    """One column of an answer against a limit in SI."""

    text: str
    name: str
    sign: str
    limit: float

    @classmethod
    def parse(cls, text: str, asked: Question) -> "Constraint":
        """Return the constraint that a text means for a solver.

        Raises
        ------
        NotInCatalogue
            If it names neither "value" nor a term, naming the nearest.
        UnitError
            If the limit is of another dimension.
        ValueError
            If it is not NAME, sign, limit.
        """
        match = _PATTERN.match(text)
        if not match:
            raise ValueError(f"{text!r} is no constraint; write it like 'value < 200 ms'")
        name, sign, limit = match.groups()
        return cls(text, name, sign, si(limit, unit_of(asked, name)))

    def holds(self, column: NDArray[np.float64] | float) -> NDArray[np.bool_]:
        """Return where the column keeps the limit."""
        return np.asarray(_OPERATORS[self.sign](column, self.limit))


def unit_of(asked: Question, name: str) -> str:
    """Return the unit of "value" or a term.

    Raises
    ------
    NotInCatalogue
        If there is no such column, naming the nearest.
    """
    units = {"value": asked.unit, **asked.terms}
    if name not in units:
        raise NotInCatalogue(unknown("column", name, units))
    return units[name]
