"""The solvers: what each asks for and answers, in which units.

python -m simcore schema                 every solver with its question
python -m simcore schema serving --json  its inputs, limits, defaults, terms
"""

import argparse
from typing import Any

from simcore import solvers
from simcore.solvers.question import Input, Question


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("solver", nargs="?")


def answer(options: argparse.Namespace) -> dict[str, Any]:
    if options.solver is None:
        return dict(solvers.titles())
    return _described(solvers.question(options.solver))


def text(found: dict[str, Any]) -> str:
    if "inputs" not in found:
        return "\n".join(f"{name:22}{title}" for name, title in found.items())
    rows = [found["question"], f"answers: {found['value']['meaning']} [{found['value']['unit']}]"]
    rows += [f"  {name:20}{_line(entry)}" for name, entry in found["inputs"].items()]
    rows += [f"  {name:20}gives {', '.join(entry['gives'])} from {entry['category']}"
             for name, entry in found["items"].items()]  # fmt: skip
    rows += [f"terms: {', '.join(f'{n} [{u}]' for n, u in found['terms'].items())}"]
    return "\n".join([*rows, *found["sources"]])


def _described(asked: Question) -> dict[str, Any]:
    return {
        "question": asked.title,
        "value": {"meaning": asked.value, "unit": asked.unit,
                  "less_is_better": asked.less_is_better},
        "inputs": {entry.name: _input(entry) for entry in asked.inputs},
        "items": {item.name: {"category": item.category, "gives": list(item.gives)}
                  for item in asked.items},
        "terms": dict(asked.terms),
        "sources": list(asked.sources),
    }  # fmt: skip


def _input(entry: Input) -> dict[str, Any]:
    if entry.choices:
        return {"meaning": entry.meaning, "choices": list(entry.choices), "default": entry.default}
    high = None if entry.high == float("inf") else entry.high
    return {"meaning": entry.meaning, "unit": entry.unit, "default": entry.default,
            "low": entry.low, "low_included": not entry.above, "high": high,
            "is_whole": entry.is_whole, "relative_uncertainty": entry.spread}  # fmt: skip


def _line(entry: dict[str, Any]) -> str:
    kind = "|".join(entry["choices"]) if "choices" in entry else f"[{entry['unit']}]"
    default = "" if entry["default"] is None else f" = {entry['default']}"
    return f"{kind} {entry['meaning']}{default}"
