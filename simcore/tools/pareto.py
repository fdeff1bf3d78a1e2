"""The points that nothing beats: several objectives, constraints, grids of any size."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcore.solvers.asking import question
from simcore.tools.constraints import Constraint, unit_of
from simcore.tools.sweep import BLOCK, Axes, Block, blocks


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
    order = np.lexsort(table.T[::-1])
    if table.shape[1] == 1:
        return order[table[order, 0] == table[order[0], 0]] if order.size else order
    if table.shape[1] == 2:
        return _two(table, order)
    kept: list[int] = []
    while order.size:
        best = order[0]
        kept.append(int(best))
        beaten = (table[order] >= table[best]).all(axis=1)
        same = (table[order] == table[best]).all(axis=1)
        kept.extend(int(i) for i in order[same][1:])
        order = order[~beaten]
    return np.asarray(kept, dtype=np.intp)


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
    for part in blocks(solver, axes, block=block, **fixed):
        good = _allowed(part, limits)
        costs = np.stack([sign * part.column(name) for name, sign in objectives], axis=1)
        places = np.flatnonzero(good & np.isfinite(costs).all(axis=1))
        chosen = places[front(costs[places])] if places.size else places
        rows += _taken(part, chosen).rows()
        if rows:
            table = [[sign * row[name] for name, sign in objectives] for row in rows]
            rows = [rows[i] for i in front(table)]
    return rows


def _two(table: NDArray[np.float64], order: NDArray[np.intp]) -> NDArray[np.intp]:
    """Sorted by the first objective, a point stays if its second is lower than all before."""
    first, second = table[order, 0], table[order, 1]
    before = np.concatenate([[np.inf], np.minimum.accumulate(second)[:-1]])
    better = second < before
    twin = np.zeros_like(better)
    twin[1:] = (first[1:] == first[:-1]) & (second[1:] == second[:-1])
    group = np.cumsum(~twin) - 1
    return np.asarray(order[better[~twin][group]])


def _allowed(part: Block, limits: Sequence[Constraint]) -> NDArray[np.bool_]:
    good = np.asarray(part.feasible)
    for limit in limits:
        good = good & limit.holds(part.column(limit.name))
    return good


def _taken(part: Block, places: NDArray[np.intp]) -> Block:
    return Block(
        axes={name: column[places] for name, column in part.axes.items()},
        value=part.value[places],
        terms={name: column[places] for name, column in part.terms.items()},
        bound=part.bound[places],
        feasible=part.feasible[places],
    )
