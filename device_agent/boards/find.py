"""Which boards are attached: those named in the settings, else those USB shows."""

import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace

from device_agent.boards.dialects import Board, board_at
from device_agent.boards.errors import BoardError, BoardGone
from device_agent.boards.port import Address, SerialPort, address_of
from firmware_specs.boards import all_boards

PORTS = "DEVICE_AGENT_PORTS"


def addresses(environ: Mapping[str, str] = os.environ) -> list[Address]:
    """Return where boards are: the ports of the settings, else those USB identifies."""
    named = environ.get(PORTS, "").replace(",", " ").split()
    return [address_of(text) for text in named] if named else list(_on_usb())


def identified(address: Address) -> Address:
    """Return an address with the board that USB says is there, if it says one."""
    if address.usb_board or "://" in address.url:
        return address
    seen = {os.path.realpath(found.url): found.usb_board for found in _on_usb()}
    return replace(address, usb_board=seen.get(os.path.realpath(address.url), ""))


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


_held: list[tuple[Board, Address, SerialPort]] = []
_refusals: list[tuple[float, str]] = []
_REFUSED_FOR_S = 5.0
# A board that resets, or whose plug was moved, comes back as another port within seconds.
_COMES_BACK_S = 10.0
_LOOK_AGAIN_S = 0.25
_lost_at: list[float] = []


def attached() -> tuple[Board, Address]:
    """Return the first board that answers. It stays ours until `detach` or the process's end.

    Raises
    ------
    BoardError
        If there is none: says which ports were tried and what each one did.
    """
    if _held:
        return _held[0][:2]
    if _refusals and time.monotonic() - _refusals[0][0] < _REFUSED_FOR_S:
        raise BoardError(_refusals[0][1])
    why = _attach()
    while why and _lost_at and time.monotonic() - _lost_at[0] < _COMES_BACK_S:
        time.sleep(_LOOK_AGAIN_S)
        why = _attach()
    _lost_at.clear()
    if why:
        # Asking a silent port takes long, and each driver asks.
        _refusals[:] = [(time.monotonic(), why)]
        raise BoardError(why)
    return _held[0][:2]


def opened(address: Address) -> tuple[Board, SerialPort]:
    """Open a port and return the board that answers there, with its port.

    Opening resets some boards; those whose USB is their own vanish with it for a second.

    Raises
    ------
    BoardError
        If the port does not open, or no board answers there.
    """
    until_s: float | None = None
    while True:
        try:
            port = SerialPort(address)
        except BoardError:
            # Just back, a port may still be root's.
            if until_s is None or time.monotonic() > until_s:
                raise
        else:
            try:
                return board_at(port, address), port
            except BoardGone:
                port.close()
                until_s = until_s or time.monotonic() + _COMES_BACK_S
                if time.monotonic() > until_s:
                    raise
            except BaseException:
                port.close()
                raise
        time.sleep(_LOOK_AGAIN_S)


def _attach() -> str:
    """Hold the first board that answers. Return why there is none, or an empty string."""
    tried = []
    for address in addresses():
        try:
            board, port = opened(address)
        except BoardError as error:
            tried.append(str(error))
            continue
        _held.append((board, identified(address), port))
        return ""
    return "; ".join(tried) or "no board is attached: none on USB, none in `ports`"


def detach(*, is_lost: bool = False) -> None:
    """Let the board go, so that the next look finds it where it is then.

    The next look waits a while for a board that was lost, for it may be on its way back.
    """
    for _, _, port in _held:
        port.close()
    _held.clear()
    _refusals.clear()
    _lost_at[:] = [time.monotonic()] if is_lost else []
