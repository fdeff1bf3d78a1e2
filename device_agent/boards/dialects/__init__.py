"""Dialects of boards, found by folder: every module here with `NAME`, `RANK` and `recognise`.

A driver of your own is one more module, or comes with a package that names it under the entry
point `device_agent.dialects`. Lower ranks are asked first. One with `SAME_LINE_AS` gets in step as
that other dialect does, and is left out where the board was silent to it.
"""

import importlib
import pkgutil
from typing import Protocol, cast

from device_agent import dropins
from device_agent.boards.errors import BoardError, BoardSilent
from device_agent.boards.port import Address, Port, line_of
from firmware_specs.serial.replies import ReplyError


class Board(Protocol):
    """A board that answers, whatever its dialect."""

    dialect: str
    name: str
    is_emulated: bool


class Dialect(Protocol):
    NAME: str
    RANK: int

    def recognise(self, port: Port) -> Board | None:
        """Return the board where it speaks this dialect, else None."""


def dialects() -> list[Dialect]:
    modules = [
        cast(Dialect, importlib.import_module(f"{__name__}.{info.name}"))
        for info in pkgutil.iter_modules(__path__)
    ]
    modules += [cast(Dialect, module) for module in dropins.modules(dropins.DIALECTS)]
    return sorted(modules, key=lambda dialect: dialect.RANK)


def board_at(port: Port, address: Address) -> Board:
    """Return the board at a port in the first dialect it answers.

    Raises
    ------
    BoardError
        If it answers in none.
    """
    # What passes a board's lines on knows this protocol alone.
    wanted = address.options.get("dialect", "dut" if "via" in address.options else "")
    port = line_of(port, address)
    known = [dialect for dialect in dialects() if wanted in ("", dialect.NAME)]
    if not known:
        names = ", ".join(dialect.NAME for dialect in dialects())
        raise BoardError(f"no dialect {wanted!r}; there are {names}")
    silent: set[str] = set()
    for dialect in known:
        if getattr(dialect, "SAME_LINE_AS", "") in silent:
            continue
        try:
            board = dialect.recognise(port)
        except BoardSilent:
            silent.add(dialect.NAME)
            continue
        except ReplyError:
            continue
        if board is not None:
            return board
    tried = ", ".join(dialect.NAME for dialect in known)
    raise BoardSilent(
        f"{address.url} opens but answers in no dialect ({tried}): is the firmware flashed,"
        f" and does it run at {address.baud} baud? Shipped firmware in energy mode has 9600, that"
        f" of anomaly detection 921600: ports = '{address.url};baud=9600'; behind an IO manager"
        " add ;via=io-manager"
    )
