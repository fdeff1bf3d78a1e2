"""A solver over a grid: whole, or in blocks of bounded memory where the grid is large."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simcore.solvers.asking import ask, question

Axes = Mapping[str, Sequence[Any]]
BLOCK = 32_768
"""Points of one block: its columns stay in the cache of one core."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A run of points of the grid, the last axis fastest; every column has an entry for each."""

    axes: Mapping[str, NDArray[Any]]
    value: NDArray[np.float64]
    terms: Mapping[str, NDArray[np.float64]]
    bound: NDArray[np.str_]
    feasible: NDArray[np.bool_]

    def column(self, name: str) -> NDArray[np.float64]:
        """Return "value" or a term."""
        return self.value if name == "value" else self.terms[name]

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield the points as JSON-ready values."""
        for i in range(self.value.size):
            yield {
                **{name: _plain(column[i]) for name, column in self.axes.items()},
                "value": _plain(self.value[i]),
                **{name: _plain(column[i]) for name, column in self.terms.items()},
                "bound": str(self.bound[i]),
                "feasible": bool(self.feasible[i]),
            }


def size(axes: Axes) -> int:
    """Return the points of a grid."""
    return prod(len(values) for values in axes.values())


def sweep(solver: str, axes: Axes, **fixed: Any) -> Block:
    """Return a solver's answer at every point of a grid, at once.

    Parameters
    ----------
    solver : str
        Name of a solver.
    axes : mapping of str to sequence
        Input or item -> the values it takes, in SI.
    **fixed
        Inputs that stay.

    Raises
    ------
    NotInCatalogue
        If a name is unknown, naming the nearest.
    ValueError
        If an input lies outside its limits, or an axis is empty.
    """
    found = list(blocks(solver, axes, block=max(1, size(axes)), **fixed))
    words = [block for block in found if block.value.size]
    return words[0] if len(words) == 1 else _joined(words)


def blocks(solver: str, axes: Axes, *, block: int = BLOCK, **fixed: Any) -> Iterator[Block]:
    """Yield the same in blocks, so that a grid of any size takes the memory of one block.

    Raises
    ------
    NotInCatalogue, ValueError
        As `sweep`.
    """
    for name, values in axes.items():
        if len(values) == 0:
            raise ValueError(f"axis {name} is empty; give it at least one value")
    words = {entry.name for entry in question(solver).inputs if entry.choices}
    outer = {name: axes[name] for name in axes if name in words}
    inner = {name: np.asarray(axes[name]) for name in axes if name not in words}
    for chosen in product(*outer.values()):
        picked = dict(zip(outer, chosen, strict=True))
        yield from _blocks(solver, picked, inner, list(axes), fixed, block)


def _blocks(
    solver: str,
    picked: Mapping[str, Any],
    inner: Mapping[str, NDArray[Any]],
    order: Sequence[str],
    fixed: Mapping[str, Any],
    block: int,
) -> Iterator[Block]:
    shape = tuple(len(values) for values in inner.values())
    total = prod(shape)
    for start in range(0, total, block):
        index = np.arange(start, min(start + block, total))
        places = np.unravel_index(index, shape) if shape else ()
        columns = {
            name: values[place] for (name, values), place in zip(inner.items(), places, strict=True)
        }
        found = ask(solver, {**fixed, **picked, **columns})
        n = (index.size,)
        all_axes = {**{name: np.full(n, word) for name, word in picked.items()}, **columns}
        yield Block(
            axes={name: all_axes[name] for name in order},
            value=np.broadcast_to(found.value, n),
            terms={name: np.broadcast_to(term, n) for name, term in found.terms.items()},
            bound=np.broadcast_to(found.bound, n),
            feasible=np.broadcast_to(found.feasible, n),
        )


def _joined(parts: Sequence[Block]) -> Block:
    first = parts[0]
    return Block(
        axes={name: np.concatenate([p.axes[name] for p in parts]) for name in first.axes},
        value=np.concatenate([p.value for p in parts]),
        terms={name: np.concatenate([p.terms[name] for p in parts]) for name in first.terms},
        bound=np.concatenate([p.bound for p in parts]),
        feasible=np.concatenate([p.feasible for p in parts]),
    )


def _plain(value: Any) -> Any:
    if isinstance(value, np.str_ | str):
        return str(value)
    number = float(value)
    return number if np.isfinite(number) else None
