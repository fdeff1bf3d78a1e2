"""Part A: what a bit less does to the weights, and what that does to the answers."""

from collections.abc import Mapping, Sequence
from itertools import product

import numpy as np

from labs.arranging import Array, floats, rows
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
)
from simcore import catalog
from simcore.equations.precision import quantization_noise_ratio, rounding_error

from .measured import AS_TRAINED, ROUNDED, rounded

PAIRS = ((8, 4), (8, 3), (7, 3), (10, 5), (10, 4))
"""Bits before and after; pairs whose factor a sum could be mistaken for are left out, and 2 bits,
which have too few steps for the error to fill one evenly."""
BITS = (10, 8, 7, 6, 5, 4, 3, 2)
NETWORKS: Mapping[str, Sequence[str]] = {
    "cloud": ("resnext-101", "inception-v3"),
    "edge": ("resnet-50", "resnet-18"),
    "mobile": ("mobilenet-v3-large", "mobilenet-v2"),
    "tiny": ("shufflenet-v2-05", "shufflenet-v2-10"),
}
"""Networks of the track with published accuracies in floats and in 8 bits."""
CLIFF = 0.05
"""Accuracy lost that nobody would sign. [1]"""


class A(Part):
    def combinations(self, track: str) -> Sequence[Params]:
        return [
            {
                "track": track,
                "before": before,
                "after": after,
                "before_steps": 2 ** (before - 1) - 1,
                "after_steps": 2 ** (after - 1) - 1,
                "network": network,
                "network_name": catalog.item("classifiers", network).name,
            }
            for (before, after), network in product(PAIRS, NETWORKS[track])
        ]

    def questions(self, p: Params) -> tuple[Question, ...]:
        before, after = int(p["before"]), int(p["after"])
        factor = _factor(before, after)
        wrong = {
            "bits_as_share": before / after,
            "two_for_each_bit": 2.0 * (before - after),
            "power_for_size": factor**2,
        }
        options = (Option(id=name, value=value) for name, value in wrong.items())
        return (Choice(id="factor", options=(Option(id=RIGHT, value=factor), *options)),)

    def facts(self, p: Params) -> dict[str, Scalar]:
        before, after = int(p["before"]), int(p["after"])
        item = catalog.item("classifiers", str(p["network"]))
        wide, narrow = item.value("accuracy.fp32"), item.value("accuracy.int8")
        reader = [rounded(bits, False) for bits in (before, after)]
        cliff = next(bits for bits in BITS if AS_TRAINED[0] - rounded(bits, False)[0] > CLIFF)
        return {
            "factor": _factor(before, after),
            "decibels": reader[0][2] - reader[1][2],
            "decibels_a_bit": float(10 * np.log10(quantization_noise_ratio(1.0))),
            "power_factor": _factor(before, after) ** 2,
            "reader_before": reader[0][0],
            "reader_after": reader[1][0],
            "reader_lost": 100 * (reader[0][0] - reader[1][0]),
            "reader_error": 100 * max(reader[0][1], reader[1][1]),
            "as_trained": AS_TRAINED[0],
            "cliff_bits": cliff,
            "cliff_accuracy": rounded(cliff, False)[0],
            "cliff_by_unit": rounded(cliff, True)[0],
            "network_wide": wide,
            "network_narrow": narrow,
            "network_lost": 100 * (wide - narrow),
        }

    def knobs(self, p: Params) -> tuple[Knob, ...]:
        return (
            Knob(id="bits", steps=tuple(reversed(BITS)), default=len(BITS) - 1),
            Knob(id="by_unit", steps=(False, True)),
        )

    def evaluate(self, p: Params, k: Knobs) -> Outputs:
        found = _found(k["bits"], k["by_unit"])
        lost = AS_TRAINED[0] - found[:, 0]
        bits = floats(k["bits"])
        return {
            "accuracy": found[:, 0],
            "lost": 100 * lost,
            "uncertainty": 100 * found[:, 1],
            "noise": found[:, 2],
            "error_over_step8": _factor_of(bits),
            "size": bits / 8,
            "size_ratio": 32 / bits,
            "bits_now": bits,
            "trained": np.full(bits.shape, AS_TRAINED[0]),
            "cliff": lost > CLIFF,
        }

    def curves(self, p: Params, k: Knobs) -> Curves:
        many = len(k["bits"])
        steps = tuple(reversed(BITS))
        whole, units = (_found(np.asarray(steps), np.full(len(steps), by)) for by in (False, True))
        return {
            "bits_axis": rows(floats(steps), many),
            "layer_line": rows(whole[:, 0], many),
            "unit_line": rows(units[:, 0], many),
            "layer_noise": rows(whole[:, 2], many),
            "unit_noise": rows(units[:, 2], many),
        }


def _found(bits: np.ndarray, by_unit: np.ndarray) -> Array:
    """Return accuracy, its error and noise of each setting, shape (m, 3)."""
    pairs = zip(bits.tolist(), by_unit.tolist(), strict=True)
    return floats([ROUNDED[int(b), bool(u)] for b, u in pairs])


def _factor(before: int, after: int) -> float:
    return float(rounding_error(after) / rounding_error(before))


def _factor_of(bits: Array) -> Array:
    return rounding_error(bits) / rounding_error(8.0)
