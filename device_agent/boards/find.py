"""Which boards are attached: those named in the settings, else those USB shows."""

import os
from collections.abc import Iterator, Mapping
from functools import cache

from device_agent.boards.dialects import Board, board_at
from device_agent.boards.errors import BoardError
from device_agent.boards.port import Address, SerialPort, address_of
from firmware_specs.boards import all_boards

PORTS = "DEVICE_AGENT_PORTS"


def addresses(environ: Mapping[str, str] = os.environ) -> list[Address]:
    """Return where boards are: the ports of the settings, else those USB identifies."""
    named = environ.get(PORTS, "").replace(",", " ").split()
    return [address_of(text) for text in named] if named else list(_on_usb())


def usb_boards() -> Mapping[str, str]:
    """Return the board of each USB identity (`2341:0043`) that the specs know."""
    return {usb.lower(): board.id for board in all_boards().values() for usb in board.usb_ids}


def _on_usb() -> Iterator[Address]:
    try:
        from serial.tools.list_ports import comports
    except ImportError:
        return
    known = usb_boards()
    for port in comports():
        if port.vid is not None and port.pid is not None:
            board = known.get(f"{port.vid:04x}:{port.pid:04x}")
            if board:
                yield Address(url=_lasting_name(port.device), usb_board=board)


def _lasting_name(device: str) -> str:
    """Return the name that stays when the board resets to another port, where there is one."""
    folder = "/dev/serial/by-id"
    if os.path.isdir(folder):
        for name in sorted(os.listdir(folder)):
            if os.path.realpath(f"{folder}/{name}") == device:
                return f"{folder}/{name}"
    return device


@cache
def attached() -> tuple[Board, Address]:
    """Return the first board that answers. It stays ours until this process ends.

    Raises
    ------
    BoardError
        If there is none: says which ports were tried and what each one did.
    """
    tried = []
    for address in addresses():
        try:
            port = SerialPort(address)
        except BoardError as error:
            tried.append(str(error))
            continue
        try:
            return board_at(port, address), address
        except BoardError as error:
            port.close()
            tried.append(str(error))
    raise BoardError("; ".join(tried) or "no board is attached: none on USB, none in `ports`")
