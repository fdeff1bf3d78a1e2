"""What does it take to let a model think before it answers?"""

import numpy as np

from simcore.solvers import serving
from simcore.solvers.inputs import DEADLINE, MACHINE, MODEL, POWER
from simcore.solvers.question import Answer, Input, Question, Values

QUESTION = Question(
    title=__doc__,
    value="time to the end of the answer",
    unit="s",
    inputs=(
        *serving.INPUTS,
        Input("steps", "1", "steps of thought before the answer", low=0.0, is_whole=True),
        Input("tokens_per_step", "token", "tokens of one step", default=50.0, low=1.0,
              spread=0.3),
        POWER,
        DEADLINE,
    ),
    terms={"without": "s", "thinking": "s", "tokens": "token", "token_gap": "s", "energy": "J"},
    items=(MODEL, MACHINE),
    sources=(
        *serving.SOURCES,
        "C. Snell et al., Scaling LLM test-time compute optimally, 2024, arXiv:2408.03314",
        "J. Wei et al., Chain-of-thought prompting, NeurIPS 2022, arXiv:2201.11903",
    ),
    limits="the model with its cache does not fit, or {tokens} miss the deadline of "
    "{deadline}",
)  # fmt: skip


def answer(x: Values) -> Answer:
    thought = x["steps"] * x["tokens_per_step"]
    plain = serving.answer(x)
    with_thought = serving.answer({**x, "answer": x["answer"] + thought})
    extra = np.asarray(with_thought.value - plain.value)
    return Answer(
        value=with_thought.value,
        terms={
            "without": plain.value,
            "thinking": extra,
            "tokens": np.asarray(x["answer"] + thought),
            "token_gap": with_thought.terms["token_gap"],
            "energy": np.asarray(with_thought.value * x["power"] * x["devices"]),
        },
        bound=Answer.longest(thinking=extra, answering=plain.value),
        feasible=np.asarray(with_thought.feasible & (with_thought.value <= x["deadline"])),
    )
