"""What does it take to send tokens to their experts and back?"""

import numpy as np

from simcore.equations.collectives import all_to_all
from simcore.equations.parallelism import expert_dispatch_size
from simcore.equations.precision import element_size
from simcore.solvers.inputs import HIDDEN, LINK, LINK_BANDWIDTH, LINK_LATENCY, PRECISION
from simcore.solvers.question import Answer, Input, Question, Values, divides

QUESTION = Question(
    title=__doc__,
    value="time of both ways, for one layer",
    unit="s",
    inputs=(
        Input("tokens", "1", "tokens that one device routes", low=1.0),
        HIDDEN,
        Input("experts", "1", "experts of the layer", low=1.0, is_whole=True),
        Input("experts_per_token", "1", "experts that a token visits", low=1.0, is_whole=True),
        Input("devices", "1", "devices that the experts are spread over", low=1.0, is_whole=True),
        Input("imbalance", "1", "load of the busiest expert over the mean", default=1.0, low=1.0,
              spread=0.2),
        PRECISION,
        LINK_BANDWIDTH,
        LINK_LATENCY,
    ),
    terms={"sent": "byte", "transfer": "s", "startup": "s", "busiest": "1"},
    items=(LINK,),
    sources=(
        "D. Lepikhin et al., GShard, ICLR 2021, arXiv:2006.16668",
        "W. Fedus et al., Switch transformers, JMLR 23, 2022, arXiv:2101.03961",
    ),
    limits="{devices} devices cannot share {experts} experts evenly, or a token visits more "
    "than there are",
)  # fmt: skip


def refuse(x: Values) -> None:
    """Raise ValueError where devices do not divide the experts, or a token visits too many."""
    divides("devices", x["devices"], "experts", x["experts"])
    if x["experts_per_token"] > x["experts"]:
        raise ValueError(
            f"experts_per_token must be at most experts, {x['experts']:g}, got "
            f"{x['experts_per_token']:g}; nearest valid: {x['experts']:g}"
        )


def answer(x: Values) -> Answer:
    imbalance = np.minimum(x["imbalance"], x["experts"] / x["experts_per_token"])
    element = element_size(x["precision"])
    copies = x["tokens"] * x["experts_per_token"]
    terms = all_to_all(
        copies * x["hidden"] * element * imbalance,
        x["devices"],
        bandwidth=x["link_bandwidth"],
        latency=x["link_latency"],
    )
    sent = expert_dispatch_size(
        x["tokens"], x["hidden"], experts_per_token=x["experts_per_token"], devices=x["devices"],
        element_size=element, imbalance=imbalance,
    )  # fmt: skip
    return Answer(
        value=np.asarray(2 * terms.time),
        terms={
            "sent": sent,
            "transfer": np.asarray(2 * terms.transfer),
            "startup": np.asarray(2 * terms.startup),
            "busiest": np.asarray(copies / x["experts"] * imbalance),
        },
        bound=Answer.longest(transfer=terms.transfer, startup=terms.startup),
        feasible=np.asarray(
            (np.mod(x["experts"], x["devices"]) == 0) & (x["experts_per_token"] <= x["experts"])
        ),
    )
