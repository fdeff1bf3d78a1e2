"""How much memory does training take on each accelerator, and does it fit?"""

import numpy as np

from simcore.equations.memory import training_state, transformer_activations
from simcore.equations.precision import element_size
from simcore.equations.sequence_parallel import split_activations
from simcore.solvers.inputs import (
    CAPACITY,
    HEADS,
    HIDDEN,
    LAYERS,
    MACHINE,
    MODEL,
    PARAMETERS,
    PRECISION,
)
from simcore.solvers.question import Answer, Input, Question, Values

QUESTION = Question(
    title=__doc__,
    value="memory of one accelerator",
    unit="byte",
    inputs=(
        PARAMETERS,
        LAYERS,
        HIDDEN,
        HEADS,
        Input("sequence", "1", "tokens of a sequence", low=1.0, is_whole=True),
        Input("micro_batch", "1", "sequences of a micro-batch", default=1.0, low=1.0,
              is_whole=True),
        Input("tensor", "1", "tensor-parallel devices", default=1.0, low=1.0, is_whole=True),
        Input("pipeline", "1", "pipeline stages", default=1.0, low=1.0, is_whole=True),
        Input("data", "1", "data-parallel devices", default=1.0, low=1.0, is_whole=True),
        Input("zero_stage", "1", "ZeRO stage", default=0.0, high=3.0, is_whole=True),
        Input("optimizer_size", "byte", "optimiser state of one parameter", default=12.0),
        Input("recompute", "1", "what the backward pass computes again", default="selective",
              choices=("none", "selective", "full")),
        Input("sequence_parallel", "1", "whether tensor-parallel devices split the sequence too",
              default="yes", choices=("yes", "no")),
        PRECISION,
        CAPACITY,
    ),
    terms={"weights": "byte", "gradients": "byte", "optimizer": "byte", "activations": "byte"},
    items=(MODEL, MACHINE),
    sources=(
        "S. Rajbhandari et al., ZeRO, SC 2020, arXiv:1910.02054",
        "V. Korthikanti et al., Reducing activation recomputation, 2022, arXiv:2205.05198",
    ),
    limits="an accelerator has {capacity}; weights take {weights}, gradients "
    "{gradients}, optimiser {optimizer}, activations {activations}",
    room="weights of {weights}, gradients of {gradients}, optimiser state of "
    "{optimizer} and activations of {activations} fit {capacity}",
)  # fmt: skip


def answer(x: Values) -> Answer:
    element = element_size(x["precision"])
    state = training_state(
        x["parameters"] / (x["tensor"] * x["pipeline"]),
        weight_size=element,
        gradient_size=element,
        optimizer_size=x["optimizer_size"],
        devices=x["data"],
        zero_stage=x["zero_stage"],
    )
    activations = _activations(x) * element / 2.0
    terms = {
        "weights": state.weights,
        "gradients": state.gradients,
        "optimizer": state.optimizer,
        "activations": np.asarray(activations),
    }
    total = np.asarray(state.total + activations)
    return Answer(
        value=total,
        terms=terms,
        bound=Answer.longest(**terms),
        feasible=np.asarray(total <= x["capacity"]),
    )


def _activations(x: Values) -> np.ndarray:
    """Return the 16-bit activations of one device. [byte]

    A stage keeps as many micro-batches in flight as there are stages (1F1B), each of its layers.
    """
    sizes = (x["sequence"], x["micro_batch"], x["hidden"], x["layers"])
    splits = x["sequence_parallel"] == "yes"
    if x["recompute"] == "full":
        kept = transformer_activations(*sizes, recompute="full")
        return np.asarray(kept / x["tensor"] if splits else kept + 0.0 * x["tensor"])
    return split_activations(
        *sizes,
        heads=x["heads"],
        tensor=x["tensor"],
        keeps_scores=x["recompute"] == "none",
        splits_sequence=splits,
    )
