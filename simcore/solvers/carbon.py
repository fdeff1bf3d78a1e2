"""How much carbon do machines emit while they run, their making included?"""

import numpy as np

from simcore.equations.facility import (
    cooling_water,
    facility_energy,
    operational_carbon,
    proportional_power,
)
from simcore.solvers.inputs import IDLE_SHARE, MACHINE, PUE, UTILISATION
from simcore.solvers.question import Answer, Input, Question, Values

QUESTION = Question(
    title=__doc__,
    value="carbon dioxide equivalent",
    unit="kg",
    inputs=(
        Input("machines", "1", "how many", low=1.0, is_whole=True),
        Input("power", "W", "of one when fully busy"),
        Input("duration", "s", "how long they run", above=True),
        Input("grid_intensity", "kg/J", "of the grid; 400 g/kWh is 1.11e-7", spread=0.1),
        Input("embodied", "kg", "carbon of making one machine", default=0.0, spread=0.3),
        Input("life", "s", "time over which that is spread", default=4 * 31536000.0, above=True),
        Input("water_per_energy", "L/J", "water of cooling; 1.8 L/kWh is 5e-7", default=0.0),
        UTILISATION,
        IDLE_SHARE,
        PUE,
    ),
    terms={"operational": "kg", "making": "kg", "electricity": "J", "water": "L"},
    items=(MACHINE,),
    sources=(
        (
            "D. Patterson et al., Carbon emissions and large neural network training, 2021, "
            "arXiv:2104.10350"
        ),
        "U. Gupta et al., Chasing carbon, HPCA 2021, arXiv:2011.02839",
    ),
)


def answer(x: Values) -> Answer:
    power = proportional_power(x["utilisation"], power=x["power"], idle_share=x["idle_share"])
    energy = facility_energy(power * x["machines"] * x["duration"], pue=x["pue"])
    running = operational_carbon(energy, intensity=x["grid_intensity"])
    made = np.asarray(x["embodied"] * x["machines"] * x["duration"] / x["life"])
    parts = {"operational": running, "making": made}
    return Answer(
        value=np.asarray(running + made),
        terms={
            **parts,
            "electricity": energy,
            "water": cooling_water(energy, per_energy=x["water_per_energy"]),
        },
        bound=Answer.longest(**parts),
    )
