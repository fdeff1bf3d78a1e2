"""Published measurements against predictions that never saw them.

python -m simcore validate FILE --json      rows with predictions, errors by family and knowledge
"""

import argparse
import json
from pathlib import Path
from typing import Any

from simcore.validation.report import MeasurementError, validate


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, help="JSON with lists of published rows")


def answer(options: argparse.Namespace) -> dict[str, Any]:
    try:
        data = json.loads(options.file.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise MeasurementError(f"{options.file} is not JSON: {error}") from error
    if not isinstance(data, dict):
        raise MeasurementError(f"{options.file} must hold an object, not a {type(data).__name__}")
    return validate(data)


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
