"""Guards of the equations: refuse what has no physical meaning, and name it."""

import numpy as np
from numpy.typing import ArrayLike


def require_positive(**values: ArrayLike) -> None:
    """Raise ValueError for the first value that is not a finite number above zero."""
    for name, value in values.items():
        low, high, array = _ends(value)
        if not (low > 0 and high < np.inf):
            bad = ~(np.isfinite(array) & (array > 0))
            raise ValueError(f"{name} must be positive and finite, got {_first(array, bad)}")


def require_not_negative(**values: ArrayLike) -> None:
    """Raise ValueError for the first value that is negative or not finite."""
    for name, value in values.items():
        low, high, array = _ends(value)
        if not (low >= 0 and high < np.inf):
            bad = ~(np.isfinite(array) & (array >= 0))
            raise ValueError(f"{name} must be 0 or more and finite, got {_first(array, bad)}")


def require_at_least_one(**values: ArrayLike) -> None:
    """Raise ValueError for the first value that is not a finite number from 1 on."""
    for name, value in values.items():
        low, high, array = _ends(value)
        if not (low >= 1 and high < np.inf):
            bad = ~(np.isfinite(array) & (array >= 1))
            raise ValueError(f"{name} must be 1 or more and finite, got {_first(array, bad)}")


def require_fraction(**values: ArrayLike) -> None:
    """Raise ValueError for the first value outside 0 to 1."""
    for name, value in values.items():
        low, high, array = _ends(value)
        if not (low >= 0 and high <= 1):
            bad = ~((array >= 0) & (array <= 1))
            raise ValueError(f"{name} must lie in 0 to 1, got {_first(array, bad)}")


def _ends(value: ArrayLike) -> tuple[float, float, np.ndarray]:
    """Return least and largest of the values, NaN if one is; two quick passes over a large array.

    No value at all is as good as any that is allowed.
    """
    array = np.asarray(value, dtype=float)
    if array.ndim == 0:
        return float(array), float(array), array
    return (array.min(), array.max(), array) if array.size else (1.0, 1.0, array)


def _first(array: np.ndarray, bad: np.ndarray) -> str:
    return f"{np.atleast_1d(array)[np.atleast_1d(bad)][0]:g}"
