"""What fits where, and why not: a task's needs against a board's memory and parts."""

from dataclasses import dataclass
from enum import StrEnum

from firmware_specs.boards import Board
from firmware_specs.needs import Need


class Verdict(StrEnum):
    """Whether a board takes a task."""

    FITS = "fits"
    SLOWLY = "fits slowly"
    """In memory outside the chip, or with weights that stream for every inference."""
    TOO_SMALL = "too small"
    NO_PART = "no part"
    OTHER_KIND = "other kind"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """A verdict and its reason in words; empty where it simply fits."""

    verdict: Verdict
    reason: str = ""


def fit(board: Board, need: Need) -> Fit:
    """Return whether a board takes a task: by its kind, parts, program memory and RAM."""
    if need.family not in board.families:
        kinds = ", ".join(board.families)
        return Fit(verdict=Verdict.OTHER_KIND, reason=f"takes {kinds}, not {need.family}")
    missing = [part for part in need.parts if part not in board.parts]
    if missing:
        return Fit(verdict=Verdict.NO_PART, reason=f"has no {', '.join(missing)}")
    memory = board.memory
    flash = memory.flash_free_bytes or memory.flash_bytes
    if flash and need.flash > flash:
        return _too_small("program memory", need.flash, flash)
    return _in_ram(board, need)


def _in_ram(board: Board, need: Need) -> Fit:
    memory = board.memory
    ram = memory.ram_free_bytes or memory.ram_bytes
    if need.ram > ram:
        if not memory.psram_bytes or need.ram_inside > ram:
            return _too_small("RAM", need.ram, ram)
        if need.ram > ram + memory.psram_bytes:
            return _too_small("RAM and PSRAM", need.ram, ram + memory.psram_bytes)
        return Fit(verdict=Verdict.SLOWLY, reason="activations lie in PSRAM")
    beyond = need.accelerator_bytes - memory.accelerator_bytes
    if need.accelerator_bytes and beyond > 0:
        reason = f"streams {size_text(beyond)} of weights for every inference"
        return Fit(verdict=Verdict.SLOWLY, reason=reason)
    return Fit(verdict=Verdict.FITS)


def _too_small(what: str, needed: int, there: int) -> Fit:
    reason = f"needs {size_text(needed)} of {what}, {size_text(there)} are free"
    return Fit(verdict=Verdict.TOO_SMALL, reason=reason)


def size_text(size: float) -> str:
    """Return bytes as people read them, in powers of ten."""
    for unit, scale in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= scale:
            return f"{size / scale:.3g} {unit}"
    return f"{size:.0f} B"
