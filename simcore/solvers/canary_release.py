"""How long must a new model run on a little traffic before everybody gets it?"""

import numpy as np

from simcore.equations.evidence import two_sample_size
from simcore.equations.monitoring import canary_time, undetected_loss
from simcore.equations.normal import normal_quantile
from simcore.solvers.question import Answer, Input, Question, Values

QUESTION = Question(
    title=__doc__,
    value="time until a drop is seen",
    unit="s",
    inputs=(
        Input("traffic", "1/s", "requests of the whole service", above=True, spread=0.1),
        Input("canary_share", "1", "share that the new model answers", high=0.5, above=True),
        Input("success", "1", "rate of success today", low=0.001, high=0.999),
        Input("drop", "1", "difference in that rate to be seen", high=0.5, above=True,
              spread=0.2),
        Input("false_alarm", "1", "probability of stopping a good model", default=0.05, high=0.5,
              above=True),
        Input("power", "1", "probability of stopping a bad one", default=0.8, low=0.5,
              high=0.9999),
        Input("worth", "USD", "of one success", default=0.0),
        Input("patience", "s", "time that a release may take", default=1e9, above=True),
    ),
    terms={"samples": "1", "loss": "USD", "loss_without": "USD"},
    sources=(
        "J. Fleiss et al., Statistical Methods for Rates and Proportions, 3rd ed., 2003, ch. 4",
        "C. Davidovic, B. Beyer, Canary analysis service, 2018, doi:10.1145/3194653.3194655",
    ),
    limits="{samples} requests for each arm take longer than {patience}",
)  # fmt: skip


def answer(x: Values) -> Answer:
    samples = two_sample_size(
        x["success"],
        x["drop"],
        z_alpha=normal_quantile(1 - x["false_alarm"] / 2),
        z_beta=np.maximum(normal_quantile(x["power"]), 1e-9),
    )
    time = canary_time(samples, traffic=x["traffic"], canary_share=x["canary_share"])
    whole = undetected_loss(x["traffic"], value=x["worth"], drop=x["drop"], unnoticed=time)
    return Answer(
        value=time,
        terms={
            "samples": samples,
            "loss": np.asarray(whole * x["canary_share"]),
            "loss_without": whole,
        },
        bound=np.where(x["canary_share"] < 0.05, "share", "drop"),
        feasible=np.asarray(time <= x["patience"]),
    )
