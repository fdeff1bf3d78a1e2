"""How long does a training run take on a cluster, and what does it use?"""

import numpy as np

from simcore.equations.scaling import FLOP_PER_WEIGHT_AND_TOKEN, optimal_parameters
from simcore.solvers.inputs import MACHINE, MODEL, PARAMETERS, PEAK, PRECISION
from simcore.solvers.models import ACTIVE, active
from simcore.solvers.question import Answer, Input, Question, Values

QUESTION = Question(
    title=__doc__,
    value="time of the run",
    unit="s",
    inputs=(
        PARAMETERS,
        ACTIVE,
        Input("tokens", "1", "tokens seen", above=True),
        Input("devices", "1", "accelerators", low=1.0, is_whole=True),
        Input("mfu", "1", "model FLOP utilisation while it runs", high=1.0, above=True, spread=0.1),
        Input("goodput", "1", "share of the time that makes progress", default=1.0, high=1.0,
              above=True, spread=0.05),
        Input("power", "W", "of one accelerator with its share of the node", default=0.0,
              spread=0.1),
        PRECISION,
        PEAK,
    ),
    terms={"flop": "FLOP", "ideal": "s", "energy": "J", "tokens_per_parameter": "1",
           "optimal_parameters": "1"},
    items=(MODEL, MACHINE),
    sources=(
        "J. Kaplan et al., Scaling laws, 2020, sec. 2.1, arXiv:2001.08361",
        "J. Hoffmann et al., Compute-optimal models, 2022, arXiv:2203.15556",
    ),
)  # fmt: skip


def answer(x: Values) -> Answer:
    flop = np.asarray(FLOP_PER_WEIGHT_AND_TOKEN * active(x) * x["tokens"])
    ideal = np.asarray(flop / (x["devices"] * x["peak_flop_rate"]))
    time = np.asarray(ideal / (x["mfu"] * x["goodput"]))
    return Answer(
        value=time,
        terms={
            "flop": flop,
            "ideal": ideal,
            "energy": np.asarray(time * x["devices"] * x["power"]),
            "tokens_per_parameter": np.asarray(x["tokens"] / x["parameters"]),
            "optimal_parameters": optimal_parameters(flop),
        },
        bound=np.where(x["mfu"] <= x["goodput"], "mfu", "goodput"),
    )
