"""Part B: what scores cost, and whether the part they choose is worth it."""

from collections.abc import Mapping, Sequence
from itertools import pairwise, product

import numpy as np

from labs.arranging import floats, given, rows, same
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
from simcore.equations.selection import SelectionTerms, breakeven_projects, selection_cost

from .measured import SHARES, WARM_UPS, kept_accuracy, kept_error

SCORERS = ((1, 20), (2, 20), (5, 10), (5, 20), (10, 10), (10, 20))
"""Short trainings, and the epochs of each."""
FULL_EPOCHS = (90, 160, 200)
KEPT = (0.3, 0.4, 0.5, 0.6)
HOUR = 3600.0
FULL: Mapping[str, Sequence[float]] = {
    "cloud": (8 * HOUR, 30 * HOUR),
    "edge": (20 * HOUR, 36 * HOUR),
    "mobile": (6 * HOUR, 12 * HOUR),
    "tiny": (40 * 60.0, 90 * 60.0),
}
"""A full training. [s]"""
MARGIN = 1.5
APART = 1.15
WAYS = ("random", "hardest", "easiest")
PROJECTS = (1, 2, 5, 10, 20, 50)
_WORDS = {2: "two", 5: "five", 10: "ten"}
MISLED = 0.02
"""Accuracy below that of a random choice from which on scores have misled. [1]"""


class B(Part):
    def combinations(self, track: str) -> Sequence[Params]:
        return [
            {
                "track": track,
                "full": full,
                "full_text": given(full, "time"),
                "epochs": epochs,
                "warm_ups": warm_ups,
                "warm_ups_text": "one short training"
                if warm_ups == 1
                else f"{_WORDS[warm_ups]} short trainings with different first weights",
                "warm_epochs": warm_epochs,
                "share": share,
                "share_text": f"{share:.0%}",
            }
            for full, epochs, (warm_ups, warm_epochs), share in product(
                FULL[track], FULL_EPOCHS, SCORERS, KEPT
            )
            if _stands_apart(share, warm_ups, warm_epochs, epochs)
        ]

    def questions(self, p: Params) -> tuple[Question, ...]:
        terms, full = _terms(p), float(p["full"])
        wrong = {
            "scores_are_free": float(terms.subset),
            "part_for_nothing": float(terms.scores),
            "nothing_saved": 1.0 + float(terms.scores),
        }
        options = (Option(id=name, value=x * full) for name, x in wrong.items())
        right = Option(id=RIGHT, value=float(terms.total) * full)
        return (Choice(id="hours", options=(right, *options)),)

    def facts(self, p: Params) -> dict[str, Scalar]:
        terms, full, share = _terms(p), float(p["full"]), float(p["share"])
        reuse = float(breakeven_projects(terms.scores, kept=share))
        return {
            "total": float(terms.total),
            "hours_total": float(terms.total) * full,
            "scoring": float(terms.scores) * full,
            "subset": float(terms.subset) * full,
            "scores_share": float(terms.scores),
            "verdict": "more than training on everything"
            if terms.total > 1
            else "less than training on everything",
            "saved": full * (1 - float(terms.total)),
            "reuse": int(np.ceil(reuse)),
            "reuse_text": "from the first project on"
            if reuse <= 1
            else f"from {int(np.ceil(reuse))} projects on",
            "proxy_hours": float(_terms(p, scorer=0.1).total) * full,
            "hardest": kept_accuracy("hardest", 0, 10, 0.3),
            "everything": kept_accuracy("random", 0, 0, 1.0),
            "chance": kept_accuracy("random", 0, 0, 0.3),
            "hardest_wrong": kept_accuracy("hardest", 10, 10, 0.3),
            "easiest_wrong": kept_accuracy("easiest", 10, 10, 0.9),
            "everything_wrong": kept_accuracy("random", 10, 0, 1.0),
        }

    def knobs(self, p: Params) -> tuple[Knob, ...]:
        return (
            Knob(id="way", steps=WAYS, default=1),
            Knob(id="kept", steps=tuple(reversed(SHARES)), default=SHARES[::-1].index(0.4)),
            Knob(id="wrong", steps=(0, 10)),
            Knob(id="trainings", steps=WARM_UPS),
            Knob(id="projects", steps=PROJECTS),
        )

    def evaluate(self, p: Params, k: Knobs) -> Outputs:
        full = float(p["full"])
        terms = _terms_at(p, k)
        total = terms.total
        chosen, chance = _accuracies(k), _accuracies({**k, "way": np.full_like(k["way"], "random")})
        everything = floats([kept_accuracy("random", int(w), 0, 1.0) for w in k["wrong"]])
        return {
            "hours": total * full,
            "scores_hours": terms.scores * full,
            "subset_hours": terms.subset * full,
            "full_hours": same(full, total),
            "over_full": total,
            "accuracy": chosen,
            "chance": chance,
            "over_chance": 100 * (chosen - chance),
            "over_everything": 100 * (chosen - everything),
            "uncertainty": 100 * _errors(k),
            "everything_now": everything,
            "kept_now": floats(k["kept"]),
            "dearer": total > 1.0,
            "misled": chosen < chance - MISLED,
        }

    def curves(self, p: Params, k: Knobs) -> Curves:
        axis = SHARES[::-1]
        count = len(k["kept"])
        settings = list(zip(k["wrong"].tolist(), k["trainings"].tolist(), strict=True))
        lines = {
            f"{way}_line": floats(
                [[kept_accuracy(way, int(w), int(n), s) for s in axis] for w, n in settings]
            )
            for way in WAYS
        }
        return {"shares": rows(floats(axis), count), **lines}


def _terms(p: Params, scorer: float = 1.0) -> SelectionTerms:
    return selection_cost(
        float(p["share"]),
        warm_ups=float(p["warm_ups"]),
        warm_epochs=float(p["warm_epochs"]),
        epochs=float(p["epochs"]),
        scorer=scorer,
    )


def _terms_at(p: Params, k: Knobs) -> SelectionTerms:
    """Return the terms at these settings; chance needs no scores."""
    return selection_cost(
        floats(k["kept"]),
        warm_ups=floats(k["trainings"]),
        warm_epochs=float(p["warm_epochs"]),
        epochs=float(p["epochs"]),
        scorer=np.where(k["way"] == "random", 0.0, 1.0),
        projects=floats(k["projects"]),
    )


def _stands_apart(share: float, warm_ups: int, warm_epochs: int, epochs: int) -> bool:
    terms = selection_cost(share, warm_ups=warm_ups, warm_epochs=warm_epochs, epochs=epochs)
    total, scores = float(terms.total), float(terms.scores)
    wrong = (share, scores, 1.0 + scores)
    ordered = sorted([total, *wrong])
    return all(max(x / total, total / x) >= MARGIN for x in wrong) and all(
        b / a >= APART for a, b in pairwise(ordered)
    )


def _settings(k: Knobs) -> list[tuple[str, int, int, float]]:
    columns = (k[name].tolist() for name in ("way", "wrong", "trainings", "kept"))
    return [(str(w), int(n), int(r), float(s)) for w, n, r, s in zip(*columns, strict=True)]


def _accuracies(k: Knobs) -> np.ndarray:
    return floats([kept_accuracy(*setting) for setting in _settings(k)])


def _errors(k: Knobs) -> np.ndarray:
    return floats([kept_error(*setting) for setting in _settings(k)])
