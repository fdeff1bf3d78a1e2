"""Part B: one careful experiment a week, or a rough one every hour."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from labs.arranging import Array, column, floats, given, rows
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
    with_value,
)
from simcore.equations.evidence import trials_to_see
from simcore.equations.robustness import at_least_one
from simcore.equations.workflow import best_of

from .measured import ACCURACIES

HOUR, WEEK = 3600.0, 7 * 86_400.0
SURE, EVEN = 0.95, 0.5
SHARES = (0.01, 0.02, 0.05, 0.1)
LIST = 1000
"""Settings that somebody could write down and go through. [1]"""
WEEKS = (1, 2, 4, 8, 13, 26, 39, 52)
HALF_A_YEAR = 26


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How long one experiment takes with care and in a hurry [s]; horizons in weeks."""

    slow: float
    fast: float
    horizons: Sequence[int]


PACES: Mapping[str, Pace] = {
    "cloud": Pace(slow=24 * HOUR, fast=1 * HOUR, horizons=(2, 4, 13)),
    "edge": Pace(slow=96 * HOUR, fast=4 * HOUR, horizons=(8, 13, 26)),
    "mobile": Pace(slow=168 * HOUR, fast=2 * HOUR, horizons=(13, 26, 39)),
    "tiny": Pace(slow=48 * HOUR, fast=0.5 * HOUR, horizons=(4, 8, 13)),
}
CYCLES = log_steps(0.25 * HOUR, 336 * HOUR, 40, digits=2)
RATES = log_steps(0.005, 0.2, 33, digits=2)


class B(Part):
    def combinations(self, track: str) -> Sequence[Params]:
        pace = PACES[track]
        sets: list[Params] = [
            {
                "track": track,
                "share": share,
                "slow": pace.slow,
                "slow_text": given(pace.slow, "time"),
                "fast": pace.fast,
                "fast_text": given(pace.fast, "time"),
                "weeks": weeks,
                "list": LIST,
            }
            for share, weeks in product(SHARES, pace.horizons)
        ]
        return [p for p in sets if 0.05 < _chance(p, "slow") < 0.97]

    def questions(self, p: Params) -> tuple[Question, ...]:
        share, slow = float(p["share"]), float(p["slow"])
        wrong = {
            "on_average": slow / share,
            "even_odds": slow * _trials(share, EVEN),
            "whole_list": slow * LIST,
        }
        options = [Option(id=name, value=value) for name, value in wrong.items()]
        right = Option(id=RIGHT, value=slow * _trials(share, SURE))
        return (
            Choice(id="until", options=(right, *options)),
            Numeric(id="chance", key=_chance(p, "slow")),
        )

    def facts(self, p: Params) -> dict[str, Scalar]:
        share = float(p["share"])
        trials = _trials(share, SURE)
        tried = {name: _tried(p, name) for name in ("slow", "fast")}
        best = {name: float(best_of(ACCURACIES, max(n, 1.0))) for name, n in tried.items()}
        until = trials * float(p["slow"])
        return {
            "trials": int(trials),
            "until_slow": until,
            "until_fast": trials * float(p["fast"]),
            "weeks_slow": until / WEEK,
            "cycle_h": float(p["fast"]) / HOUR,
            "chance_slow": _chance(p, "slow"),
            "chance_fast": _chance(p, "fast"),
            "tried_slow": int(tried["slow"]),
            "tried_fast": int(tried["fast"]),
            "best_slow": best["slow"],
            "best_fast": best["fast"],
            "first_try": float(np.mean(ACCURACIES)),
            "very_best": max(ACCURACIES),
            "average": 1 / share,
            "ever_missed": (1 - share) ** (1 / share),
            "real_trials": len(ACCURACIES),
        }

    def knobs(self, p: Params) -> tuple[Knob, ...]:
        shares, start = with_value(RATES, float(p["share"]))
        fast, slow = float(p["fast"]), float(p["slow"])
        cycles = tuple(sorted({*CYCLES, fast, slow}))
        # It opens at a pace that just about ends within half a year.
        calm = min(slow, 0.5 * HALF_A_YEAR * WEEK / _trials(float(p["share"]), SURE))
        return (
            Knob(id="good", steps=shares, default=start),
            Knob(id="careful", steps=cycles, default=nearest(cycles, calm)),
            Knob(id="hurried", steps=cycles, default=cycles.index(fast)),
            Knob(id="horizon", steps=WEEKS, default=WEEKS.index(HALF_A_YEAR)),
        )

    def evaluate(self, p: Params, k: Knobs) -> Outputs:
        share, time = floats(k["good"]), WEEK * floats(k["horizon"])
        trials = np.ceil(trials_to_see(share, confidence=SURE))
        until = {name: trials * floats(k[name]) for name in ("careful", "hurried")}
        tried = {name: np.floor(time / floats(k[name])) for name in ("careful", "hurried")}
        return {
            "until_careful": until["careful"],
            "until_hurried": until["hurried"],
            "chance_careful": at_least_one(share, tried["careful"]),
            "chance_hurried": at_least_one(share, tried["hurried"]),
            "best_careful": _best(tried["careful"]),
            "best_hurried": _best(tried["hurried"]),
            "tried_careful": tried["careful"],
            "trials_now": trials,
            "horizon_weeks": floats(k["horizon"]),
            "unfinished": until["careful"] > time,
        }

    def curves(self, p: Params, k: Knobs) -> Curves:
        weeks, count = np.arange(WEEKS[-1] + 1.0), len(k["good"])
        share = column(k["good"])
        tried = {
            name: np.floor(WEEK * weeks[np.newaxis, :] / column(k[name]))
            for name in ("careful", "hurried")
        }
        shape = (count, weeks.size)
        return {
            "weeks": rows(weeks, count),
            **{
                f"chance_{name}_line": np.broadcast_to(at_least_one(share, n), shape)
                for name, n in tried.items()
            },
            "tries": rows(_TRIES, count),
            "best_line": rows(best_of(ACCURACIES, _TRIES), count),
        }


_TRIES: Array = floats(sorted({round(n) for n in log_steps(1, 1000, 49)}))


def _best(tried: Array) -> Array:
    """Return the accuracy to expect of so many real tries; none tried has none. [1]"""
    return np.where(tried < 1, 0.0, best_of(ACCURACIES, np.maximum(tried, 1.0)))


def _trials(share: float, confidence: float) -> float:
    return float(np.ceil(trials_to_see(share, confidence=confidence)))


def _tried(p: Params, pace: str) -> float:
    return float(np.floor(float(p["weeks"]) * WEEK / float(p[pace])))


def _chance(p: Params, pace: str) -> float:
    return float(at_least_one(float(p["share"]), _tried(p, pace)))
