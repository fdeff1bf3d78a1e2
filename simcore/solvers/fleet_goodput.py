"""What share of a fleet's peak becomes progress?"""

import numpy as np

from simcore.solvers.question import Answer, Input, Question, Values

QUESTION = Question(
    title=__doc__,
    value="share of the peak",
    unit="1",
    inputs=(
        Input("scheduling", "1", "share of the time that a job holds all it needs", high=1.0,
              above=True, spread=0.05),
        Input("runtime", "1", "share of that time that is saved as progress", high=1.0,
              above=True, spread=0.05),
        Input("program", "1", "share of the ideal speed meanwhile", high=1.0, above=True,
              spread=0.1),
        Input("devices", "1", "accelerators of the fleet", default=1.0, low=1.0),
        Input("price", "USD/s", "of one of them", default=0.0),
    ),
    terms={"lost_scheduling": "1", "lost_runtime": "1", "lost_program": "1",
           "value_of_a_point": "USD/s"},
    sources=("A. Wongpanich et al., Machine learning fleet efficiency, 2025, arXiv:2502.06982",),
    less_is_better=False,
)  # fmt: skip


def answer(x: Values) -> Answer:
    shares = {name: x[name] for name in ("scheduling", "runtime", "program")}
    total = np.asarray(x["scheduling"] * x["runtime"] * x["program"])
    whole = np.sum([-np.log(share) for share in np.broadcast_arrays(*shares.values())], axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        lost = {
            name: np.where(whole > 0, -np.log(share) / whole * (1 - total), 0.0)
            for name, share in shares.items()
        }
    return Answer(
        value=total,
        terms={
            **{f"lost_{name}": np.asarray(part) for name, part in lost.items()},
            "value_of_a_point": np.asarray(0.01 * x["devices"] * x["price"]),
        },
        bound=Answer.longest(**lost),
    )
