"""How long does one step take on one machine?"""

import numpy as np

from simcore.equations.roofline import arithmetic_intensity, step_terms
from simcore.solvers.inputs import (
    BANDWIDTH,
    CAPACITY,
    EFFICIENCY,
    MACHINE,
    OVERHEAD,
    PEAK,
    PRECISION,
)
from simcore.solvers.question import Answer, Input, Question, Values

QUESTION = Question(
    title=__doc__,
    value="time of the step",
    unit="s",
    inputs=(
        Input("flop", "FLOP", "arithmetic of the step"),
        Input("traffic", "byte", "data moved to and from main memory", above=True),
        Input("footprint", "byte", "memory that must fit", default=0.0),
        PRECISION,
        PEAK,
        BANDWIDTH,
        CAPACITY,
        EFFICIENCY,
        OVERHEAD,
    ),
    terms={
        "compute": "s",
        "memory": "s",
        "overhead": "s",
        "intensity": "FLOP/byte",
        "utilisation": "1",
    },
    items=(MACHINE,),
    sources=("S. Williams et al., Roofline, CACM 52(4), 2009, doi:10.1145/1498765.1498785",),
    limits="{footprint} do not fit the {capacity} of main memory",
    room="{footprint} of {capacity} in use",
)


def answer(x: Values) -> Answer:
    terms = step_terms(
        x["flop"],
        x["traffic"],
        peak_flop_rate=x["peak_flop_rate"],
        bandwidth=x["bandwidth"],
        efficiency=x["efficiency"],
        overhead=x["overhead"],
    )
    return Answer(
        value=terms.time,
        terms={
            "compute": terms.compute,
            "memory": terms.memory,
            "overhead": terms.overhead,
            "intensity": arithmetic_intensity(x["flop"], x["traffic"]),
            "utilisation": np.asarray(x["flop"] / terms.time / x["peak_flop_rate"]),
        },
        bound=Answer.longest(overhead=terms.overhead, memory=terms.memory, compute=terms.compute),
        feasible=np.asarray(x["footprint"] <= x["capacity"]),
    )
