"""How fast does a device stay once it is warm?"""

import numpy as np

from simcore.equations.thermal import steady_temperature, throttled_speed, time_to_temperature
from simcore.solvers.question import Answer, Input, Question, Values

QUESTION = Question(
    title=__doc__,
    value="speed in the end, over full speed",
    unit="1",
    inputs=(
        Input("power", "W", "at full speed, idle power included", above=True, spread=0.1),
        Input("idle_power", "W", "at any speed", default=0.0),
        Input("ambient", "degC", "of the surroundings", low=-60.0, high=85.0),
        Input("thermal_resistance", "K/W", "from chip to surroundings", above=True, spread=0.1),
        Input("heat_capacity", "J/K", "of chip and case; times the resistance the time constant",
              above=True, spread=0.2),
        Input("limit", "degC", "at which throttling begins", default=85.0),
        Input("band", "K", "from there to no speed at all", default=15.0, above=True),
        Input("floor", "1", "speed that is always kept", default=0.1, high=1.0),
        Input("exponent", "1", "of power in the speed: 1 without, 3 with voltage scaling",
              default=2.0, low=1.0, high=4.0),
        Input("least_speed", "1", "that the application needs", default=0.0, high=1.0),
    ),
    terms={"temperature": "degC", "unthrottled": "degC", "power_kept": "W", "until_limit": "s",
           "time_constant": "s"},
    sources=(
        "K. Skadron et al., Temperature-aware microarchitecture, 2003, doi:10.1145/859618.859620",
        "G. Bhat et al., Power-temperature stability and safety, 2017, arXiv:1806.06180",
    ),
    less_is_better=False,
    limits="warm it is slower than {least_speed} of full speed, at {temperature}",
    room="it settles at {temperature}",
)  # fmt: skip


def refuse(x: Values) -> None:
    """Raise ValueError where it idles at more than it works at."""
    if x["idle_power"] > x["power"]:
        raise ValueError(
            f"idle_power must be at most power, {x['power']:g} W, got {x['idle_power']:g} W; "
            f"nearest valid: {x['power']:g} W"
        )


def answer(x: Values) -> Answer:
    place = {"ambient": x["ambient"], "thermal_resistance": x["thermal_resistance"]}
    kept = throttled_speed(
        x["power"],
        idle_power=np.minimum(x["idle_power"], x["power"]),
        limit=x["limit"],
        band=x["band"],
        floor=x["floor"],
        exponent=x["exponent"],
        **place,
    )
    until = time_to_temperature(
        x["limit"], start=x["ambient"], power=x["power"], heat_capacity=x["heat_capacity"], **place
    )
    return Answer(
        value=kept.speed,
        terms={
            "temperature": kept.temperature,
            "unthrottled": steady_temperature(x["power"], **place),
            "power_kept": kept.power,
            "until_limit": until,
            "time_constant": np.asarray(x["thermal_resistance"] * x["heat_capacity"]),
        },
        bound=np.where(kept.speed >= 1, "nothing",
                       np.where(kept.speed <= x["floor"], "floor", "cooling")),
        feasible=np.asarray((kept.speed >= x["least_speed"]) & (x["idle_power"] <= x["power"])),
    )  # fmt: skip
