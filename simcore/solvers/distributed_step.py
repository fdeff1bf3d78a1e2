"""How long does a training step take on a cluster that is split three ways?"""

import numpy as np

from simcore.equations.collectives import hierarchical_allreduce, ring_allreduce
from simcore.equations.memory import (
    training_state,
    transformer_activations,
    zero_traffic_ratio,
)
from simcore.equations.parallelism import pipeline_bubble
from simcore.equations.precision import element_size
from simcore.solvers.inputs import (
    EFFICIENCY,
    HIDDEN,
    LAYERS,
    LINK,
    LINK_BANDWIDTH,
    LINK_LATENCY,
    MACHINE,
    MODEL,
    NODE_BANDWIDTH,
    NODE_LATENCY,
    PARAMETERS,
    PEAK,
    PRECISION,
)
from simcore.solvers.models import ACTIVE, active
from simcore.solvers.question import Answer, Input, Question, Values, divides

QUESTION = Question(
    title=__doc__,
    value="time of the step",
    unit="s",
    inputs=(
        PARAMETERS,
        ACTIVE,
        LAYERS,
        HIDDEN,
        Input("devices", "1", "accelerators", low=1.0, is_whole=True),
        Input("per_node", "1", "accelerators of a node", default=8.0, low=1.0, is_whole=True),
        Input("tensor", "1", "tensor-parallel degree", default=1.0, low=1.0, is_whole=True),
        Input("pipeline", "1", "pipeline stages", default=1.0, low=1.0, is_whole=True),
        Input("global_batch", "1", "sequences of a step", low=1.0, is_whole=True),
        Input("sequence", "1", "tokens of a sequence", low=1.0, is_whole=True),
        Input("interleave", "1", "chunks of layers on each device of the pipeline", default=1.0,
              low=1.0, is_whole=True),
        Input("zero_stage", "1", "ZeRO stage among the data ranks", default=0.0, high=3.0,
              is_whole=True),
        Input("optimizer_size", "byte", "optimiser state of one parameter", default=12.0),
        Input("capacity", "byte", "main memory of an accelerator", default=1e15, above=True),
        Input("congestion", "1", "time between nodes over that of empty links", default=1.0,
              low=1.0, spread=0.1),
        Input("straggler", "1", "time of the slowest replica over the mean", default=1.0, low=1.0,
              spread=0.05),
        Input("overlap", "1", "share of the gradients' traffic hidden by the backward pass",
              default=0.0, high=1.0, spread=0.1),
        PRECISION,
        PEAK,
        EFFICIENCY,
        NODE_BANDWIDTH,
        NODE_LATENCY,
        LINK_BANDWIDTH,
        LINK_LATENCY,
    ),
    terms={
        "compute": "s",
        "gradients": "s",
        "tensor_traffic": "s",
        "bubble": "s",
        "straggling": "s",
        "parallel_efficiency": "1",
        "tokens_per_second": "1/s",
        "state": "byte",
        "activations": "byte",
    },
    items=(MODEL, MACHINE, LINK),
    sources=(
        "D. Narayanan et al., Megatron-LM on GPU clusters, SC 2021, arXiv:2104.04473",
        "S. Rajbhandari et al., ZeRO, SC 2020, arXiv:1910.02054",
        ("P. Patarasuk, X. Yuan, Bandwidth optimal all-reduce, 2009, "
        "doi:10.1016/j.jpdc.2008.09.002"),
    ),
    limits="{tensor} x {pipeline} must divide the {devices} accelerators and leave each "
    "replica a sequence of the {global_batch}, {tensor} must fit a node of {per_node}, and a "
    "state of {state} with activations of {activations} the {capacity} of each",
    room="a state of {state} and activations of {activations} fit the {capacity} of "
    "each",
)  # fmt: skip


def refuse(x: Values) -> None:
    """Raise ValueError for a split that does not divide, naming the nearest degree that does."""
    divides("tensor", x["tensor"], "devices", x["devices"])
    divides("pipeline", x["pipeline"], "devices / tensor", x["devices"] / x["tensor"])
    if x["tensor"] > x["per_node"]:
        raise ValueError(
            f"tensor must be at most per_node, {x['per_node']:g}, got {x['tensor']:g}; nearest "
            f"valid: {x['per_node']:g}"
        )


def answer(x: Values) -> Answer:
    element = element_size(x["precision"])
    replica = x["tensor"] * x["pipeline"]
    data = np.maximum(1.0, np.floor(x["devices"] / replica))
    local = x["global_batch"] / data
    tokens = local * x["sequence"]
    forward = tokens * (2 * active(x) + 4 * x["layers"] * x["hidden"] * x["sequence"])
    compute = 3 * forward / (replica * x["peak_flop_rate"] * x["efficiency"])
    sent = x["parameters"] * element / replica * zero_traffic_ratio(x["zero_stage"])
    gradients = _gradients(x, data, sent) * (1 - x["overlap"])
    straggling = (x["straggler"] - 1) * compute
    activations = tokens * x["hidden"] * element
    one = ring_allreduce(
        activations, x["tensor"], bandwidth=x["node_bandwidth"], latency=x["node_latency"]
    )
    tensor = 4 * np.ceil(x["layers"] / x["pipeline"]) * one.time
    share = pipeline_bubble(
        x["pipeline"], np.maximum(1.0, np.floor(local)), interleave=x["interleave"]
    )
    bubble = (compute + tensor) * share / (1 - share)
    terms = {
        "compute": np.asarray(compute),
        "gradients": np.asarray(gradients),
        "tensor_traffic": np.asarray(tensor),
        "bubble": np.asarray(bubble),
        "straggling": np.asarray(straggling),
    }
    time = np.asarray(compute + gradients + tensor + bubble + straggling)
    fits = (np.mod(x["devices"], replica) == 0) & (local >= 1) & (x["tensor"] <= x["per_node"])
    state, activations = _memory(x, element, data, local)
    fits = fits & (state + activations <= x["capacity"])
    all_tokens = x["global_batch"] * x["sequence"]
    return Answer(
        value=time,
        terms={
            **terms,
            "parallel_efficiency": np.asarray(compute / time),
            "tokens_per_second": np.asarray(all_tokens / time),
            "state": state,
            "activations": activations,
        },
        bound=Answer.longest(**terms),
        feasible=np.asarray(fits),
    )


def _memory(
    x: Values, element: float, data: np.ndarray, local: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return state and activations of one accelerator; micro-batches are single sequences. [byte]

    Attention scores are never written, the sequence is split among the tensor ranks, and a stage
    keeps as many micro-batches in flight as there are stages.
    """
    state = training_state(
        x["parameters"] / (x["tensor"] * x["pipeline"]),
        weight_size=element,
        gradient_size=element,
        optimizer_size=x["optimizer_size"],
        devices=data,
        zero_stage=x["zero_stage"],
    )
    one = transformer_activations(
        x["sequence"],
        1.0,
        x["hidden"],
        np.ceil(x["layers"] / x["pipeline"]),
        recompute="selective",
    )
    flying = np.minimum(x["pipeline"], np.maximum(local, 1.0))
    return state.total, np.asarray(one * element / 2.0 * flying / x["tensor"])


def _gradients(x: Values, data: np.ndarray, message: np.ndarray) -> np.ndarray:
    """Return the all-reduce among data ranks: those of one node first, then between nodes. [s]"""
    inside = np.maximum(1.0, np.minimum(data, np.floor(x["per_node"] / x["tensor"])))
    terms = hierarchical_allreduce(
        message,
        nodes=np.ceil(data / inside),
        devices_per_node=inside,
        node_bandwidth=x["node_bandwidth"],
        node_latency=x["node_latency"],
        bandwidth=x["link_bandwidth"] / x["congestion"],
        latency=x["link_latency"] * x["congestion"],
    )
    return terms.time
