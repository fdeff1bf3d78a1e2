"""How much of a machine's peak does software leave?"""

import numpy as np

from simcore.equations.utilisation import planned_kernel_share
from simcore.solvers.inputs import EFFICIENCY, MACHINE, PEAK, PRECISION
from simcore.solvers.question import Answer, Input, Question, Values

QUESTION = Question(
    title=__doc__,
    value="share of the peak",
    unit="1",
    inputs=(
        Input("flop", "FLOP", "arithmetic of a step", above=True),
        Input("kernels", "1", "kernels launched in a step", low=1.0),
        Input("launch", "s", "from one kernel to the next, during which nothing runs",
              default=5e-6, spread=0.3),
        Input("kernel", "1", "class of the kernels that do most of the work", default="ffn",
              choices=("flash_attention", "attention", "ffn", "conv", "other")),
        EFFICIENCY,
        PRECISION,
        PEAK,
    ),
    terms={"kernel_share": "1", "busy_share": "1", "arithmetic": "s", "launches": "s",
           "rate": "FLOP/s"},
    items=(MACHINE,),
    sources=(
        "A. Chowdhery et al., PaLM, 2022, app. B, arXiv:2204.02311",
        "T. Dao, FlashAttention-2, 2023, arXiv:2307.08691",
    ),
    evidence="assumed",
    less_is_better=False,
)  # fmt: skip


def answer(x: Values) -> Answer:
    share = planned_kernel_share(x["efficiency"], kernel=x["kernel"])
    arithmetic = np.asarray(x["flop"] / (x["peak_flop_rate"] * share))
    launches = np.asarray(x["kernels"] * x["launch"])
    busy = np.asarray(arithmetic / (arithmetic + launches))
    return Answer(
        value=np.asarray(share * busy),
        terms={
            "kernel_share": share,
            "busy_share": busy,
            "arithmetic": arithmetic,
            "launches": launches,
            "rate": np.asarray(x["peak_flop_rate"] * share * busy),
        },
        bound=Answer.longest(kernels=arithmetic, launches=launches),
    )
