"""One question for several candidates, beside the first.

python -m simcore compare single_node --over hardware=h100-sxm,a100-sxm-80gb \\
    --set flop="2 TFLOP" --set traffic="25 GB" --set efficiency=0.5 [--sensitivity]
"""

import argparse
from itertools import product
from typing import Any

from simcore.tools import asserting, compare, sensitivity
from simcore.tools.reading import axes, inputs
from simcore.wording import table

MOST = 64


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("solver")
    parser.add_argument("--over", action="append", default=[], metavar="NAME=A,B,...")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--sensitivity", action="store_true", help="which inputs move each most")
    asserting.argument(parser)


def answer(options: argparse.Namespace) -> dict[str, Any]:
    shared, over = inputs(options.solver, options.set), axes(options.solver, options.over)
    points = [dict(zip(over, point, strict=True)) for point in product(*over.values())]
    if len(points) > MOST:
        raise ValueError(f"compare prints at most {MOST} candidates, got {len(points)}; use sweep")
    labels = {" ".join(f"{name}={value}" for name, value in point.items()) or "as given": point
              for point in points}  # fmt: skip
    found = compare(options.solver, labels, **shared)
    return {
        "candidates": [
            {
                "label": entry.label,
                "ratio": entry.ratio,
                "best": entry.is_best,
                **entry.result.as_dict(),
                **_sensitivities(options, {**shared, **labels[entry.label]}),
            }
            for entry in found
        ],
        "assertions": asserting.checked([entry.result for entry in found], options.assertions),
    }


def text(found: dict[str, Any]) -> str:
    rows: list[dict[str, Any]] = []
    units: dict[str, str] = {}
    for entry in found["candidates"]:
        value, terms = entry["value"], entry["terms"]
        units |= {"value": value["unit"], **{name: term["unit"] for name, term in terms.items()}}
        rows.append({
            "": "*" if entry["best"] else "", "candidate": entry["label"],
            "value": value["value"], "of the first": float(entry["ratio"]),
            **{name: term["value"] for name, term in terms.items()}, "reason": entry["reason"],
        })  # fmt: skip
    moved = [f"{entry['label']}: " + ", ".join(f"{name} {by:+.2f}"
             for name, by in entry["sensitivity"].items() if by)
             for entry in found["candidates"] if "sensitivity" in entry]  # fmt: skip
    words = ["", "per cent of value for each per cent of input", *moved] if moved else []
    return "\n".join([*table(rows, {**units, "of the first": "1"}), *words])


def exit_code(found: dict[str, Any]) -> int:
    return asserting.exit_code(found)


def _sensitivities(options: argparse.Namespace, given: dict[str, Any]) -> dict[str, Any]:
    if not options.sensitivity:
        return {}
    return {"sensitivity": sensitivity(options.solver, **given)}
