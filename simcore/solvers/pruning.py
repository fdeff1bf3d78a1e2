"""How much faster and smaller is a model without some of its weights, and what does it lose?"""

import numpy as np

from simcore.equations.precision import element_size, pruning_speedup, sparse_size_ratio
from simcore.equations.quality import pruning_loss
from simcore.equations.roofline import step_terms
from simcore.solvers.inputs import (
    BANDWIDTH,
    BATCH,
    EFFICIENCY,
    MACHINE,
    MODEL,
    OVERHEAD,
    PARAMETERS,
    PEAK,
    PRECISION,
)
from simcore.solvers.question import Answer, Input, Question, Values

INDEX_SIZE = {"structured": 0.0, "2:4": 0.25, "unstructured": 2.0}
"""Of one kept weight: two bits in 2:4, 16 bits for its column otherwise. [byte]"""

QUESTION = Question(
    title=__doc__,
    value="time of a pass over the dense one's",
    unit="1",
    inputs=(
        PARAMETERS,
        BATCH,
        Input("sparsity", "1", "share of the weights that are gone", high=0.999),
        Input("structure", "1", "which ones", default="structured",
              choices=("structured", "2:4", "unstructured")),
        Input("most_loss", "1", "accuracy that may be lost, as a share", default=0.05, high=1.0),
        PRECISION,
        PEAK,
        BANDWIDTH,
        EFFICIENCY,
        OVERHEAD,
    ),
    terms={"speedup": "1", "size": "byte", "size_ratio": "1", "accuracy_loss": "1",
           "compute": "s", "memory": "s", "overhead": "s"},
    items=(MODEL, MACHINE),
    sources=(
        "A. Mishra et al., Accelerating sparse deep neural networks, 2021, arXiv:2104.08378",
        "D. Blalock et al., What is the state of neural network pruning?, 2020, arXiv:2003.03033",
    ),
    evidence="assumed",
    limits="an accuracy loss of {accuracy_loss} is more than {most_loss}",
)  # fmt: skip


def refuse(x: Values) -> None:
    """Raise ValueError for a 2:4 pattern at another sparsity than a half."""
    if x["structure"] == "2:4" and x["sparsity"] != 0.5:
        raise ValueError(
            f"sparsity must be 0.5 for the 2:4 structure, got {x['sparsity']:g}; nearest valid: 0.5"
        )


def answer(x: Values) -> Answer:
    element = element_size(x["precision"])
    is_half = x["structure"] != "2:4" or np.asarray(x["sparsity"] == 0.5)
    sparsity = np.where(is_half, x["sparsity"], 0.5)
    ratio = sparse_size_ratio(sparsity, element_size=element, index_size=INDEX_SIZE[x["structure"]])
    faster = pruning_speedup(sparsity, structure=x["structure"])
    flop, weights = 2 * x["parameters"] * x["batch"], x["parameters"] * element
    fixed = {"peak_flop_rate": x["peak_flop_rate"], "bandwidth": x["bandwidth"],
             "efficiency": x["efficiency"], "overhead": x["overhead"]}  # fmt: skip
    dense = step_terms(flop, weights, **fixed)
    # A dense kernel reads the zeros as well.
    read = weights * np.where(faster > 1, np.minimum(ratio, 1.0), 1.0)
    found = step_terms(flop / faster, read, **fixed)
    loss = pruning_loss(sparsity)
    return Answer(
        value=np.asarray(found.time / dense.time),
        terms={
            "speedup": np.asarray(dense.time / found.time),
            "size": np.asarray(weights * ratio),
            "size_ratio": ratio,
            "accuracy_loss": loss,
            "compute": found.compute,
            "memory": found.memory,
            "overhead": found.overhead,
        },
        bound=found.bound,
        feasible=np.asarray((loss <= x["most_loss"]) & is_half),
    )
