"""The golden transcripts of the serial line, read and played."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import firmware_specs.serial

FOLDER = Path(firmware_specs.serial.__file__).parent / "golden"
# What every device under test must do, and what takes our firmware.
DUT = ("dut", "dut_errors")
OURS = ("model_errors", "model", "kernels", "seeded_kernels", "sensors")


@dataclass(slots=True)
class Exchange:
    command: bytes
    lines: list[str]


def transcript(name: str) -> list[Exchange]:
    exchanges: list[Exchange] = []
    for row in (FOLDER / f"{name}.txt").read_text(encoding="ascii").splitlines():
        if row.startswith("> "):
            exchanges.append(Exchange(row[2:].encode(), []))
        elif row.startswith("< "):
            exchanges[-1].lines.append(row[2:])
    return exchanges


def differences(name: str, ask: Callable[[bytes], Sequence[str]]) -> list[str]:
    """Play a transcript and return where the answers differ from it."""
    faults = []
    for exchange in transcript(name):
        got = list(ask(exchange.command))
        pairs = zip(got, exchange.lines, strict=False)
        if len(got) != len(exchange.lines) or not all(matches(g, w) for g, w in pairs):
            faults.append(f"{exchange.command!r}: got {got}, not {exchange.lines}")
    return faults


def matches(line: str, wanted: str) -> bool:
    """Return whether a line is the wanted one, `*` standing for anything."""
    return fnmatchcase(line, wanted.replace("[", "[[]"))
