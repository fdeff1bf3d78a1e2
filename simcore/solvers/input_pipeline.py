"""Does the input keep up with the accelerators?"""

import numpy as np

from simcore.equations.ingestion import input_demand, preparation_time, step_overlapped
from simcore.solvers.question import Answer, Input, Question, Values

QUESTION = Question(
    title=__doc__,
    value="time of a step with its input",
    unit="s",
    inputs=(
        Input("consumers", "1", "accelerators that share the storage", default=1.0, low=1.0),
        Input("samples", "1", "samples of one accelerator's step", low=1.0),
        Input("sample_size", "byte", "of one stored sample", above=True, spread=0.1),
        Input("compute", "s", "arithmetic of a step", above=True),
        Input("storage_bandwidth", "byte/s", "of the storage, for all", above=True, spread=0.1),
        Input("host_rate", "byte/s", "at which the host of one accelerator prepares samples",
              above=True, spread=0.1),
    ),
    terms={"compute": "s", "storage": "s", "preparation": "s", "stall": "1", "demand": "byte/s"},
    sources=(
        ("J. Mohan et al., Analyzing and mitigating data stalls, VLDB 14(5), 2021, "
        "doi:10.14778/3446095.3446100"),
        "D. Murray et al., tf.data, VLDB 14(12), 2021, doi:10.14778/3476311.3476374",
    ),
    limits="accelerators wait for {stall} of the step: they ask for {demand}",
)  # fmt: skip


def answer(x: Values) -> Answer:
    demand = input_demand(x["consumers"], x["samples"], x["sample_size"], x["compute"])
    storage = np.asarray(demand * x["compute"] / x["storage_bandwidth"])
    preparing = preparation_time(x["samples"], x["sample_size"], rate=x["host_rate"])
    step = step_overlapped(x["compute"], np.maximum(storage, preparing))
    terms = {"compute": x["compute"], "storage": storage, "preparation": preparing}
    return Answer(
        value=step.time,
        terms={**terms, "stall": step.stall, "demand": demand},
        bound=Answer.longest(**terms),
        feasible=np.asarray(step.stall <= 0),
    )
