"""How often should a job save its state?"""

import numpy as np

from simcore.equations.checkpoint import best_interval, goodput_shares, young_interval
from simcore.solvers.question import Answer, Input, Question, Values

QUESTION = Question(
    title=__doc__,
    value="compute time between two saves",
    unit="s",
    inputs=(
        Input("save", "s", "pause of one save", above=True, spread=0.1),
        Input("mtbf", "s", "mean time between failures of the job", above=True, spread=0.2),
        Input("restart", "s", "from a failure to computing again", default=0.0),
    ),
    terms={"useful": "1", "saving": "1", "repeated": "1", "restarting": "1", "young": "s"},
    sources=(
        (
            "J. Daly, A higher order estimate of the optimum checkpoint interval, 2006, "
            "doi:10.1016/j.future.2004.11.016"
        ),
        "J. Young, CACM 17(9), 1974, doi:10.1145/361147.361115",
    ),
    limits="less than a hundredth of the time is useful: a save takes {save} and failures come "
    "every {mtbf}",
    room="failures come every {mtbf}, a save takes {save}",
)


def answer(x: Values) -> Answer:
    interval = best_interval(x["save"], x["mtbf"])
    shares = goodput_shares(interval, x["save"], x["mtbf"], restart=x["restart"])
    losses = {"saving": shares["saving"], "repeated": shares["repeated"],
              "restarting": shares["restart"]}  # fmt: skip
    return Answer(
        value=interval,
        terms={
            "useful": shares["useful"],
            **losses,
            "young": young_interval(x["save"], x["mtbf"]),
        },
        bound=Answer.longest(**losses),
        feasible=np.asarray(shares["useful"] >= 0.01),
    )
