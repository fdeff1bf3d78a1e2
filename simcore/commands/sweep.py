"""A solver over a grid, of any size.

python -m simcore sweep serving --over batch=1:256:log:9 --over hardware=h100-sxm,l4 \\
    --set model=llama-3-8b --set prompt="2048 token" --set answer="256 token" --set efficiency=0.5
python -m simcore sweep ... --output points.csv     every point, streamed
python -m simcore sweep ... --plot points.png       across the first numeric axis; or .svg
"""

import argparse
import csv
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from simcore import solvers
from simcore.tools import Block, asserting, blocks, size
from simcore.tools.constraints import Constraint, unit_of
from simcore.tools.drawing import Drawing, write
from simcore.tools.plot import line_plot
from simcore.tools.reading import axes, inputs
from simcore.wording import quantity, table


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("solver")
    parser.add_argument("--over", action="append", required=True, metavar="NAME=A,B or L:H:log:N")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--most", type=int, default=1000, help="points printed")
    parser.add_argument("--output", type=Path, help="CSV of every point")
    parser.add_argument("--plot", type=Path, help="SVG or PNG of the feasible points printed")
    parser.add_argument("--column", default="value", help="what the plot shows")
    asserting.argument(parser)


def answer(options: argparse.Namespace) -> dict[str, Any]:
    asked = solvers.question(options.solver)
    unit_of(asked, options.column)
    grid, fixed = axes(options.solver, options.over), inputs(options.solver, options.set)
    limits = [Constraint.parse(text, asked) for text in options.assertions]
    broken = [0] * len(limits)
    rows: list[dict[str, Any]] = []
    feasible, least, most = 0, np.inf, -np.inf
    with _Table(options.output) as table:
        for part in blocks(options.solver, grid, **fixed):
            rows += islice(part.rows(), max(0, options.most - len(rows)))
            table.write(part)
            allowed = part.feasible
            feasible += int(allowed.sum())
            good = part.value[allowed]
            if good.size:
                least, most = min(least, good.min()), max(most, good.max())
            for i, limit in enumerate(limits):
                kept = limit.holds(part.column(limit.name)) & allowed
                broken[i] += int((~kept).sum())
    if options.plot is not None:
        write(_plot(options, grid, rows), options.plot)
    return {
        "solver": options.solver,
        "value": {"meaning": asked.value, "unit": asked.unit},
        "points": size(grid),
        "feasible": feasible,
        "least": float(least) if feasible and np.isfinite(least) else None,
        "most": float(most) if feasible and np.isfinite(most) else None,
        "rows": rows,
        "assertions": [
            {"assert": limit.text, "holds": count == 0, "violations": count}
            for limit, count in zip(limits, broken, strict=True)
        ],
    }


def text(found: dict[str, Any]) -> str:
    value = found["value"]
    head = f"{found['points']} points, {found['feasible']} feasible; {value['meaning']}"
    if found["least"] is not None:
        ends = " to ".join(quantity(found[end], value["unit"]) for end in ("least", "most"))
        head = f"{head}: {ends}"
    broken = [f"assert {entry['assert']}: violated at {entry['violations']} points"
              for entry in found["assertions"] if not entry["holds"]]  # fmt: skip
    units = solvers.question(found["solver"]).units
    return "\n".join([*table(found["rows"], units), head, *broken])


def exit_code(found: dict[str, Any]) -> int:
    return asserting.exit_code(found)


def _plot(
    options: argparse.Namespace, grid: Mapping[str, Any], rows: list[dict[str, Any]]
) -> Drawing:
    asked, numbers = (
        solvers.question(options.solver),
        {name for name, values in grid.items() if not isinstance(values[0], str)},
    )
    across = next((name for name in grid if name in numbers), None)
    if across is None:
        raise ValueError("a plot needs a numeric axis, such as --over batch=1:256:log:9")
    lines: dict[str, tuple[list[float], list[float]]] = {}
    for row in rows:
        label = ", ".join(f"{name} {_cell(row[name])}" for name in grid if name != across)
        xs, ys = lines.setdefault(label or asked.value, ([], []))
        up = row[options.column] if row["feasible"] else None
        xs.append(row[across])
        ys.append(np.nan if up is None else up)
    unit, entry = unit_of(asked, options.column), asked.input(across)
    shown = asked.value if options.column == "value" else options.column
    return line_plot(lines, title=asked.title, x=f"{entry.meaning} [{entry.unit}]",
                     y=f"{shown} [{unit}]")  # fmt: skip


def _cell(value: Any) -> str:
    return f"{value:.5g}" if isinstance(value, float) else str(value)


class _Table:
    """A CSV written block by block, or nothing where no file is asked for."""

    def __init__(self, path: Path | None) -> None:
        self._file = None if path is None else path.open("w", newline="", encoding="utf-8")
        self._is_empty = True

    def __enter__(self) -> "_Table":
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def write(self, part: Block) -> None:
        if self._file is None:
            return
        writer = csv.writer(self._file)
        if self._is_empty:
            writer.writerow(part.names())
            self._is_empty = False
        writer.writerows(part.table())
