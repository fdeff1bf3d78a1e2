"""Part D: what a byte costs in joules, and which part of that fewer bits save."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from labs.arranging import Array, floats, octaves, rows
from labs.contract import (
    RIGHT,
    Choice,
    Curves,
    Knob,
    Knobs,
    Option,
    Outputs,
    Params,
    Part,
    Question,
    Scalar,
    lookup,
)
from labs.text import quantity
from simcore import catalog
from simcore.equations.energy import EnergyTerms, energy_terms

ROUGH = catalog.item("technologies", "rough-45nm")
PRODUCT: Mapping[str, float] = {
    "fp32": ROUGH.value("multiply.fp32") + ROUGH.value("add.fp32"),
    "fp16": ROUGH.value("multiply.fp16") + ROUGH.value("add.fp16"),
    "int8": ROUGH.value("multiply.int8") + ROUGH.value("add.int32"),
}
"""Energy of a multiply-add; 8-bit products go into a 32-bit sum. [J]"""
BYTES: Mapping[str, float] = {"fp32": 4.0, "fp16": 2.0, "int8": 1.0}
BATCHES = octaves(1, 4096)
ASKED = (1, 8, 16, 32, 64, 256, 512, 1024, 4096)
SRAM = "read.kib8"
MARGIN = 1.5
FROM, TO = "fp32", "int8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Where a track's weights lie: a name, its energy [J/byte] and how that is known."""

    name: str
    energy: float
    known: str


def _memory(technology: str, fact: str, name: str) -> Memory:
    item = catalog.item("technologies", technology)
    return Memory(name=name, energy=item.value(fact), known=str(item[fact].source.evidence))


MEMORIES: Mapping[str, Memory] = {
    "cloud": _memory("hbm2-accelerator", "energy_per_byte", "HBM2"),
    "edge": _memory("rough-45nm", "read.dram", "DDR-class DRAM"),
    "mobile": _memory("lpddr5-phone", "energy_per_byte", "LPDDR5"),
    "tiny": _memory("rough-45nm", "read.mib1", "1 MiB of SRAM"),
}
WEIGHTS: Mapping[str, float] = {"cloud": 8e9, "edge": 3e9, "mobile": 1e9, "tiny": 3e5}
"""Weights of the network in the instrument, each used once for an input. [1]"""
BUDGETS: Mapping[str, float] = {"cloud": 0.5, "edge": 0.5, "mobile": 0.05, "tiny": 2e-6}
"""Energy that an input may take. [J]"""


class D(Part):
    def combinations(self, track: str) -> Sequence[Params]:
        memory = MEMORIES[track]
        return [
            {
                "track": track,
                "batch": batch,
                "batch_text": "one input at a time"
                if batch == 1
                else f"{batch:,} inputs at a time",
                "memory_name": memory.name,
                "byte_text": quantity(memory.energy, "si J"),
                "memory_known": memory.known,
                "wide_text": quantity(PRODUCT[FROM], "si J"),
                "narrow_text": quantity(PRODUCT[TO], "si J"),
            }
            for batch in ASKED
            if len(_wrong(track, batch)) == 3
        ]

    def questions(self, p: Params) -> tuple[Question, ...]:
        track, batch = str(p["track"]), int(p["batch"])
        options = (Option(id=name, value=x) for name, x in _wrong(track, batch).items())
        right = Option(id=RIGHT, value=_factor(track, batch))
        return (Choice(id="factor", options=(right, *options)),)

    def facts(self, p: Params) -> dict[str, Scalar]:
        track, batch = str(p["track"]), int(p["batch"])
        wide, narrow = (_product_terms(track, form, batch) for form in (FROM, TO))
        one = _product_terms(track, FROM, 1)
        return {
            "factor": _factor(track, batch),
            "bytes_factor": BYTES[FROM] / BYTES[TO],
            "arithmetic_factor": PRODUCT[FROM] / PRODUCT[TO],
            "wide_total": float(wide.total),
            "narrow_total": float(narrow.total),
            "wide_trip": float(wide.memory),
            "narrow_trip": float(narrow.memory),
            "trip_share": float(wide.memory / wide.total),
            "trip_share_one": float(one.memory / one.total),
            "one_factor": _factor(track, 1),
            "many_factor": _factor(track, BATCHES[-1]),
            "even_batch": BYTES[FROM] * MEMORIES[track].energy / PRODUCT[FROM],
        }

    def knobs(self, p: Params) -> tuple[Knob, ...]:
        return (
            Knob(id="form", steps=tuple(BYTES), default=2),
            Knob(id="reuse", steps=BATCHES, default=BATCHES.index(256)),
            Knob(id="near", steps=(False, True)),
        )

    def evaluate(self, p: Params, k: Knobs) -> Outputs:
        terms = _terms(p, k, floats(k["reuse"]))
        plain = _terms(p, {**k, "form": np.full_like(k["form"], FROM)}, floats(k["reuse"]))
        weights = WEIGHTS[str(p["track"])]
        budget = BUDGETS[str(p["track"])]
        each = np.asarray(weights * terms.total)
        return {
            "trip": terms.memory,
            "arithmetic": terms.compute,
            "product_total": terms.total,
            "trip_now": terms.memory / terms.total,
            "saved": plain.total / terms.total,
            "each_input": each,
            "budget": np.full(each.shape, budget),
            "inputs_a_joule": 1 / each,
            "reuse_now": floats(k["reuse"]),
            "over_budget": each > budget,
        }

    def curves(self, p: Params, k: Knobs) -> Curves:
        axis = floats(BATCHES)
        many = {name: column_of(k[name]) for name in ("form", "near")}
        terms = _terms(p, many, axis[np.newaxis, :])
        wide = _terms(p, {**many, "form": np.full_like(many["form"], FROM)}, axis[np.newaxis, :])
        return {
            "reuses": rows(axis, len(k["reuse"])),
            "total_line": terms.total,
            "trip_line": terms.memory,
            "saved_line": wide.total / terms.total,
        }


def column_of(values: np.ndarray) -> np.ndarray:
    """Return m settings as a column, whatever they are."""
    return np.asarray(values)[:, np.newaxis]


def _terms(p: Params, k: Mapping[str, np.ndarray], reuse: Array) -> EnergyTerms:
    per_byte = np.where(k["near"], ROUGH.value(SRAM), MEMORIES[str(p["track"])].energy)
    return energy_terms(
        1.0,
        lookup(BYTES, k["form"]) / reuse,
        energy_per_flop=lookup(PRODUCT, k["form"]),
        energy_per_byte=per_byte,
    )


def _product_terms(track: str, form: str, batch: int) -> EnergyTerms:
    """Return the energy of one multiply-add: its arithmetic, and its share of the weight's trip."""
    return energy_terms(
        1.0, BYTES[form] / batch, energy_per_flop=PRODUCT[form],
        energy_per_byte=MEMORIES[track].energy,
    )  # fmt: skip


def _factor(track: str, batch: int) -> float:
    wide, narrow = (_product_terms(track, form, batch).total for form in (FROM, TO))
    return float(wide / narrow)


def _wrong(track: str, batch: int) -> dict[str, float]:
    """Return the three most tempting wrong factors, each clear of the right one and of the rest."""
    bytes_factor, arithmetic = BYTES[FROM] / BYTES[TO], PRODUCT[FROM] / PRODUCT[TO]
    tempting = {
        "bytes_alone": bytes_factor,
        "arithmetic_alone": arithmetic,
        "both_multiplied": bytes_factor * arithmetic,
        "format_is_nothing": 1.0,
    }
    right = _factor(track, batch)
    clear = {n: x for n, x in tempting.items() if max(x / right, right / x) >= MARGIN}
    chosen = dict(list(clear.items())[:3])
    ordered = sorted([right, *chosen.values()])
    apart = all(b / a >= MARGIN for a, b in pairwise(ordered))
    return chosen if apart else {}
