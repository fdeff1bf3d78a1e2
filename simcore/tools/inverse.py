"""The input that reaches a target: what bandwidth meets this deadline?"""

from typing import Any

import numpy as np

from simcore.solvers.asking import ask, complete, question
from simcore.tools.constraints import unit_of

POINTS = 65
"""Of each round; the bracket shrinks 64-fold."""
ROUNDS = 9
REACH, FAR_REACH = 1e6, 1e18
"""How far the search goes each way from a value that an item or default gives, or from 1."""


def inverse(
    solver: str,
    unknown: str,
    target: float,
    *,
    column: str = "value",
    low: float | None = None,
    high: float | None = None,
    **given: Any,
) -> float:
    """Return the value of one input at which a column of the answer reaches a target.

    The column must rise or fall with the input between the ends; of several crossings the first
    from the low end is found. Whole numbers are answered as real ones.

    Parameters
    ----------
    solver : str
        Name of a solver.
    unknown : str
        Input to solve for.
    target : float
        Value of the column to reach, in its SI unit. [any]
    column : str
        "value" or a term.
    low, high : float
        Ends of the search; without them, six decades each way around what an item
        or default gives, else eighteen around 1. [any]
    **given
        The other inputs.

    Returns
    -------
    float
        The input, in its SI unit. [any]

    Raises
    ------
    NotInCatalogue
        If a name is unknown, naming the nearest.
    ValueError
        If no value between the ends reaches the target, naming what is reached.
    """
    entry = question(solver).input(unknown)
    unit_of(question(solver), column)
    if entry.choices:
        raise ValueError(f"{unknown} is one of {', '.join(entry.choices)}, not a number")
    values = complete(solver, {unknown: entry.inside, **given}).values
    known, reach = _hint(solver, unknown, given)
    ends = (
        max(entry.low, known / reach) if low is None else low,
        min(entry.high, known * reach) if high is None else high,
    )
    for _ in range(ROUNDS):
        grid = _grid(*ends)
        gap = _column(solver, values, unknown, grid, column) - target
        ends = _crossing(grid, gap, unknown, target)
        if ends[0] == ends[1]:
            break
    return float(np.mean(ends))


def _hint(solver: str, unknown: str, given: dict[str, Any]) -> tuple[float, float]:
    """Return a value of the input to search around, and how far."""
    try:
        found = float(complete(solver, given).values[unknown])
    except ValueError:  # nothing gives it, which is why it is asked for
        found = 0.0
    return (found, REACH) if found else (1.0, FAR_REACH)


def _column(
    solver: str, values: dict[str, Any], unknown: str, grid: np.ndarray, column: str
) -> np.ndarray:
    entry = question(solver).input(unknown)
    found = ask(solver, {**values, unknown: np.ceil(grid) if entry.is_whole else grid})
    chosen = found.value if column == "value" else found.terms[column]
    return np.broadcast_to(chosen, grid.shape)


def _grid(low: float, high: float) -> np.ndarray:
    if low > 0 and high / low > 2:
        return np.geomspace(low, high, POINTS)
    return np.linspace(low, high, POINTS)


def _crossing(
    grid: np.ndarray, gap: np.ndarray, unknown: str, target: float
) -> tuple[float, float]:
    exact = np.flatnonzero(gap == 0)
    if exact.size:
        return float(grid[exact[0]]), float(grid[exact[0]])
    change = np.flatnonzero(np.sign(gap[1:]) != np.sign(gap[:-1]))
    if not change.size:
        reached = target + gap[np.isfinite(gap)]
        span = f"{reached.min():g} to {reached.max():g}" if reached.size else "nothing finite"
        raise ValueError(
            f"no {unknown} from {grid[0]:g} to {grid[-1]:g} reaches {target:g}; it reaches {span}"
        )
    return float(grid[change[0]]), float(grid[change[0] + 1])
