"""Run the cases: compare output by output, count by family."""

import importlib
import math
import pkgutil
from collections.abc import Callable, Mapping
from functools import cache
from types import ModuleType
from typing import Any

from simcore.crosscheck import families
from simcore.crosscheck.case import Case
from simcore.crosscheck.units import factor
from simcore.errors import SimError, unknown

TOLERANCE = 1e-6
AGREES, DESIGN, UNSUPPORTED = "agrees", "differs by design", "unsupported"
_UNANSWERED = (SimError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError)
"""What a case with inputs of another shape than its family's ends in."""
UNEXPLAINED = "differs"
"""A difference that no family gives a reason for: a finding, not a status to leave standing."""


def check(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return every case with our outputs beside the other engine's, and a summary.

    Raises
    ------
    ValueError
        If the document holds no list of cases.
    """
    cases = document.get("cases") if isinstance(document, Mapping) else None
    if not isinstance(cases, list):
        raise ValueError('the file needs {"cases": [...]}, a list of cases with id and family')
    rows = [_row(raw) for raw in cases]
    return {"cases": rows, "summary": _summary(rows)}


@cache
def family(name: str) -> ModuleType | None:
    """Return the module of a family, None where there is none."""
    known = {info.name for info in pkgutil.iter_modules(families.__path__)}
    return importlib.import_module(f"{families.__name__}.{name}") if name in known else None


def _row(raw: Mapping[str, Any]) -> dict[str, Any]:
    if not (isinstance(raw, Mapping) and {"id", "family", "outputs"} <= raw.keys()):
        raise ValueError(f"a case needs id, family and outputs, got {str(raw)[:80]}")
    case = Case(raw)
    try:
        ours = _solver(case)(case)
    except _UNANSWERED as error:
        return _without_answer(case, raw, str(error) or type(error).__name__)
    design: Mapping[str, str] = getattr(family(case.family), "DESIGN", {})
    compared = {
        name: _compared(ours.get(name, _MISSING), peer, design.get(name))
        for name, peer in case.outputs.items()
    }
    statuses = [entry["status"] for entry in compared.values()]
    worst = next((s for s in (UNEXPLAINED, UNSUPPORTED, DESIGN) if s in statuses), AGREES)
    gaps = [entry["relative_difference"] for entry in compared.values()]
    reasons = [f"{name}: {entry['reason']}" for name, entry in compared.items() if entry["reason"]]
    return {
        "id": case.id,
        "family": case.family,
        "solver": case.solver,
        "ours": _like(raw["outputs"], {n: entry.pop("ours") for n, entry in compared.items()}),
        "peer": _printable_all(raw["outputs"]),
        "relative_difference": max((gap for gap in gaps if gap is not None), default=None),
        "status": worst,
        "reason": "; ".join(reasons),
        "outputs": compared,
    }


def _solver(case: Case) -> Callable[[Case], dict[str, Any]]:
    module = family(case.family)
    if module is None:
        known = [info.name for info in pkgutil.iter_modules(families.__path__)]
        raise SimError(unknown("family", case.family, known))
    solvers: Mapping[str, Callable[[Case], dict[str, Any]]] = module.SOLVERS
    base = case.solver.partition("(")[0]
    if base not in solvers:
        raise SimError(unknown(f"solver of {case.family}", base, solvers))
    return solvers[base]


def _without_answer(case: Case, raw: Mapping[str, Any], reason: str) -> dict[str, Any]:
    compared = {
        name: {"relative_difference": None, "status": UNSUPPORTED, "reason": reason}
        for name in case.outputs
    }
    return {
        "id": case.id,
        "family": case.family,
        "solver": case.solver,
        "ours": None,
        "peer": _printable_all(raw["outputs"]),
        "relative_difference": None,
        "status": UNSUPPORTED,
        "reason": reason,
        "outputs": compared,
    }


def _like(outputs: Mapping[str, Any], ours: dict[str, Any]) -> Any:
    """Return our outputs in the shape of the case's: a single number has no name there."""
    return ours if ours.keys() == outputs.keys() else ours["value"]


_MISSING = object()


def _compared(ours: Any, peer: Any, reason: str | None) -> dict[str, Any]:
    """Return our answer in the other's shape and units, how far they are apart, and the status."""
    if ours is _MISSING:
        return {"ours": None, "relative_difference": None, "status": UNSUPPORTED,
                "reason": "no family of ours computes this output"}  # fmt: skip
    shaped, gap = _beside(ours, peer)
    if gap <= TOLERANCE:
        return {"ours": shaped, "relative_difference": gap, "status": AGREES, "reason": ""}
    status = DESIGN if reason else UNEXPLAINED
    return {"ours": shaped, "relative_difference": gap, "status": status, "reason": reason or ""}


def _beside(ours: Any, peer: Any) -> tuple[Any, float]:
    if isinstance(peer, Mapping) and "value" in peer:
        unit = str(peer.get("unit", "1"))
        if ours is None:
            return None, 1.0
        value = float(ours) / factor(unit)
        return {"value": _printable(value), "unit": unit}, _gap(value, peer["value"])
    if isinstance(peer, Mapping):
        if not isinstance(ours, Mapping):
            return None, 1.0
        parts = {name: _beside(ours.get(name), theirs) for name, theirs in peer.items()}
        return (
            {name: shaped for name, (shaped, _) in parts.items()},
            max((gap for _, gap in parts.values()), default=0.0),
        )
    if isinstance(peer, bool | str) or peer is None or isinstance(ours, bool | str):
        return ours, 0.0 if ours == peer else 1.0
    return _printable(float(ours)), _gap(float(ours), peer)


def _gap(ours: float, peer: Any) -> float:
    theirs = float(peer)
    if ours == theirs:
        return 0.0
    if not (math.isfinite(ours) and math.isfinite(theirs)):
        return 1.0
    return abs(ours - theirs) / max(abs(ours), abs(theirs))


def _printable(value: float) -> float | str:
    return value if math.isfinite(value) else str(value)


def _printable_all(raw: Any) -> Any:
    if isinstance(raw, Mapping):
        return {name: _printable_all(value) for name, value in raw.items()}
    return _printable(raw) if isinstance(raw, float) else raw


def _summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    counts = _counts(rows)
    by_family = {
        name: _counts([row for row in rows if row["family"] == name])
        for name in sorted({row["family"] for row in rows})
    }
    return {
        "cases": len(rows),
        "cases_by_status": {
            status: sum(row["status"] == status for row in rows)
            for status in (AGREES, DESIGN, UNEXPLAINED, UNSUPPORTED)
        },
        "tolerance": TOLERANCE,
        **counts,
        "families": by_family,
    }


def _counts(rows: list[dict[str, Any]]) -> dict[str, Any]:
    statuses = [entry["status"] for row in rows for entry in row["outputs"].values()]
    agree = statuses.count(AGREES)
    return {
        "outputs": len(statuses),
        "agree": agree,
        "differ_by_design": statuses.count(DESIGN),
        "differ": statuses.count(UNEXPLAINED),
        "unsupported": statuses.count(UNSUPPORTED),
        "agree_share": agree / len(statuses) if statuses else None,
    }
