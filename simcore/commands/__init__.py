"""The commands of `python -m simcore`, one module each: `simcore/commands/cross_check.py` is
`python -m simcore cross-check`.

A command module holds a docstring whose first line is its help, `arguments(parser)`, which adds its
arguments, and `answer(options)`, which returns what it found as JSON-ready values. Optional are
`text(answer)`, which returns the same for people (else `lines` prints it), and `exit_code(answer)`.
Every command gets `--json`.
"""

import argparse
import importlib
import pkgutil
from types import ModuleType
from typing import Any


def names() -> tuple[str, ...]:
    """Return every command, as typed."""
    return tuple(sorted(info.name.replace("_", "-") for info in pkgutil.iter_modules(__path__)))


def load(name: str) -> ModuleType:
    """Return the module of a command."""
    return importlib.import_module(f"{__name__}.{name.replace('-', '_')}")


def register(name: str, commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add one command to the command line."""
    module = load(name)
    summary = (module.__doc__ or name).splitlines()[0]
    parser = commands.add_parser(name, help=summary, description=summary)
    module.arguments(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(module=module)


def lines(answer: dict[str, Any]) -> list[str]:
    """Return name and value in two columns."""
    width = max(map(len, answer), default=0)
    return [f"{name:{width}}  {_text(value)}" for name, value in answer.items()]


def _text(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(_text, value))
    if isinstance(value, dict):
        return "; ".join(f"{name} {_text(inner)}" for name, inner in value.items())
    return f"{value:.6g}" if isinstance(value, float) else str(value)
