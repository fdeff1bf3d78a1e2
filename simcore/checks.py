"""Guards of the equations: refuse what has no physical meaning, and name it."""

import numpy as np
from numpy.typing import ArrayLike


def require_positive(**values: ArrayLike) -> None:
    """Raise ValueError for the first value that is not a finite number above zero."""
    for name, value in values.items():
        array = np.asarray(value, dtype=float)
        bad = ~(np.isfinite(array) & (array > 0))
        if bad.any():
            raise ValueError(f"{name} must be positive and finite, got {_first(array, bad)}")


def require_not_negative(**values: ArrayLike) -> None:
    """Raise ValueError for the first value that is negative or not finite."""
    for name, value in values.items():
        array = np.asarray(value, dtype=float)
        bad = ~(np.isfinite(array) & (array >= 0))
        if bad.any():
            raise ValueError(f"{name} must be 0 or more and finite, got {_first(array, bad)}")


def require_at_least_one(**values: ArrayLike) -> None:
    """Raise ValueError for the first value that is not a finite number from 1 on."""
    for name, value in values.items():
        array = np.asarray(value, dtype=float)
        bad = ~(np.isfinite(array) & (array >= 1))
        if bad.any():
            raise ValueError(f"{name} must be 1 or more and finite, got {_first(array, bad)}")


def require_fraction(**values: ArrayLike) -> None:
    """Raise ValueError for the first value outside 0 to 1."""
    for name, value in values.items():
        array = np.asarray(value, dtype=float)
        bad = ~((array >= 0) & (array <= 1))
        if bad.any():
            raise ValueError(f"{name} must lie in 0 to 1, got {_first(array, bad)}")


def _first(array: np.ndarray, bad: np.ndarray) -> str:
    return f"{np.atleast_1d(array)[np.atleast_1d(bad)][0]:g}"
