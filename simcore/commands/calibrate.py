"""An input of a solver fitted to measurements, and predictions with it.

python -m simcore calibrate single_node --fit efficiency --measured gemm.csv --set hardware=h100-sxm
python -m simcore calibrate ... --predict more.csv

A CSV names inputs in its first line, and "measured"; cells are SI numbers, or texts like "5 ms".
"""

import argparse
import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from simcore import commands, solvers
from simcore.solvers.question import Question
from simcore.tools.calibration import MEASURED, Calibrated, calibrate, predict
from simcore.tools.constraints import unit_of
from simcore.tools.reading import inputs, value
from simcore.units import si


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("solver")
    parser.add_argument("--fit", required=True, metavar="INPUT")
    parser.add_argument("--measured", required=True, type=Path, metavar="CSV")
    parser.add_argument("--predict", type=Path, metavar="CSV", help="points that were not measured")
    parser.add_argument("--column", default="value", help="what was measured")
    parser.add_argument("--level", type=float, default=0.95, help="of the intervals")
    parser.add_argument("--scatter", help="of one measurement, such as 5%%, where it is known")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE")


def answer(options: argparse.Namespace) -> dict[str, Any]:
    asked = solvers.question(options.solver)
    fitted = calibrate(
        options.solver,
        options.fit,
        _rows(options.measured, asked, options.column),
        column=options.column,
        level=options.level,
        scatter=None if options.scatter is None else si(options.scatter, "1"),
        **inputs(options.solver, options.set),
    )
    found = _described(fitted, asked)
    if options.predict is not None:
        points = _rows(options.predict, asked, options.column)
        found["predictions"] = [
            _beside(point, {"value": p.value, "low": p.low, "high": p.high, "bound": p.bound,
                            "feasible": p.feasible})
            for point, p in zip(points, predict(fitted, points), strict=True)
        ]  # fmt: skip
    return found


def _described(fitted: Calibrated, asked: Question) -> dict[str, Any]:
    out = [abs(error) for error in fitted.left_out]
    return {
        "solver": fitted.solver,
        "fitted": {"input": fitted.unknown, "value": fitted.value, "low": fitted.low,
                   "high": fitted.high, "unit": asked.input(fitted.unknown).unit,
                   "level": fitted.level},
        "measurements": fitted.measurements,
        "scatter": fitted.scatter,
        "residuals": list(fitted.residuals),
        "left_out": list(fitted.left_out),
        "median_error_left_out": float(np.median(out)) if out else None,
    }  # fmt: skip


def _beside(point: Mapping[str, Any], predicted: dict[str, Any]) -> dict[str, Any]:
    if MEASURED not in point:
        return {**point, **predicted}
    return {**point, **predicted, "error": predicted["value"] / point[MEASURED] - 1.0}


def _rows(path: Path, asked: Question, column: str) -> list[dict[str, Any]]:
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return [
        {name.strip(): _cell(asked, name.strip(), cell.strip(), column)
         for name, cell in row.items() if cell}
        for row in rows
    ]  # fmt: skip


def _cell(asked: Question, name: str, cell: str, column: str) -> Any:
    try:
        return float(cell)
    except ValueError:
        return si(cell, unit_of(asked, column)) if name == MEASURED else value(asked, name, cell)


def text(found: dict[str, Any]) -> str:
    fitted = found["fitted"]
    shown = {
        fitted["input"]: f"{fitted['value']:.5g} {fitted['unit']}, {fitted['level']:.0%} within "
        f"{fitted['low']:.5g} to {fitted['high']:.5g}",
        "measurements": found["measurements"],
        "scatter left": f"{found['scatter']:.2%}",
    }
    if found["median_error_left_out"] is not None:
        shown["median error, each left out"] = f"{found['median_error_left_out']:.2%}"
    rows = [f"predicted {p['value']:.5g} ({p['low']:.5g} to {p['high']:.5g}), {p['bound']}"
            + (f", measured {p[MEASURED]:.5g}: {p['error']:+.1%}" if MEASURED in p else "")
            for p in found.get("predictions", [])]  # fmt: skip
    return "\n".join([*commands.lines(shown), *rows])
