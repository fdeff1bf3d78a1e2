"""How many requests share a replica, and how many tokens a second do they get?"""

import numpy as np

from simcore.equations.kv_cache import weight_bytes
from simcore.equations.precision import element_size
from simcore.equations.serving import mean_pages, paged_places, reserved_places, token_gap
from simcore.solvers.inputs import (
    BANDWIDTH,
    CAPACITY,
    LAYERS,
    MACHINE,
    MODEL,
    OVERHEAD,
    PARAMETERS,
    PRECISION,
)
from simcore.solvers.models import CACHED, SPARSE, token_cache, touched
from simcore.solvers.question import Answer, Input, Question, Values

QUESTION = Question(
    title=__doc__,
    value="tokens a second",
    unit="1/s",
    inputs=(
        PARAMETERS,
        LAYERS,
        *CACHED,
        *SPARSE,
        Input("longest", "token", "tokens a request may reach", low=1.0),
        Input("mean_share", "1", "mean tokens of a request over the longest", high=1.0, above=True,
              spread=0.1),
        Input("page", "token", "tokens of one page", default=16.0, low=1.0, is_whole=True),
        Input("most", "1", "requests the scheduler allows", default=256.0, low=1.0, is_whole=True),
        Input("cache_element", "byte", "of one cached number", default=2.0, above=True),
        PRECISION,
        BANDWIDTH,
        CAPACITY,
        OVERHEAD,
    ),
    terms={
        "places": "1",
        "reserved_places": "1",
        "token_gap": "s",
        "gain_over_reserved": "1",
        "page_waste": "1",
        "weights": "byte",
    },
    items=(MODEL, MACHINE),
    sources=("W. Kwon et al., PagedAttention, SOSP 2023, arXiv:2309.06180",),
    less_is_better=False,
    limits="weights of {weights} leave no request of {longest} a place in "
    "{capacity}",
    room="{places} requests of up to {longest} beside weights of {weights} in "
    "{capacity}",
)  # fmt: skip


def answer(x: Values) -> Answer:
    weights = weight_bytes(x["parameters"], element_size(x["precision"]))
    token = token_cache(x)
    free = np.maximum(0.0, x["capacity"] - weights)
    mean = x["mean_share"] * x["longest"]
    reserved = reserved_places(free, token, x["longest"])
    paged = paged_places(free, token, x["longest"], mean=mean, page=x["page"])
    places, held = np.minimum(paged, x["most"]), np.minimum(reserved, x["most"])
    rate, gap = _rate(x, places, token * mean)
    reserved_rate, _ = _rate(x, held, token * mean)
    with np.errstate(divide="ignore", invalid="ignore"):
        gain = np.where(held > 0, rate / reserved_rate, np.inf)
    pages = mean_pages(mean, longest=x["longest"], page=x["page"])
    return Answer(
        value=rate,
        terms={
            "places": places,
            "reserved_places": held,
            "token_gap": gap,
            "gain_over_reserved": gain,
            "page_waste": np.asarray(1 - mean / (pages * x["page"])),
            "weights": weights,
        },
        bound=np.where(paged >= x["most"], "scheduler", "memory"),
        feasible=np.asarray(places >= 1),
    )


def _rate(x: Values, places: np.ndarray, request: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    read = weight_bytes(touched(x, places), element_size(x["precision"]))
    gap = token_gap(read, places * request, bandwidth=x["bandwidth"], overhead=x["overhead"])
    return np.asarray(places / gap), gap
