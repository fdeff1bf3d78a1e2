"""Where does the energy of a step go?"""

import numpy as np

from simcore.equations.energy import energy_balance, energy_terms
from simcore.equations.roofline import arithmetic_intensity, step_terms
from simcore.solvers.inputs import (
    BANDWIDTH,
    EFFICIENCY,
    MACHINE,
    OVERHEAD,
    PEAK,
    POWER,
    PRECISION,
)
from simcore.solvers.question import Answer, Input, ItemInput, Question, Values

QUESTION = Question(
    title=__doc__,
    value="energy of the step",
    unit="J",
    inputs=(
        Input("flop", "FLOP", "arithmetic of the step", above=True),
        Input("traffic", "byte", "data moved to and from main memory", above=True),
        Input("energy_per_flop", "J/FLOP", "of one operation", above=True, spread=0.3),
        Input("energy_per_byte", "J/byte", "of moving one byte", above=True, spread=0.2),
        Input("idle_power", "W", "drawn whatever is done", default=0.0, spread=0.2),
        PRECISION,
        PEAK,
        BANDWIDTH,
        EFFICIENCY,
        OVERHEAD,
        POWER,
    ),
    terms={"compute": "J", "memory": "J", "idle": "J", "time": "s", "mean_power": "W",
           "intensity": "FLOP/byte", "balance": "FLOP/byte"},
    items=(
        MACHINE,
        ItemInput("technology", "technologies",
                  {"energy_per_flop": "energy_per_flop", "energy_per_byte": "energy_per_byte"},
                  "units and memory of the catalogue"),
    ),
    sources=(
        "J. Choi et al., A roofline model of energy, IPDPS 2013, doi:10.1109/IPDPS.2013.77",
        "M. Horowitz, Computing's energy problem, ISSCC 2014, doi:10.1109/ISSCC.2014.6757323",
    ),
    limits="a mean power of {mean_power} is more than the machine's {power}",
)  # fmt: skip


def answer(x: Values) -> Answer:
    steps = step_terms(
        x["flop"], x["traffic"], peak_flop_rate=x["peak_flop_rate"], bandwidth=x["bandwidth"],
        efficiency=x["efficiency"], overhead=x["overhead"],
    )  # fmt: skip
    each = {"energy_per_flop": x["energy_per_flop"], "energy_per_byte": x["energy_per_byte"]}
    used = energy_terms(
        x["flop"], x["traffic"], **each, idle_power=x["idle_power"], time=steps.time
    )
    power = np.asarray(used.total / steps.time)
    parts = {"compute": used.compute, "memory": used.memory, "idle": used.idle}
    return Answer(
        value=used.total,
        terms={
            **parts,
            "time": steps.time,
            "mean_power": power,
            "intensity": arithmetic_intensity(x["flop"], x["traffic"]),
            "balance": energy_balance(**each),
        },
        bound=Answer.longest(**parts),
        feasible=np.asarray((x["power"] <= 0) | (power <= x["power"])),
    )
