"""`python -m device_agent run | doctor | bench | enrol`."""

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

from device_agent import __version__
from device_agent.config import ConfigError

_COMMANDS = {
    "run": "stay connected, do jobs, report",
    "doctor": "say what it sees and what to fix",
    "bench": "measure now, without a server",
    "enrol": "get credentials from a server",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command. Return its exit code: 2 for a mistake in settings or arguments."""
    parser = argparse.ArgumentParser(prog="device_agent", description=__doc__)
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, text in _COMMANDS.items():
        # Each command imports what it needs: `bench --suite cuda` must not need paho.
        module = import_module(f"device_agent.commands.{name}")
        module.add_arguments(commands.add_parser(name, help=text))
    arguments = parser.parse_args(argv)
    try:
        code: int = import_module(f"device_agent.commands.{arguments.command}").main(arguments)
    except ConfigError as error:
        print(f"device_agent: {error}", file=sys.stderr)
        return 2
    return code


if __name__ == "__main__":
    sys.exit(main())
