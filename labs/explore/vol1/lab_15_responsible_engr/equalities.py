"""Part B: which equality costs most accuracy, where base rates differ, or where sight does."""

from collections.abc import Sequence
from functools import lru_cache
from itertools import product
from typing import NamedTuple

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
)
from simcore.equations.fairness import (
    CRITERIA,
    GroupRates,
    best_common_rate,
    best_threshold,
    common_rate,
    threshold_rates,
)

from .tracks import WORDS

RATES = list(product(((0.5, 0.2), (0.6, 0.2), (0.6, 0.3)), ((2.0, 2.0), (2.5, 2.5)), (0.7, 0.8)))
"""Base rates differ, the score sees both groups as well: base rates, separations, share of A."""
SIGHTS = [(2.5, 1.2), (3.0, 1.2), (3.0, 1.5)]
RARE = [((p, p), d, w) for p, d, w in product((0.2, 0.25), SIGHTS, (0.5, 0.7))]
COMMON = [((p, p), d, w) for p, d, w in product((0.75, 0.8), SIGHTS, (0.5, 0.7))]
"""Base rates are alike, the score sees one group better: what it looks for is rare, or common."""

ALLOWED = 0.05
"""How far groups may differ before a rule counts as broken. [1]"""
THRESHOLDS = tuple(round(x, 1) for x in np.arange(-2.0, 2.01, 0.1))
RATE_AXIS = np.linspace(0.02, 0.98, 49)
SWEEP = np.linspace(-4.0, 4.0, 65)


class Groups(NamedTuple):
    """Two groups of a score: base rates, separations, and the first one's share of people. [1]"""

    bases: tuple[float, float]
    separations: tuple[float, float]
    first_share: float


class B(Part):
    def combinations(self, track: str) -> Sequence[Params]:
        return [
            {
                "base_a": bases[0], "base_b": bases[1],
                "sight_a": sights[0], "sight_b": sights[1],
                "first_share": share, "allowed": ALLOWED,
                **WORDS[track],
            }
            for bases, sights, share in [*RATES, *RARE, *COMMON]
        ]  # fmt: skip

    def questions(self, p: Params) -> tuple[Question, ...]:
        found = prices(groups_of(p))
        dearest = max(found, key=lambda name: found[name])
        options = [
            Option(id=RIGHT if name == dearest else name, value=name)
            for name in (*CRITERIA, "nothing")
        ]
        return (
            Choice(id="dearest", options=tuple(options)),
            Numeric(id="price", key=found[dearest]),
        )

    def facts(self, p: Params) -> dict[str, Scalar]:
        groups = groups_of(p)
        found = prices(groups)
        dearest = max(found, key=lambda name: found[name])
        free = free_thresholds(groups)
        a, b = (rates_of(groups, i, floats(t)) for i, t in enumerate(free))
        alike = groups.separations[0] == groups.separations[1]
        return {
            "dearest": dearest,
            "dearest_text": NAMES[dearest],
            "price": found[dearest],
            "price_selected": found["selected"],
            "price_found": found["true_positive"],
            "price_alarms": found["false_positive"],
            "others": max(x for name, x in found.items() if name != dearest),
            "free": free_accuracy(groups),
            "free_selected_a": float(a.selected), "free_selected_b": float(b.selected),
            "free_found_a": float(a.true_positive), "free_found_b": float(b.true_positive),
            "free_alarms_a": float(a.false_positive), "free_alarms_b": float(b.false_positive),
            "cause": "different base rates" if alike else "a score that sees one group better",
            "thousands": 1000 * found[dearest],
        }  # fmt: skip

    def knobs(self, p: Params) -> tuple[Knob, ...]:
        groups = groups_of(p)
        first = int(np.argmin(np.abs(floats(THRESHOLDS) - free_thresholds(groups)[0])))
        a, b = (rates_of(groups, i, floats(THRESHOLDS)).selected for i in range(2))
        return (
            Knob(id="threshold_a", steps=THRESHOLDS, default=first),
            # As large a share as of the first group, so that the rule holds until somebody moves.
            Knob(id="threshold_b", steps=THRESHOLDS, default=int(np.argmin(np.abs(b - a[first])))),
            Knob(id="rule", steps=CRITERIA),
        )

    def evaluate(self, p: Params, k: Knobs) -> Outputs:
        groups = groups_of(p)
        a, b = (rates_of(groups, i, floats(k[f"threshold_{x}"])) for i, x in enumerate("ab"))
        gaps = {name: np.abs(getattr(a, name) - getattr(b, name)) for name in CRITERIA}
        rule = np.asarray(k["rule"])
        gap = np.select([rule == name for name in CRITERIA], [gaps[name] for name in CRITERIA])
        least = prices(groups)
        w = groups.first_share
        accuracy = w * a.accuracy + (1 - w) * b.accuracy
        return {
            "accuracy": accuracy,
            "lost": np.maximum(0.0, free_accuracy(groups) - accuracy),
            "gap": gap,
            "least": floats([least[name] for name in rule.tolist()]),
            "rule_text": np.asarray([NAMES[name] for name in rule.tolist()]),
            "free": same(free_accuracy(groups), gap),
            "selected_a": a.selected, "selected_b": b.selected,
            "found_a": a.true_positive, "found_b": b.true_positive,
            "alarms_a": a.false_positive, "alarms_b": b.false_positive,
            "precision_a": a.precision, "precision_b": b.precision,
            "unequal": gap > ALLOWED,
        }  # fmt: skip

    def curves(self, p: Params, k: Knobs) -> Curves:
        groups, many = groups_of(p), len(k["rule"])
        lines: Curves = {"rates": rows(RATE_AXIS, many)}
        for name in CRITERIA:
            lines[f"{name}_line"] = rows(accuracy_line(name, groups), many)
        for i, x in enumerate("ab"):
            swept = rates_of(groups, i, SWEEP[::-1])
            lines[f"alarms_line_{x}"] = rows(swept.false_positive, many)
            lines[f"found_line_{x}"] = rows(swept.true_positive, many)
        return lines


NAMES = {
    "selected": "equal shares decided against",
    "true_positive": "equal shares found",
    "false_positive": "equal false alarms",
}


def groups_of(p: Params) -> Groups:
    return Groups(
        bases=(float(p["base_a"]), float(p["base_b"])),
        separations=(float(p["sight_a"]), float(p["sight_b"])),
        first_share=float(p["first_share"]),
    )


def rates_of(groups: Groups, which: int, threshold: Array) -> GroupRates:
    return threshold_rates(
        threshold, base_rate=groups.bases[which], separation=groups.separations[which]
    )


@lru_cache(maxsize=256)
def free_thresholds(groups: Groups) -> tuple[float, float]:
    """Return the thresholds of the highest accuracy, each group with its own."""
    first, second = (
        float(best_threshold(base_rate=p, separation=d))
        for p, d in zip(groups.bases, groups.separations, strict=True)
    )
    return first, second


@lru_cache(maxsize=256)
def free_accuracy(groups: Groups) -> float:
    first, second = (
        float(rates_of(groups, i, floats(t)).accuracy)
        for i, t in enumerate(free_thresholds(groups))
    )
    return groups.first_share * first + (1 - groups.first_share) * second


@lru_cache(maxsize=256)
def prices(groups: Groups) -> dict[str, float]:
    """Return the accuracy that each equality costs at the least, against free thresholds. [1]"""
    return {
        name: free_accuracy(groups) - float(
            best_common_rate(
                name, base_rates=groups.bases, separations=groups.separations,
                first_share=groups.first_share,
            ).accuracy
        )
        for name in CRITERIA
    }  # fmt: skip


@lru_cache(maxsize=256)
def accuracy_line(criterion: str, groups: Groups) -> Array:
    found = common_rate(
        criterion, RATE_AXIS, base_rates=groups.bases, separations=groups.separations,
        first_share=groups.first_share,
    )  # fmt: skip
    return found.accuracy
