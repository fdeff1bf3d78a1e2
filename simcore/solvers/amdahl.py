"""How much faster does the whole get when one stage of it does?"""

import numpy as np

from simcore.equations.parallelism import amdahl_speedup
from simcore.solvers.question import Answer, Input, Question, Values

QUESTION = Question(
    title=__doc__,
    value="time before over time after",
    unit="1",
    inputs=(
        Input("stage", "s", "the stage that is made faster", above=True, spread=0.05),
        Input("rest", "s", "all other stages", spread=0.05),
        Input("factor", "1", "how much faster the stage gets", above=True),
    ),
    terms={"share": "1", "most": "1", "after": "s", "new_share": "1"},
    sources=(
        (
            "G. Amdahl, Validity of the single processor approach, AFIPS 1967, "
            "doi:10.1145/1465482.1465560"
        ),
    ),
    less_is_better=False,
)


def answer(x: Values) -> Answer:
    whole = x["stage"] + x["rest"]
    share, faster = x["stage"] / whole, np.asarray(x["stage"] / x["factor"])
    after = np.asarray(x["rest"] + faster)
    return Answer(
        value=amdahl_speedup(share, x["factor"]),
        terms={
            "share": np.asarray(share),
            "most": amdahl_speedup(share, np.full_like(share, np.inf)),
            "after": after,
            "new_share": np.asarray(faster / after),
        },
        bound=Answer.longest(stage=faster, rest=x["rest"]),
    )
