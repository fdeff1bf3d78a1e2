"""`--assert "value < 200 ms"` of the command line: exit code 3 where it does not hold."""

import argparse
from collections.abc import Sequence
from typing import Any

import numpy as np

from simcore.solvers.asking import question
from simcore.solvers.result import Result
from simcore.tools.constraints import Constraint

VIOLATED = 3


def argument(parser: argparse.ArgumentParser) -> None:
    """Add the argument."""
    parser.add_argument(
        "--assert",
        dest="assertions",
        action="append",
        default=[],
        metavar="'NAME < LIMIT'",
        help="exit with code 3 unless it holds",
    )


def checked(results: Sequence[Result], texts: Sequence[str]) -> list[dict[str, Any]]:
    """Return for each assertion whether every result keeps it; infeasible ones keep none."""
    found = []
    for text in texts:
        broken = 0
        for result in results:
            limit = Constraint.parse(text, question(result.solver))
            columns = {"value": result.value, **result.terms}
            keeps = bool(np.all(limit.holds(columns[limit.name].value)))
            broken += not (keeps and result.feasible)
        found.append({"assert": text, "holds": broken == 0, "violations": broken})
    return found


def exit_code(answer: dict[str, Any]) -> int:
    """Return 3 if an assertion of the answer does not hold."""
    return 0 if all(entry["holds"] for entry in answer["assertions"]) else VIOLATED
