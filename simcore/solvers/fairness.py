"""What does treating two groups alike cost in accuracy, and which likeness is it?"""

import numpy as np

from simcore.equations.fairness import (
    GroupRates,
    best_threshold,
    disparate_impact,
    threshold_for_selection,
    threshold_rates,
)
from simcore.solvers.question import Answer, Array, Input, Question, Values

QUESTION = Question(
    title=__doc__,
    value="accuracy over both groups",
    unit="1",
    inputs=(
        Input("base_rate_a", "1", "share of positives in group A", low=0.001, high=0.999),
        Input("base_rate_b", "1", "share of positives in group B", low=0.001, high=0.999),
        Input("separation", "1", "of the scores, in standard deviations", low=0.05, high=8.0,
              spread=0.1),
        Input("share_b", "1", "share of people in group B", default=0.5, high=1.0),
        Input("policy", "1", "how thresholds are set", default="accuracy",
              choices=("accuracy", "equal_selection", "equal_odds")),
        Input("least_impact", "1", "ratio of the shares decided for that is allowed", default=0.0,
              high=1.0),
    ),
    terms={"selected_a": "1", "selected_b": "1", "hits_a": "1", "hits_b": "1",
           "false_alarms_a": "1", "false_alarms_b": "1", "precision_a": "1", "precision_b": "1",
           "impact": "1", "accuracy_cost": "1"},
    sources=(
        "M. Hardt et al., Equality of opportunity in supervised learning, 2016, arXiv:1610.02413",
        "A. Chouldechova, Fair prediction with disparate impact, 2017, doi:10.1089/big.2016.0047",
    ),
    less_is_better=False,
    limits="the groups are decided for in a ratio of {impact}, below {least_impact}",
)  # fmt: skip


def answer(x: Values) -> Answer:
    base = {name: x[f"base_rate_{name}"] for name in "ab"}
    separation, share = x["separation"], x["share_b"]

    def rates(threshold: dict[str, Array]) -> dict[str, GroupRates]:
        return {name: threshold_rates(threshold[name], base_rate=base[name],
                                      separation=separation) for name in base}  # fmt: skip

    def accuracy(found: dict[str, GroupRates]) -> Array:
        return np.asarray((1 - share) * found["a"].accuracy + share * found["b"].accuracy)

    own = {name: best_threshold(base_rate=p, separation=separation) for name, p in base.items()}
    pooled = np.asarray((1 - share) * base["a"] + share * base["b"])
    together = best_threshold(base_rate=pooled, separation=separation)
    free = rates(own)
    if x["policy"] == "accuracy":
        found = free
    elif x["policy"] == "equal_selection":
        all_of = (1 - share) * free["a"].selected + share * free["b"].selected
        found = rates({name: threshold_for_selection(
            np.clip(all_of, 1e-9, 1 - 1e-9), base_rate=p, separation=separation)
            for name, p in base.items()})  # fmt: skip
    else:  # one threshold: as scores obey one law, hits and false alarms are as frequent in both
        found = rates({"a": together, "b": together})
    a, b = found["a"], found["b"]
    most = np.maximum(a.selected, b.selected)
    impact = disparate_impact(np.minimum(a.selected, b.selected), most)
    total, best = accuracy(found), accuracy(free)
    return Answer(
        value=total,
        terms={
            "selected_a": a.selected, "selected_b": b.selected,
            "hits_a": a.true_positive, "hits_b": b.true_positive,
            "false_alarms_a": a.false_positive, "false_alarms_b": b.false_positive,
            "precision_a": a.precision, "precision_b": b.precision,
            "impact": impact, "accuracy_cost": np.asarray(best - total),
        },
        bound=np.where(base["a"] == base["b"], "scores", "base rates"),
        feasible=np.asarray(impact >= x["least_impact"]),
    )  # fmt: skip
