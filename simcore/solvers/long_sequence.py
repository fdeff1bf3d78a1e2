"""How are long sequences trained on many devices?"""

import numpy as np

from simcore.equations.precision import element_size
from simcore.equations.sequence_parallel import (
    exchange_traffic,
    ring_block,
    ring_traffic,
    split_activations,
)
from simcore.solvers.inputs import (
    CAPACITY,
    EFFICIENCY,
    HEAD_WIDTH,
    HEADS,
    HIDDEN,
    KV_HEADS,
    LAYERS,
    MACHINE,
    MODEL,
    NODE_BANDWIDTH,
    PEAK,
    PRECISION,
    TOKENS,
)
from simcore.solvers.question import Answer, Input, Question, Values, divides

QUESTION = Question(
    title=__doc__,
    value="activations of each device",
    unit="byte",
    inputs=(
        LAYERS,
        HIDDEN,
        HEADS,
        KV_HEADS,
        HEAD_WIDTH,
        TOKENS,
        Input("micro_batch", "1", "sequences at once", default=1.0, low=1.0, is_whole=True),
        Input("devices", "1", "that share each sequence", low=1.0, is_whole=True),
        Input("scores", "1", "whether attention scores are kept", default="computed again",
              choices=("kept", "computed again")),
        Input("room", "1", "share of the memory that activations may take", default=0.5,
              high=1.0, above=True),
        PRECISION,
        PEAK,
        EFFICIENCY,
        CAPACITY,
        NODE_BANDWIDTH,
    ),
    terms={"without": "byte", "exchange": "s", "ring": "s", "block": "1", "hidden_block": "1"},
    items=(MODEL, MACHINE),
    sources=(
        "V. Korthikanti et al., Reducing activation recomputation, 2022, arXiv:2205.05198",
        "S. Jacobs et al., DeepSpeed Ulysses, 2023, arXiv:2309.14509",
        "H. Liu et al., Ring attention, 2023, arXiv:2310.01889",
    ),
    limits="activations exceed {room} of the {capacity}",
)  # fmt: skip


def refuse(x: Values) -> None:
    """Raise ValueError where the devices do not divide the sequence."""
    divides("devices", x["devices"], "sequence", x["sequence"])


def answer(x: Values) -> Answer:
    element = element_size(x["precision"])
    sizes = (x["sequence"], x["micro_batch"], x["hidden"], x["layers"])
    how = {"heads": x["heads"], "tensor": x["devices"], "keeps_scores": x["scores"] == "kept"}
    kept = split_activations(*sizes, **how, splits_sequence=True) * element / 2
    without = split_activations(*sizes, **how, splits_sequence=False) * element / 2
    tokens = x["sequence"] * x["micro_batch"]
    sent = {
        "exchange": exchange_traffic(
            tokens, x["hidden"], devices=x["devices"], element_size=element
        ),
        "ring": ring_traffic(
            tokens, x["kv_heads"] * x["head_width"], devices=x["devices"], element_size=element
        ),
    }
    times = {name: np.asarray(size / x["node_bandwidth"]) for name, size in sent.items()}
    hidden = ring_block(
        flop_rate=x["peak_flop_rate"] * x["efficiency"],
        bandwidth=x["node_bandwidth"],
        element_size=element,
    )
    # Grouped keys are narrower than the queries they meet, so blocks may be shorter by as much.
    hidden = hidden * x["kv_heads"] / x["heads"]
    return Answer(
        value=kept,
        terms={
            "without": without,
            **times,
            "block": np.asarray(tokens / x["devices"]),
            "hidden_block": hidden,
        },
        bound=np.where(tokens / x["devices"] >= hidden, "memory", "network"),
        feasible=np.asarray(
            (kept <= x["room"] * x["capacity"]) & (np.mod(x["sequence"], x["devices"]) == 0)
        ),
    )
