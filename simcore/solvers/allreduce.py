"""How long does a sum over all devices take, and by which algorithm?"""

import numpy as np

from simcore.equations.arguments import longest
from simcore.equations.collectives import hierarchical_allreduce, ring_allreduce, tree_allreduce
from simcore.solvers.inputs import (
    LINK,
    LINK_BANDWIDTH,
    LINK_LATENCY,
    NODE_BANDWIDTH,
    NODE_LATENCY,
)
from simcore.solvers.question import Answer, Input, Question, Values, divides

QUESTION = Question(
    title=__doc__,
    value="time of the fastest algorithm",
    unit="s",
    inputs=(
        Input("message", "byte", "what is summed, on each device", above=True),
        Input("devices", "1", "that take part", low=1.0, is_whole=True),
        Input("per_node", "1", "devices of a node", default=8.0, low=1.0, is_whole=True),
        NODE_BANDWIDTH,
        NODE_LATENCY,
        LINK_BANDWIDTH,
        LINK_LATENCY,
    ),
    terms={"ring": "s", "tree": "s", "hierarchical": "s", "transfer": "s", "startup": "s"},
    items=(LINK,),
    sources=(
        ("P. Patarasuk, X. Yuan, Bandwidth optimal all-reduce, 2009, "
        "doi:10.1016/j.jpdc.2008.09.002"),
        "R. Thakur et al., Collective communication in MPICH, 2005, doi:10.1177/1094342005051521",
    ),
    limits="{per_node} devices of a node do not divide {devices}",
)  # fmt: skip


def refuse(x: Values) -> None:
    """Raise ValueError where nodes would not be full."""
    if x["devices"] > x["per_node"]:
        divides("per_node", x["per_node"], "devices", x["devices"])


def answer(x: Values) -> Answer:
    inside = np.minimum(x["devices"], x["per_node"])
    nodes = np.ceil(x["devices"] / inside)
    alone = nodes == 1
    flat = {
        "bandwidth": np.where(alone, x["node_bandwidth"], x["link_bandwidth"]),
        "latency": np.where(alone, x["node_latency"], x["link_latency"]),
    }
    found = {
        "ring": ring_allreduce(x["message"], x["devices"], **flat),
        "tree": tree_allreduce(x["message"], x["devices"], **flat),
        "hierarchical": hierarchical_allreduce(
            x["message"],
            nodes=nodes,
            devices_per_node=inside,
            node_bandwidth=x["node_bandwidth"],
            node_latency=x["node_latency"],
            bandwidth=x["link_bandwidth"],
            latency=x["link_latency"],
        ),
    }
    times = {name: terms.time for name, terms in found.items()}
    best = longest(**{name: -time for name, time in times.items()})

    def of_best(part: str) -> np.ndarray:
        parts = [np.asarray(getattr(terms, part)) for terms in found.values()]
        return np.asarray(np.select([best == name for name in found], parts))

    return Answer(
        value=of_best("time"),
        terms={**times, "transfer": of_best("transfer"), "startup": of_best("startup")},
        bound=best,
        feasible=np.asarray(np.mod(x["devices"], inside) == 0),
    )
