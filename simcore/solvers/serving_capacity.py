"""How many replicas of a language model does a rate of requests need?"""

import numpy as np

from simcore.equations.queueing import allen_cunneen_wait_mean, erlang_c, wait_quantile
from simcore.solvers import serving
from simcore.solvers.inputs import MACHINE, MODEL
from simcore.solvers.question import Answer, Array, Input, Question, Values

MOST = 512
"""Replicas tried."""

QUESTION = Question(
    title=__doc__,
    value="replicas",
    unit="1",
    inputs=(
        *serving.INPUTS,
        Input("arrival_rate", "1/s", "requests that arrive", above=True, spread=0.1),
        Input("deadline", "s", "time that 99% of the requests may take", above=True),
        Input("service_scv", "1", "squared coefficient of variation of the service", default=1.0),
    ),
    terms={"service": "s", "wait_99": "s", "capacity_of_replica": "1/s", "utilisation": "1"},
    items=(MODEL, MACHINE),
    sources=(
        *serving.SOURCES,
        "A. O. Allen, Probability, Statistics, and Queueing Theory, 2nd ed., 1990, sec. 5.4",
    ),
    limits="no number of replicas up to 512 answers 99% of the requests within {deadline}: one "
    "takes {service} by itself",
    room="a request takes {service}, one in a hundred waits {wait_99} before",
)


def answer(x: Values) -> Answer:
    """Count replicas as servers of a queue whose requests go by in batches at the batch's rate."""
    one = serving.answer(x)
    service = one.value
    rate = x["batch"] / service
    per_request = 1.0 / rate
    shape = np.broadcast_shapes(*(np.shape(v) for v in (service, x["arrival_rate"], x["deadline"])))
    found, wait = np.full(shape, np.inf), np.full(shape, np.inf)
    least = int(max(1, np.floor(np.min(x["arrival_rate"] * per_request))))
    for servers in range(least, MOST + 1):
        rho = x["arrival_rate"] * per_request / servers
        tail = _wait(per_request, rho, servers, x["service_scv"])
        good = np.isinf(found) & (rho < 1) & (service + tail <= x["deadline"])
        found, wait = np.where(good, servers, found), np.where(good, tail, wait)
        if np.all(np.isfinite(found) | (service > x["deadline"])):
            break
    feasible = np.isfinite(found) & one.feasible
    return Answer(
        value=found,
        terms={
            "service": service,
            "wait_99": wait,
            "capacity_of_replica": np.asarray(rate),
            "utilisation": np.asarray(x["arrival_rate"] / rate / found),
        },
        bound=np.where(service > x["deadline"], "service", np.where(wait > 0, "waiting", "rate")),
        feasible=np.asarray(feasible),
    )


def _wait(service: Array, rho: Array, servers: int, scv: Array) -> Array:
    load = np.minimum(np.asarray(rho, dtype=float), 1.0 - 1e-12)
    mean = allen_cunneen_wait_mean(service, load, servers, 1.0, scv)
    return wait_quantile(mean, erlang_c(servers, load), 0.99)
