"""Part B: what is left of a cold benchmark's rate in the device's own place."""

from collections.abc import Sequence

import numpy as np

from labs.arranging import column, floats, given, rows, same
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
    linear_steps,
    log_steps,
    with_value,
)
from labs.text import quantity
from simcore.equations.thermal import steady_temperature
from simcore.equations.throttling import governed_run, held_speed

from .tracks import SITES, Device

LONG = 300.0
"""Five minutes, the end of the plots. [s]"""
TIME_AXIS = np.unique(np.concatenate((np.linspace(0.0, 90.0, 37), np.linspace(90.0, LONG, 22))))
TIME_STEPS = (0.0, 5.0, 10.0, 15.0, 20.0, 30.0, 45.0, 60.0, 90.0, 120.0, 150.0, 180.0, 240.0, LONG)
LOOKED_AT = 60.0
WORDS = {
    "cloud": {"thing": "card", "items": "pictures"},
    "edge": {"thing": "box", "items": "pictures"},
    "mobile": {"thing": "phone", "items": "frames"},
    "tiny": {"thing": "node", "items": "windows"},
}


class B(Part):
    def combinations(self, track: str) -> Sequence[Params]:
        site = SITES[track]
        return [
            {
                "place": track,
                "idle": device.idle, "dynamic": device.dynamic,
                "conductance": device.conductance, "ambient": device.ambient,
                "limit": device.limit, "constant": device.constant, "rate": site.rate,
                "idle_text": given(device.idle, "si W"),
                "dynamic_text": given(device.dynamic, "si W"),
                "per_degree_text": _conductance(device.conductance).removesuffix("/K"),
                "conductance_text": _conductance(device.conductance),
                **WORDS[track],
            }
            for device in site.devices()
        ]  # fmt: skip

    def questions(self, p: Params) -> tuple[Question, ...]:
        device = device_of(p)
        return (
            Choice(
                id="left",
                options=(
                    Option(id=RIGHT, value=device.held),
                    Option(id="as_benchmarked", value=1.0),
                    Option(id="idle_forgotten", value=_idle_forgotten(device)),
                    Option(id="shuts_down", value=0.0),
                ),
            ),
        )

    def facts(self, p: Params) -> dict[str, Scalar]:
        device = device_of(p)
        minute = governed_run(LOOKED_AT, start=device.ambient, **device.body())
        budget = device.conductance * (device.limit - device.ambient)
        full = device.idle + device.dynamic
        return {
            "held": device.held,
            "held_rate": device.held * float(p["rate"]),
            "onset": float(minute.onset),
            "budget": budget,
            "spare": budget - device.idle,
            "idle_share": device.idle / budget,
            "full_power": full,
            "unheld": float(
                steady_temperature(
                    full, ambient=device.ambient, thermal_resistance=1 / device.conductance
                )
            ),
            "minute_report": float(minute.work) / LOOKED_AT,
            "minute_over": float(minute.work) / LOOKED_AT / device.held,
            "twice_cooled": float(held_speed(**device.air(cooling=2.0))),
            "rise": device.limit - device.ambient,
            "past_text": _past_text(float(p.get("past_onset", 0.0))),
        }

    def knobs(self, p: Params) -> tuple[Knob, ...]:
        hottest = 40.0 if p["place"] == "mobile" else 50.0
        airs, air = with_value(linear_steps(0.0, hottest, int(hottest) // 5 + 1),
                               float(p["ambient"]))  # fmt: skip
        coolings, cooling = with_value(log_steps(0.5, 4.0, 13), 1.0)
        caps = linear_steps(0.05, 1.0, 20)
        return (
            Knob(id="time", steps=TIME_STEPS, default=TIME_STEPS.index(LOOKED_AT)),
            Knob(id="ambient_air", steps=airs, default=air),
            Knob(id="cooling", steps=coolings, default=cooling),
            Knob(id="cap", steps=tuple(round(x, 2) for x in caps)),
        )

    def evaluate(self, p: Params, k: Knobs) -> Outputs:
        device, rate = device_of(p), float(p["rate"])
        time, cap = floats(k["time"]), floats(k["cap"])
        air, body = _surroundings(device, k)
        now = governed_run(time, start=air["ambient"], cap=cap, **body)
        held = np.minimum(cap, held_speed(**air))
        resistance = air["thermal_resistance"]
        unheld = steady_temperature(
            device.idle + cap * device.dynamic,
            ambient=air["ambient"], thermal_resistance=resistance,
        )  # fmt: skip
        resting = steady_temperature(
            device.idle, ambient=air["ambient"], thermal_resistance=resistance
        )
        reported = np.where(time > 0, now.work / np.where(time > 0, time, 1.0), now.speed)
        budget = (device.limit - air["ambient"]) / resistance
        return {
            "temperature": now.temperature,
            "clock": now.speed,
            "rate_now": rate * now.speed,
            "held": held,
            "held_rate": rate * held,
            "reported": reported,
            "reported_rate": rate * reported,
            "power": device.idle + device.dynamic * now.speed,
            "budget": budget,
            "unheld": unheld,
            "resting": resting,
            "limit": same(device.limit, time),
            "governor": np.asarray([_steps_in(x) for x in now.onset.tolist()]),
            "time_now": time,
            "throttles": unheld > device.limit,
            "shut_down": resting > device.limit,
        }

    def curves(self, p: Params, k: Knobs) -> Curves:
        device, cap = device_of(p), column(k["cap"])
        moved = {name: column(k[name]) for name in ("ambient_air", "cooling")}
        air, body = _surroundings(device, moved)
        run = governed_run(TIME_AXIS[np.newaxis, :], start=air["ambient"], cap=cap, **body)
        first = np.where(TIME_AXIS > 0, TIME_AXIS, 1.0)
        return {
            "times": rows(TIME_AXIS, len(cap)),
            "temperature_line": run.temperature,
            "clock_line": run.speed,
            "reported_line": np.where(TIME_AXIS > 0, run.work / first, run.speed),
        }


def device_of(p: Params) -> Device:
    names = ("idle", "dynamic", "conductance", "ambient", "limit", "constant")
    return Device(**{name: float(p[name]) for name in names})


def _surroundings(device: Device, k: Knobs) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    moved = {"cooling": floats(k["cooling"]), "ambient": floats(k["ambient_air"])}
    return device.air(**moved), device.body(**moved)


def _idle_forgotten(device: Device) -> float:
    """What the cooling takes away over all the power, as if all of it went with the clock."""
    whole = {**device.air(), "idle_power": floats(0.0)}
    whole["dynamic_power"] = floats(device.idle + device.dynamic)
    return float(held_speed(**whole))


def _conductance(value: float) -> str:
    return f"{value:g} W/K" if value >= 0.1 else f"{1e3 * value:g} mW/K"


def _steps_in(onset: float) -> str:
    return f"after {quantity(onset, 'time')}" if np.isfinite(onset) else "never"


def _past_text(onset: float) -> str:
    """Return how long the device of lab 2 kept its rate, where the ledger knows. [s]"""
    return f": it gave your device of lab 2 {quantity(onset, 'time')}" if onset > 0 else ""
