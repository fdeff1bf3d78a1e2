"""The model and the text a budget is best spent on. J. Hoffmann et al., 2022."""

from typing import Any

from simcore.crosscheck.case import Case
from simcore.equations.scaling import affordable_tokens, optimal_parameters

SIZES = ("target_model_size", "target_params", "target_parameters", "params", "parameters")
"""Names of the model's size, where it is fixed."""


def solve(case: Case) -> dict[str, Any]:
    budget = case.number("budget_flop", "compute_budget")
    parameters = case.number(*SIZES, default=float(optimal_parameters(budget)))
    tokens = float(affordable_tokens(budget, parameters))
    return {
        "optimal_parameters": parameters,
        "optimal_tokens": tokens,
        "compute_budget_flops": budget,
        "tokens_per_parameter": tokens / parameters,
    }


SOLVERS = {"ScalingModel": solve}
