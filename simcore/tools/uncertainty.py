"""How sure an answer is: inputs drawn from their uncertainty, and which of them it comes from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simcore.solvers.asking import answered, complete, question
from simcore.solvers.question import Answer, Input
from simcore.tools.constraints import Constraint, unit_of

Array = NDArray[np.float64]

DRAWS = 4096
REDRAWS = 100
"""Times that draws outside an input's limits are drawn again, before they are set to the limit."""
_SLACK = 0.1
"""Total indices are at most 1 and add up to 1 at least; beyond this slack the draws are too few for
the variance itself."""
_NONE: Mapping[str, float] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What one input contributes to the variance, over the whole variance."""

    alone: float
    """By itself (Sobol index of first order)."""
    total: float
    """With all it does together with others (total index)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Uncertainty:
    """A column of an answer under the uncertainty of the inputs."""

    column: str
    unit: str
    center: float
    """At the inputs as given."""
    mean: float
    deviation: float
    median: float
    low: float
    high: float
    """Ends of the central interval that holds `level` of the draws."""
    level: float
    finite: float
    """Share of the draws with a finite answer; the figures above are of those."""
    feasible: float
    """Probability that it is feasible."""
    kept: Mapping[str, float]
    """Constraint -> probability that it holds."""
    shares: Mapping[str, Share]
    """Input -> what it contributes, the largest first; of the variance of ranks where a few draws
    carry all the variance of the column itself."""
    draws: int
    seed: int


def uncertainty(
    solver: str,
    *,
    draws: int = DRAWS,
    seed: int = 0,
    level: float = 0.9,
    column: str = "value",
    spreads: Mapping[str, float] = _NONE,
    scatter: float = 0.0,
    constraints: Sequence[str] = (),
    **given: Any,
) -> Uncertainty:
    """Return how far an answer may lie off when its inputs do, by Monte Carlo.

    Inputs are independent. One without an upper limit is log-normal with its value as the median;
    one with a limit, such as a share, is normal and drawn again while it lies outside. Variance is
    split by Saltelli's and Jansen's estimators on the same draws, so it takes draws times the
    number of uncertain inputs plus two evaluations, all in vectorised calls.

    Parameters
    ----------
    solver : str
        Name of a solver.
    draws : int
        Points drawn, 16 or more. [1]
    seed : int
        Of the generator: the same seed gives the same answer.
    level : float
        Share of the draws that the interval holds, above 0 and below 1. [1]
    column : str
        "value" or a term.
    spreads : mapping of str to float
        Input -> relative standard deviation, instead of that of the solver; 0 fixes one. [1]
    scatter : float
        What the solver itself leaves unexplained, as a relative standard deviation: that of a
        calibration on measurements. The interval holds it, no input's share does. [1]
    constraints : sequence of str
        Such as "value < 200 ms"; the probability of each is told.
    **given
        Inputs of the point.

    Returns
    -------
    Uncertainty
        Interval, probabilities, and what each input contributes.

    Raises
    ------
    NotInCatalogue, UnitError, ValueError
        As `solve`; ValueError as well if draws, level or a spread has no meaning, or nothing is
        uncertain, naming what could be.

    References
    ----------
    JCGM 101:2008, "Propagation of distributions using a Monte Carlo method"; A. Saltelli et al.,
    "Variance based sensitivity analysis of model output", Comput. Phys. Commun. 181, 2010.
    doi:10.1016/j.cpc.2009.09.018
    """
    if not (np.isfinite(scatter) and scatter >= 0):
        raise ValueError(f"scatter must be 0 or more and finite, got {scatter:g}")
    if draws < 16 or not 0 < level < 1:
        raise ValueError(f"draws must be 16 or more and level within 0 and 1: {draws=}, {level=}")
    asked = question(solver)
    unit = unit_of(asked, column)
    limits = [Constraint.parse(text, asked) for text in constraints]
    values = complete(solver, given).values
    uncertain = _uncertain(solver, values, spreads)
    rng = np.random.default_rng(seed)
    first, second = (
        {entry.name: _drawn(entry, float(values[entry.name]), spread, draws, rng)
         for entry, spread in uncertain.items()}
        for _ in range(2)
    )  # fmt: skip
    found = answered(solver, {**values, **first})
    unexplained = np.exp(scatter * rng.standard_normal(draws))
    here = _column(found, column, draws) * unexplained
    good = np.isfinite(here)
    columns = {limit.name: _column(found, limit.name, draws) for limit in limits} | {column: here}
    kept = {limit.text: float(np.mean(limit.holds(columns[limit.name]))) for limit in limits}
    tail = 100.0 * (1.0 - level) / 2.0
    low, median, high = (
        np.percentile(here[good], [tail, 50.0, 100.0 - tail]) if good.any() else 3 * [np.inf]
    )
    return Uncertainty(
        column=column,
        unit=unit,
        center=float(_column(answered(solver, values), column, 1)[0]),
        mean=float(here[good].mean()) if good.any() else np.inf,
        deviation=float(here[good].std(ddof=1)) if good.sum() > 1 else 0.0,
        median=float(median),
        low=float(low),
        high=float(high),
        level=level,
        finite=float(good.mean()),
        feasible=float(np.mean(np.broadcast_to(found.feasible, draws))),
        kept=kept,
        shares=_shares(solver, values, first, second, column),
        draws=draws,
        seed=seed,
    )


def _uncertain(
    solver: str, values: Mapping[str, Any], spreads: Mapping[str, float]
) -> dict[Input, float]:
    """Return the inputs that vary and by how much, in the solver's order."""
    asked = question(solver)
    for name, spread in spreads.items():
        if asked.input(name).choices:
            raise ValueError(f"{name} is a word, which has no spread")
        if not (np.isfinite(spread) and spread >= 0):
            raise ValueError(f"spread of {name} must be 0 or more and finite, got {spread:g}")
    found = {}
    for entry in asked.inputs:
        if entry.choices:
            continue
        if np.ndim(values[entry.name]):
            raise ValueError(f"uncertainty is of one point, {entry.name} is an array")
        spread = spreads.get(entry.name, entry.spread)
        if spread > 0 and float(values[entry.name]) != 0:
            found[entry] = spread
    if not found:
        names = [entry.name for entry in asked.inputs if not entry.choices]
        raise ValueError(f"nothing is uncertain; give a spread to one of {', '.join(names)}")
    return found


def _drawn(
    entry: Input, center: float, spread: float, draws: int, rng: np.random.Generator
) -> Array:
    def more(count: int) -> Array:
        z = rng.standard_normal(count)
        if np.isinf(entry.high) and entry.low >= 0:
            return np.asarray(center * np.exp(np.sqrt(np.log1p(spread**2)) * z))
        return np.asarray(center * (1.0 + spread * z))

    found = more(draws)
    for _ in range(REDRAWS):
        outside = (found < entry.low) | (found > entry.high) | (entry.above & (found <= entry.low))
        if not outside.any():
            break
        found[outside] = more(int(outside.sum()))
    least = np.nextafter(entry.low, np.inf) if entry.above else entry.low
    found = np.clip(found, least, entry.high)
    return np.clip(np.round(found), entry.low, entry.high) if entry.is_whole else found


def _column(found: Answer, column: str, draws: int) -> Array:
    chosen = found.value if column == "value" else found.terms[column]
    return np.array(np.broadcast_to(chosen, (draws,)), dtype=float)


def _shares(
    solver: str,
    values: Mapping[str, Any],
    first: Mapping[str, Array],
    second: Mapping[str, Array],
    column: str,
) -> dict[str, Share]:
    """Return Sobol indices: each input of the first draws replaced by that of the second."""
    draws = next(iter(first.values())).size
    one, two = (_column(answered(solver, {**values, **x}), column, draws) for x in (first, second))
    mixed = {
        name: _column(answered(solver, {**values, **first, name: second[name]}), column, draws)
        for name in first
    }
    good = np.isfinite(one) & np.isfinite(two)
    for other in mixed.values():
        good &= np.isfinite(other)
    columns = [values[good] for values in (one, two, *mixed.values())]
    found = _indices(columns)
    totals = [total for _, total in found]
    if totals and sum(totals) and not (max(totals) < 1 + _SLACK and sum(totals) > 1 - _SLACK):
        # A few draws near a pole carry all the variance: ranks say the same without them.
        found = _indices(_ranks(columns))
    shares = {n: Share(alone=a, total=t) for n, (a, t) in zip(mixed, found, strict=True)}
    return dict(sorted(shares.items(), key=lambda pair: -pair[1].total))


def _indices(columns: Sequence[Array]) -> list[tuple[float, float]]:
    """Return (first order, total) for each replaced input; Saltelli's and Jansen's estimators."""
    one, two, *mixed = columns
    whole = np.concatenate([one, two])
    variance = float(whole.var()) if whole.size else 0.0
    center = float(whole.mean()) if whole.size else 0.0
    if variance <= (1e-12 * float(np.abs(whole).max(initial=0.0))) ** 2:
        return [(0.0, 0.0) for _ in mixed]
    return [
        (
            float(np.mean((two - center) * (other - one)) / variance),
            float(np.mean((one - other) ** 2) / (2.0 * variance)),
        )
        for other in mixed
    ]


def _ranks(columns: Sequence[Array]) -> list[Array]:
    """Return each value's place among all, ties at the same place."""
    _, places = np.unique(np.concatenate(columns), return_inverse=True)
    return np.split(places.astype(float), len(columns))
