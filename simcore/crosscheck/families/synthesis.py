"""The machine that a deadline needs: the roofline, inverted. N. Jouppi et al., 2017."""

from typing import Any

from simcore.crosscheck.case import Case


def solve(case: Case) -> dict[str, Any]:
    work = case.workload()
    target = case.number("T_ms", "target_latency_ms") / 1e3
    weights = work.size(case.element)
    bandwidth = weights / target
    rate = work.flop / (target * case.number("eta", "efficiency", default=0.5))
    return {
        "required_bw": bandwidth,
        "required_flops": rate,
        "required_memory": weights,
        "compute_memory_ratio": rate / bandwidth,
        "target_latency": target,
        "model_size": weights,
        "total_ops": work.flop,
    }


SOLVERS = {"SynthesisSolver": solve}
