"""Fit an input of a solver to measurements, with an interval, and predict what was not measured."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simcore.equations.normal import student_quantile
from simcore.solvers.asking import ask, complete, question
from simcore.solvers.question import Input
from simcore.tools.constraints import unit_of

Array = NDArray[np.float64]

MEASURED = "measured"
"""Name of what was measured, beside a measurement's inputs."""
POINTS, ROUNDS, REACH = 129, 7, 1e6
"""Of the search: points of each round, rounds, and decades around a known value."""
NUDGE = 1e-4
"""Relative step of derivatives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibrated:
    """One input as measurements show it."""

    solver: str
    unknown: str
    column: str
    shared: Mapping[str, Any]
    value: float
    low: float
    high: float
    level: float
    scatter: float
    """Standard deviation of ln(measured / predicted): what one input cannot explain."""
    error: float
    """Of ln(unknown), one standard error."""
    measurements: int
    is_scatter_known: bool
    """Whether the scatter was given, not estimated from what the fit left."""
    residuals: tuple[float, ...]
    """Measured over predicted, minus one, each in the fit."""
    left_out: tuple[float, ...]
    """The same with each measurement left out of the fit that predicts it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Predicted:
    """A point that was not in the fit, with the interval that a new measurement falls in."""

    value: float
    low: float
    high: float
    bound: str
    feasible: bool


def calibrate(
    solver: str,
    unknown: str,
    measurements: Sequence[Mapping[str, Any]],
    *,
    column: str = "value",
    level: float = 0.95,
    scatter: float | None = None,
    low: float | None = None,
    high: float | None = None,
    **shared: Any,
) -> Calibrated:
    """Return the value of an input that explains measurements best, in relative terms.

    Least squares of ln(measured / predicted), so that a fast and a slow point count alike. The
    interval follows from the scatter left and from how strongly the predictions depend on the
    input; where memory binds, an efficiency is not seen at all.

    Parameters
    ----------
    solver : str
        Name of a solver.
    unknown : str
        Numeric input to fit, such as "efficiency".
    measurements : sequence of mapping
        Inputs in which each differs, and "measured" in the column's SI unit.
    column : str
        "value" or a term: what was measured.
    level : float
        Of the interval, above 0 and below 1. [1]
    scatter : float
        Relative standard deviation of a measurement, where it is known; needed with only one. [1]
    low, high : float
        Ends of the search, instead of the input's limits. [any]
    **shared
        Inputs of all.

    Returns
    -------
    Calibrated
        Value, interval, scatter, errors in and out of the fit.

    Raises
    ------
    NotInCatalogue, ValueError
        As `solve`; ValueError as well if there are too few measurements, one is not positive, or
        none of them depends on the input.

    References
    ----------
    JCGM 100:2008, "Guide to the expression of uncertainty in measurement", annex H.3 (a
    calibration curve by least squares).
    """
    entry = question(solver).input(unknown)
    unit_of(question(solver), column)
    if entry.choices or entry.is_whole:
        kind = f"one of {', '.join(entry.choices)}" if entry.choices else "a whole number"
        raise ValueError(f"{unknown} is {kind}; fit an input that may take any value")
    if not 0 < level < 1:
        raise ValueError(f"level must be above 0 and below 1, got {level:g}")
    if not measurements or (len(measurements) < 2 and scatter is None):
        raise ValueError("calibration needs two measurements, or one and its scatter")
    seen = np.log(_measured(measurements))
    points = [{k: v for k, v in row.items() if k != MEASURED} for row in measurements]

    def logs(values: Array) -> Array:
        """Return ln(prediction) at some values, a row for each measurement."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.stack([
                np.log(np.broadcast_to(_asked(solver, column, {**shared, **p, unknown: values}),
                                       values.shape)) for p in points])  # fmt: skip

    ends = _ends(solver, entry, {**shared, **points[0]}, low, high)
    best = _least(seen, logs, ends, unknown)
    slopes = _slopes(logs, best)
    weight = float(np.sum(slopes**2))
    if weight < 1e-6:
        raise ValueError(f"no measurement depends on {unknown}; measure where it binds")
    left = seen - logs(np.asarray([best]))[:, 0]
    freedom = len(points) - 1
    spread = scatter if scatter is not None else float(np.sqrt(np.sum(left**2) / freedom))
    error = spread / np.sqrt(weight)
    factor = np.exp(_times(level, freedom, known=scatter is not None) * error)
    return Calibrated(
        solver=solver,
        unknown=unknown,
        column=column,
        shared=dict(shared),
        value=best,
        low=max(best / factor, entry.low),
        high=min(best * factor, entry.high),
        level=level,
        scatter=spread,
        error=error,
        measurements=len(points),
        is_scatter_known=scatter is not None,
        residuals=tuple(float(x) for x in np.expm1(left)),
        left_out=_left_out(seen, logs, best, ends) if freedom else (),
    )


def predict(calibrated: Calibrated, points: Sequence[Mapping[str, Any]]) -> list[Predicted]:
    """Return predictions with the calibrated input, with the interval of a new measurement.

    Parameters
    ----------
    calibrated : Calibrated
        From `calibrate`.
    points : sequence of mapping
        Inputs in which each differs; "measured" is ignored.

    Raises
    ------
    NotInCatalogue, ValueError
        As `solve`.
    """
    found = []
    freedom = calibrated.measurements - 1
    for point in points:
        given = {**calibrated.shared, **{k: v for k, v in point.items() if k != MEASURED}}
        around = calibrated.value * np.asarray([1.0, 1 - NUDGE, 1 + NUDGE])
        answer = ask(calibrated.solver, {**given, calibrated.unknown: around})
        chosen = answer.value if calibrated.column == "value" else answer.terms[calibrated.column]
        here, below, above = (float(x) for x in np.broadcast_to(chosen, (3,)))
        slope = np.log(above / below) / np.log((1 + NUDGE) / (1 - NUDGE))
        deviation = np.hypot(calibrated.scatter, slope * calibrated.error)
        times = _times(calibrated.level, freedom, known=calibrated.is_scatter_known)
        factor = np.exp(times * deviation)
        found.append(
            Predicted(
                value=here,
                low=here / factor,
                high=here * factor,
                bound=str(np.broadcast_to(answer.bound, (3,))[0]),
                feasible=bool(np.broadcast_to(answer.feasible, (3,))[0]),
            )
        )
    return found


def _measured(measurements: Sequence[Mapping[str, Any]]) -> Array:
    for i, row in enumerate(measurements):
        value = row.get(MEASURED)
        if not isinstance(value, int | float) or not (np.isfinite(value) and value > 0):
            raise ValueError(f"measurement {i + 1} needs {MEASURED!r} above 0, got {value!r}")
    return np.asarray([row[MEASURED] for row in measurements], dtype=float)


def _asked(solver: str, column: str, given: Mapping[str, Any]) -> Array:
    found = ask(solver, given)
    return np.asarray(found.value if column == "value" else found.terms[column])


def _ends(
    solver: str, entry: Input, given: Mapping[str, Any], low: float | None, high: float | None
) -> tuple[float, float]:
    """Return where to search: the input's limits, or around what an item or default gives."""
    complete(solver, {**given, entry.name: entry.inside})
    try:
        known = float(complete(solver, given).values[entry.name]) or entry.inside
    except ValueError:  # nothing gives it, which is why it is fitted
        known = entry.inside
    least = max(entry.low, known / REACH) if low is None else low
    most = min(entry.high, known * REACH) if high is None else high
    if not 0 < least < most:
        raise ValueError(f"search needs 0 < low < high for {entry.name}, got {least:g}, {most:g}")
    return least, most


def _least(seen: Array, logs: Any, ends: tuple[float, float], unknown: str) -> float:
    """Return the value with the least sum of squares, on grids that close in on it."""
    low, high = ends
    for _ in range(ROUNDS):
        grid = np.geomspace(low, high, POINTS)
        sums = np.sum((seen[:, None] - logs(grid)) ** 2, axis=0)
        if not np.isfinite(sums).any():
            raise ValueError(f"no {unknown} from {low:g} to {high:g} gives a finite prediction")
        sums = np.where(np.isfinite(sums), sums, np.inf)
        i = int(np.argmin(sums))
        equal = grid[sums <= sums[i] * (1 + 1e-9) + 1e-18]
        if equal[-1] > 1.5 * equal[0]:
            raise ValueError(
                f"any {unknown} from {equal[0]:g} to {equal[-1]:g} explains all {seen.size} "
                "measurements; measure where it binds"
            )
        low, high = grid[max(i - 1, 0)], grid[min(i + 1, POINTS - 1)]
    return float(grid[i])


def _slopes(logs: Any, value: float) -> Array:
    """Return d ln(prediction) / d ln(unknown) of each measurement."""
    below, above = value * (1 - NUDGE), value * (1 + NUDGE)
    try:
        found = logs(np.asarray([below, above]))
    except ValueError:  # the value lies at its upper limit
        above = value
        found = logs(np.asarray([below, above]))
    return np.asarray((found[:, 1] - found[:, 0]) / np.log(above / below))


def _left_out(seen: Array, logs: Any, best: float, ends: tuple[float, float]) -> tuple[float, ...]:
    """Return each measurement over its prediction, minus one, by the fit of all others.

    That fit is looked for within a factor of two of the whole one.
    """
    grid = np.geomspace(max(ends[0], best / 2), min(ends[1], best * 2), 513)
    gaps = seen[:, None] - logs(grid)
    squares = np.where(np.isfinite(gaps), gaps**2, np.inf)
    with np.errstate(invalid="ignore"):
        others = np.nan_to_num(squares.sum(axis=0) - squares, nan=np.inf)
    places = np.argmin(others, axis=1)
    return tuple(float(x) for x in np.expm1(gaps[np.arange(seen.size), places]))


def _times(level: float, freedom: int, *, known: bool) -> float:
    """Return standard errors of a two-sided interval; normal where the scatter is known."""
    return float(student_quantile(0.5 + level / 2, freedom=1e9 if known else freedom))
