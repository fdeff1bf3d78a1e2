"""The best points of a grid, or the input that reaches a target.

python -m simcore optimize serving --over batch=1:256:log:9 --over devices=1,2,4,8 \\
    --minimize token_gap --maximize tokens_per_second --subject "first_token < 2 s" --set ...
python -m simcore optimize single_node --solve-for bandwidth --target "5 ms" --set ...
"""

import argparse
from typing import Any

from simcore import solvers
from simcore.tools import asserting, inverse, pareto, size
from simcore.tools.constraints import unit_of
from simcore.tools.reading import axes, inputs
from simcore.units import si


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("solver")
    parser.add_argument("--over", action="append", default=[], metavar="NAME=A,B or L:H:log:N")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--minimize", action="append", default=[], metavar="NAME")
    parser.add_argument("--maximize", action="append", default=[], metavar="NAME")
    parser.add_argument("--subject", action="append", default=[], metavar="'NAME < LIMIT'")
    parser.add_argument("--solve-for", metavar="INPUT")
    parser.add_argument("--target", help="value to reach, with its unit")
    parser.add_argument("--column", default="value", help="what is to reach it")
    asserting.argument(parser)


def answer(options: argparse.Namespace) -> dict[str, Any]:
    fixed = inputs(options.solver, options.set)
    return _solved(options, fixed) if options.solve_for else _front(options, fixed)


def _solved(options: argparse.Namespace, fixed: dict[str, Any]) -> dict[str, Any]:
    if options.target is None:
        raise ValueError("--solve-for needs --target, such as --target '5 ms'")
    asked = solvers.question(options.solver)
    target = si(options.target, unit_of(asked, options.column))
    entry = asked.input(options.solve_for)
    found = inverse(options.solver, entry.name, target, column=options.column, **fixed)
    result = solvers.solve(options.solver, **{**fixed, entry.name: found})
    return {
        "solved": {"input": entry.name, "value": found, "unit": entry.unit},
        "result": result.as_dict(),
        "assertions": asserting.checked([result], options.assertions),
    }


def _front(options: argparse.Namespace, fixed: dict[str, Any]) -> dict[str, Any]:
    grid = axes(options.solver, options.over)
    front = pareto(
        options.solver,
        grid,
        minimize=options.minimize,
        maximize=options.maximize,
        constraints=options.subject,
        **fixed,
    )
    best = [
        solvers.solve(options.solver, **{**fixed, **{name: row[name] for name in grid}})
        for row in front
    ]
    return {
        "solver": options.solver,
        "points": size(grid),
        "front": front,
        "assertions": asserting.checked(best, options.assertions),
    }


def exit_code(found: dict[str, Any]) -> int:
    """3 as well where no point keeps the constraints."""
    if "front" in found and not found["front"]:
        return asserting.VIOLATED
    return asserting.exit_code(found)


def text(found: dict[str, Any]) -> str:
    if "solved" in found:
        solved = found["solved"]
        return f"{solved['input']} = {solved['value']:.6g} {solved['unit']}"
    rows = [", ".join(f"{name}={_cell(value)}" for name, value in row.items())
            for row in found["front"]]  # fmt: skip
    return "\n".join([*rows, f"{len(rows)} of {found['points']} points are on the front"])


def _cell(value: Any) -> str:
    return f"{value:.5g}" if isinstance(value, float) else str(value)
