"""The board that benchmarks use: attached once a process, let go when it fails."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

from device_agent.benchmarks.base import DriverError
from device_agent.boards import find
from device_agent.boards.dialects import Board
from device_agent.boards.dialects.lab import LabBoard
from device_agent.boards.errors import BoardError, BoardGone
from device_agent.boards.port import Address
from device_agent.energy_windows import WindowMeter
from device_agent.meters import window_meters
from firmware_specs.serial.replies import ReplyError

B = TypeVar("B")


def why_not(kind: type[object]) -> str:
    """Return why no board of this kind can be used, or an empty string."""
    try:
        board, address = find.attached()
    except BoardError as error:
        return str(error)
    if not isinstance(board, kind):
        it = f"the board at {address.url} ({board.name})"
        return f"{it} speaks {board.dialect}: this needs other firmware"
    return ""


def board_name() -> str:
    """Return which board is attached, as results name it, or nothing where none answers."""
    try:
        return name_of(*find.attached())
    except BoardError:
        return ""


def name_of(board: Board, address: Address) -> str:
    """Return a board's name; of shipped firmware, which has none, what USB or its owner says."""
    return board.name if isinstance(board, LabBoard) else address.board or board.name


@contextmanager
def board_for(kind: type[B]) -> Iterator[tuple[B, Address]]:
    """Yield the attached board of a kind; the next run looks anew where this one failed.

    Raises
    ------
    DriverError
        If it is not there, of another kind, vanishes, or does not answer as it should.
    """
    try:
        board, address = find.attached()
        if not isinstance(board, kind):
            raise DriverError(why_not(kind))
        yield board, address
    except (BoardError, ReplyError) as error:
        find.detach(is_lost=isinstance(error, BoardGone))
        raise DriverError(str(error)) from error


def meter_for(address: Address) -> WindowMeter | None:
    """Return the meter that sees this board, where one is set up."""
    found = (make(address) for make in window_meters())
    return next((meter for meter in found if meter is not None), None)
