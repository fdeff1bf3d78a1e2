"""How long does a job wait for a shared cluster?"""

import numpy as np

from simcore.equations.queueing import allen_cunneen_wait_mean, erlang_c, wait_quantile
from simcore.solvers.question import Answer, Input, Question, Values

QUESTION = Question(
    title=__doc__,
    value="mean wait before it starts",
    unit="s",
    inputs=(
        Input("arrival_rate", "1/s", "jobs that arrive", above=True, spread=0.1),
        Input("duration", "s", "mean length of a job", above=True, spread=0.1),
        Input("slots", "1", "jobs that run at once", default=1.0, low=1.0, high=1e5,
              is_whole=True),
        Input("arrival_scv", "1", "squared coefficient of variation between arrivals",
              default=1.0),
        Input("duration_scv", "1", "of the lengths; 0 where all are equal", default=1.0),
        Input("patience", "s", "mean wait that is accepted", default=1e9, above=True),
    ),
    terms={"utilisation": "1", "queue_length": "1", "wait_90": "s", "stay": "s"},
    sources=(
        "A. O. Allen, Probability, Statistics, and Queueing Theory, 2nd ed., 1990, sec. 5.4",
        ("M. Jeon et al., Analysis of large-scale multi-tenant GPU clusters, ATC 2019, "
        "arXiv:1901.05758"),
    ),
    limits="at a utilisation of {utilisation} jobs wait longer than {patience}, or for ever",
    room="slots are busy for {utilisation} of the time",
)  # fmt: skip


def answer(x: Values) -> Answer:
    rho = np.asarray(x["arrival_rate"] * x["duration"] / x["slots"])
    inside = np.minimum(rho, 1.0)
    wait = allen_cunneen_wait_mean(
        x["duration"], inside, x["slots"], x["arrival_scv"], x["duration_scv"]
    )
    busy = erlang_c(x["slots"], inside)
    return Answer(
        value=wait,
        terms={
            "utilisation": rho,
            "queue_length": np.asarray(x["arrival_rate"] * wait),
            "wait_90": np.where(rho < 1, wait_quantile(
                np.where(rho < 1, wait, 0.0), busy, 0.9), np.inf),
            "stay": np.asarray(wait + x["duration"]),
        },
        bound=np.where(
            rho >= 1, "capacity", np.where(x["duration_scv"] > 1, "variation", "utilisation")
        ),
        feasible=np.asarray((rho < 1) & (wait <= x["patience"])),
    )  # fmt: skip
