"""The challenge of part E: a reader in as few bytes as its accuracy and its time allow."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from labs.arranging import Array, floats
from labs.contract import Challenge, Knob, Knobs, Outputs, Params
from simcore.equations.dense import dense_stack
from simcore.equations.precision import bitmask_size_ratio, sparse_size_ratio

from .measured import BITS, SPARSITIES, WIDTHS, reader_accuracy, reader_error

PIXELS, DIGITS = 64, 10
FORMATS = ("dense", "bitmask", "index")
_BIAS = 4.0
"""Of one bias, a 32-bit float. [byte]"""
_INDEX = 1.0
"""Of the step to the next weight that is left. [byte]"""
INDEXED_SLOWER = 3.0
"""Cycles of a product found by its index over those of a dense one; assumed. [1]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """What a track asks: accuracy [1], and time in dense products of one digit. [1]"""

    floors: Sequence[float]
    products: float


BRIEFS: Mapping[str, Brief] = {
    "cloud": Brief(floors=(0.972, 0.974), products=3600.0),
    "edge": Brief(floors=(0.968, 0.970), products=2400.0),
    "mobile": Brief(floors=(0.962, 0.965), products=1800.0),
    "tiny": Brief(floors=(0.950, 0.955), products=1200.0),
}


class Shipping(Challenge):
    """Digits of 8 × 8 pixels; accuracies are measured, bytes are counted."""

    better = "lower"

    def variables(self, p: Params) -> tuple[Knob, ...]:
        return (
            Knob(id="width", steps=WIDTHS, default=WIDTHS.index(32)),
            Knob(id="bits", steps=BITS),
            Knob(id="pruned", steps=SPARSITIES),
            Knob(id="format", steps=FORMATS),
            Knob(id="taught", steps=(False, True)),
        )

    def assess(self, p: Params, k: Knobs) -> Outputs:
        brief, width = BRIEFS[str(p["track"])], floats(k["width"])
        work = dense_stack(PIXELS, width, DIGITS, hidden_layers=1)
        sparsity = floats(k["pruned"])
        size = work.macs * floats(k["bits"]) / 8 * _stored(k) + work.biases * _BIAS
        is_indexed = k["format"] == "index"
        products = work.macs * np.where(is_indexed, INDEXED_SLOWER * (1 - sparsity), 1.0)
        rows = list(zip(k["width"], k["taught"], k["pruned"], k["bits"], strict=True))
        reached = floats(
            [reader_accuracy(int(w), bool(t), float(s), int(b)) for w, t, s, b in rows]
        )
        broken = {
            "inaccurate": reached < float(p["floor"]),
            "too_slow": products > brief.products,
        }
        return {
            "objective": size,
            "feasible": ~np.logical_or.reduce(list(broken.values())),
            **broken,
            "accuracy": reached,
            "uncertainty": 100
            * floats([reader_error(int(w), bool(t), float(s)) for w, t, s, _ in rows]),
            "products": products,
            "weights_left": work.macs * (1 - sparsity),
        }


def _stored(k: Knobs) -> Array:
    """Return the bytes of the weights in their format over those of all of them. [1]"""
    sparsity, element = floats(k["pruned"]), floats(k["bits"]) / 8
    by_mask = bitmask_size_ratio(sparsity, element_size=element)
    by_index = sparse_size_ratio(sparsity, element_size=element, index_size=_INDEX)
    return np.select([k["format"] == "dense", k["format"] == "bitmask"], [1.0, by_mask], by_index)
