"""What does it cost to own machines for a while?"""

import numpy as np

from simcore.equations.facility import facility_energy, ownership_cost, proportional_power
from simcore.solvers.inputs import IDLE_SHARE, MACHINE, PUE, UTILISATION
from simcore.solvers.question import Answer, Input, Question, Values

QUESTION = Question(
    title=__doc__,
    value="cost",
    unit="USD",
    inputs=(
        Input("machines", "1", "how many", low=1.0, is_whole=True),
        Input("machine_price", "USD", "of one, its share of the building included", spread=0.15),
        Input("power", "W", "of one when fully busy"),
        Input("duration", "s", "how long they run", above=True),
        Input("life", "s", "time over which their price is written off", default=4 * 31536000.0,
              above=True),
        Input("energy_price", "USD/J", "of electricity; 0.1 USD/kWh is 2.8e-8", spread=0.2),
        Input("maintenance", "1", "yearly maintenance over the price", default=0.05, spread=0.2),
        UTILISATION,
        IDLE_SHARE,
        PUE,
    ),
    terms={"capital": "USD", "energy": "USD", "upkeep": "USD", "electricity": "J"},
    items=(MACHINE,),
    sources=("L. Barroso et al., The Datacenter as a Computer, 3rd ed., 2018, ch. 6",),
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
    parts = {"capital": cost.capital, "energy": cost.energy, "upkeep": cost.maintenance}
    return Answer(
        value=np.asarray(cost.total),
        terms={**parts, "electricity": energy},
        bound=Answer.longest(**parts),
    )
