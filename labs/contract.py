"""What a lab's `model.py` fills in. The words live in the TOML files beside it.

A lab is a folder with `lab.toml` (settings, briefing, synthesis), one `<part>.toml` per part
(story, question, labels, reveal, explanation) and `model.py`, which defines one subclass of `Part`
per part, named after it in upper case (`A` for `a.toml`). Everything here is pure: the same
arguments give the same answer, and nothing reads a clock, a file or the network.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

Scalar = float | int | str | bool
Params = Mapping[str, Scalar]
Knobs = Mapping[str, NDArray[Any]]
Outputs = dict[str, NDArray[Any]]
Curves = dict[str, NDArray[np.float64]]
Json = dict[str, Any]

RIGHT = "right"
TRACKS = ("cloud", "edge", "mobile", "tiny")


class Evidence(StrEnum):
    """How a shown number is known; one colour and one mark each, everywhere."""

    PREDICTED = "predicted"
    SIMULATED = "simulated"
    EMULATED = "emulated"
    MEASURED = "measured"
    PUBLISHED = "published"
    GIVEN = "given"  # by the story: a premise, drawn or stated there
    ASSUMED = "assumed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One answer on offer: `RIGHT`, or the id of the misconception that leads to it.

    A number is printed by the question's `option` format; a string names a text in the
    question's `texts` table.
    """

    id: str
    value: float | str


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A question with options, exactly one of them `RIGHT`; the server shuffles per student."""

    id: str
    options: tuple[Option, ...]

    @property
    def key(self) -> float | str:
        return next(option.value for option in self.options if option.id == RIGHT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Numeric:
    """A question answered by a number, `key` in the SI unit its TOML names."""

    id: str
    key: float


Question = Choice | Numeric


@dataclass(frozen=True, slots=True, kw_only=True)
class Knob:
    """One control: the exact values it can take, in order, and where it starts.

    Numbers make a slider, strings a list, booleans a switch.
    """

    id: str
    steps: tuple[Scalar, ...]
    default: int = 0


class Part(ABC):
    """The physics of one part. Parameters are in SI, or name their unit."""

    challenge: ClassVar["Challenge | None"] = None
    job: ClassVar["LongJob | None"] = None
    reality: ClassVar["RealityCheck | None"] = None

    @abstractmethod
    def combinations(self, track: str) -> Sequence[Params]:
        """Return every parameter set a student of a track can get, JSON scalars only."""

    def draw(self, rng: np.random.Generator, track: str) -> dict[str, Scalar]:
        """Return one student's parameters, the same for the same `rng`; each set as likely."""
        sets = listed(self, track)
        return dict(sets[int(rng.integers(len(sets)))])

    @abstractmethod
    def questions(self, p: Params) -> tuple[Question, ...]:
        """Return what is asked, with keys and wrong options computed by simcore."""

    @abstractmethod
    def facts(self, p: Params) -> dict[str, Scalar]:
        """Return every number that reveal, explanation and Math Peek quote; sent after the lock."""

    @abstractmethod
    def knobs(self, p: Params) -> tuple[Knob, ...]: ...

    @abstractmethod
    def evaluate(self, p: Params, k: Knobs) -> Outputs:
        """Return every output at m settings at once.

        Parameters
        ----------
        p : Params
        k : mapping of knob id to ndarray, shape (m,)
            Floats for sliders, strings for lists (`lookup` turns them into numbers), booleans for
            switches.

        Returns
        -------
        dict of ndarray, shape (m,)
            Floats, integers, booleans (failures) or strings (what binds).
        """

    def curves(self, p: Params, k: Knobs) -> Curves:
        """Return the lines of this part's plots at m settings: ndarrays of shape (m, n)."""
        return {}

    def withheld(self, p: Params, locked: Mapping[str, Params], k: Knobs) -> NDArray[np.bool_]:
        """Return which settings would answer a part still locked (part id to its parameters).

        Returns
        -------
        ndarray of bool, shape (m,)
            Those settings are sent as gaps until that part's prediction is committed.
        """
        return np.zeros(len(next(iter(k.values()))), dtype=bool)


@lru_cache(maxsize=512)
def listed(part: Part, track: str) -> tuple[Params, ...]:
    """Return a part's combinations on a track, listed once: a thousand students draw from them."""
    return tuple(part.combinations(track))


class Challenge(ABC):
    """A design to find: variables, constraints, one objective, and the optimum by search."""

    better: ClassVar[Literal["lower", "higher"]]

    @abstractmethod
    def variables(self, p: Params) -> tuple[Knob, ...]: ...

    @abstractmethod
    def assess(self, p: Params, k: Knobs) -> Outputs:
        """Return `objective` (m,), `feasible` (m,) and one boolean per constraint (true = broken).

        The objective of an infeasible design is shown where it is defined; its score is 0.
        """

    def optimum(self, p: Params) -> tuple[dict[str, Scalar], float]:
        """Return the best feasible design and its objective, by exhaustive search.

        Raises
        ------
        ValueError
            If no design is feasible.
        """
        variables = self.variables(p)
        grid = np.meshgrid(*[np.arange(len(knob.steps)) for knob in variables], indexing="ij")
        k = {
            knob.id: np.asarray(knob.steps)[index.ravel()]
            for knob, index in zip(variables, grid, strict=True)
        }
        outputs = self.assess(p, k)
        objective = np.asarray(outputs["objective"], dtype=float)
        worst = np.inf if self.better == "lower" else -np.inf
        objective = np.where(np.asarray(outputs["feasible"], dtype=bool), objective, worst)
        best = int(np.argmin(objective) if self.better == "lower" else np.argmax(objective))
        if not np.isfinite(objective[best]):
            raise ValueError(f"no feasible design for {dict(p)}")
        return {knob.id: k[knob.id][best].item() for knob in variables}, float(objective[best])

    def score(self, p: Params, design: Mapping[str, Scalar]) -> float:
        """Return the ratio of this design to the optimum, 0 to 1; infeasible designs score 0."""
        outputs = self.assess(p, {name: np.asarray([value]) for name, value in design.items()})
        if not bool(outputs["feasible"][0]):
            return 0.0
        value = float(outputs["objective"][0])
        _, best = self.optimum(p)
        return min(1.0, best / value if self.better == "lower" else value / best)


class LongJob(ABC):
    """A seeded simulation in independent units, so that it resumes, cancels and is shared."""

    @abstractmethod
    def inputs(self, p: Params) -> tuple[Knob, ...]:
        """Return what the student may set before the run."""

    def check(self, inputs: Params) -> None:  # noqa: B027
        """Raise ValueError, in the student's words, if this run would be too long or senseless."""

    @abstractmethod
    def units(self, inputs: Params) -> int:
        """Return how many units the run has; progress counts them."""

    @abstractmethod
    def run_unit(self, inputs: Params, seed: np.random.SeedSequence) -> Json:
        """Return one unit's JSON result; it depends on its own seed only."""

    @abstractmethod
    def combine(self, inputs: Params, units: Sequence[Json]) -> "JobResult":
        """Return the result of all units, with the closed form beside it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A number with its 95% interval, where one is known. SI, or the unit its label names."""

    value: float
    low: float | None = None
    high: float | None = None
    evidence: Evidence = Evidence.SIMULATED


@dataclass(frozen=True, slots=True, kw_only=True)
class JobResult:
    """What a long run found: named estimates for the table, named lines (n,) for the plots."""

    values: dict[str, Estimate]
    curves: dict[str, list[float]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchTask:
    """One measurement asked of a kit: a task id of the agent, its arguments, and its use here."""

    id: str
    task: str
    arguments: Mapping[str, Scalar]
    use: Literal["calibrate", "compare"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One measured quantity: median and spread (10th and 90th percentile) of n runs, in SI."""

    value: float
    low: float
    high: float
    n: int
    evidence: Evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonRow:
    """Predicted beside measured, with the Iron-Law terms of the prediction [s]."""

    id: str
    predicted: Estimate
    measured: Measured | None
    bound: str
    terms: Mapping[str, float]

    @property
    def ratio(self) -> float | None:
        """Measured over predicted."""
        return self.measured.value / self.predicted.value if self.measured else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    calibration: dict[str, Estimate]
    rows: tuple[ComparisonRow, ...]


class RealityCheck(ABC):
    """The same workload on real hardware: calibrate on few numbers, predict the others."""

    @abstractmethod
    def tasks(self) -> tuple[BenchTask, ...]: ...

    @abstractmethod
    def compare(self, measured: Mapping[str, Measured]) -> Comparison:
        """Return the comparison from measurements by task id (calibration tasks all present).

        Raises
        ------
        ValueError
            If a calibration measurement is missing or senseless.
        """

    @abstractmethod
    def simulate(self, track: str) -> Comparison:
        """Return the same table for a catalogue machine of this track, without measurements."""


def lookup(table: Mapping[str, float], keys: NDArray[Any]) -> NDArray[np.float64]:
    """Return the table's number for each key, shape of `keys`."""
    return np.asarray([table[str(key)] for key in keys.ravel()], dtype=float).reshape(keys.shape)


def linear_steps(low: float, high: float, count: int) -> tuple[float, ...]:
    """Return `count` evenly spaced values from low to high, both included."""
    return tuple(float(x) for x in np.linspace(low, high, count))


def log_steps(low: float, high: float, count: int, digits: int = 3) -> tuple[float, ...]:
    """Return `count` values evenly spaced in log, rounded to `digits`, without repeats."""
    values = (float(f"{x:.{digits - 1}e}") for x in np.geomspace(low, high, count))
    return tuple(dict.fromkeys(values))


def with_value(steps: Sequence[float], value: float) -> tuple[tuple[float, ...], int]:
    """Return the steps with `value` among them (in order), and its index."""
    merged = tuple(sorted({*steps, value}))
    return merged, merged.index(value)


def nearest(steps: Sequence[float], value: float) -> int:
    """Return the index of the step nearest to `value` in log."""
    return int(np.argmin(np.abs(np.log(np.asarray(steps, dtype=float)) - np.log(value))))
