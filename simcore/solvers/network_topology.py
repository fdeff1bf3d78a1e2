"""What does the shape of a network leave of its links when everybody talks to everybody?"""

import numpy as np

from simcore.equations.topology import NAMES, bisection_share, mean_hops
from simcore.solvers.inputs import LINK, LINK_BANDWIDTH, LINK_LATENCY
from simcore.solvers.question import Answer, Input, Question, Values

QUESTION = Question(
    title=__doc__,
    value="bandwidth of one node across the middle",
    unit="byte/s",
    inputs=(
        Input("nodes", "1", "nodes of the network", low=2.0, is_whole=True),
        Input("topology", "1", "its shape", default="fat_tree", choices=tuple(NAMES)),
        Input("oversubscription", "1", "bandwidth below over bandwidth above in the tree",
              default=1.0, low=1.0),
        Input("payload", "byte", "that each node exchanges with the others", default=0.0),
        LINK_BANDWIDTH,
        LINK_LATENCY,
    ),
    terms={"share": "1", "bisection": "byte/s", "hops": "1", "delay": "s", "exchange": "s"},
    items=(LINK,),
    sources=(
        "W. Dally, B. Towles, Principles and Practices of Interconnection Networks, 2003, ch. 3",
        "C. Leiserson, Fat-trees, 1985, doi:10.1109/TC.1985.6312192",
    ),
    less_is_better=False,
)  # fmt: skip


def answer(x: Values) -> Answer:
    share = np.minimum(bisection_share(x["nodes"], topology=x["topology"]), 1.0)
    one = np.asarray(x["link_bandwidth"] * share / x["oversubscription"])
    hops = mean_hops(x["nodes"], topology=x["topology"])
    return Answer(
        value=one,
        terms={
            "share": np.asarray(share / x["oversubscription"]),
            "bisection": np.asarray(one * x["nodes"] / 2),
            "hops": hops,
            "delay": np.asarray(hops * x["link_latency"]),
            "exchange": np.asarray(x["payload"] / one + hops * x["link_latency"]),
        },
        bound=np.where(share < 1 / x["oversubscription"], "topology", np.where(
            x["oversubscription"] > 1, "oversubscription", "link")),
    )  # fmt: skip
