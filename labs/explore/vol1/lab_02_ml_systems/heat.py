"""Part C: what a device keeps up for ever, once its case is warm."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from labs.arranging import Array, floats, given, rows, same
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
from simcore.equations.thermal import steady_temperature
from simcore.equations.throttling import GovernedRun, governed_run, held_speed

MARGIN = 1.5
COOLING = (1.0, 1.5, 2.0, 5.0)
_RUN = 4.0
"""Of its time constant, which the plots show. [1]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A case that sheds heat [W/K], its mass [J/K], its limit [°C], its load and idling. [W]"""

    conductances: Sequence[float]
    heat: float
    limit: float
    ambients: Sequence[float]
    powers: Sequence[float]
    idle: float
    rate: float
    noun: str
    air: tuple[float, float]


CASES: Mapping[str, Case] = {
    "cloud": Case(conductances=(48.0, 60.0), heat=30e3, limit=60, ambients=(30, 35),
                  powers=(5200.0, 6200.0), idle=600, rate=1000, noun="requests", air=(15, 45)),
    "edge": Case(conductances=(0.33, 0.4), heat=600, limit=85, ambients=(35, 45),
                 powers=(40.0, 50.0), idle=3, rate=120, noun="pictures", air=(0, 60)),
    "mobile": Case(conductances=(0.18, 0.20), heat=135, limit=43, ambients=(25, 30),
                   powers=(8.0, 10.0), idle=1, rate=60, noun="frames", air=(0, 40)),
    "tiny": Case(conductances=(0.006, 0.008), heat=20, limit=85, ambients=(70, 75),
                 powers=(0.25, 0.35), idle=0.02, rate=20, noun="windows", air=(20, 84)),
}  # fmt: skip


class C(Part):
    def combinations(self, track: str) -> Sequence[Params]:
        case = CASES[track]
        found = [
            _params(track, case, conductance, ambient, power)
            for conductance, ambient, power in product(
                case.conductances, case.ambients, case.powers
            )
        ]
        return [p for p in found if _stands_apart(p)]

    def questions(self, p: Params) -> tuple[Question, ...]:
        wrong = _wrong(p)
        options = [Option(id=name, value=value) for name, value in wrong.items()]
        key = float(p["rate"]) * _held(p)
        return (Choice(id="rate", options=(Option(id=RIGHT, value=key), *options)),)

    def facts(self, p: Params) -> dict[str, Scalar]:
        case = CASES[str(p["track"])]
        budget = float(p["conductance"]) * (case.limit - float(p["ambient"]))
        run = _run(p, floats(0.0))
        endless = float(
            steady_temperature(
                float(p["power"]),
                ambient=float(p["ambient"]),
                thermal_resistance=1 / float(p["conductance"]),
            )
        )
        held = _held(p)
        return {
            "sustained": held * float(p["rate"]),
            "held": held,
            "budget": budget,
            "onset": float(run.onset),
            "endless": endless,
            "each": (float(p["power"]) - case.idle) / float(p["rate"]),
            "constant": case.heat / float(p["conductance"]),
            "twice": float(p["rate"]) * min(1.0, _held(p, 2.0)),
            "for_dynamic": budget - case.idle,
        }

    def knobs(self, p: Params) -> tuple[Knob, ...]:
        case = CASES[str(p["track"])]
        ambients = tuple(float(x) for x in range(int(case.air[0]), int(case.air[1]) + 1))
        shares = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
        steps, default = with_value(ambients, float(p["ambient"]))
        return (
            Knob(id="ambient", steps=steps, default=default),
            # It opens gently, where the case can follow.
            Knob(id="load", steps=shares),
            Knob(id="cooling", steps=COOLING),
            Knob(id="time", steps=tuple(x / 4 for x in range(1, int(_RUN) * 4 + 1)), default=7),
        )

    def evaluate(self, p: Params, k: Knobs) -> Outputs:
        case = CASES[str(p["track"])]
        run = _run(p, floats(k["time"]) * _constant(p), k)
        rate = float(p["rate"]) * run.speed
        return {
            "rate_now": rate,
            "temperature": run.temperature,
            "speed": run.speed,
            "limit": same(case.limit, rate),
            "minutes": floats(k["time"]) * _constant(p) / 60,
            "asked_rate": float(p["rate"]) * floats(k["load"]),
            "per_device": case.idle + (float(p["power"]) - case.idle) * run.speed,
            "throttled": run.speed < floats(k["load"]) * 0.999,
        }

    def curves(self, p: Params, k: Knobs) -> Curves:
        times = np.linspace(0.0, _RUN * _constant(p), 97)
        many = {name: values[:, np.newaxis] for name, values in k.items()}
        run = _run(p, times[np.newaxis, :], many)
        count = len(k["load"])
        return {
            "minutes_axis": rows(times / 60, count),
            "temperature_line": run.temperature,
            "rate_line": float(p["rate"]) * run.speed,
        }


def _params(track: str, case: Case, conductance: float, ambient: float, power: float) -> Params:
    return {
        "track": track,
        "conductance": conductance,
        "conductance_text": f"{conductance:g} W/K",
        "ambient": ambient,
        "ambient_text": f"{ambient:g} °C",
        "limit_text": f"{case.limit:g} °C",
        "power": power,
        "power_text": given(power, "si W"),
        "idle_text": given(case.idle, "si W"),
        "rate": case.rate,
        "rate_text": f"{case.rate:,.0f} {case.noun} a second",
        "noun": case.noun,
        "heat_text": given(case.heat, "si J/K"),
    }


def _constant(p: Params) -> float:
    """Return the time constant of the case as asked about. [s]"""
    return CASES[str(p["track"])].heat / float(p["conductance"])


def _held(p: Params, cooling: float = 1.0) -> float:
    case = CASES[str(p["track"])]
    return float(
        held_speed(
            dynamic_power=float(p["power"]) - case.idle,
            idle_power=case.idle,
            ambient=float(p["ambient"]),
            thermal_resistance=1 / (float(p["conductance"]) * cooling),
            limit=case.limit,
        )
    )


def _run(p: Params, time: Array, k: Knobs | None = None) -> GovernedRun:
    case = CASES[str(p["track"])]
    ambient = floats(float(p["ambient"])) if k is None else floats(k["ambient"])
    cooling = floats(1.0) if k is None else floats(k["cooling"])
    cap = floats(1.0) if k is None else floats(k["load"])
    return governed_run(
        time,
        start=ambient,
        dynamic_power=float(p["power"]) - case.idle,
        idle_power=case.idle,
        ambient=ambient,
        thermal_resistance=1 / (float(p["conductance"]) * cooling),
        heat_capacity=case.heat,
        limit=case.limit,
        cap=cap,
    )


def _wrong(p: Params) -> dict[str, float]:
    rate, held = float(p["rate"]), _held(p)
    return {"burst_for_ever": rate, "cube_root": rate * float(np.cbrt(held)), "shut_down": 0.0}


def _stands_apart(p: Params) -> bool:
    held = _held(p)
    return held > 0.05 and float(np.cbrt(held)) / held >= MARGIN
