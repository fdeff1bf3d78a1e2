"""Does arithmetic, memory or the network bind a step that is spread over machines?"""

import numpy as np

from simcore.equations.roofline import step_terms
from simcore.solvers.inputs import (
    BANDWIDTH,
    EFFICIENCY,
    LINK,
    LINK_BANDWIDTH,
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
        Input("flop", "FLOP", "arithmetic of one machine's share", above=True),
        Input("traffic", "byte", "that its share moves to and from main memory", above=True),
        Input("sent", "byte", "that its share sends to others", above=True),
        PRECISION,
        PEAK,
        BANDWIDTH,
        LINK_BANDWIDTH,
        EFFICIENCY,
        OVERHEAD,
    ),
    terms={"compute": "s", "memory": "s", "network": "s", "network_intensity": "FLOP/byte",
           "network_ridge": "FLOP/byte"},
    items=(MACHINE, LINK),
    sources=("S. Williams et al., Roofline, CACM 52(4), 2009, doi:10.1145/1498765.1498785",
             ("D. Cardwell, F. Song, An extended roofline model with communication-awareness, "
             "HPC Asia 2019, doi:10.1145/3293320.3293321")),
)  # fmt: skip


def answer(x: Values) -> Answer:
    local = step_terms(
        x["flop"], x["traffic"], peak_flop_rate=x["peak_flop_rate"], bandwidth=x["bandwidth"],
        efficiency=x["efficiency"],
    )  # fmt: skip
    network = np.asarray(x["sent"] / x["link_bandwidth"])
    terms = {"compute": local.compute, "memory": local.memory, "network": network}
    longest = np.maximum(np.maximum(local.compute, local.memory), network)
    return Answer(
        value=np.asarray(longest + x["overhead"]),
        terms={
            **terms,
            "network_intensity": np.asarray(x["flop"] / x["sent"]),
            "network_ridge": np.asarray(
                x["peak_flop_rate"] * x["efficiency"] / x["link_bandwidth"]
            ),
        },
        bound=Answer.longest(**terms),
    )
