"""Part A: what the last example is worth, by a power law and on real digits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, product

import numpy as np
from numpy.typing import ArrayLike

from labs.arranging import column, floats, rows, same
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
from simcore.equations.selection import discardable_share, learning_curve, measured_exponent

from .measured import SHARES, TESTED, kept_accuracy, kept_error

ERRORS = (0.04, 0.05, 0.06, 0.08)
RISES = {0.01: "one percentage point", 0.02: "two percentage points"}
EXPONENTS: Mapping[str, Sequence[float]] = {
    "cloud": (0.25, 0.3, 0.35),
    "edge": (0.2, 0.25, 0.3),
    "mobile": (0.2, 0.3, 0.35),
    "tiny": (0.25, 0.3, 0.5),
}
MARGIN = 1.5
APART = 1.25
ALMOST_ALL = 0.9
"""What those discard who hold most data for noise. [1]"""
STEEP = (0.07, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.5)
COPIES = (0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.6)
PRICES = (0.036, 0.108, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
KEPT = tuple(reversed(SHARES))


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """What a track may train on: examples, and what labelling them may cost. [USD]"""

    examples: int
    noun: str
    price: float
    budget: float


def _label(kind: str) -> float:
    return catalog.item("prices", kind).value("label")


POOLS: Mapping[str, Pool] = {
    "cloud": Pool(examples=1_200_000, noun="images", price=_label("label-crowd"), budget=200e3),
    "edge": Pool(examples=40_000, noun="welds", price=_label("label-box"), budget=20e3),
    "mobile": Pool(examples=300_000, noun="commands", price=_label("label-crowd"), budget=50e3),
    "tiny": Pool(examples=2_000, noun="recordings", price=10.0, budget=50e3),
}


class A(Part):
    def combinations(self, track: str) -> Sequence[Params]:
        pool = POOLS[track]
        return [
            {
                "track": track,
                "error": error,
                "error_text": f"{error:.0%}",
                "rise": rise,
                "rise_text": RISES[rise],
                "exponent": exponent,
                "exponent_text": f"{exponent:g}",
                "examples_text": f"{pool.examples:,}",
                "noun": pool.noun,
            }
            for error, rise, exponent in product(ERRORS, RISES, EXPONENTS[track])
            if len(_wrong(error, rise, exponent)) == 3
        ]

    def questions(self, p: Params) -> tuple[Question, ...]:
        given_values = (float(p["error"]), float(p["rise"]), float(p["exponent"]))
        options = (Option(id=name, value=x) for name, x in _wrong(*given_values).items())
        right = Option(id=RIGHT, value=_discarded(*given_values))
        return (Choice(id="discard", options=(right, *options)),)

    def facts(self, p: Params) -> dict[str, Scalar]:
        error, rise, exponent = (float(p[name]) for name in ("error", "rise", "exponent"))
        pool = POOLS[str(p["track"])]
        discarded = _discarded(error, rise, exponent)
        few, many = 1 - kept_accuracy("random", 0, 0, SHARES[-1]), 1 - kept_accuracy(
            "random", 0, 0, 1.0
        )  # fmt: skip
        return {
            "discarded": discarded,
            "kept": 1 - discarded,
            "error_after": error + rise,
            "error_after_text": f"{error + rise:.0%}",
            "saved": discarded * pool.examples * pool.price,
            "halve": 2.0 ** (1.0 / exponent),
            "halve_words": 2.0 ** (1.0 / STEEP[0]),
            "digits_all": many,
            "digits_few": few,
            "digits_exponent": float(measured_exponent(many, part_error=few, kept=SHARES[-1])),
            "digits_error": 100 * kept_error("random", 0, 0, 1.0),
        }

    def knobs(self, p: Params) -> tuple[Knob, ...]:
        pool = POOLS[str(p["track"])]
        return (
            Knob(id="kept", steps=KEPT, default=len(KEPT) - 1),
            Knob(id="steepness", steps=STEEP, default=STEEP.index(float(p["exponent"]))),
            Knob(id="copies", steps=COPIES),
            Knob(id="price", steps=PRICES, default=PRICES.index(pool.price)),
        )

    def evaluate(self, p: Params, k: Knobs) -> Outputs:
        pool, error = POOLS[str(p["track"])], float(p["error"])
        kept, exponent = floats(k["kept"]), floats(k["steepness"])
        now = learning_curve(error, kept=kept, exponent=exponent, repeated=floats(k["copies"]))
        cost = kept * pool.examples * floats(k["price"])
        digits = floats([kept_accuracy("random", 0, 0, float(s)) for s in k["kept"]])
        return {
            "error_now": now,
            "rise_now": 100 * (now - error),
            "cost": cost,
            "halve_times": 2.0 ** (1.0 / exponent),
            "examples_now": kept * pool.examples,
            "distinct": kept * pool.examples * (1 - floats(k["copies"])),
            "budget": same(pool.budget, cost),
            "digits_now": 1 - digits,
            "images_now": kept * TESTED["pool"],
            "blown": cost > pool.budget,
        }

    def curves(self, p: Params, k: Knobs) -> Curves:
        pool, error = POOLS[str(p["track"])], float(p["error"])
        axis = np.geomspace(0.05, 1.0, 40)
        count = len(k["kept"])

        def line(exponent: ArrayLike) -> np.ndarray:
            copies = column(k["copies"])
            return learning_curve(error, kept=axis, exponent=exponent, repeated=copies)

        digits = floats([1 - kept_accuracy("random", 0, 0, s) for s in KEPT])
        return {
            "examples": rows(axis * pool.examples, count),
            "yours_line": line(column(k["steepness"])),
            "words_line": line(STEEP[0]),
            "images_line": line(0.35),
            "images": rows(floats(KEPT) * TESTED["pool"], count),
            "digits_line": rows(digits, count),
        }


def _discarded(error: float, rise: float, exponent: float) -> float:
    return float(discardable_share(error, rise=rise, exponent=exponent))


def _wrong(error: float, rise: float, exponent: float) -> dict[str, float]:
    """Return three tempting wrong shares, each clear of the right one and of the rest."""
    right = _discarded(error, rise, exponent)
    tempting = {
        "one_over_n": _discarded(error, rise, 1.0),
        "upside_down": 1.0 - (1.0 + rise / error) ** -exponent,
        "mostly_noise": ALMOST_ALL,
        "as_accuracy": rise,
    }
    clear = {n: x for n, x in tempting.items() if max(x / right, right / x) >= MARGIN}
    chosen = dict(list(clear.items())[:3])
    ordered = sorted([right, *chosen.values()])
    return chosen if all(b / a >= APART for a, b in pairwise(ordered)) else {}
