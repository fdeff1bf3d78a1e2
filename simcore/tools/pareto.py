"""The points that nothing beats: several objectives, constraints, grids of any size."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcore.solvers.asking import question
from simcore.tools.constraints import Constraint, unit_of
from simcore.tools.sweep import BLOCK, Axes, Block, blocks

Floats = NDArray[np.float64]
_SAMPLE, _RIVALS = 512, 8
"""Points whose front is tried first against all, and how many of it."""


def front(costs: ArrayLike) -> NDArray[np.intp]:
    """Return the rows that no other row is at most equal to everywhere and below somewhere.

    Parameters
    ----------
    costs : array_like, shape (n, k)
        k objectives of n points, each to be as small as possible. [any]

    Returns
    -------
    ndarray, shape (m,)
        Their places, the first objective rising.

    Raises
    ------
    ValueError
        If the costs are no table, or one of them is NaN.
    """
    table = np.asarray(costs, dtype=float)
    if table.ndim != 2 or np.isnan(table).any():
        raise ValueError(f"costs must be a table without NaN, got shape {table.shape}")
    objectives = np.ascontiguousarray(table.T)
    step = max(1, table.shape[0] // _SAMPLE)
    sample = objectives[:, ::step]
    left = _contenders(objectives, sample[:, _front(sample)])
    return np.asarray(left[_front(objectives[:, left])])


def pareto(
    solver: str,
    axes: Axes,
    *,
    minimize: Sequence[str] = (),
    maximize: Sequence[str] = (),
    constraints: Sequence[str] = (),
    block: int = BLOCK,
    **fixed: Any,
) -> list[dict[str, Any]]:
    """Return the feasible points of a grid that no other one beats in every objective.

    The front is kept block by block, so memory does not grow with the grid.

    Raises
    ------
    NotInCatalogue
        If a solver, input or column is unknown, naming the nearest.
    ValueError
        If there is no objective, or a constraint or input has no meaning.
    """
    asked = question(solver)
    objectives = [(name, 1.0) for name in minimize] + [(name, -1.0) for name in maximize]
    if not objectives:
        raise ValueError("name at least one objective to minimize or maximize, such as value")
    for name, _ in objectives:
        unit_of(asked, name)
    limits = [Constraint.parse(text, asked) for text in constraints]
    rows: list[dict[str, Any]] = []
    best = np.empty((len(objectives), 0))
    for part in blocks(solver, axes, block=block, **fixed):
        costs = np.stack([part.column(name) * sign for name, sign in objectives])
        places = np.flatnonzero(_allowed(part, limits) & np.isfinite(costs).all(axis=0))
        places = places[_contenders(costs[:, places], best)]
        places = places[front(costs[:, places].T)]
        rows += part.taken(places).rows()
        best = np.concatenate([best, costs[:, places]], axis=1)
        kept = front(best.T)
        rows, best = [rows[i] for i in kept], best[:, kept]
    return rows


def _contenders(costs: Floats, rivals: Floats) -> NDArray[np.intp]:
    """Return the places of points that some of the rivals do not beat; a cheap first pass."""
    left = np.arange(costs.shape[1])
    step = max(1, rivals.shape[1] // _RIVALS)
    for rival in rivals.T[::step]:
        stays = ~_beaten(costs, rival)
        if not stays.all():
            left, costs = left[stays], costs[:, stays]
    return left


def _beaten(costs: Floats, rival: Floats) -> NDArray[np.bool_]:
    """Return which points the rival is at most equal to everywhere and below somewhere."""
    worse, above = np.ones(costs.shape[1], dtype=bool), np.zeros(costs.shape[1], dtype=bool)
    for own, other in zip(costs, rival, strict=True):
        worse &= own >= other
        above |= own > other
    return worse & above


def _front(costs: Floats) -> NDArray[np.intp]:
    """Return the front of k rows of costs, a column for each point."""
    order = np.lexsort(costs[::-1])
    if len(costs) == 1:
        return np.asarray(order[costs[0, order] == costs[0, order[:1]]])
    if len(costs) == 2:
        return _two(costs, order)
    kept: list[int] = []
    while order.size:
        best = costs[:, order[0]]
        twins = (costs[:, order] == best[:, None]).all(axis=0)
        kept.extend(order[twins].tolist())
        order = order[~twins & ~_beaten(costs[:, order], best)]
    return np.asarray(kept, dtype=np.intp)


def _two(costs: Floats, order: NDArray[np.intp]) -> NDArray[np.intp]:
    """Sorted by the first objective, a point stays if its second is lower than all before."""
    first, second = costs[:, order]
    before = np.concatenate([[np.inf], np.minimum.accumulate(second)[:-1]])
    better = second < before
    twin = np.zeros_like(better)
    twin[1:] = (first[1:] == first[:-1]) & (second[1:] == second[:-1])
    group = np.cumsum(~twin) - 1
    return np.asarray(order[better[~twin][group]])


def _allowed(part: Block, limits: Sequence[Constraint]) -> NDArray[np.bool_]:
    good = np.asarray(part.answer.feasible)
    for limit in limits:
        good = good & limit.holds(part.open(limit.name))
    return np.broadcast_to(good, part.shape).reshape(-1)
