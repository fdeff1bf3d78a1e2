"""The same question for several candidates, beside the first of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from simcore.solvers.asking import question, solve
from simcore.solvers.result import Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One candidate."""

    label: str
    result: Result
    ratio: float
    """Value over that of the first candidate."""
    is_best: bool


def compare(
    solver: str, candidates: Mapping[str, Mapping[str, Any]], **shared: Any
) -> Sequence[Compared]:
    """Return each candidate's result, the best feasible one marked.

    Parameters
    ----------
    solver : str
        Name of a solver.
    candidates : mapping of str to mapping
        Label -> the inputs in which it differs.
    **shared
        Inputs of all.

    Raises
    ------
    NotInCatalogue, ValueError
        As `solve`; ValueError as well if there is no candidate.
    """
    if not candidates:
        raise ValueError("compare needs at least one candidate, such as hardware=h100-sxm")
    results = {label: solve(solver, **{**shared, **own}) for label, own in candidates.items()}
    first = next(iter(results.values())).value.value
    good = {label: found.value.value for label, found in results.items() if found.feasible}
    pick = min if question(solver).less_is_better else max
    best = pick(good, key=lambda label: good[label]) if good else None
    return [
        Compared(
            label=label,
            result=found,
            ratio=found.value.value / first if first else float("nan"),
            is_best=label == best,
        )
        for label, found in results.items()
    ]
