"""What machine does a deadline need?"""

import numpy as np

from simcore.equations.roofline import arithmetic_intensity
from simcore.solvers.inputs import EFFICIENCY
from simcore.solvers.question import Answer, Input, Question, Values

QUESTION = Question(
    title=__doc__,
    value="peak arithmetic rate it needs",
    unit="FLOP/s",
    inputs=(
        Input("flop", "FLOP", "arithmetic of the work", above=True, spread=0.1),
        Input("traffic", "byte", "data moved to and from main memory", above=True, spread=0.1),
        Input("footprint", "byte", "memory that must fit", default=0.0),
        Input("deadline", "s", "for the work", above=True),
        Input("overhead", "s", "of the work, which no faster machine shortens", default=0.0),
        EFFICIENCY,
    ),
    terms={"bandwidth": "byte/s", "capacity": "byte", "ridge": "FLOP/byte",
           "intensity": "FLOP/byte"},
    sources=(
        "S. Williams et al., Roofline, CACM 52(4), 2009, doi:10.1145/1498765.1498785",
        ("N. Jouppi et al., In-datacenter performance analysis of a TPU, ISCA 2017, "
        "doi:10.1145/3079856.3080246"),
    ),
    limits="an overhead of {overhead} leaves nothing of the deadline of {deadline}",
)  # fmt: skip


def answer(x: Values) -> Answer:
    left = x["deadline"] - x["overhead"]
    with np.errstate(divide="ignore"):
        rate = np.where(left > 0, x["flop"] / np.maximum(left, 0.0) / x["efficiency"], np.inf)
        bandwidth = np.where(left > 0, x["traffic"] / np.maximum(left, 0.0), np.inf)
    intensity = arithmetic_intensity(x["flop"], x["traffic"])
    return Answer(
        value=rate,
        terms={
            "bandwidth": bandwidth,
            "capacity": x["footprint"],
            "ridge": np.asarray(intensity / x["efficiency"]),
            "intensity": intensity,
        },
        bound=np.where(x["overhead"] > x["deadline"] / 2, "overhead", "machine"),
        feasible=np.asarray(left > 0),
    )
