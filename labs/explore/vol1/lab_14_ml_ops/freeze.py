"""Part D: cycles that are skipped to save money; and the plan to watch or to retrain."""

from collections.abc import Sequence
from itertools import pairwise, product

import numpy as np

from labs.arranging import Array, column, floats, rows, same
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
from labs.text import quantity
from simcore.equations.drift import retraining_cost, retraining_interval, retraining_spent

from .plan import BRIEFS, Watching
from .sites import DAY, SITES, YEAR, per_day_squared

SKIPPED = (2, 3, 4, 5)
PACES = (0.2, 0.25, 0.5, 1.0, 1.5)
"""Cadences in use over the best one. [1]"""
MARGIN = 1.5
APART = 1.25
SKIPS = tuple(range(13))
DOWNSTREAM = (0, 1, 2, 3, 5)
PASSED_ON = (0.0, 0.1, 0.2, 0.5)
_CYCLES = np.linspace(0.0, 13.0, 157)[:-1]


class D(Part):
    challenge = Watching()

    def combinations(self, track: str) -> Sequence[Params]:
        site, briefs = SITES[track], BRIEFS[track]
        found = [
            _params(track, cost, loss, pace, skipped)
            for cost, loss, pace, skipped in product(site.costs, site.losses, PACES, SKIPPED)
        ]
        apart = [p for p in found if float(p["days"]) >= 1 and _stands_apart(p)]
        return [{**p, **briefs[i % len(briefs)].params()} for i, p in enumerate(apart)]

    def questions(self, p: Params) -> tuple[Question, ...]:
        options = (Option(id=name, value=x) for name, x in _wrong(p).items())
        return (Choice(id="times", options=(Option(id=RIGHT, value=_times(p)), *options)),)

    def facts(self, p: Params) -> dict[str, Scalar]:
        cost, loss, cycles = float(p["cost"]), float(p["loss"]), float(p["skipped"]) + 1
        days = float(p["days"])
        best = float(retraining_interval(cost, decay=per_day_squared(loss))) / DAY
        span = cycles * days
        kept, frozen = _spent(cost, loss, days, span), _spent(cost, loss, span, span)
        return {
            "times_it": _times(p),
            "kept": kept,
            "frozen": frozen,
            "saved": float(p["skipped"]) * cost,
            "lost": frozen - kept + float(p["skipped"]) * cost,
            "span": DAY * span,
            "best": DAY * best,
            "pace": days / best,
            "verdict": "The freeze was a saving" if frozen < kept else "The freeze was a loan",
            "reason": "because the cadence had been far too fast"
            if frozen < kept
            else "because staleness grows with the square of the wait",
            "at_best": _spent(cost, loss, cycles * best, 1.0) / _spent(cost, loss, best, 1.0),
        }

    def knobs(self, p: Params) -> tuple[Knob, ...]:
        return (
            Knob(id="skips", steps=SKIPS),
            Knob(id="pace", steps=(0.25, 0.5, 1.0, 2.0), default=2),
            Knob(id="models", steps=DOWNSTREAM),
            Knob(id="passed_on", steps=PASSED_ON, default=2),
        )

    def evaluate(self, p: Params, k: Knobs) -> Outputs:
        cost, days = float(p["cost"]), float(p["days"]) * floats(k["pace"])
        decay, cycles = _decay(p, k), floats(k["skips"]) + 1
        kept = retraining_cost(DAY * days, cost=cost, decay=decay)
        frozen = retraining_cost(DAY * days * cycles, cost=cost, decay=decay)
        span = DAY * days * cycles
        extra = (frozen.total - kept.total) * span
        year = YEAR / DAY / days * cost
        return {
            "ratio": frozen.total / kept.total,
            "extra": extra,
            "saved": floats(k["skips"]) * cost,
            "lost": (frozen.staleness - kept.staleness) * span,
            "kept_cost": kept.total * span,
            "frozen_cost": frozen.total * span,
            "span": span,
            "year_budget": year,
            "cadence": DAY * days,
            "skips_now": floats(k["skips"]),
            "even": same(1.0, days),
            "debt": extra > year,
        }

    def curves(self, p: Params, k: Knobs) -> Curves:
        count = len(k["skips"])
        interval = column(DAY * float(p["days"]) * floats(k["pace"]))
        decay, span = column(_decay(p, k)), interval * column(floats(k["skips"]) + 1)
        time = interval * _CYCLES
        given: dict[str, Array] = {"cost": floats(p["cost"]), "decay": decay}
        kept = retraining_spent(time, interval=interval, **given)
        # After the freeze the cadence goes on, from a model renewed.
        freeze = retraining_spent(np.minimum(time, 0.999999 * span), interval=span, **given)
        after = retraining_spent(np.maximum(time - span, 0.0), interval=interval, **given)
        waits = interval * (floats(SKIPS) + 1)
        ratios = retraining_cost(waits, **given).total / retraining_cost(interval, **given).total
        return {
            "cycles": rows(_CYCLES, count),
            "kept_line": kept,
            "frozen_line": freeze + np.where(time >= span, after, 0.0),
            "skip_axis": rows(floats(SKIPS), count),
            "ratio_line": ratios,
        }


def _decay(p: Params, k: Knobs) -> Array:
    """Return what a stale model loses, in all the models that live on its answers. [USD/s^2]"""
    fed = 1.0 + floats(k["models"]) * floats(k["passed_on"])
    return np.asarray(per_day_squared(float(p["loss"])) * fed)


def _params(track: str, cost: float, loss: float, pace: float, skipped: int) -> Params:
    best = float(retraining_interval(cost, decay=per_day_squared(loss))) / DAY
    days = max(1, round(pace * best))
    return {
        "track": track,
        "what": SITES[track].what,
        "cost": cost,
        "cost_text": quantity(cost, "usd"),
        "loss": loss,
        "loss_text": quantity(loss, "int"),
        "days": days,
        "days_text": "every day" if days == 1 else f"every {days} days",
        "skipped": skipped,
        "skipped_text": {2: "two", 3: "three", 4: "four", 5: "five"}[skipped],
    }


def _times(p: Params) -> float:
    """Return the cost of the freeze over that of the cadence, in the same time."""
    given = {"cost": float(p["cost"]), "decay": per_day_squared(float(p["loss"]))}
    interval = DAY * float(p["days"])
    frozen = retraining_cost(interval * (float(p["skipped"]) + 1), **given)
    return float(frozen.total / retraining_cost(interval, **given).total)


def _spent(cost: float, loss: float, days: float, span: float) -> float:
    """Return what training every so many days costs in a span of days, staleness included."""
    terms = retraining_cost(DAY * days, cost=cost, decay=per_day_squared(loss))
    return DAY * span * float(terms.total)


def _wrong(p: Params) -> dict[str, float]:
    cycles = float(p["skipped"]) + 1
    return {"it_evens_out": 1.0, "with_the_wait": cycles, "trainings_alone": 1.0 / cycles}


def _stands_apart(p: Params) -> bool:
    right, wrong = _times(p), _wrong(p).values()
    ordered = sorted([right, *wrong])
    return min(max(x / right, right / x) for x in wrong) >= MARGIN and all(
        b / a >= APART for a, b in pairwise(ordered)
    )
