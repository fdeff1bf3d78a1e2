"""What share of a cluster's time does a training job turn into progress?"""

import numpy as np

from simcore.equations.checkpoint import best_interval, goodput_shares
from simcore.equations.reliability import series_mtbf
from simcore.solvers.question import Answer, Input, Question, Values

QUESTION = Question(
    title=__doc__,
    value="goodput",
    unit="1",
    inputs=(
        Input("devices", "1", "accelerators that must all work", low=1.0, is_whole=True),
        Input("device_mttf", "s", "mean time to failure of one, its share of the node included",
              above=True, spread=0.3),
        Input("state", "byte", "state that a save writes", above=True),
        Input("write_bandwidth", "byte/s", "at which all devices together write", above=True,
              spread=0.1),
        Input("restart", "s", "from a failure to computing again", default=300.0, spread=0.2),
    ),
    terms={"mtbf": "s", "save": "s", "interval": "s", "saving": "1", "repeated": "1",
           "restarting": "1"},
    sources=(
        ("J. Daly, A higher order estimate of the optimum checkpoint interval, 2006, "
        "doi:10.1016/j.future.2004.11.016"),
        "A. Eisenman et al., Check-N-Run, NSDI 2022",
    ),
    less_is_better=False,
    limits="failures come every {mtbf}, and a save alone takes {save}",
    room="failures come every {mtbf}, a save takes {save}",
)  # fmt: skip


def answer(x: Values) -> Answer:
    mtbf = series_mtbf(x["device_mttf"], x["devices"])
    save = np.asarray(x["state"] / x["write_bandwidth"])
    interval = best_interval(save, mtbf)
    shares = goodput_shares(interval, save, mtbf, restart=x["restart"])
    losses = {"saving": shares["saving"], "repeated": shares["repeated"],
              "restarting": shares["restart"]}  # fmt: skip
    return Answer(
        value=shares["useful"],
        terms={"mtbf": mtbf, "save": save, "interval": interval, **losses},
        bound=Answer.longest(**losses),
        feasible=np.asarray(shares["useful"] >= 0.01),
    )
