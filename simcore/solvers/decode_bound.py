"""Why does writing one token take as long as it does?"""

import numpy as np

from simcore.equations.kv_cache import weight_bytes
from simcore.equations.precision import element_size
from simcore.equations.roofline import arithmetic_intensity, attainable_rate, step_terms
from simcore.solvers.inputs import (
    BANDWIDTH,
    BATCH,
    CAPACITY,
    MACHINE,
    MODEL,
    OVERHEAD,
    PARAMETERS,
    PEAK,
    PRECISION,
)
from simcore.solvers.models import SPARSE, active, touched
from simcore.solvers.question import Answer, Input, Question, Values

QUESTION = Question(
    title=__doc__,
    value="time of one token, from weights alone",
    unit="s",
    inputs=(
        PARAMETERS,
        *SPARSE,
        BATCH,
        Input("devices", "1", "devices that share the model", default=1.0, low=1.0, is_whole=True),
        PRECISION,
        PEAK,
        BANDWIDTH,
        CAPACITY,
        OVERHEAD,
    ),
    terms={"compute": "s", "memory": "s", "memory_over_compute": "1", "intensity": "FLOP/byte",
           "peak_share": "1", "weights": "byte"},
    items=(MODEL, MACHINE),
    sources=(
        "S. Williams et al., Roofline, CACM 52(4), 2009, doi:10.1145/1498765.1498785",
        "R. Pope et al., Efficiently scaling transformer inference, MLSys 2023, arXiv:2211.05102",
    ),
    limits="weights of {weights} on each device do not fit its {capacity}",
    room="weights of {weights} on each device fit its {capacity}",
)  # fmt: skip


def answer(x: Values) -> Answer:
    element = element_size(x["precision"])
    weights = weight_bytes(x["parameters"], element) / x["devices"]
    read = weight_bytes(touched(x, x["batch"]), element) / x["devices"]
    flop = 2 * active(x) * x["batch"] / x["devices"]
    roofs = {"peak_flop_rate": x["peak_flop_rate"], "bandwidth": x["bandwidth"]}
    terms = step_terms(flop, read, **roofs, overhead=x["overhead"])
    intensity = arithmetic_intensity(flop, read)
    return Answer(
        value=terms.time,
        terms={
            "compute": terms.compute,
            "memory": terms.memory,
            "memory_over_compute": np.asarray(terms.memory / terms.compute),
            "intensity": intensity,
            "peak_share": np.asarray(attainable_rate(intensity, **roofs) / x["peak_flop_rate"]),
            "weights": np.asarray(weights),
        },
        bound=terms.bound,
        feasible=np.asarray(weights <= x["capacity"]),
    )
