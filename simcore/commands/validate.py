"""Published measurements against predictions that never saw them.

python -m simcore validate FILE --json          rows with predictions, errors by family, knowledge
python -m simcore validate FILE --plot rows.png  predicted against published, latency and energy
"""

import argparse
import json
from pathlib import Path
from typing import Any

from simcore.tools.drawing import Drawing, write
from simcore.tools.plot import dot_plot
from simcore.validation.report import MeasurementError, validate

UNITS = {"latency": "s", "energy": "J", "throughput": "1/s"}
"""What a row may be of, and its unit; tokens count as one each."""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, help="JSON with lists of published rows")
    parser.add_argument("--plot", type=Path, help="SVG or PNG of predicted against published")
    parser.add_argument("--quantity", default="latency", choices=tuple(UNITS), help="what it shows")


def answer(options: argparse.Namespace) -> dict[str, Any]:
    try:
        data = json.loads(options.file.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise MeasurementError(f"{options.file} is not JSON: {error}") from error
    if not isinstance(data, dict):
        raise MeasurementError(f"{options.file} must hold an object, not a {type(data).__name__}")
    found = validate(data)
    if options.plot is not None:
        write(_plot(found["rows"], options.quantity), options.plot)
    return found


def text(found: dict[str, Any]) -> str:
    head = f"{'family':<33}{'knowledge':<46}{'n':>5}{'median':>9}{'p90':>8}"
    return "\n".join([head, *map(_line, found["families"])])


def _line(family: dict[str, Any]) -> str:
    middle, high = (
        "-" if family[name] is None else f"{family[name]:.1%}"
        for name in ("median_error", "p90_error")
    )
    return (f"{family['family']:<33}{family['knowledge']:<46}{family['n']:>5}"
            f"{middle:>9}{high:>8}")  # fmt: skip


def _plot(rows: list[dict[str, Any]], quantity: str) -> Drawing:
    dots: dict[str, tuple[list[float], list[float]]] = {}
    for row in rows:
        if row["quantity"] == quantity and row["predicted"] and row["published"]:
            label = f"{row['family']}, {row['knowledge']}"
            published, predicted = dots.setdefault(label, ([], []))
            published.append(row["published"])
            predicted.append(row["predicted"])
    unit = UNITS[quantity]
    return dot_plot(dots, title=f"Predicted against published {quantity}", diagonal=True,
                    x=f"published [{unit}]", y=f"predicted [{unit}]")  # fmt: skip
