"""State of each device under ZeRO, and what gathering it costs. S. Rajbhandari et al., 2020."""

from typing import Any

from simcore.crosscheck.case import Case
from simcore.equations.memory import training_state, zero_traffic_ratio

STAGES = {"DDP": 0, "ZeRO-1": 1, "ZeRO-2": 2, "ZeRO-3": 3}


def solve(case: Case) -> dict[str, Any]:
    parameters = case.number("params")
    devices = case.number("n", "n_devices")
    whole = training_state(parameters)
    kept = {
        name: float(training_state(parameters, devices=devices, zero_stage=stage).total)
        for name, stage in STAGES.items()
    }
    activations = case.number("act_B", "activations", default=0.0)
    gathered = 3 * float(whole.weights)
    rate = case.number("bw", "link_bandwidth") if case.has("bw", "link_bandwidth") else None
    return {
        "weights": float(whole.weights),
        "gradients": float(whole.gradients),
        "optimizer_state": float(whole.optimizer),
        "stage_state": kept,
        "traffic_multiple": {
            name: float(zero_traffic_ratio(stage)) for name, stage in STAGES.items()
        },
        "activations": activations,
        "zero3_total_per_device": kept["ZeRO-3"] + activations,
        "gather_traffic": gathered,
        "gather_time": None if rate is None else gathered / rate,
    }


SOLVERS = {"ZeroShardingModel": solve}
