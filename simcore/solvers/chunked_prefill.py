"""How long do others wait for a token while somebody's prompt is read?"""

import numpy as np

from simcore.equations.chunked import free_piece, mixed_step
from simcore.equations.kv_cache import weight_bytes
from simcore.equations.precision import element_size
from simcore.equations.serving import prompt_flop
from simcore.solvers.inputs import (
    BANDWIDTH,
    EFFICIENCY,
    HIDDEN,
    LAYERS,
    MACHINE,
    MODEL,
    OVERHEAD,
    PARAMETERS,
    PEAK,
    PRECISION,
)
from simcore.solvers.models import CACHED, SPARSE, active, token_cache, touched
from simcore.solvers.question import Answer, Input, Question, Values

QUESTION = Question(
    title=__doc__,
    value="longest gap between two tokens of the others",
    unit="s",
    inputs=(
        PARAMETERS,
        LAYERS,
        HIDDEN,
        *CACHED,
        *SPARSE,
        Input("prompt", "token", "tokens of the prompt", low=1.0),
        Input("piece", "token", "tokens read in one step", low=1.0),
        Input("decodes", "1", "others that write meanwhile", default=0.0, is_whole=True),
        Input("context", "token", "tokens that each of them keeps", default=1024.0),
        Input("cache_element", "byte", "of one cached number", default=2.0, above=True),
        Input("deadline", "s", "for the gap", default=1e9, above=True),
        PRECISION,
        PEAK,
        BANDWIDTH,
        EFFICIENCY,
        OVERHEAD,
    ),
    terms={"compute": "s", "memory": "s", "overhead": "s", "steps": "1", "first_token": "s",
           "gap_without": "s", "gap_whole": "s", "free_piece": "token"},
    items=(MODEL, MACHINE),
    sources=("A. Agrawal et al., Sarathi-Serve, OSDI 2024, arXiv:2403.02310",),
    limits="a gap longer than the deadline of {deadline}; smaller pieces shorten it",
)  # fmt: skip


def answer(x: Values) -> Answer:
    token, working = token_cache(x), active(x)
    others = token * x["decodes"] * x["context"]
    piece = np.minimum(x["piece"], x["prompt"])
    rate = x["peak_flop_rate"] * x["efficiency"]
    fixed = {"parameters": working, "flop_rate": rate, "bandwidth": x["bandwidth"]}

    def weights(tokens: np.ndarray) -> np.ndarray:
        return weight_bytes(touched(x, tokens + x["decodes"]), element_size(x["precision"]))

    def step(tokens: np.ndarray, read: np.ndarray) -> tuple[np.ndarray, ...]:
        flop = _attention(x, read + tokens) - _attention(x, read)
        found = mixed_step(
            tokens,
            x["decodes"],
            weights=weights(tokens),
            cache=others + token * read,
            attention_flop=flop,
            overhead=x["overhead"],
            **fixed,
        )
        return (*found, found.time)

    last = step(piece, x["prompt"] - piece)
    whole = step(x["prompt"], np.zeros_like(piece))[-1]
    steps = np.ceil(x["prompt"] / piece)
    # The steps' attention grows evenly, so their mean is that of the first and the last.
    first_token = np.asarray(steps * (step(piece, np.zeros_like(piece))[-1] + last[-1]) / 2)
    return Answer(
        value=last[-1],
        terms={
            "compute": last[0],
            "memory": last[1],
            "overhead": last[2],
            "steps": steps,
            "first_token": first_token,
            "gap_without": mixed_step(
                0.0,
                x["decodes"],
                weights=weights(np.zeros_like(piece)),
                cache=others,
                overhead=x["overhead"],
                **fixed,
            ).time,
            "gap_whole": whole,
            "free_piece": free_piece(x["decodes"], weights=weights(piece), cache=others, **fixed),
        },
        bound=Answer.longest(compute=last[0], memory=last[1], overhead=last[2]),
        feasible=np.asarray(last[-1] <= x["deadline"]),
    )


def _attention(x: Values, tokens: np.ndarray) -> np.ndarray:
    """Return the arithmetic of attention alone over a prompt's first tokens. [FLOP]"""
    read = np.maximum(tokens, 1.0)
    whole = prompt_flop(read, parameters=active(x), layers=x["layers"],
                        hidden=x["hidden"], masked=True)  # fmt: skip
    return np.where(tokens > 0, whole - 2.0 * active(x) * read, 0.0)
