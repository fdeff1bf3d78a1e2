"""Is it better to run slowly at a lower voltage, or to race and sleep?"""

import numpy as np

from simcore.equations.dvfs import critical_speed, work_energy
from simcore.solvers.question import Answer, Input, Question, Values

QUESTION = Question(
    title=__doc__,
    value="energy until the deadline",
    unit="J",
    inputs=(
        Input("work", "s", "time that it takes at full speed", above=True, spread=0.1),
        Input("deadline", "s", "for the work, and what the energy is counted over", above=True),
        Input("speed", "1", "over full speed", default=1.0, high=1.0, above=True),
        Input("dynamic_power", "W", "at full speed, above the static power", above=True,
              spread=0.1),
        Input("static_power", "W", "awake at any speed", spread=0.2),
        Input("sleep_power", "W", "asleep", default=0.0),
        Input("exponent", "1", "of dynamic power in the speed", default=3.0, low=1.0, high=4.0),
    ),
    terms={"race": "J", "best": "J", "best_speed": "1", "critical_speed": "1", "time": "s",
           "saving": "1"},
    sources=(
        ("R. Jejurikar et al., Leakage aware dynamic voltage scaling, 2004, "
        "doi:10.1145/996566.996650"),
    ),
    limits="at {speed} of full speed the work takes {time}, longer than its deadline",
)  # fmt: skip


def answer(x: Values) -> Answer:
    powers = {name: x[name] for name in ("dynamic_power", "static_power", "exponent")}
    sleep = np.minimum(x["sleep_power"], x["static_power"])
    time = np.asarray(x["work"] / x["speed"])
    fits = time <= x["deadline"]
    slowest = np.minimum(x["work"] / x["deadline"], 1.0)
    critical = critical_speed(**powers, sleep_power=sleep)
    best = np.clip(critical, slowest, 1.0)

    def energy(speed: np.ndarray) -> np.ndarray:
        until = np.maximum(x["deadline"], x["work"] / speed)
        return work_energy(speed, work=x["work"], deadline=until, sleep_power=sleep, **powers)

    race, least = energy(np.ones_like(best)), energy(best)
    return Answer(
        value=energy(x["speed"]),
        terms={
            "race": race,
            "best": least,
            "best_speed": best,
            "critical_speed": critical,
            "time": time,
            "saving": np.asarray(1 - least / race),
        },
        bound=np.where(x["speed"] > best, "voltage", np.where(x["speed"] < best, "leakage",
                                                              "nothing")),
        feasible=np.asarray(fits),
    )  # fmt: skip
