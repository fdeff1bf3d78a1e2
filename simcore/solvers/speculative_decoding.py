"""Does a small model that drafts make a large one write faster?"""

import numpy as np

from simcore.equations.serving import drafted_gap, drafted_tokens
from simcore.solvers.question import Answer, Input, Question, Values

QUESTION = Question(
    title=__doc__,
    value="mean time between tokens",
    unit="s",
    inputs=(
        Input("gap", "s", "step of the large model", above=True, spread=0.1),
        Input("draft_gap", "s", "step of the small model", above=True, spread=0.1),
        Input("accepted", "1", "probability that a drafted token is kept", high=0.999,
              spread=0.1),
        Input("drafted", "1", "tokens drafted in a round", default=4.0, low=1.0, is_whole=True),
    ),
    terms={"tokens_per_round": "1", "round": "s", "speedup": "1", "drafting": "s",
           "arithmetic_ratio": "1"},
    sources=("Y. Leviathan et al., Speculative decoding, ICML 2023, arXiv:2211.17192",),
    limits="drafting makes it slower: {speedup} of the speed without",
)  # fmt: skip


def answer(x: Values) -> Answer:
    tokens = drafted_tokens(x["accepted"], x["drafted"])
    gap = drafted_gap(x["gap"], x["draft_gap"], accepted=x["accepted"], drafted=x["drafted"])
    drafting = np.asarray(x["drafted"] * x["draft_gap"])
    speedup = np.asarray(x["gap"] / gap)
    return Answer(
        value=gap,
        terms={
            "tokens_per_round": tokens,
            "round": np.asarray(drafting + x["gap"]),
            "speedup": speedup,
            "drafting": drafting,
            "arithmetic_ratio": np.asarray((x["drafted"] + 1) / tokens),
        },
        bound=Answer.longest(checking=x["gap"], drafting=drafting),
        feasible=np.asarray(speedup >= 1),
    )
