"""`python -m simcore COMMAND`: look into the catalogue, evaluate, compare, check.

Each command is a module of `simcore.commands`. Exit codes: 0 answered, 2 refused (one sentence on
stderr says what to write instead), 3 an assertion of the question does not hold.
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any

from simcore import commands
from simcore.errors import SimError


def main(argv: Sequence[str] | None = None) -> int:
    given = list(sys.argv[1:] if argv is None else argv)
    options = _parser(given).parse_args(given)
    module = options.module
    try:
        answer = module.answer(options)
    except (SimError, ValueError, OSError) as error:
        print(f"simcore: {error}", file=sys.stderr)
        return 2
    _print(json.dumps(answer, indent=1, allow_nan=False) if options.json else _text(module, answer))
    return int(module.exit_code(answer)) if hasattr(module, "exit_code") else 0


def _text(module: ModuleType, answer: dict[str, Any]) -> str:
    if hasattr(module, "text"):
        return str(module.text(answer))
    return "\n".join(commands.lines(answer))


def _print(text: str) -> None:
    try:
        print(text, flush=True)
    except BrokenPipeError:  # who reads has read enough; Python flushes once more at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _parser(argv: Sequence[str]) -> argparse.ArgumentParser:
    """Return a parser of the command given, or of all where none of them is."""
    parser = argparse.ArgumentParser(prog="simcore", description=(__doc__ or "").splitlines()[0])
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")
    known = commands.names()
    for name in (argv[0],) if argv and argv[0] in known else known:
        commands.register(name, subparsers)
    return parser


if __name__ == "__main__":
    sys.exit(main())
