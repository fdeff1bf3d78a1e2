"""How much faster does a model run with fewer bits, and what does it lose?"""

import numpy as np

from simcore.equations.precision import element_size, quantized_size
from simcore.equations.quality import quantization_loss
from simcore.equations.roofline import step_terms
from simcore.solvers.inputs import (
    BANDWIDTH,
    BATCH,
    CAPACITY,
    EFFICIENCY,
    MACHINE,
    MODEL,
    OVERHEAD,
    PARAMETERS,
    PEAK,
    PRECISION,
)
from simcore.solvers.question import Answer, Input, Question, Values

QUESTION = Question(
    title=__doc__,
    value="time of a pass over the baseline's",
    unit="1",
    inputs=(
        PARAMETERS,
        BATCH,
        Input("bits", "1", "bits of one weight", low=1.0, high=32.0),
        Input("group", "1", "weights that share one scale", default=128.0, low=1.0),
        Input("compressed_peak", "FLOP/s", "dense peak at the compressed weights' format; that of "
              "the baseline where weights are widened first", above=True),
        PRECISION,
        PEAK,
        BANDWIDTH,
        CAPACITY,
        EFFICIENCY,
        OVERHEAD,
    ),
    terms={"speedup": "1", "size": "byte", "baseline_size": "byte", "accuracy_loss": "1",
           "compute": "s", "memory": "s", "overhead": "s"},
    items=(MODEL, MACHINE),
    sources=(
        "A. Gholami et al., A survey of quantization methods, 2021, arXiv:2103.13630",
        "E. Frantar et al., GPTQ, ICLR 2023, arXiv:2210.17323",
    ),
    evidence="assumed",
    limits="{size} of compressed weights do not fit the {capacity} of main memory",
    room="{size} of compressed weights fit the {capacity}",
)  # fmt: skip


def answer(x: Values) -> Answer:
    flop = 2 * x["parameters"] * x["batch"]
    before = x["parameters"] * element_size(x["precision"])
    after = x["parameters"] * quantized_size(x["bits"], group=x["group"])
    fixed = {
        "bandwidth": x["bandwidth"], "efficiency": x["efficiency"], "overhead": x["overhead"]
    }  # fmt: skip
    baseline = step_terms(flop, before, peak_flop_rate=x["peak_flop_rate"], **fixed)
    found = step_terms(flop, after, peak_flop_rate=x["compressed_peak"], **fixed)
    return Answer(
        value=np.asarray(found.time / baseline.time),
        terms={
            "speedup": np.asarray(baseline.time / found.time),
            "size": np.asarray(after),
            "baseline_size": np.asarray(before),
            "accuracy_loss": quantization_loss(x["bits"]),
            "compute": found.compute,
            "memory": found.memory,
            "overhead": found.overhead,
        },
        bound=found.bound,
        feasible=np.asarray(after <= x["capacity"]),
    )
