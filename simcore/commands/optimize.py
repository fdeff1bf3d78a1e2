"""The best points of a grid, or the input that reaches a target.

python -m simcore optimize serving --over batch=1:256:log:9 --over devices=1,2,4,8 \\
    --minimize token_gap --maximize tokens_per_second --subject "first_token < 2 s" --set ...
python -m simcore optimize single_node --solve-for bandwidth --target "5 ms" --set ...
"""

import argparse
from pathlib import Path
from typing import Any

from simcore import solvers
from simcore.tools import asserting, inverse, pareto, size
from simcore.tools.constraints import unit_of
from simcore.tools.drawing import Drawing, write
from simcore.tools.plot import dot_plot
from simcore.tools.reading import axes, inputs
from simcore.units import si
from simcore.wording import quantity, result_lines, table


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
    parser.add_argument("--plot", type=Path, help="SVG or PNG of the front, two objectives")
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
    if options.plot is not None:
        write(_plot(options, front), options.plot)
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
        head = f"{solved['input']} = {quantity(solved['value'], solved['unit'])}"
        return "\n".join([head, "", *result_lines({**found["result"], **found})])
    units = solvers.question(found["solver"]).units
    rows = table(found["front"], units)
    return "\n".join([*rows, f"{len(found['front'])} of {found['points']} points are on the front"])


def _plot(options: argparse.Namespace, front: list[dict[str, Any]]) -> Drawing:
    """Return the front over the first two objectives."""
    asked = solvers.question(options.solver)
    names = [*options.minimize, *options.maximize][:2]
    if len(names) < 2 or not front:
        raise ValueError("a plot needs two objectives and a point that keeps the constraints")
    across, up = ([row[name] for row in front] for name in names)
    labels = [f"{name} [{unit_of(asked, name)}]" for name in names]
    return dot_plot({"front": (across, up)}, title=asked.title, x=labels[0], y=labels[1])
