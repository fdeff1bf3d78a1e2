"""What the parts share: drawing from a list, words for times, short numbers for plots."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from labs.contract import Knob, Params, with_value

HOUR, DAY = 3600.0, 86400.0

_UNITS = ((7200.0, HOUR, "h"), (120.0, 60.0, "min"), (1.0, 1.0, "s"), (0.0, 1e-3, "ms"))


def span(seconds: float) -> str:
    """Return a round time as people say it: 5 min, 0.8 h would be 48 min, 4 ms."""
    scale, unit = next((scale, unit) for low, scale, unit in _UNITS if seconds >= low)
    return f"{round(seconds / scale, 6):,.10g} {unit}"


def column(values: ArrayLike) -> NDArray[np.float64]:
    """Return m settings as a column (m, 1), ready to meet a plot's axis (n,)."""
    return np.asarray(values, dtype=float)[:, np.newaxis]


def rows(axis: ArrayLike, count: int) -> NDArray[np.float64]:
    """Return the same axis for every setting, shape (count, n)."""
    line = np.asarray(axis, dtype=float)
    return np.broadcast_to(line, (count, line.size))


def settings(k: Mapping[str, NDArray[Any]]) -> int:
    """Return m, how many settings these knobs describe."""
    return len(next(iter(k.values())))


def number(p: Params, name: str) -> float:
    return float(p[name])


def near(values: ArrayLike, target: float, within: float) -> NDArray[np.bool_]:
    """Return which positive values lie within a relative distance of the target."""
    return np.asarray(np.abs(np.log(np.asarray(values, dtype=float) / target)) < np.log1p(within))


def knob_at(name: str, steps: Sequence[float], own: float) -> Knob:
    """Return a slider over these steps and the student's own value, where it starts."""
    merged, default = with_value(steps, own)
    return Knob(id=name, steps=merged, default=default)
