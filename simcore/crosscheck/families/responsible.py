"""Training time under differential privacy, data for the rarest group: two rules for planning."""

from typing import Any

from simcore.crosscheck.case import Case
from simcore.equations.evidence import private_training_ratio, representation_data_ratio


def solve(case: Case) -> dict[str, Any]:
    epsilon = case.number("eps", "epsilon", default=1.0)
    prevalence = case.number("prev", "min_subgroup_prevalence", default=0.01)
    slower = float(private_training_ratio(epsilon))
    data = float(representation_data_ratio(prevalence))
    return {
        "dp_slowdown_factor": slower,
        "effective_training_time": case.number("T_h") * 3600 * slower,
        "additional_data_requirement": data,
        "epsilon": epsilon,
        "delta": case.number("delta", default=1e-5),
        "min_subgroup_prevalence": prevalence,
        "privacy_cost_ratio": slower,
        "fairness_data_ratio": data,
    }


SOLVERS = {"ResponsibleEngineeringModel": solve}
