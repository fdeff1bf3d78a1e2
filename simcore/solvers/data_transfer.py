"""Bring the data to the compute, or the compute to the data?"""

import numpy as np

from simcore.equations.storage import data_transfer
from simcore.solvers.inputs import DEADLINE
from simcore.solvers.question import Answer, Input, Question, Values

QUESTION = Question(
    title=__doc__,
    value="cost of the cheaper way",
    unit="USD",
    inputs=(
        Input("size", "byte", "of the data", above=True),
        Input("rate", "byte/s", "of the link", above=True, spread=0.2),
        Input("egress", "USD/byte", "of leaving a region; 0.08 USD/GB is 8e-11", spread=0.1),
        Input("compute_there", "USD", "of the job where the machines are", spread=0.1),
        Input("compute_here", "USD", "of the job where the data is", spread=0.1),
        DEADLINE,
    ),
    terms={"move": "USD", "stay": "USD", "transfer": "USD", "time": "s", "break_even": "byte"},
    sources=("J. Gray, Distributed computing economics, MSR-TR-2003-24, 2003",),
    limits="moving takes {time}, longer than the deadline of {deadline}, and staying costs "
    "more",
)  # fmt: skip


def answer(x: Values) -> Answer:
    moving = data_transfer(x["size"], rate=x["rate"], price=x["egress"])
    move = np.asarray(x["compute_there"] + moving.cost)
    stay = np.asarray(x["compute_here"])
    with np.errstate(divide="ignore", invalid="ignore"):
        even = (x["compute_here"] - x["compute_there"]) / x["egress"]
    return Answer(
        value=np.minimum(move, stay),
        terms={
            "move": move,
            "stay": stay,
            "transfer": moving.cost,
            "time": moving.time,
            "break_even": np.where(x["egress"] > 0, np.maximum(even, 0.0), np.inf),
        },
        bound=np.where(move < stay, "move", "stay"),
        feasible=np.asarray((stay <= move) | (moving.time <= x["deadline"])),
    )
