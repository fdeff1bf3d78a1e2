"""Which input moves the answer: per cent of answer for each per cent of input."""

from typing import Any

import numpy as np

from simcore.solvers.asking import Asked, ask, complete, question


def sensitivity(solver: str, *, step: float = 0.01, **given: Any) -> dict[str, float]:
    """Return d ln(value) / d ln(input) for each numeric input, the largest first.

    Elasticities: -1 means that one per cent more of the input takes one per cent off the value.
    Whole numbers are moved as if they were not; an input at its limit is moved to one side.

    Parameters
    ----------
    solver : str
        Name of a solver.
    step : float
        Relative change, each way. [1]
    **given
        Inputs of the point.

    Raises
    ------
    NotInCatalogue, ValueError
        As `solve`; ValueError as well if the step is not between 0 and 1.
    """
    if not 0 < step < 1:
        raise ValueError(f"step must lie between 0 and 1, got {step:g}")
    asked = complete(solver, given)
    center = float(ask(solver, given).value)
    found = {
        entry.name: _elasticity(solver, asked, entry.name, step)
        for entry in question(solver).inputs
        if not entry.choices and float(asked.values[entry.name]) != 0 and center != 0
    }
    return dict(sorted(found.items(), key=lambda pair: -abs(pair[1])))


def _elasticity(solver: str, asked: Asked, name: str, step: float) -> float:
    entry = question(solver).input(name)
    here = float(asked.values[name])
    down, up = np.clip(
        [here * (1 - step), here * (1 + step)],
        max(entry.low, np.finfo(float).tiny),
        entry.high,
    )
    if entry.is_whole:
        down, up = max(entry.low, np.floor(down)), np.ceil(up)
    if down == up:
        return 0.0
    ends = ask(solver, {**asked.values, name: np.asarray([down, up])})
    low, high = np.broadcast_to(ends.value, (2,))
    if not (low > 0 and high > 0 and np.isfinite(high) and np.isfinite(low)):
        return 0.0
    return float(np.log(high / low) / np.log(up / down))
