"""How long does a user wait for an answer from a replica of a language model?"""

import numpy as np

from simcore.equations.kv_cache import weight_bytes
from simcore.equations.precision import element_size
from simcore.equations.serving import first_token_time, prompt_flop, token_gap
from simcore.solvers.inputs import (
    BANDWIDTH,
    BATCH,
    CAPACITY,
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
from simcore.solvers.models import CACHED, SPARSE, active, token_cache, touched
from simcore.solvers.question import Answer, Input, Question, Values

INPUTS = (
    PARAMETERS,
    LAYERS,
    HIDDEN,
    *CACHED,
    *SPARSE,
    BATCH,
    Input("prompt", "token", "tokens of the prompt", low=1.0),
    Input("answer", "token", "tokens of the answer", low=1.0),
    Input("cached", "token", "leading tokens of the prompt in the cache", default=0.0),
    Input("devices", "1", "devices that share the model", default=1.0, low=1.0, is_whole=True),
    Input("cache_element", "byte", "of one cached number", default=2.0, above=True),
    PRECISION,
    PEAK,
    BANDWIDTH,
    CAPACITY,
    EFFICIENCY,
    OVERHEAD,
)
SOURCES = (
    "R. Pope et al., Efficiently scaling transformer inference, MLSys 2023, arXiv:2211.05102",
)

QUESTION = Question(
    title=__doc__,
    value="time from the start of the prompt to the last token",
    unit="s",
    inputs=INPUTS,
    terms={
        "first_token": "s",
        "token_gap": "s",
        "decode": "s",
        "weights": "byte",
        "cache": "byte",
        "tokens_per_second": "1/s",
    },
    items=(MODEL, MACHINE),
    sources=SOURCES,
    limits="weights of {weights} and a cache of {cache} do not fit {devices} "
    "device(s) of {capacity}",
    room="weights of {weights} and a cache of {cache} fit {devices} device(s) of {capacity}",
)


def answer(x: Values) -> Answer:
    element, devices = element_size(x["precision"]), x["devices"]
    flop = x["batch"] * prompt_flop(
        x["prompt"], parameters=active(x), layers=x["layers"], hidden=x["hidden"],
        cached=x["cached"], masked=True,
    )  # fmt: skip
    rate = x["peak_flop_rate"] * x["efficiency"] * devices
    first = first_token_time(flop, flop_rate=rate, overhead=x["overhead"])
    weights = weight_bytes(x["parameters"], element)
    token = token_cache(x)
    longest = token * x["batch"] * (x["prompt"] + x["answer"])
    mean = token * x["batch"] * (x["prompt"] + x["answer"] / 2.0)
    read = weight_bytes(touched(x, x["batch"]), element)
    gap = token_gap(read, mean, bandwidth=x["bandwidth"] * devices, overhead=x["overhead"])
    decode = gap * (x["answer"] - 1.0)
    room = x["capacity"] * devices
    return Answer(
        value=np.asarray(first + decode),
        terms={
            "first_token": first,
            "token_gap": gap,
            "decode": np.asarray(decode),
            "weights": weights,
            "cache": np.asarray(longest),
            "tokens_per_second": np.asarray(x["batch"] / gap),
        },
        bound=Answer.longest(prefill=first, decode=np.asarray(decode)),
        feasible=np.asarray(weights + longest <= room),
    )
