"""The memories of each track, from the catalogue, and what this lab's parts share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simcore import catalog

Array = NDArray[np.float64]

KIB, MIB = 2.0**10, 2.0**20
ELEMENT = 4.0
"""Of a 32-bit number. [byte]"""
WORD = 8.0
"""One access of an SRAM fetches this much, however little is wanted. [byte]"""

ROUGH = catalog.item("technologies", "rough-45nm")
MULTIPLY_ADD = ROUGH.value("multiply.fp32") + ROUGH.value("add.fp32")
MULTIPLY_ADD_INT8 = ROUGH.value("multiply.int8") + ROUGH.value("add.int32")
"""An 8-bit product into a 32-bit sum. [J]"""
COMPARE, COMPARE_INT8 = ROUGH.value("add.int32"), ROUGH.value("add.int8")
TABLE_READ = WORD * ROUGH.value("read.kib8")
"""An 8-bit function by its table of 256 entries. [J]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One memory: its name, capacity [byte], energy [J/byte] and how the energy is known."""

    id: str
    name: str
    capacity: float
    energy: float
    known: str


def _on_chip(fact: str, name: str, capacity: float) -> Level:
    found = ROUGH[f"read.{fact}"]
    return Level(id=fact, name=name, capacity=capacity, energy=ROUGH.value(f"read.{fact}"),
                 known=str(found.source.evidence))  # fmt: skip


def _main(technology: str, name: str) -> Level:
    fact = "read.dram" if technology == ROUGH.id else "energy_per_byte"
    item = catalog.item("technologies", technology)
    return Level(id=technology, name=name, capacity=np.inf, energy=item.value(fact),
                 known=str(item[fact].source.evidence))  # fmt: skip


KIB8 = _on_chip("kib8", "8 KiB of SRAM", 8 * KIB)
KIB32 = _on_chip("kib32", "32 KiB of SRAM", 32 * KIB)
MIB1 = _on_chip("mib1", "1 MiB of SRAM", MIB)
HBM2 = _main("hbm2-accelerator", "HBM2")
DRAM = _main("rough-45nm", "DDR-class DRAM")
LPDDR5 = _main("lpddr5-phone", "LPDDR5")

LADDER: Mapping[str, Sequence[Level]] = {
    "cloud": (KIB32, MIB1, HBM2),
    "edge": (KIB32, MIB1, DRAM),
    "mobile": (KIB8, MIB1, LPDDR5),
    "tiny": (KIB8, KIB32, MIB1),
}
"""What each track's machine has, smallest first; the last one holds whatever there is."""


def capacities(track: str) -> Array:
    return np.asarray([level.capacity for level in LADDER[track][:-1]])


def energies(track: str) -> Array:
    return np.asarray([level.energy for level in LADDER[track]])


def names(track: str) -> NDArray[np.str_]:
    return np.asarray([level.name for level in LADDER[track]])


def picojoules(energy: float) -> str:
    """Return an energy as people write it: 0.9 pJ, not 0.900 pJ."""
    return f"{energy * 1e12:g} pJ"


def binary(size: float) -> str:
    """Return a size in the powers of two that memories come in."""
    return f"{size / MIB:g} MiB" if size >= MIB else f"{size / KIB:g} KiB"


def worst_known(levels: Sequence[Level]) -> str:
    """Return "assumed" if the energy of any level is an estimate, else "published"."""
    return "assumed" if any(level.known == "assumed" for level in levels) else "published"
