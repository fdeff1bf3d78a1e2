"""Part A: what equal precision and equal sensitivity leave for those who did nothing."""

from collections.abc import Sequence
from itertools import product

import numpy as np

from labs.arranging import column, floats, rows
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
    with_value,
)
from simcore.equations.evidence import false_positive_rate
from simcore.equations.fairness import confusion_rates

from .tracks import WORDS

PAIRS = ((0.5, 0.2), (0.6, 0.2), (0.5, 0.1), (0.6, 0.3), (0.4, 0.1), (0.7, 0.4))
PRECISIONS = (0.7, 0.8)
FOUND = (0.6, 0.7, 0.8)

PEOPLE = 1000
BASES = tuple(round(x, 2) for x in np.arange(0.05, 0.81, 0.05))
AXIS = np.linspace(0.02, 0.8, 40)

COUNTED = {"a": (1369, 805, 532, 990), "b": (505, 349, 461, 1139)}
"""People of Broward County flagged rightly, wrongly, missed, cleared rightly; Larson et al. 2016,
two-year recidivism: black and white defendants."""


class A(Part):
    def combinations(self, track: str) -> Sequence[Params]:
        return [
            {"base_a": a, "base_b": b, "precision": precision, "found": found, **WORDS[track]}
            for (a, b), precision, found in product(PAIRS, PRECISIONS, FOUND)
        ]

    def questions(self, p: Params) -> tuple[Question, ...]:
        a, b = float(p["base_a"]), float(p["base_b"])
        first, second = wrongly(p)
        return (
            Choice(
                id="ratio",
                options=(
                    Option(id=RIGHT, value=first / second),
                    Option(id="same_rates", value=1.0),
                    Option(id="like_the_rates", value=a / b),
                    Option(id="rarer_suffers", value=b / a),
                ),
            ),
        )

    def facts(self, p: Params) -> dict[str, Scalar]:
        first, second = wrongly(p)
        county = {name: confusion_rates(*counts) for name, counts in COUNTED.items()}
        return {
            "wrong_a": first,
            "wrong_b": second,
            "of_thousand_a": PEOPLE * first,
            "of_thousand_b": PEOPLE * second,
            "ratio": first / second,
            "odds_a": float(p["base_a"]) / (1 - float(p["base_a"])),
            "odds_b": float(p["base_b"]) / (1 - float(p["base_b"])),
            "missed": 1 - float(p["found"]),
            "county_a": float(county["a"].false_positive),
            "county_b": float(county["b"].false_positive),
            "county_precision_a": float(county["a"].precision),
            "county_precision_b": float(county["b"].precision),
        }

    def knobs(self, p: Params) -> tuple[Knob, ...]:
        rates = {name: with_value(BASES, float(p[name])) for name in ("base_a", "base_b")}
        precisions = tuple(round(x, 2) for x in np.arange(0.5, 0.96, 0.05))
        shares = tuple(round(x, 1) for x in np.arange(0.3, 1.01, 0.1))
        return (
            *(Knob(id=f"now_{name}", steps=steps, default=i) for name, (steps, i) in rates.items()),
            Knob(id="now_precision", steps=precisions,
                 default=precisions.index(float(p["precision"]))),
            Knob(id="now_found", steps=shares, default=shares.index(float(p["found"]))),
        )  # fmt: skip

    def evaluate(self, p: Params, k: Knobs) -> Outputs:
        found = floats(k["now_found"])
        groups = {name: floats(k[f"now_base_{name}"]) for name in "ab"}
        wrong = {
            name: false_positive_rate(base, precision=k["now_precision"], miss_rate=1 - found)
            for name, base in groups.items()
        }
        outputs: Outputs = {
            "ratio": wrong["a"] / wrong["b"],
            "missed": 1 - found,
            "impossible": np.maximum(wrong["a"], wrong["b"]) > 1,
        }
        for name, base in groups.items():
            kept = np.minimum(wrong[name], 1.0)
            outputs |= {
                f"base_now_{name}": base,
                f"wrong_{name}": wrong[name],
                f"rightly_{name}": PEOPLE * base * found,
                f"overlooked_{name}": PEOPLE * base * (1 - found),
                f"wrongly_{name}": PEOPLE * (1 - base) * kept,
                f"cleared_{name}": PEOPLE * (1 - base) * (1 - kept),
            }
        return outputs

    def curves(self, p: Params, k: Knobs) -> Curves:
        line = false_positive_rate(
            AXIS[np.newaxis, :], precision=column(k["now_precision"]),
            miss_rate=1 - column(k["now_found"]),
        )  # fmt: skip
        return {"bases": rows(AXIS, len(line)), "wrong_line": line}


def wrongly(p: Params) -> tuple[float, float]:
    """Return the share of innocents decided against, in either group."""
    found = false_positive_rate(
        [float(p["base_a"]), float(p["base_b"])],
        precision=float(p["precision"]),
        miss_rate=1 - float(p["found"]),
    )
    return float(found[0]), float(found[1])
