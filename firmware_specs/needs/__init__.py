"""What a task needs of a board: one TOML file per task or workload, found by folder.

title = "Keyword spotting"
family = "dut"
parts = []                       # what the board must carry, such as "microphone"
[flash_bytes]                    # parts of the sum, by name
model = 53936
[ram_bytes]
activations = 16000
[ram_of]                         # optional: a multiple of a task's argument
argument = "bytes"
times = 3
[sources]                        # where the parts come from, in words
model = "..."
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from firmware_specs import tasks

_FOLDER = Path(__file__).parent


class NeedError(ValueError):
    """A need that no file describes, or one described badly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """Memory and parts that a task needs, each sum by its parts. [byte]"""

    id: str
    title: str
    family: str
    flash_bytes: Mapping[str, int]
    ram_bytes: Mapping[str, int]
    sources: Mapping[str, str]
    parts: tuple[str, ...] = ()
    accelerator_bytes: int = 0
    """Weights that an accelerator should keep on its chip."""
    note: str = ""
    spills: tuple[str, ...] = ("activations", "input", "buffer")
    """Parts of RAM that may lie in slower memory outside the chip."""

    @property
    def flash(self) -> int:
        return sum(self.flash_bytes.values())

    @property
    def ram(self) -> int:
        return sum(self.ram_bytes.values())

    @property
    def ram_inside(self) -> int:
        """What must lie in the chip's own RAM."""
        return sum(size for part, size in self.ram_bytes.items() if part not in self.spills)


@cache
def all_needs() -> Mapping[str, Need]:
    """Return every need by id."""
    return {path.stem: need_from_file(path) for path in sorted(_FOLDER.glob("*.toml"))}


def need(need_id: str) -> Need:
    """Return one need.

    Raises
    ------
    NeedError
        If there is none of that id.
    """
    needs = all_needs()
    if need_id not in needs:
        raise NeedError(f"no need {need_id[:60]!r}; there are {', '.join(needs)}")
    return needs[need_id]


def need_from_file(path: Path) -> Need:
    """Return the need that a TOML file describes.

    Raises
    ------
    NeedError
        If something is missing or unknown, or a part has no source.
    """
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    try:
        ram = dict(data.pop("ram_bytes"))
        if "ram_of" in data:
            ram |= _of_argument(path.stem, **data.pop("ram_of"))
        if "parts" in data:
            data["parts"] = tuple(data["parts"])
        found = Need(id=path.stem, ram_bytes=ram, **data)
    except (KeyError, TypeError, tasks.SpecError) as error:
        raise NeedError(f"{path.name}: {error}") from error
    for part in {*found.flash_bytes, *found.ram_bytes} - {*found.sources}:
        raise NeedError(f"{path.name}: no source says where {part} comes from")
    return found


def _of_argument(task_id: str, *, argument: str, times: int) -> dict[str, int]:
    """Return RAM that is a multiple of a task's argument, at its default."""
    value = tasks.task(task_id).arguments[argument].default
    return {argument: times * int(value)}
