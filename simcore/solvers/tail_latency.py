"""How long do the slowest requests take at some load?"""

import numpy as np

from simcore.equations.queue_tails import mgc_sojourn_quantile
from simcore.equations.queueing import (
    allen_cunneen_wait_mean,
    erlang_c,
    mm1_sojourn_quantile,
)
from simcore.solvers.inputs import DEADLINE
from simcore.solvers.question import Answer, Input, Question, Values

QUESTION = Question(
    title=__doc__,
    value="time that the given share of the requests stay below",
    unit="s",
    inputs=(
        Input("arrival_rate", "1/s", "requests that arrive", above=True, spread=0.1),
        Input("service", "s", "mean time of one request at a server", above=True, spread=0.1),
        Input("servers", "1", "replicas behind one queue", default=1.0, low=1.0, high=1e4,
              is_whole=True),
        Input("service_scv", "1", "squared coefficient of variation of the service", default=1.0),
        Input("share", "1", "share of the requests", default=0.99, high=0.999999, above=True),
        DEADLINE,
    ),
    terms={"utilisation": "1", "mean_wait": "s", "waiting_share": "1", "mean": "s"},
    sources=(
        "H. C. Tijms, A First Course in Stochastic Models, Wiley, 2003, ch. 9",
        "J. Dean, L. Barroso, The tail at scale, CACM 56(2), 2013, doi:10.1145/2408776.2408794",
    ),
    limits="at a utilisation of {utilisation} the deadline of {deadline} is missed, or the "
    "queue grows for ever",
    room="servers are busy for {utilisation} of the time",
)  # fmt: skip


def answer(x: Values) -> Answer:
    rho = np.asarray(x["arrival_rate"] * x["service"] / x["servers"])
    inside = np.minimum(rho, 1.0)
    tail = _tail(x, inside)
    wait = allen_cunneen_wait_mean(x["service"], inside, x["servers"], 1.0, x["service_scv"])
    return Answer(
        value=tail,
        terms={
            "utilisation": rho,
            "mean_wait": wait,
            "waiting_share": erlang_c(x["servers"], inside),
            "mean": np.asarray(wait + x["service"]),
        },
        bound=np.where(rho >= 1, "capacity", np.where(tail > 2 * _quantile(x), "waiting",
                                                      "service")),
        feasible=np.asarray((rho < 1) & (tail <= x["deadline"])),
    )  # fmt: skip


def _tail(x: Values, utilisation: np.ndarray) -> np.ndarray:
    """Return the quantile of the stay, in closed form where one server has exponential service."""
    if np.all(x["servers"] == 1) and np.all(x["service_scv"] == 1):
        return mm1_sojourn_quantile(x["service"], utilisation, x["share"])
    return mgc_sojourn_quantile(
        x["service"], utilisation, x["servers"], x["service_scv"], x["share"]
    )


def _quantile(x: Values) -> np.ndarray:
    """Return the quantile of exponential service alone, to tell waiting from working. [s]"""
    return np.asarray(-x["service"] * np.log1p(-x["share"]))
