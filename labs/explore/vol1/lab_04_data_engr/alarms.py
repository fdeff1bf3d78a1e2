"""Part D: the false alarms that somebody tolerates, and what a decision may then be wrong."""

from collections.abc import Mapping, Sequence
from itertools import product

import numpy as np

from labs.arranging import Array, column, floats, given, rows, same
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
    nearest,
)
from simcore.equations.evidence import trials_to_see
from simcore.equations.monitoring import decisions_per_alarm, false_alarms

from .pipeline import TASKS, Feed

MARGIN = 1.5
HOUR, DAY = 3600.0, 86_400.0
PERIODS: Mapping[str, float] = {"a month of 30 days": 30.0, "a week": 7.0, "a day": 1.0}
"""In which one false alarm is tolerated. [day]"""
HOPS, HOURS = (0.1, 0.25, 0.5, 1.0), (8, 24)
SURE = 0.95
SAFE = 10.0
"""A margin that somebody adds out of care, over what was asked. [1]"""
SPACINGS = log_steps(10, 1e9, 49, digits=2)
"""Decisions of which one is wrong. [1]"""
HITS = (1, 2, 3, 4)
EVERY = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0)
LONG = (0.5, 1, 2, 4, 8, 12, 16, 24)


class D(Part):
    challenge = Feed()

    def combinations(self, track: str) -> Sequence[Params]:
        tasks = TASKS[track]
        sets: list[Params] = [
            {
                "track": track,
                "hop": hop,
                "hop_text": given(hop, "time"),
                "hours": hours,
                "period": period,
                "period_days": days,
            }
            for hop, hours, (period, days) in product(HOPS, HOURS, PERIODS.items())
        ]
        clear = [p for p in sets if _stands_apart(p)]
        return [{**p, **tasks[i % len(tasks)].params(track)} for i, p in enumerate(clear)]

    def questions(self, p: Params) -> tuple[Question, ...]:
        options = [Option(id=name, value=value) for name, value in _wrong(p).items()]
        right = Option(id=RIGHT, value=_spacing(p))
        return (
            Choice(id="one_in", options=(right, *options)),
            Numeric(id="silence", key=_silence(p)),
        )

    def facts(self, p: Params) -> dict[str, Scalar]:
        spacing = _spacing(p)
        alarms = _alarms(floats(1e-3), floats(p["hop"]), floats(p["hours"]))
        return {
            "one_in": spacing,
            "right_share_text": _nines(spacing),
            "daily": float(p["hours"]) * HOUR / float(p["hop"]),
            "silence": _silence(p),
            "silence_over": float(trials_to_see(1 / spacing, confidence=SURE)) / spacing,
            "storm": float(alarms),
            "two_hits": float(np.sqrt(spacing)),
        }

    def knobs(self, p: Params) -> tuple[Knob, ...]:
        allowed = _spacing(p)
        return (
            Knob(id="wrong_in", steps=SPACINGS, default=nearest(SPACINGS, 3 * allowed)),
            Knob(id="every", steps=EVERY, default=EVERY.index(float(p["hop"]))),
            Knob(id="long", steps=LONG, default=LONG.index(float(p["hours"]))),
            Knob(id="hits", steps=HITS),
            Knob(id="alone", steps=(True, False)),
        )

    def evaluate(self, p: Params, k: Knobs) -> Outputs:
        rate = _at(k, 1 / floats(k["wrong_in"]))
        alarms = _alarms(rate, floats(k["every"]), floats(k["long"]))
        shown = trials_to_see(np.minimum(rate, 0.5), confidence=SURE) * floats(k["every"])
        return {
            "a_day": alarms,
            "between": DAY / alarms,
            "to_show": shown,
            "decisions": HOUR * floats(k["long"]) / floats(k["every"]),
            "wrong_in_now": floats(k["wrong_in"]),
            "tolerated": same(1 / float(p["period_days"]), alarms),
            "storm": alarms > 1.0001,
        }

    def curves(self, p: Params, k: Knobs) -> Curves:
        axis, count = floats(SPACINGS), len(k["hits"])
        many = {name: np.asarray(values)[:, np.newaxis] for name, values in k.items()}
        alarms = _alarms(_at(many, 1 / axis[np.newaxis, :]), column(k["every"]), column(k["long"]))
        plain = _alarms(1 / axis[np.newaxis, :], column(k["every"]), column(k["long"]))
        shape = (count, axis.size)
        return {
            "spacings": rows(axis, count),
            "alarms_line": np.broadcast_to(alarms, shape),
            "plain_line": np.broadcast_to(plain, shape),
        }


def _at(k: Knobs, rate: Array) -> Array:
    """Return the rate of alarms for each decision: hits in a row, apart or together. [1]"""
    alone = np.asarray(k["alone"], dtype=bool)
    return np.where(alone, rate ** floats(k["hits"]), rate)


def _alarms(rate: Array, hop: Array, hours: Array) -> Array:
    """Return false alarms a day. [1/day]"""
    return DAY * false_alarms(1, check_rate=hours / 24 / hop, false_alarm=rate)


def _spacing(p: Params) -> float:
    check_rate = float(p["hours"]) / 24 / float(p["hop"])
    found = decisions_per_alarm(check_rate, 1 / (float(p["period_days"]) * DAY))
    return float(found)


def _silence(p: Params) -> float:
    """Return days of use without an alarm that show the rate, this surely. [s]"""
    spacing = _spacing(p)
    decisions = float(trials_to_see(1 / spacing, confidence=SURE))
    return decisions * float(p["hop"]) * 24 / float(p["hours"])


def _wrong(p: Params) -> dict[str, float]:
    used = float(p["period_days"]) * float(p["hours"])
    return {
        "one_in_a_hundred": 100.0,
        "each_minute": 60 * used,
        "with_margin": SAFE * _spacing(p),
    }


def _stands_apart(p: Params) -> bool:
    key, wrong = _spacing(p), list(_wrong(p).values())
    others = [max(a / b, b / a) for i, a in enumerate(wrong) for b in wrong[i + 1 :]]
    return min(max(key / x, x / key) for x in wrong) >= MARGIN and min(others) >= 1.2


def _nines(spacing: float) -> str:
    """Return how often a decision must be right, to two digits behind the nines."""
    digits = int(np.floor(np.log10(spacing)))
    return f"{100 * (1 - 1 / spacing):.{digits}f}".rstrip("0") + "%"
