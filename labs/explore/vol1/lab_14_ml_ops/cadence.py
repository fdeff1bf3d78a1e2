"""Part B: how often to train again, once staleness and training both cost."""

from collections.abc import Mapping, Sequence
from itertools import pairwise, product

import numpy as np

from labs.arranging import floats, rows, same
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
from simcore.equations.drift import retraining_cost, retraining_interval

from .sites import DAY, SITES, YEAR, per_day_squared

DAYS = (1, 2, 3, 4, 5, 6, 7, 10, 14, 21, 30, 45, 60, 75, 90, 120, 180)
HABITS: Mapping[str, tuple[str, int]] = {
    "cloud": ("every night", 1),
    "edge": ("every quarter", 91),
    "mobile": ("every night", 1),
    "tiny": ("every year", 365),
}
CALENDAR = (91, 7)
"""Intervals that people pick because they are round: a quarter, a week. [day]"""
LONGEST = 1000.0
"""Beyond that nobody would believe the wrong answer. [day]"""
FACTORS = (0.25, 0.5, 1.0, 2.0, 4.0)
MARGIN = 1.5
APART = 1.25
_AXIS = np.geomspace(1.0, 365.0, 60)


class B(Part):
    def combinations(self, track: str) -> Sequence[Params]:
        site = SITES[track]
        return [
            _params(track, cost, loss)
            for cost, loss in product(site.costs, site.losses)
            if cost / loss <= LONGEST and _stands_apart(cost, loss)
        ]

    def questions(self, p: Params) -> tuple[Question, ...]:
        cost, loss = float(p["cost"]), float(p["loss"])
        options = (Option(id=name, value=DAY * x) for name, x in _wrong(cost, loss).items())
        right = Option(id=RIGHT, value=DAY * _best(cost, loss))
        return (Choice(id="interval", options=(right, *options)),)

    def facts(self, p: Params) -> dict[str, Scalar]:
        site, (habit, habit_days) = SITES[str(p["track"])], HABITS[str(p["track"])]
        cost, loss = float(p["cost"]), float(p["loss"])
        best = _best(cost, loss)
        least, at_habit, half = (
            _daily(days, cost, loss) for days in (best, float(habit_days), best / 2)
        )
        return {
            "best": DAY * best,
            "best_days": best,
            "cost_kept": cost,
            "loss_kept": loss,
            "least": least,
            "half_of_it": least / 2,
            "habit": habit,
            "habit_times": at_habit / least,
            "half_times": half / least,
            "last_day": loss * best,
            "balance_days": cost / loss,
            "points": 100 * site.fade * best,
            "floor_points": 100 * site.floor,
            "floor_days": site.floor / site.fade,
            "floor_text": "holds" if site.fade * best <= site.floor else "breaks",
            "a_year": YEAR / DAY / best,
        }

    def knobs(self, p: Params) -> tuple[Knob, ...]:
        return (
            Knob(id="days", steps=DAYS, default=DAYS.index(5)),
            Knob(id="dearer", steps=FACTORS, default=FACTORS.index(1.0)),
            Knob(id="worse", steps=FACTORS, default=FACTORS.index(1.0)),
        )

    def evaluate(self, p: Params, k: Knobs) -> Outputs:
        site = SITES[str(p["track"])]
        days = floats(k["days"])
        cost = float(p["cost"]) * floats(k["dearer"])
        decay = per_day_squared(float(p["loss"])) * floats(k["worse"])
        now = retraining_cost(DAY * days, cost=cost, decay=decay)
        best = retraining_interval(cost, decay=decay)
        least = retraining_cost(best, cost=cost, decay=decay).total
        points = site.fade * floats(k["worse"]) * days
        return {
            "daily": DAY * now.total,
            "training": DAY * now.training,
            "staleness": DAY * now.staleness,
            "over_least": now.total / least,
            "best": best,
            "best_days": best / DAY,
            "least": DAY * least,
            "points": 100 * points,
            "floor_points": same(100 * site.floor, days),
            "days_now": days,
            "below_floor": points > site.floor + 1e-12,
        }

    def curves(self, p: Params, k: Knobs) -> Curves:
        count = len(k["days"])
        cost = (float(p["cost"]) * floats(k["dearer"]))[:, np.newaxis]
        decay = (per_day_squared(float(p["loss"])) * floats(k["worse"]))[:, np.newaxis]
        terms = retraining_cost(DAY * _AXIS, cost=cost, decay=decay)
        return {
            "intervals": rows(_AXIS, count),
            "total_line": DAY * terms.total,
            "training_line": DAY * terms.training,
            "staleness_line": DAY * terms.staleness,
        }


def _params(track: str, cost: float, loss: float) -> Params:
    return {
        "track": track,
        "what": SITES[track].what,
        "cost": cost,
        "cost_text": quantity(cost, "usd"),
        "loss": loss,
        "loss_text": quantity(loss, "int"),
        "twice_text": quantity(2 * loss, "int"),
    }


def _best(cost: float, loss: float) -> float:
    """Return the best interval in days."""
    return float(retraining_interval(cost, decay=per_day_squared(loss))) / DAY


def _daily(days: float, cost: float, loss: float) -> float:
    terms = retraining_cost(DAY * days, cost=cost, decay=per_day_squared(loss))
    return DAY * float(terms.total)


def _wrong(cost: float, loss: float) -> dict[str, float]:
    """Return the wrong intervals, in days."""
    right = _best(cost, loss)
    calendar = next(x for x in CALENDAR if max(x / right, right / x) >= 2 * MARGIN)
    return {
        "as_often_as_possible": 1.0,
        "last_day_pays": cost / loss,
        "by_the_calendar": float(calendar),
    }


def _stands_apart(cost: float, loss: float) -> bool:
    right, wrong = _best(cost, loss), _wrong(cost, loss).values()
    ordered = sorted([right, *wrong])
    return min(max(x / right, right / x) for x in wrong) >= MARGIN and all(
        b / a >= APART for a, b in pairwise(ordered)
    )
