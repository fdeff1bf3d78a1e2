"""How long until a new replica answers?"""

import numpy as np

from simcore.equations.kv_cache import weight_bytes
from simcore.equations.precision import element_size
from simcore.equations.startup import cold_start
from simcore.solvers.inputs import DEADLINE, MODEL, PARAMETERS, PRECISION
from simcore.solvers.question import Answer, Input, ItemInput, Question, Values

QUESTION = Question(
    title=__doc__,
    value="time from the decision to the first request",
    unit="s",
    inputs=(
        PARAMETERS,
        PRECISION,
        Input("storage_bandwidth", "byte/s", "of the path to the weights", above=True, spread=0.2),
        Input("link_bandwidth", "byte/s", "of one device to its host", above=True, spread=0.1),
        Input("devices", "1", "that load a share each", default=1.0, low=1.0, is_whole=True),
        Input("initialisation", "s", "process, allocation, compilation", default=10.0,
              spread=0.5),
        DEADLINE,
    ),
    terms={"read": "s", "copy": "s", "initialisation": "s", "weights": "byte"},
    items=(
        MODEL,
        ItemInput("storage", "storage", {"storage_bandwidth": "bandwidth"}, "a kind of storage"),
        ItemInput("link", "links", {"link_bandwidth": "bandwidth"}, "a link of the catalogue"),
    ),
    sources=("Y. Fu et al., ServerlessLLM, OSDI 2024, arXiv:2401.14351",),
    limits="the deadline of {deadline} is missed: {weights} take {read} to read",
    room="weights of {weights} take {read} to read",
)  # fmt: skip


def answer(x: Values) -> Answer:
    weights = weight_bytes(x["parameters"], element_size(x["precision"]))
    found = cold_start(
        weights,
        storage_bandwidth=x["storage_bandwidth"],
        link_bandwidth=x["link_bandwidth"],
        initialisation=x["initialisation"],
        devices=x["devices"],
    )
    terms = {"read": found.read, "copy": found.copy,
             "initialisation": np.asarray(x["initialisation"])}  # fmt: skip
    return Answer(
        value=found.total,
        terms={**terms, "weights": weights},
        bound=Answer.longest(**terms),
        feasible=np.asarray(found.total <= x["deadline"]),
    )
