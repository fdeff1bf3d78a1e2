"""What a board is: one folder per board with its `board.toml`, found by folder."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent


class BoardError(ValueError):
    """A board that no folder describes, or one described badly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """One kind of hardware: what tasks fit it, what meters it may have, how USB names it."""

    id: str
    name: str
    about: str
    kind: str
    families: tuple[str, ...]
    meters: tuple[str, ...]
    usb_ids: tuple[str, ...]


@cache
def all_boards() -> Mapping[str, Board]:
    """Return every board by id."""
    return {path.parent.name: _load(path) for path in sorted(_FOLDER.glob("*/board.toml"))}


def board(board_id: str) -> Board:
    """Return one board.

    Raises
    ------
    BoardError
        If there is none of that id.
    """
    boards = all_boards()
    if board_id not in boards:
        raise BoardError(f"no board {board_id[:60]!r}; there are {', '.join(boards)}")
    return boards[board_id]


def _load(path: Path) -> Board:
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    try:
        return Board(
            id=path.parent.name,
            name=data["name"],
            about=data["about"],
            kind=data["kind"],
            families=tuple(data["families"]),
            meters=tuple(data["meters"]),
            usb_ids=tuple(data["usb_ids"]),
        )
    except KeyError as error:
        raise BoardError(f"{path.parent.name}/board.toml lacks {error}") from error
