"""Arguments as checked float arrays: each function returns the values or refuses them by name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcore.checks import require_fraction, require_not_negative, require_positive

Floats = NDArray[np.float64]


def positive(values: ArrayLike, name: str) -> Floats:
    """Return the values, or raise ValueError unless all are finite and above zero."""
    require_positive(**{name: values})
    return np.asarray(values, dtype=float)


def not_negative(values: ArrayLike, name: str) -> Floats:
    """Return the values, or raise ValueError unless all are finite and 0 or more."""
    require_not_negative(**{name: values})
    return np.asarray(values, dtype=float)


def share(values: ArrayLike, name: str) -> Floats:
    """Return the values, or raise ValueError unless all lie in 0 to 1."""
    require_fraction(**{name: values})
    return np.asarray(values, dtype=float)


def below_one(values: ArrayLike, name: str) -> Floats:
    """Return the values, or raise ValueError unless all are shares below 1."""
    x = share(values, name)
    if np.any(x == 1):
        raise ValueError(f"{name} must be below 1, got 1: no finite time covers every request")
    return x


def whole(values: ArrayLike, name: str) -> Floats:
    """Return the values, or raise ValueError unless all are whole numbers from 1 on."""
    x = positive(values, name)
    bad = x[x != np.floor(x)]
    if bad.size:
        raise ValueError(f"{name} must be a whole number, got {bad[0]:g}")
    return x


def longest(**terms: ArrayLike) -> NDArray[np.str_]:
    """Return the name of the largest of these terms at each point, the first where they tie."""
    names = list(terms)
    shape = np.broadcast_shapes(*(np.shape(term) for term in terms.values()))
    most = np.broadcast_to(np.asarray(terms[names[0]], dtype=float), shape)
    code = np.zeros(shape, dtype=np.intp)
    for i, name in enumerate(names[1:], start=1):
        code = np.where(np.asarray(terms[name]) > most, i, code)
        most = np.maximum(most, terms[name])
    return np.asarray(np.asarray(names)[code])


@dataclass(frozen=True, slots=True, eq=False)
class Longest:
    """`longest` of these terms, found when it is asked for: names of a million points are slow."""

    terms: Mapping[str, ArrayLike]

    def __array__(self, dtype: object = None, copy: object = None) -> NDArray[np.str_]:
        return longest(**self.terms)

    def __str__(self) -> str:
        return str(longest(**self.terms))

    def each(self, change: Callable[[ArrayLike], ArrayLike]) -> "Longest":
        """Return the same of changed terms."""
        return Longest({name: change(term) for name, term in self.terms.items()})
