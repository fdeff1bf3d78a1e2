"""Part C: what a price or a stake that is many times as high does to the best interval."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from labs.arranging import Array, floats, rows, same
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
from simcore import catalog
from simcore.equations.drift import retraining_cost, retraining_interval

from .sites import DAY, YEAR, per_day_squared

TIMES = (9, 16, 25, 49, 100, 400)
GROWS = ("price", "stake")
DELTAS = (1.0, 0.3, 0.1, 0.03)
INTERVALS = (1, 2, 3, 5, 7, 10, 14, 21, 30, 45, 60, 90, 120, 180, 365)
_AXIS = np.geomspace(1.0, 730.0, 60)
MB = 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """Devices, bytes of a whole update, price of a byte [USD/B], budget of a year. [USD]

    `cost` of a training [USD] and `loss`, the growth of the daily loss each day. [USD/day^2]
    """

    noun: str
    devices: int
    size: float
    price: float
    budget: float
    cost: float
    loss: float
    link: str


EGRESS = catalog.item("prices", "egress").value("transfer")
FLEETS: Mapping[str, Fleet] = {
    "cloud": Fleet(noun="customers' sites", devices=2_000, size=16e9, price=EGRESS, budget=200e3,
                   cost=1e3, loss=41.0, link="from a cloud to the internet"),
    "edge": Fleet(noun="gateways", devices=3_000, size=500e6, price=2e-9, budget=60e3,
                  cost=1e3, loss=41.0, link="over a mobile network"),
    "mobile": Fleet(noun="phones", devices=2_000_000, size=50e6, price=EGRESS, budget=200e3,
                    cost=1e3, loss=82.0, link="from a cloud to the internet"),
    "tiny": Fleet(noun="sensors", devices=20_000, size=0.3e6, price=500e-9, budget=40e3,
                  cost=1e3, loss=20.0, link="over a narrowband network"),
}  # fmt: skip


class C(Part):
    def combinations(self, track: str) -> Sequence[Params]:
        return [_params(track, FLEETS[track], k, grows) for k, grows in product(TIMES, GROWS)]

    def questions(self, p: Params) -> tuple[Question, ...]:
        k, right = float(p["times"]), _ratio(p)
        if p["grows"] == "price":
            wrong = {"in_proportion": k, "drift_decides": 1.0, "pays_off_faster": 1.0 / right}
        else:
            wrong = {"in_proportion": 1.0 / k, "price_decides": 1.0, "wait_for_it": 1.0 / right}
        options = (Option(id=name, value=x) for name, x in wrong.items())
        return (Choice(id="ratio", options=(Option(id=RIGHT, value=right), *options)),)

    def facts(self, p: Params) -> dict[str, Scalar]:
        fleet, k = FLEETS[str(p["track"])], float(p["times"])
        ratio = _ratio(p)
        base = _interval(fleet.cost, fleet.loss)
        sent = fleet.devices * fleet.size
        update = fleet.cost + sent * fleet.price
        best = _interval(update, fleet.loss)
        return {
            "ratio": ratio,
            "base": DAY * base,
            "then": DAY * base * ratio,
            "daily_ratio": _least(*_scaled(p)) / _least(fleet.cost, fleet.loss),
            "in_proportion_times": _penalty(p, k if p["grows"] == "price" else 1 / k),
            "sent": sent,
            "update": update,
            "update_times": update / fleet.cost,
            "fleet_best": DAY * best,
            "a_year": YEAR / DAY / best,
            "yearly": YEAR / DAY / best * sent * fleet.price,
            "delta_best": DAY * _interval(fleet.cost + 0.1 * sent * fleet.price, fleet.loss),
        }

    def knobs(self, p: Params) -> tuple[Knob, ...]:
        fleet = FLEETS[str(p["track"])]
        devices = tuple(int(fleet.devices * x) for x in (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0))
        return (
            Knob(id="devices", steps=devices, default=4),
            Knob(id="delta", steps=DELTAS),
            Knob(id="days", steps=INTERVALS, default=INTERVALS.index(60)),
            Knob(id="worse", steps=(0.25, 1.0, 4.0), default=1),
        )

    def evaluate(self, p: Params, k: Knobs) -> Outputs:
        fleet = FLEETS[str(p["track"])]
        days = floats(k["days"])
        sent = floats(k["devices"]) * fleet.size * floats(k["delta"])
        update = fleet.cost + sent * fleet.price
        decay = per_day_squared(fleet.loss) * floats(k["worse"])
        best = retraining_interval(update, decay=decay)
        alone = retraining_interval(fleet.cost, decay=decay)
        now = retraining_cost(DAY * days, cost=update, decay=decay)
        least = retraining_cost(best, cost=update, decay=decay)
        bill = YEAR / (DAY * days) * sent * fleet.price
        return {
            "best": best,
            "best_days": best / DAY,
            "alone": alone,
            "interval_times": best / alone,
            "update": update,
            "update_times": update / fleet.cost,
            "daily": DAY * now.total,
            "least": DAY * least.total,
            "over_least": now.total / least.total,
            "sent_a_year": YEAR / (DAY * days) * sent,
            "bill": bill,
            "budget": same(fleet.budget, bill),
            "days_now": days,
            "devices_now": floats(k["devices"]),
            "too_dear": bill > fleet.budget,
        }

    def curves(self, p: Params, k: Knobs) -> Curves:
        fleet, count = FLEETS[str(p["track"])], len(k["days"])
        sent = floats(k["devices"]) * fleet.size * floats(k["delta"])
        update = (fleet.cost + sent * fleet.price)[:, np.newaxis]
        decay = (per_day_squared(fleet.loss) * floats(k["worse"]))[:, np.newaxis]
        return {
            "intervals": rows(_AXIS, count),
            "fleet_line": _line(update, decay),
            "server_line": _line(np.full_like(update, fleet.cost), decay),
        }


def _line(cost: Array, decay: Array) -> Array:
    return np.asarray(DAY * retraining_cost(DAY * _AXIS, cost=cost, decay=decay).total)


def _params(track: str, fleet: Fleet, k: int, grows: str) -> Params:
    return {
        "track": track,
        "times": k,
        "grows": grows,
        "change_text": f"each renewal costs {k} times as much"
        if grows == "price"
        else f"a stale model loses {k} times as much, day by day",
        "story_text": f"each renewal will cost {k} times as much"
        if grows == "price"
        else f"a stale model will lose {k} times as much",
        "devices_text": quantity(fleet.devices, "int"),
        "noun": fleet.noun,
        "link_text": fleet.link,
        "size_text": quantity(fleet.size, "si B"),
    }


def _interval(cost: float, loss: float) -> float:
    """Return the best interval in days."""
    return float(retraining_interval(cost, decay=per_day_squared(loss))) / DAY


def _least(cost: float, loss: float) -> float:
    """Return what the best interval costs. [USD/s]"""
    decay = per_day_squared(loss)
    best = retraining_interval(cost, decay=decay)
    return float(retraining_cost(best, cost=cost, decay=decay).total)


def _scaled(p: Params) -> tuple[float, float]:
    """Return cost and loss once one of them has grown."""
    fleet, k = FLEETS[str(p["track"])], float(p["times"])
    if p["grows"] == "price":
        return fleet.cost * k, fleet.loss
    return fleet.cost, fleet.loss * k


def _ratio(p: Params) -> float:
    fleet = FLEETS[str(p["track"])]
    return _interval(*_scaled(p)) / _interval(fleet.cost, fleet.loss)


def _penalty(p: Params, ratio: float) -> float:
    """Return how many times the least an interval costs that is `ratio` times the old best."""
    fleet = FLEETS[str(p["track"])]
    cost, loss = _scaled(p)
    decay = per_day_squared(loss)
    chosen = DAY * ratio * _interval(fleet.cost, fleet.loss)
    best = retraining_interval(cost, decay=decay)
    totals = [float(retraining_cost(t, cost=cost, decay=decay).total) for t in (chosen, best)]
    return totals[0] / totals[1]
