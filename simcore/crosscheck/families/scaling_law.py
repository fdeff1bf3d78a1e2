"""The model and the text a budget is best spent on. J. Hoffmann et al., 2022."""

from typing import Any

from simcore.crosscheck.case import Case
from simcore.equations.scaling import affordable_tokens, optimal_parameters


def solve(case: Case) -> dict[str, Any]:
    budget = case.number("budget_flop", "compute_budget")
    fixed = case.get("target_model_size", "target_params", "params")
    parameters = float(optimal_parameters(budget) if fixed is None else fixed)
    tokens = float(affordable_tokens(budget, parameters))
    return {
        "optimal_parameters": parameters,
        "optimal_tokens": tokens,
        "compute_budget_flops": budget,
        "tokens_per_parameter": tokens / parameters,
    }


SOLVERS = {"ScalingModel": solve}
