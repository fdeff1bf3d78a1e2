"""What does each failure of a training run cost until it computes again?"""

import numpy as np

from simcore.solvers.question import Answer, Input, Question, Values

QUESTION = Question(
    title=__doc__,
    value="time from a failure to where the run was",
    unit="s",
    inputs=(
        Input("detect", "s", "until it is noticed", default=60.0, spread=0.5),
        Input("reschedule", "s", "until a spare has taken the place", default=120.0, spread=0.3),
        Input("state", "byte", "read back", above=True),
        Input("read_bandwidth", "byte/s", "at which all devices together read it", above=True,
              spread=0.2),
        Input("warm_up", "s", "compilation, caches, first steps", default=120.0, spread=0.3),
        Input("interval", "s", "between saves; half of it is lost on average", above=True),
        Input("mtbf", "s", "mean time between failures", above=True, spread=0.3),
        Input("devices", "1", "accelerators that wait meanwhile", default=1.0, low=1.0),
        Input("price", "USD/s", "of one of them; 3 USD/h is 8.3e-4", default=0.0),
    ),
    terms={"detect": "s", "reschedule": "s", "load": "s", "warm_up": "s", "repeated": "s",
           "lost_share": "1", "cost": "USD"},
    sources=(
        ("J. Daly, A higher order estimate of the optimum checkpoint interval, 2006, "
        "doi:10.1016/j.future.2004.11.016"),
        "Meta AI, The Llama 3 herd of models, 2024, sec. 3.3.4, arXiv:2407.21783",
    ),
    limits="the next failure, after {mtbf}, comes before the run has caught up",
)  # fmt: skip


def answer(x: Values) -> Answer:
    parts = {
        "detect": np.asarray(x["detect"]),
        "reschedule": np.asarray(x["reschedule"]),
        "load": np.asarray(x["state"] / x["read_bandwidth"]),
        "warm_up": np.asarray(x["warm_up"]),
        "repeated": np.asarray(x["interval"] / 2),
    }
    total = np.asarray(sum(parts.values()))
    return Answer(
        value=total,
        terms={
            **parts,
            "lost_share": np.asarray(np.minimum(total / x["mtbf"], 1.0)),
            "cost": np.asarray(total * x["devices"] * x["price"]),
        },
        bound=Answer.longest(**parts),
        feasible=np.asarray(total < x["mtbf"]),
    )
