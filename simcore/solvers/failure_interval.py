"""How often does a cluster fail, when any part of it stops the job?"""

import numpy as np

from simcore.solvers.question import Answer, Input, Question, Values

HOUR = 3600.0

QUESTION = Question(
    title=__doc__,
    value="mean time between failures",
    unit="s",
    inputs=(
        Input("nodes", "1", "nodes of the job", low=1.0, is_whole=True),
        Input("duration", "s", "of the job", above=True),
        Input("accelerators", "1", "of a node", default=8.0, is_whole=True),
        Input("accelerator_mttf", "s", "mean time to failure of one", default=50e3 * HOUR,
              above=True, spread=0.3),
        Input("cards", "1", "network cards of a node", default=8.0, is_whole=True),
        Input("card_mttf", "s", "mean time to failure of one", default=150e3 * HOUR, above=True,
              spread=0.3),
        Input("other_rate", "1/s", "failures of a node from all else: host, power, software",
              default=0.0, spread=0.5),
    ),
    terms={"of_accelerators": "1", "of_cards": "1", "of_others": "1", "survival": "1",
           "expected_failures": "1"},
    sources=(
        "R. E. Barlow, F. Proschan, Mathematical Theory of Reliability, Wiley, 1965, ch. 2",
        ("A. Kokolis et al., Revisiting reliability in large-scale ML research clusters, 2024, "
        "arXiv:2410.21680"),
    ),
    evidence="assumed",
    less_is_better=False,
    limits="no part of it can fail: every rate is 0",
)  # fmt: skip


def answer(x: Values) -> Answer:
    rates = {
        "of_accelerators": np.asarray(x["accelerators"] / x["accelerator_mttf"]),
        "of_cards": np.asarray(x["cards"] / x["card_mttf"]),
        "of_others": np.asarray(x["other_rate"]),
    }
    whole = sum(rates.values())
    with np.errstate(divide="ignore", invalid="ignore"):
        mtbf = np.asarray(1.0 / (x["nodes"] * whole))
        shares = {name: np.where(whole > 0, rate / whole, 0.0) for name, rate in rates.items()}
    expected = np.asarray(x["duration"] * x["nodes"] * whole)
    return Answer(
        value=mtbf,
        terms={**shares, "survival": np.exp(-expected), "expected_failures": expected},
        bound=Answer.longest(**rates),
        feasible=np.asarray(whole > 0),
    )
