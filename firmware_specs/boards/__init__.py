"""What a board is: one folder per board with its `board.toml`, found by folder.

    name = "Arduino Uno R3"
    kind = "microcontroller"         # host, microcontroller, accelerator
    catalogue = "arduino-uno-r3"     # its numbers in simcore's catalogue of hardware
    ...
    [memory]
    flash_bytes = 32768
    source = "chip"

    [sources.chip]
    kind = "estimate"                # datasheet, paper, measured, convention, estimate
    text = "..."

Every table names one of the file's sources; an unknown key is refused.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Literal

_FOLDER = Path(__file__).parent
Kind = Literal["host", "microcontroller", "accelerator"]
_KINDS = ("host", "microcontroller", "accelerator")
_SOURCE_KINDS = ("datasheet", "paper", "measured", "convention", "estimate")


class BoardError(ValueError):
    """A board that no folder describes, or one described badly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where something about a board was read; an estimate was not read at its source."""

    kind: str
    text: str
    url: str = ""
    read: date | None = None

    def __post_init__(self) -> None:
        if self.kind not in _SOURCE_KINDS:
            raise BoardError(f"source of kind {self.kind!r}; known: {', '.join(_SOURCE_KINDS)}")
        if self.kind in ("datasheet", "paper", "measured") and not (self.url and self.read):
            raise BoardError(f"source {self.text!r}: a {self.kind} needs url and read (a date)")

    @property
    def is_read(self) -> bool:
        """Return whether somebody looked it up: neither an estimate nor our own convention."""
        return self.read is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Usb:
    """How USB names it: ids to look for, and ids that are no sign of it.

    The latter are those of bridge chips that many things have, of boot loaders and of consoles:
    nothing may be sent there unless the settings name the port.
    """

    ids: tuple[str, ...]
    source: Source
    not_probed: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compute:
    core: str
    clock_hz: float
    source: Source
    cores: int = 1
    vector: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Bytes of the board; `..._free_bytes` is what boot loader and system leave to a program."""

    ram_bytes: int
    source: Source
    flash_bytes: int = 0
    psram_bytes: int = 0
    ram_free_bytes: int = 0
    flash_free_bytes: int = 0
    model_bytes: int = 0
    """Room that this package's firmware keeps for a model that is sent to it."""
    accelerator_bytes: int = 0
    """Weights that an accelerator keeps on its chip."""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerPoint:
    """What the board draws in one state, at one place of its supply."""

    state: str
    volts: float
    amperes: float
    source: Source
    note: str = ""
    is_awake: bool = True
    """Whether it can compute in that state."""
    is_least: bool = False
    """Whether nothing that it does awake takes less: it idles, or computes and nothing beside."""

    @property
    def watts(self) -> float:
        return self.volts * self.amperes


@dataclass(frozen=True, slots=True, kw_only=True)
class Flashing:
    """How a program gets onto the board."""

    tool: str
    steps: tuple[str, ...]
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Wiring:
    """Where a meter goes, and which pin says that the board is being timed."""

    meter: str
    meter_source: Source
    sync_pin: str
    sync_volts: float
    source: Source
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """One kind of hardware: identity, numbers, power, how to flash and wire it, what it takes."""

    id: str
    name: str
    about: str
    kind: Kind
    catalogue: str
    """Its id among simcore's hardware."""
    families: tuple[str, ...]
    """Families of tasks it can be asked for, memory permitting."""
    parts: tuple[str, ...]
    """What it carries that a task may need: microphone, imu, camera, edge-tpu, cuda, ..."""
    meters: tuple[str, ...]
    firmware: tuple[str, ...]
    """Firmware known to run on it; "reference" is this package's own."""
    usb: Usb
    compute: Compute
    memory: Memory
    power: tuple[PowerPoint, ...]
    flashing: Flashing
    wiring: Wiring

    @property
    def usb_ids(self) -> tuple[str, ...]:
        return self.usb.ids

    @property
    def sources(self) -> tuple[Source, ...]:
        """Return every source once, in the order the tables name them."""
        power = (point.source for point in self.power)
        found = (self.usb.source, self.compute.source, self.memory.source, *power)
        how = (self.flashing.source, self.wiring.meter_source, self.wiring.source)
        return tuple(dict.fromkeys((*found, *how)))


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
    where = f"{path.parent.name}/board.toml"
    try:
        return _board(path.parent.name, data)
    except KeyError as error:
        raise BoardError(f"{where} lacks {error}") from error
    except (TypeError, BoardError) as error:
        raise BoardError(f"{where}: {error}") from error


def _board(board_id: str, data: dict[str, Any]) -> Board:
    sources = {name: Source(**entry) for name, entry in data.pop("sources").items()}
    tables = {
        "usb": _table(Usb, data.pop("usb"), sources),
        "compute": _table(Compute, data.pop("compute"), sources),
        "memory": _table(Memory, data.pop("memory"), sources),
        "power": tuple(_table(PowerPoint, entry, sources) for entry in data.pop("power")),
        "flashing": _table(Flashing, data.pop("flashing"), sources),
        "wiring": _table(Wiring, data.pop("wiring"), sources),
    }
    if data["kind"] not in _KINDS:
        raise BoardError(f"kind is {data['kind']!r}; known: {', '.join(_KINDS)}")
    return Board(id=board_id, **_frozen(data), **tables)


def _table(kind: type[Any], data: dict[str, Any], sources: Mapping[str, Source]) -> Any:
    known = {field.name for field in fields(kind)}
    for key in data:
        if key not in known:
            raise BoardError(
                f"{kind.__name__.lower()} has no {key}; it has {', '.join(sorted(known))}"
            )
    named = {key: data[key] for key in known if key.endswith("source")}
    for name in named.values():
        if name not in sources:
            raise BoardError(f"no source {name!r}; there are {', '.join(sources)}")
    return kind(**_frozen(data) | {key: sources[name] for key, name in named.items()})


def _frozen(data: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in data.items()}
