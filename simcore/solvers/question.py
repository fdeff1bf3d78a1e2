"""What a solver declares: its inputs, its value and terms, where its equations come from."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simcore.equations.arguments import Longest
from simcore.errors import NotInCatalogue, UnitError, unknown
from simcore.units import si

Array = NDArray[np.float64]
Values = Mapping[str, Any]
"""Inputs by name: arrays of SI numbers that broadcast, and words for inputs with choices."""


@dataclass(frozen=True, slots=True)
class Input:
    """One number the question needs."""

    name: str
    unit: str
    """In SI; "1" for a pure number."""
    meaning: str
    default: float | str | None = None
    low: float = 0.0
    """Least value that has a meaning."""
    high: float = np.inf
    above: bool = False
    """Whether `low` itself has none."""
    is_whole: bool = False
    spread: float = 0.0
    """Relative uncertainty to reckon with, one standard deviation."""
    choices: tuple[str, ...] = ()
    """Words it is one of, instead of a number."""

    @property
    def inside(self) -> float:
        """A number within the limits, near 1, for where any will do."""
        near = min(max(1.0, self.low), self.high)
        return (self.low + min(self.high, self.low + 2.0)) / 2.0 if near <= self.low else near

    def checked(self, value: Any) -> Any:
        """Return the value as an array, or the word.

        Raises
        ------
        NotInCatalogue
            If a word is none of the choices, naming the nearest.
        UnitError
            If a text is no quantity of the input's unit, or a value no number at all.
        ValueError
            If a number lies outside its limits, naming value, limit and the nearest valid one.
        """
        if self.choices:
            if value not in self.choices:
                raise NotInCatalogue(unknown(self.name, str(value), self.choices))
            return value
        if isinstance(value, float | int) and self._takes(value):
            return np.asarray(value, dtype=float)
        array = self._numbers(value)
        bad = ~(np.isfinite(array) & (array >= self.low) & (array <= self.high))
        if self.above:
            bad |= array <= self.low
        if self.is_whole:
            bad |= array != np.floor(array)
        if bad.any():
            raise ValueError(self._refusal(float(array[bad].flat[0])))
        return array

    def _takes(self, value: float) -> bool:
        """Return the same for one number, without the cost of an array."""
        return (
            (self.low < value if self.above else self.low <= value)
            and value <= self.high
            and math.isfinite(value)
            and (not self.is_whole or value == math.floor(value))
        )

    def _numbers(self, value: Any) -> Array:
        """Return numbers as they are, and texts such as "2 TB/s" in SI."""
        given = np.asarray(value)
        if given.dtype.kind in "biuf":
            return np.asarray(given, dtype=float)
        try:
            return np.asarray([self._read(one) for one in given.ravel()]).reshape(given.shape)
        except UnitError as error:
            raise UnitError(f"{self.name}: {error}") from error

    def _read(self, value: Any) -> float:
        if isinstance(value, str):
            return si(str(value), self.unit)
        if isinstance(value, int | float):
            return float(value)
        raise UnitError(
            f"{value!r} is no number; write it in {self.unit}, or as text with its unit"
        )

    def _refusal(self, value: float) -> str:
        unit = "" if self.unit == "1" else f" {self.unit}"
        kind = "a whole number" if self.is_whole else "a number"
        below = "" if np.isinf(self.high) else f" and at most {self.high:g}{unit}"
        limit = f"{'above' if self.above else 'from'} {self.low:g}{unit}{below}"
        return f"{self.name} must be {kind} {limit}, got {value:g}; {self._nearest(value)}"

    def _nearest(self, value: float) -> str:
        if np.isnan(value):
            return "give a number" if self.default is None else f"default: {self.default}"
        near = min(max(value, self.low), self.high)
        near = float(np.ceil(near)) if self.is_whole else near
        if np.isinf(near):
            return "give a finite number"
        just = "just above " if self.above and near <= self.low else ""
        return f"nearest valid: {just}{near:g}"


@dataclass(frozen=True, slots=True)
class ItemInput:
    """An item of the catalogue whose facts stand for numbers that are not given."""

    name: str
    category: str
    gives: Mapping[str, str]
    """Input -> name of the fact; `{precision}` in it is replaced by that input."""
    meaning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question, as asked."""

    title: str
    value: str
    """What the value is."""
    unit: str
    inputs: tuple[Input, ...]
    terms: Mapping[str, str]
    """Unit of each term."""
    sources: tuple[str, ...]
    items: tuple[ItemInput, ...] = ()
    evidence: str = "simulated"
    less_is_better: bool = True
    limits: str = ""
    """Reason where it is not feasible; `{term}` prints a term or input with its unit."""
    room: str = ""
    """What leaves how much room where it is feasible, likewise."""

    @property
    def units(self) -> dict[str, str]:
        """Unit of every number asked for or answered, by name."""
        numbers = {entry.name: entry.unit for entry in self.inputs if not entry.choices}
        return {**numbers, "value": self.unit, **self.terms}

    def input(self, name: str) -> Input:
        """Return an input by name.

        Raises
        ------
        NotInCatalogue
            If there is none, naming the nearest.
        """
        found = {entry.name: entry for entry in self.inputs}
        if name not in found:
            known = [*found, *(item.name for item in self.items)]
            raise NotInCatalogue(unknown("input", name, known))
        return found[name]


def divides(name: str, part: Array, of: str, whole: Array) -> None:
    """Raise ValueError unless one count divides another, naming the nearest that does."""
    count, total = int(part), int(whole)
    if total % count == 0:
        return
    found = [n for n in range(1, total + 1) if total % n == 0] if total < 10**6 else [1, total]
    nearest = min(found, key=lambda n: (abs(n - count), n))
    raise ValueError(f"{name} must divide {of}, {total}, got {count}; nearest valid: {nearest}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Numbers of one question for every point asked, all of one shape or a scalar."""

    value: Array
    terms: Mapping[str, Array]
    bound: NDArray[np.str_] | Longest
    """What to improve first."""
    feasible: NDArray[np.bool_] = field(default_factory=lambda: np.asarray(True))

    @staticmethod
    def longest(**terms: Array) -> Longest:
        """Return the name of the largest of these terms at each point."""
        return Longest(terms)


NOTHING: Mapping[str, str] = MappingProxyType({})
