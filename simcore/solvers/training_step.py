"""How long does a training step of a language model take on one accelerator?"""

import numpy as np

from simcore.equations.precision import element_size
from simcore.equations.roofline import step_terms
from simcore.equations.utilisation import flop_utilisation
from simcore.solvers.inputs import (
    BANDWIDTH,
    BATCH,
    EFFICIENCY,
    HIDDEN,
    LAYERS,
    MACHINE,
    MODEL,
    OVERHEAD,
    PARAMETERS,
    PEAK,
    PRECISION,
)
from simcore.solvers.models import ACTIVE, active
from simcore.solvers.question import Answer, Input, Question, Values

STATE_TRAFFIC = 28.0
"""Bytes for each parameter and step of Adam in mixed precision: gradient read, master and two
moments read and written, weights written. [byte]"""

QUESTION = Question(
    title=__doc__,
    value="time of the step",
    unit="s",
    inputs=(
        PARAMETERS,
        ACTIVE,
        LAYERS,
        HIDDEN,
        BATCH,
        Input("sequence", "1", "tokens of a sequence", low=1.0, is_whole=True),
        Input("recompute_share", "1", "share of the forward pass computed again", default=0.0,
              high=1.0),
        PRECISION,
        PEAK,
        BANDWIDTH,
        EFFICIENCY,
        OVERHEAD,
    ),
    terms={
        "compute": "s",
        "memory": "s",
        "overhead": "s",
        "tokens_per_second": "1/s",
        "mfu": "1",
        "hfu": "1",
    },
    items=(MODEL, MACHINE),
    sources=(
        "J. Kaplan et al., Scaling laws, 2020, sec. 2.1, arXiv:2001.08361",
        "A. Chowdhery et al., PaLM, 2022, app. B, arXiv:2204.02311",
    ),
)  # fmt: skip


def answer(x: Values) -> Answer:
    tokens = x["batch"] * x["sequence"]
    forward = 2 * active(x) * tokens
    forward = forward + 4 * x["layers"] * x["hidden"] * x["sequence"] * tokens
    model_flop = 3 * forward
    done = model_flop + x["recompute_share"] * forward
    weights = x["parameters"] * element_size(x["precision"])
    terms = step_terms(
        done,
        3 * weights + STATE_TRAFFIC * x["parameters"],
        peak_flop_rate=x["peak_flop_rate"],
        bandwidth=x["bandwidth"],
        efficiency=x["efficiency"],
        overhead=x["overhead"],
    )
    peak = x["peak_flop_rate"]
    return Answer(
        value=terms.time,
        terms={
            "compute": terms.compute,
            "memory": terms.memory,
            "overhead": terms.overhead,
            "tokens_per_second": np.asarray(tokens / terms.time),
            "mfu": flop_utilisation(model_flop, terms.time, peak_flop_rate=peak),
            "hfu": flop_utilisation(done, terms.time, peak_flop_rate=peak),
        },
        bound=Answer.longest(overhead=terms.overhead, memory=terms.memory, compute=terms.compute),
    )
