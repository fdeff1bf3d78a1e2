"""Part C: the student's own predictions of the term, by the idea that they rested on."""

from collections.abc import Mapping, Sequence

import numpy as np

from labs.arranging import Array, floats, rows, same
from labs.contract import (
    RIGHT,
    Choice,
    Curves,
    Knob,
    Knobs,
    Numeric,
    Option,
    Outputs,
    Params,
    Part,
    Question,
    Scalar,
    log_steps,
)
from labs.text import significant
from simcore.equations.judgement import factor_holding, share_within

from .tracks import is_own

IDEAS: Mapping[str, tuple[str, ...]] = {
    "memory": (
        "magnitude_error",
        "pace_error",
        "weights_error",
        "passes_error",
        "energy_error",
        "roofline_error",
        "fusion_error",
    ),
    "amdahl": ("tool_error", "amdahl_error"),
    "tails": ("search_error", "tail_error", "queue_error"),
    "drift": ("drift_error", "retrain_error"),
    "fairness": ("fairness_error", "reason_error", "account_error"),
}
"""What the ledger holds of each idea: labs 1, 4, 6, 7, 10, 11; 3, 12; 3, 12, 13; 14; 15."""
EVEN = "even"
APART = 0.05
"""Powers of ten by which the worst idea must stand out. [1]"""
BLIND = 1.0
"""A power of ten: a blind spot. [1]"""
BANDS = log_steps(1.1, 30.0, 25, digits=2)
BAND_AXIS = np.geomspace(1.0, 30.0, 60)
NO_POINTS = 999.0
"""The ledger's default for an error in points: none on record."""
HALF, NINE_TENTHS = 0.5, 0.9
TOO_WIDE = 3.0
"""Times the range that holds nine tenths: beyond, an estimate says nothing. [1]"""


class C(Part):
    def combinations(self, track: str) -> Sequence[Params]:
        return [{"place": track, "ideas": len(IDEAS)}]

    def questions(self, p: Params) -> tuple[Question, ...]:
        worst = blind_spot(p)
        options = [
            Option(id=RIGHT if name == worst else name, value=name) for name in (*IDEAS, EVEN)
        ]
        return (
            Choice(id="spot", options=tuple(options)),
            Numeric(id="typical", key=_median(every_error(p))),
        )

    def facts(self, p: Params) -> dict[str, Scalar]:
        means = idea_errors(p)
        errors = every_error(p)
        own = [x for x in errors.tolist() if is_own(x)]
        worst = max(means, key=lambda name: means[name])
        signed = [x for x in own if x != 0]
        high = sum(x > 0 for x in signed)
        return {
            "spot": blind_spot(p),
            "typical": _median(errors),
            "own": len(own),
            "ideas_text": _widest(len(own), means),
            "record_text": _in_words(len(own), _median(errors), worst),
            "of": errors.size,
            "too_high": high,
            "too_low": len(signed) - high,
            "within_two": float(share_within(errors, factor=2.0)),
            "heat_text": _points(float(p["past_heat_points"])),
        }

    def knobs(self, p: Params) -> tuple[Knob, ...]:
        return (Knob(id="band", steps=BANDS, default=int(np.argmin(np.abs(floats(BANDS) - 3)))),)

    def evaluate(self, p: Params, k: Knobs) -> Outputs:
        band = floats(k["band"])
        errors, means = every_error(p), idea_errors(p)
        inside = share_within(errors, factor=band)
        wide = float(factor_holding(errors, share=NINE_TENTHS))
        blind = sum(size > BLIND for size in means.values())
        return {
            "inside": inside,
            "outside": (1 - inside) * errors.size,
            "band_now": band,
            "own": same(sum(is_own(x) for x in errors.tolist()), band),
            "typical_now": same(_median(errors), band),
            "blind": same(blind, band),
            **{f"{name}_factor": same(10 ** size, band) for name, size in means.items()},
            "wide": same(wide, band),
            "no_use": (inside < HALF) | (band > TOO_WIDE * wide),
        }  # fmt: skip

    def curves(self, p: Params, k: Knobs) -> Curves:
        many = len(k["band"])
        errors = every_error(p)
        own = np.asarray([is_own(x) for x in errors.tolist()])
        shown = np.where(own, np.clip(errors, -1.5, 1.5), np.nan)
        return {
            "starts": rows(np.minimum(shown, 0.0), many),
            "ends": rows(np.maximum(shown, 0.0), many),
            "lanes": rows(range(errors.size), many),
            "band_axis": rows(BAND_AXIS, many),
            "inside_line": rows(share_within(errors, factor=BAND_AXIS), many),
        }


NAMES = {
    "memory": "the memory wall",
    "amdahl": "the part nobody touched",
    "tails": "queues and tails",
    "drift": "silent degradation",
    "fairness": "fairness and its bill",
}


def _median(errors: Array) -> float:
    return float(factor_holding(errors, share=HALF))


def _widest(own: int, means: Mapping[str, float]) -> str:
    if own == 0:
        return "No idea of yours is on record."
    first, last = max(means, key=means.__getitem__), min(means, key=means.__getitem__)
    return (
        f"Your widest idea is {NAMES[first]}, {significant(10 ** means[first], 3)} times off on "
        f"average, your nearest {NAMES[last]}, {significant(10 ** means[last], 3)} times."
    )


def _in_words(own: int, typical: float, worst: str) -> str:
    if own == 0:
        return "None of this term's predictions is in it yet; defaults stood in."
    return (
        f"Half of its errors are within a factor of {significant(typical, 3)}; the idea with the "
        f"widest error was {NAMES[worst]}."
    )


def _points(points: float) -> str:
    if points == NO_POINTS:
        return "nothing on record"
    if abs(points) < 1:
        return "within a point"
    return f"{abs(points):.2g} points too {'high' if points > 0 else 'low'}"


def every_error(p: Params) -> Array:
    """Return all errors, in the order of the ideas; the default where nothing is on record."""
    return floats([float(p[name]) for names in IDEAS.values() for name in names])


def idea_errors(p: Params) -> dict[str, float]:
    """Return each idea's mean size of error, of what is on record, else of the defaults."""
    found = {}
    for idea, names in IDEAS.items():
        errors = [float(p[name]) for name in names]
        own = [x for x in errors if is_own(x)]
        found[idea] = float(np.mean(np.abs(own or errors)))
    return found


def blind_spot(p: Params) -> str:
    """Return the idea that stands out as misjudged most, or that none does."""
    means = idea_errors(p)
    first, second = sorted(means, key=lambda name: -means[name])[:2]
    return first if means[first] - means[second] >= APART else EVEN
