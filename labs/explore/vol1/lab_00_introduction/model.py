"""Orientation: one prediction about two small boards, to learn the ritual by doing it."""

from collections.abc import Mapping, Sequence

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
    log_steps,
    lookup,
)
from labs.text import quantity
from simcore import catalog
from simcore.equations.mcu import battery_life

PAIRS = (
    ("st-l4r5zi", "st-u575zi"),
    ("krai-l4r5zi-x-cube-ai", "st-u575zi"),
    ("krai-h7a3zi-x-cube-ai", "st-u575zi"),
    ("krai-l4r5zi-x-cube-ai", "st-l4r5zi"),
)
"""Published rows of MLPerf Tiny; the last pair is one board with two versions of its software."""
NAMES: Mapping[str, str] = {
    "st-l4r5zi": "NUCLEO-L4R5ZI (benchmark round 1.2)",
    "st-u575zi": "NUCLEO-U575ZI",
    "krai-l4r5zi-x-cube-ai": "NUCLEO-L4R5ZI (benchmark round 1.1)",
    "krai-h7a3zi-x-cube-ai": "NUCLEO-H7A3ZI",
}
TASKS: Mapping[str, Sequence[tuple[str, str]]] = {
    "cloud": (("ad", "listening for a failing fan"), ("ic", "sorting small pictures")),
    "edge": (("ic", "sorting small pictures"), ("vww", "seeing whether somebody is there")),
    "mobile": (("kws", "hearing a keyword"), ("vww", "seeing whether somebody is there")),
    "tiny": (("kws", "hearing a keyword"), ("ad", "listening for a failing fan")),
}
MARGIN = 1.5
SLEEP = 10e-6
"""Drawn between inferences, assumed. [W]"""
BATTERIES: Mapping[str, float] = {"coin": 2430.0, "pouch": 10_800.0}
"""A CR2032 of 225 mAh and a lithium cell of 1,000 mAh, at 3 V. [J]"""
RATES = log_steps(0.01, 1000.0, 41)
_DAY = 86_400.0


class A(Part):
    def combinations(self, track: str) -> Sequence[Params]:
        found = [
            _params(track, task, words, first, second)
            for first, second in PAIRS
            for task, words in TASKS[track]
        ]
        return [p for p in found if _stands_apart(p)]

    def questions(self, p: Params) -> tuple[Question, ...]:
        options = (Option(id=name, value=value) for name, value in _wrong(p).items())
        return (Choice(id="ratio", options=(Option(id=RIGHT, value=_ratio(p)), *options)),)

    def facts(self, p: Params) -> dict[str, Scalar]:
        energies = [_row(p, which, "energy") for which in ("first", "second")]
        lives = [_life("coin", energy, 1.0) for energy in energies]
        return {
            "ratio": _ratio(p),
            "first_energy": energies[0],
            "second_energy": energies[1],
            "time_ratio": _row(p, "first", "latency") / _row(p, "second", "latency"),
            "first_power": energies[0] / _row(p, "first", "latency"),
            "second_power": energies[1] / _row(p, "second", "latency"),
            "first_life": lives[0],
            "second_life": lives[1],
            "is_oriented": True,
        }

    def knobs(self, p: Params) -> tuple[Knob, ...]:
        return (
            Knob(id="rate", steps=RATES, default=int(np.argmin(np.abs(np.asarray(RATES) - 0.1)))),
            Knob(id="board", steps=("first", "second")),
            Knob(id="battery", steps=tuple(BATTERIES)),
        )

    def evaluate(self, p: Params, k: Knobs) -> Outputs:
        energy = lookup({w: _row(p, w, "energy") for w in ("first", "second")}, k["board"])
        latency = lookup({w: _row(p, w, "latency") for w in ("first", "second")}, k["board"])
        answered = np.minimum(floats(k["rate"]), 1 / latency)
        life = battery_life(
            lookup(BATTERIES, k["battery"]), energy=energy, rate=answered, sleep_power=SLEEP
        )
        return {
            "life": life,
            "energy": energy,
            "latency": latency,
            "rate_now": floats(k["rate"]),
            "answered": answered,
            "day": same(_DAY, life),
            "flat": life < _DAY,
        }

    def curves(self, p: Params, k: Knobs) -> Curves:
        axis, many = floats(RATES), len(k["rate"])
        battery = lookup(BATTERIES, k["battery"])[:, np.newaxis]
        lines = {
            f"{which}_line": battery_life(
                battery,
                energy=_row(p, which, "energy"),
                rate=np.minimum(axis, 1 / _row(p, which, "latency")),
                sleep_power=SLEEP,
            )
            for which in ("first", "second")
        }
        return {"rates": rows(axis, many), **lines}


def _params(track: str, task: str, words: str, first: str, second: str) -> Params:
    p: dict[str, Scalar] = {
        "track": track,
        "task": task,
        "task_text": words,
        "first": first,
        "second": second,
        "first_name": NAMES[first],
        "second_name": NAMES[second],
    }
    for which in ("first", "second"):
        item = catalog.item("tiny_results", str(p[which]))
        p[f"{which}_time_text"] = quantity(item.value(f"latency.{task}"), "time")
        p[f"{which}_clock_text"] = f"{item.value('clock') / 1e6:.0f} MHz"
    return p


def _row(p: Params, which: str, name: str) -> float:
    return catalog.item("tiny_results", str(p[which])).value(f"{name}.{p['task']}")


def _ratio(p: Params) -> float:
    return _row(p, "first", "energy") / _row(p, "second", "energy")


def _wrong(p: Params) -> dict[str, float]:
    clocks = [catalog.item("tiny_results", str(p[w])).value("clock") for w in ("first", "second")]
    return {
        "as_their_time": _row(p, "first", "latency") / _row(p, "second", "latency"),
        "as_their_clock": clocks[0] / clocks[1],
        "counted_twice": _ratio(p) ** 2,
    }


def _stands_apart(p: Params) -> bool:
    right = _ratio(p)
    return all(max(x / right, right / x) >= MARGIN for x in _wrong(p).values())


def _life(battery: str, energy: float, rate: float) -> float:
    return float(battery_life(BATTERIES[battery], energy=energy, rate=rate, sleep_power=SLEEP))
