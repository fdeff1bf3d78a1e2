"""How often should a model be trained again?"""

import numpy as np

from simcore.equations.drift import retraining_cost, retraining_interval
from simcore.solvers.question import Answer, Input, Question, Values

QUESTION = Question(
    title=__doc__,
    value="time between two trainings",
    unit="s",
    inputs=(
        Input("cost", "USD", "of one training and its release", above=True, spread=0.2),
        Input("decay", "USD/s^2", "growth of what a stale model loses; 500 USD a day each day is "
              "6.7e-8", above=True, spread=0.5),
        Input("interval", "s", "between trainings today, for comparison", default=30 * 86400.0,
              above=True),
        Input("shortest", "s", "time that one training and its checks take", default=0.0),
    ),
    terms={"cost_rate": "USD/s", "cost_rate_today": "USD/s", "saving": "1", "peak_loss": "USD/s"},
    sources=(
        "F. Harris, How many parts to make at once, 1913, doi:10.1287/opre.38.6.947",
        "D. Sculley et al., Hidden technical debt in machine learning systems, NeurIPS 2015",
    ),
    limits="trainings take {shortest} each, longer than the time between them",
)  # fmt: skip


def answer(x: Values) -> Answer:
    given = {"cost": x["cost"], "decay": x["decay"]}
    best = retraining_interval(**given)
    now, then = retraining_cost(x["interval"], **given), retraining_cost(best, **given)
    return Answer(
        value=best,
        terms={
            "cost_rate": then.total,
            "cost_rate_today": now.total,
            "saving": np.asarray(1 - then.total / now.total),
            "peak_loss": np.asarray(x["decay"] * best),
        },
        bound=np.where(x["interval"] > best, "staleness", "training"),
        feasible=np.asarray(best >= x["shortest"]),
    )
