"""What does attention over a sequence take, with its scores written or kept on chip?"""

import numpy as np

from simcore.equations.operators import (
    attention_flop,
    attention_traffic_standard,
    attention_traffic_tiled,
)
from simcore.equations.precision import element_size
from simcore.equations.roofline import step_terms
from simcore.solvers.inputs import (
    BANDWIDTH,
    CAPACITY,
    EFFICIENCY,
    HEAD_WIDTH,
    HEADS,
    MACHINE,
    MODEL,
    PEAK,
    PRECISION,
    TOKENS,
)
from simcore.solvers.question import Answer, Input, Question, Values

QUESTION = Question(
    title=__doc__,
    value="time of one layer with scores on chip",
    unit="s",
    inputs=(
        TOKENS,
        HEADS,
        HEAD_WIDTH,
        Input("micro_batch", "1", "sequences at once", default=1.0, low=1.0, is_whole=True),
        Input("rows", "1", "query rows of a block on chip", default=128.0, low=1.0,
              is_whole=True),
        PRECISION,
        PEAK,
        BANDWIDTH,
        CAPACITY,
        EFFICIENCY,
    ),
    terms={"standard": "s", "speedup": "1", "compute": "s", "memory": "s", "scores": "byte",
           "traffic_ratio": "1"},
    items=(MODEL, MACHINE),
    sources=(
        "T. Dao et al., FlashAttention, NeurIPS 2022, arXiv:2205.14135",
        "T. Dao, FlashAttention-2, ICLR 2024, arXiv:2307.08691",
    ),
    limits="even tiled, queries, keys and values do not fit the {capacity}",
)  # fmt: skip


def answer(x: Values) -> Answer:
    element, many = element_size(x["precision"]), x["heads"] * x["micro_batch"]
    shape = (x["sequence"], x["head_width"])
    flop = many * attention_flop(*shape)
    roofs = {"peak_flop_rate": x["peak_flop_rate"], "bandwidth": x["bandwidth"],
             "efficiency": x["efficiency"]}  # fmt: skip
    written = many * attention_traffic_standard(*shape, element_size=element)
    kept = many * attention_traffic_tiled(*shape, rows=x["rows"], element_size=element)
    standard, tiled = step_terms(flop, written, **roofs), step_terms(flop, kept, **roofs)
    tensors = 4.0 * many * x["sequence"] * x["head_width"] * element
    return Answer(
        value=tiled.time,
        terms={
            "standard": standard.time,
            "speedup": np.asarray(standard.time / tiled.time),
            "compute": tiled.compute,
            "memory": tiled.memory,
            "scores": np.asarray(many * x["sequence"] ** 2 * element),
            "traffic_ratio": np.asarray(written / kept),
        },
        bound=tiled.bound,
        feasible=np.asarray(tensors <= x["capacity"]),
    )
