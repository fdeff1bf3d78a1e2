"""What does running somewhere cost, its carbon priced?"""

import numpy as np

from simcore.equations.facility import (
    cooling_water,
    facility_energy,
    operational_carbon,
    ownership_cost,
    proportional_power,
)
from simcore.solvers.inputs import IDLE_SHARE, MACHINE, PUE, UTILISATION
from simcore.solvers.question import Answer, Input, ItemInput, Question, Values

QUESTION = Question(
    title=__doc__,
    value="cost with the price of its carbon",
    unit="USD",
    inputs=(
        Input("machines", "1", "how many", low=1.0, is_whole=True),
        Input("machine_price", "USD", "of one, with its share of network and racks"),
        Input("power", "W", "of one when fully busy"),
        Input("duration", "s", "how long they run", above=True),
        Input("energy_price", "USD/J", "of electricity; 0.12 USD/kWh is 3.3e-8", spread=0.1),
        Input("grid_intensity", "kg/J", "of the grid; 400 g/kWh is 1.11e-7", spread=0.1),
        Input("carbon_price", "USD/kg", "of carbon; 100 USD/t is 0.1", default=0.1, spread=0.3),
        Input("life", "s", "over which the price is written off", default=3 * 31536000.0,
              above=True),
        Input("maintenance", "1", "yearly, over the price", default=0.05),
        Input("water_per_energy", "L/J", "water of cooling", default=0.0),
        UTILISATION,
        IDLE_SHARE,
        PUE,
    ),
    terms={"capital": "USD", "energy": "USD", "upkeep": "USD", "carbon_cost": "USD",
           "carbon": "kg", "water": "L"},
    items=(
        MACHINE,
        ItemInput("grid", "grids", {"grid_intensity": "carbon_intensity"},
                  "a grid of the catalogue"),
        ItemInput("facility", "facilities", {"pue": "pue", "water_per_energy": "water"},
                  "a kind of data centre"),
    ),
    sources=(
        "L. Barroso et al., The Datacenter as a Computer, 3rd ed., 2018, ch. 6",
        "A. Pigou, The Economics of Welfare, 1920, part II (a price on what others suffer)",
        ("D. Patterson et al., Carbon emissions and large neural network training, 2021, "
        "arXiv:2104.10350"),
    ),
)  # fmt: skip


def answer(x: Values) -> Answer:
    power = proportional_power(x["utilisation"], power=x["power"], idle_share=x["idle_share"])
    energy = facility_energy(power * x["machines"] * x["duration"], pue=x["pue"])
    cost = ownership_cost(
        x["machine_price"] * x["machines"],
        energy,
        x["duration"],
        life=x["life"],
        price=x["energy_price"],
        maintenance=x["maintenance"],
    )
    carbon = operational_carbon(energy, intensity=x["grid_intensity"])
    parts = {
        "capital": cost.capital,
        "energy": cost.energy,
        "upkeep": cost.maintenance,
        "carbon_cost": np.asarray(carbon * x["carbon_price"]),
    }
    return Answer(
        value=np.asarray(cost.total + parts["carbon_cost"]),
        terms={
            **parts,
            "carbon": carbon,
            "water": cooling_water(energy, per_energy=x["water_per_energy"]),
        },
        bound=Answer.longest(**parts),
    )
