"""How fast is a model whose weights stream through a chip that keeps the activations?"""

import numpy as np

from simcore.equations.kv_cache import kv_bytes_per_token
from simcore.equations.precision import element_size
from simcore.equations.streaming import balancing_batch, streamed_layer
from simcore.solvers.inputs import (
    BATCH,
    CAPACITY,
    EFFICIENCY,
    HEAD_WIDTH,
    KV_HEADS,
    LAYERS,
    MACHINE,
    MODEL,
    OVERHEAD,
    PARAMETERS,
    PEAK,
    PRECISION,
    TOKENS,
)
from simcore.solvers.question import Answer, Input, Question, Values

QUESTION = Question(
    title=__doc__,
    value="tokens a second, all requests together",
    unit="1/s",
    inputs=(
        PARAMETERS,
        LAYERS,
        KV_HEADS,
        HEAD_WIDTH,
        BATCH,
        TOKENS,
        Input("injection_bandwidth", "byte/s", "at which weights arrive", above=True, spread=0.1),
        Input("cache_element", "byte", "of one cached number", default=2.0, above=True),
        PRECISION,
        PEAK,
        CAPACITY,
        EFFICIENCY,
        OVERHEAD,
    ),
    terms={"compute": "s", "injection": "s", "balancing_batch": "1", "cache": "byte"},
    items=(MODEL, MACHINE),
    sources=(("S. Lie, Cerebras architecture deep dive, IEEE Micro 43(3), 2023, "
             "doi:10.1109/MM.2023.3256384"),),
    less_is_better=False,
    limits="a cache of {cache} does not fit the {capacity} on the chip",
    room="a cache of {cache} fits the {capacity} on the chip",
)  # fmt: skip


def answer(x: Values) -> Answer:
    element = element_size(x["precision"])
    rate = x["peak_flop_rate"] * x["efficiency"]
    layer = streamed_layer(
        x["parameters"] / x["layers"],
        x["batch"],
        element_size=element,
        flop_rate=rate,
        injection_bandwidth=x["injection_bandwidth"],
        overhead=x["overhead"],
    )
    token = kv_bytes_per_token(x["layers"], x["kv_heads"], x["head_width"], x["cache_element"])
    cache = np.asarray(token * x["batch"] * x["sequence"])
    return Answer(
        value=np.asarray(x["batch"] / (layer.time * x["layers"])),
        terms={
            "compute": layer.compute,
            "injection": layer.injection,
            "balancing_batch": balancing_batch(
                element, flop_rate=rate, injection_bandwidth=x["injection_bandwidth"]
            ),
            "cache": cache,
        },
        bound=Answer.longest(injection=layer.injection, compute=layer.compute),
        feasible=np.asarray(cache <= x["capacity"]),
    )
