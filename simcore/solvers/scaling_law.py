"""How large a model, on how much text, is a training budget best spent on?"""

import numpy as np

from simcore.equations.scaling import (
    affordable_tokens,
    fitted_loss,
    fitted_parameters,
    optimal_parameters,
)
from simcore.solvers.question import Answer, Input, Question, Values

QUESTION = Question(
    title=__doc__,
    value="fitted loss, nats a token",
    unit="1",
    inputs=(
        Input("budget", "FLOP", "arithmetic of the training", above=True, spread=0.1),
        Input("size_ratio", "1", "parameters chosen over those of the rule", default=1.0,
              above=True),
        Input("tokens_per_parameter", "1", "of the rule", default=20.0, above=True),
        Input("text", "1", "tokens that exist", default=1e18, above=True),
    ),
    terms={"parameters": "1", "tokens": "1", "best_loss": "1", "best_parameters": "1"},
    sources=(
        "J. Hoffmann et al., Compute-optimal models, 2022, arXiv:2203.15556",
        "T. Besiroglu et al., Chinchilla scaling: a replication attempt, 2024, arXiv:2404.10102",
    ),
    evidence="assumed",
    limits="{tokens} tokens would be needed, {text} exist",
)  # fmt: skip


def answer(x: Values) -> Answer:
    rule = optimal_parameters(x["budget"], tokens_per_parameter=x["tokens_per_parameter"])
    parameters = np.asarray(rule * x["size_ratio"])
    tokens = affordable_tokens(x["budget"], parameters)
    best = fitted_parameters(x["budget"])
    return Answer(
        value=fitted_loss(parameters, tokens),
        terms={
            "parameters": parameters,
            "tokens": tokens,
            "best_loss": fitted_loss(best, affordable_tokens(x["budget"], best)),
            "best_parameters": best,
        },
        bound=np.where(parameters < best, "parameters", "tokens"),
        feasible=np.asarray(tokens <= x["text"]),
    )
