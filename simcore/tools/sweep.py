"""A solver over a grid: whole, or in blocks of bounded memory where the grid is large.

A grid stays open: each axis lies along a dimension of its own and numpy broadcasts, so that what
depends on one axis is computed once for each of its values and not for each point. Inputs are
checked once, before the grid is cut into blocks.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simcore.equations.arguments import Longest
from simcore.solvers.asking import answered, complete, question
from simcore.solvers.question import Answer

Values = Sequence[Any] | NDArray[Any]
Axes = Mapping[str, Values] | Mapping[str | tuple[str, ...], Values]
"""Input -> the values it takes; several inputs that move together -> tuples of their values."""
Cuts = tuple[slice, ...]
BLOCK = 65_536
"""Most points of one block: its columns stay in the cache of one core."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A run of points of the grid, the last axis fastest.

    What the solver returned is kept as it came; a column with an entry for each point is made when
    it is asked for.
    """

    shape: tuple[int, ...]
    axes: Mapping[str, NDArray[Any]]
    """Input -> its values, along the dimension of their axis."""
    answer: Answer

    @property
    def size(self) -> int:
        return prod(self.shape)

    @property
    def value(self) -> NDArray[np.float64]:
        return self._column(self.answer.value)

    @property
    def feasible(self) -> NDArray[np.bool_]:
        return self._column(self.answer.feasible)

    @property
    def bound(self) -> NDArray[np.str_]:
        return self._column(np.asarray(self.answer.bound))

    def column(self, name: str) -> NDArray[np.float64]:
        """Return "value" or a term, with an entry for each point."""
        return self._column(self.open(name))

    def open(self, name: str) -> NDArray[np.float64]:
        """Return "value" or a term as the solver returned it: it broadcasts to the shape."""
        return self.answer.value if name == "value" else self.answer.terms[name]

    def taken(self, places: NDArray[np.intp]) -> "Block":
        """Return the points at these places alone."""
        at = np.unravel_index(places, self.shape)

        def pick(array: Any) -> NDArray[Any]:
            return np.asarray(np.broadcast_to(array, self.shape)[at])

        return Block(
            shape=(len(places),),
            axes={name: pick(values) for name, values in self.axes.items()},
            answer=_changed(self.answer, pick),
        )

    def names(self) -> list[str]:
        """Return the names of a row."""
        return [*self.axes, "value", *self.answer.terms, "bound", "feasible"]

    def table(self) -> Iterator[tuple[Any, ...]]:
        """Yield the points as JSON-ready values, in the order of `names`."""
        columns = (*self.axes.values(), self.answer.value, *self.answer.terms.values())
        return zip(*(_plain(self._column(each)) for each in columns),
                   self.bound.tolist(), self.feasible.tolist(), strict=True)  # fmt: skip

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield the points as JSON-ready values by name."""
        names = self.names()
        return (dict(zip(names, row, strict=True)) for row in self.table())

    def _column(self, array: NDArray[Any]) -> NDArray[Any]:
        return np.broadcast_to(array, self.shape).reshape(-1)


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
        Input or item -> the values it takes, in SI; or a tuple of names that move together -> one
        tuple of values for each step.
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
    return found[0] if len(found) == 1 else _joined(found)


def blocks(solver: str, axes: Axes, *, block: int = BLOCK, **fixed: Any) -> Iterator[Block]:
    """Yield the same in blocks, so that a grid of any size takes the memory of one block.

    Inputs that are words come first and change slowest, the last axis changes fastest.

    Raises
    ------
    NotInCatalogue, ValueError
        As `sweep`.
    """
    for name, values in axes.items():
        if len(values) == 0:
            raise ValueError(f"axis {name} is empty; give it at least one value")
    words = {entry.name for entry in question(solver).inputs if entry.choices}
    outer = {str(name): values for name, values in axes.items() if name in words}
    inner = {name: values for name, values in axes.items() if name not in words}
    for chosen in product(*outer.values()):
        picked = dict(zip(outer, chosen, strict=True))
        columns = _open(picked, inner)
        asked = complete(solver, {**fixed, **columns, **picked}).values
        shape = np.broadcast_shapes((1,), *(values.shape for values in columns.values()))
        for cuts in _cuts(shape, block):
            cut = {name: _part(values, cuts) for name, values in columns.items()}
            yield Block(
                shape=np.broadcast_shapes((1,), *(values.shape for values in cut.values())),
                axes=cut,
                answer=answered(
                    solver, {name: _part(value, cuts) for name, value in asked.items()}
                ),
            )


def _open(picked: Mapping[str, Any], inner: Axes) -> dict[str, NDArray[Any]]:
    """Return each axis along a dimension of its own; the words have one each as well."""
    dimensions = len(picked) + len(inner)
    found = {name: np.full((1,) * dimensions, word) for name, word in picked.items()}
    for place, (name, values) in enumerate(inner.items(), start=len(picked)):
        shape = tuple(len(values) if each == place else 1 for each in range(dimensions))
        together = (name,) if isinstance(name, str) else name
        columns = (values,) if isinstance(name, str) else np.asarray(values).T
        for one, column in zip(together, columns, strict=True):
            found[one] = _typed(column).reshape(shape)
    return found


def _typed(values: Any) -> NDArray[Any]:
    array = np.asarray(values)
    return array if array.dtype.kind == "U" else array.astype(float)


def _cuts(shape: tuple[int, ...], most: int) -> Iterator[Cuts]:
    """Yield a grid in boxes of at most so many points, in order."""
    cut, inner = len(shape) - 1, 1
    while cut and inner * shape[cut] <= most:
        inner *= shape[cut]
        cut -= 1
    step = max(1, most // inner)
    rest = (slice(None),) * (len(shape) - 1 - cut)
    for lead in product(*(range(n) for n in shape[:cut])):
        for start in range(0, shape[cut], step):
            yield (*(slice(i, i + 1) for i in lead), slice(start, start + step), *rest)


def _part(values: Any, cuts: Cuts) -> Any:
    """Return what of an input lies in a box; numbers and words lie in every one."""
    if not isinstance(values, np.ndarray) or values.ndim == 0:
        return values
    return values[tuple(cut if n > 1 else slice(None)
                        for cut, n in zip(cuts, values.shape, strict=True))]  # fmt: skip


def _changed(answer: Answer, change: Callable[[Any], NDArray[Any]]) -> Answer:
    bound = answer.bound
    return Answer(
        value=change(answer.value),
        terms={name: change(term) for name, term in answer.terms.items()},
        bound=bound.each(change) if isinstance(bound, Longest) else change(bound),
        feasible=change(answer.feasible),
    )


def _joined(parts: Sequence[Block]) -> Block:
    """Return blocks of one shape behind one another."""
    first, answers = parts[0], [part.answer for part in parts]
    dimensions = len(first.shape)

    def stacked(arrays: Sequence[Any]) -> NDArray[Any]:
        whole = np.stack(np.broadcast_arrays(*arrays))
        flat = (1,) * (dimensions + 1 - whole.ndim)
        return whole.reshape(len(parts), *flat, *whole.shape[1:])

    named = first.answer.bound.terms if isinstance(first.answer.bound, Longest) else None
    return Block(
        shape=(len(parts), *first.shape),
        axes={name: stacked([part.axes[name] for part in parts]) for name in first.axes},
        answer=Answer(
            value=stacked([each.value for each in answers]),
            terms={name: stacked([each.terms[name] for each in answers])
                   for name in first.answer.terms},
            bound=stacked([np.asarray(each.bound) for each in answers]) if named is None
            else Longest({name: stacked([_term(each.bound, name) for each in answers])
                          for name in named}),
            feasible=stacked([each.feasible for each in answers]),
        ),
    )  # fmt: skip


def _term(bound: Any, name: str) -> Any:
    return bound.terms[name]


def _plain(column: NDArray[Any]) -> list[Any]:
    if column.dtype.kind == "f" and not np.isfinite(column).all():
        return [x if np.isfinite(x) else None for x in column.tolist()]
    return list(column.tolist())
