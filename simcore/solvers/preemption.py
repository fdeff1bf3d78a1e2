"""What do preemptions of cheap machines cost, and are they still cheap?"""

import numpy as np

from simcore.solvers.question import Answer, Input, Question, Values

QUESTION = Question(
    title=__doc__,
    value="price of one useful device-second",
    unit="USD/s",
    inputs=(
        Input("devices", "1", "accelerators of the job", low=1.0, is_whole=True),
        Input("spot_price", "USD/s", "of one that may be taken away; 1 USD/h is 2.8e-4",
              above=True),
        Input("price", "USD/s", "of one that may not", above=True),
        Input("rate", "1/s", "preemptions of one; once a day is 1.2e-5", spread=0.5),
        Input("restart", "s", "from one preemption to computing again, the whole job waiting",
              default=300.0, spread=0.3),
        Input("interval", "s", "between saves; half of it is lost on average", default=1800.0,
              above=True),
        Input("notice", "s", "warning before it is taken; enough to save means nothing is lost",
              default=0.0),
        Input("save", "s", "pause of one save", default=30.0, above=True),
    ),
    terms={"lost": "s", "per_day": "1", "useful": "1", "saving": "1"},
    sources=(
        ("J. Thorpe et al., Bamboo: making preemptible instances resilient, NSDI 2023, "
        "arXiv:2204.12013"),
    ),
    limits="preemptions come faster than the job restarts: {per_day} a day, {lost} each",
)  # fmt: skip


def answer(x: Values) -> Answer:
    repeated = np.where(x["notice"] >= x["save"], 0.0, x["interval"] / 2)
    lost = np.asarray(x["restart"] + repeated)
    often = x["rate"] * x["devices"]
    useful = np.maximum(0.0, 1 - often * lost) / (1 + x["save"] / x["interval"])
    with np.errstate(divide="ignore"):
        paid = np.where(useful > 0, x["spot_price"] / useful, np.inf)
    return Answer(
        value=paid,
        terms={
            "lost": lost,
            "per_day": np.asarray(often * 86400.0),
            "useful": np.asarray(useful),
            "saving": np.asarray(1 - paid / x["price"]),
        },
        bound=Answer.longest(restart=x["restart"], repeated=repeated),
        feasible=np.asarray(useful > 0),
    )
