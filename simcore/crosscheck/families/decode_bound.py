"""One token from weights alone. S. Williams et al., 2009; J. Kaplan et al., 2020, for 2 P FLOP."""

from typing import Any

from simcore.crosscheck.case import Case
from simcore.equations.roofline import arithmetic_intensity, attainable_rate, step_terms

ROUNDING = 1e-12
"""Of a tie, in which memory is named."""


def solve(case: Case) -> dict[str, Any]:
    machine, work = case.machine(), case.workload()
    devices = case.whole("tp_size", default=1)
    peak = case.number("peak_flops", default=machine.half_peak)
    weights = work.size(case.element) / devices
    flop = 2 * work.parameters * case.whole("batch_size", "batch", default=1) / devices
    terms = step_terms(flop, weights, peak_flop_rate=peak, bandwidth=machine.bandwidth)
    compute, memory = float(terms.compute), float(terms.memory)
    intensity = float(arithmetic_intensity(flop, weights))
    roof = float(attainable_rate(intensity, peak_flop_rate=peak, bandwidth=machine.bandwidth))
    return {
        "weight_bytes": weights,
        "flops_per_step": flop,
        "compute_time": compute,
        "memory_time": memory,
        "memory_share": memory / (memory + compute),
        "bound_ratio": memory / compute,
        "intensity": intensity,
        "attainable_flops": roof,
        "peak_fraction": roof / peak,
        "bottleneck": "Memory" if memory >= compute * (1 - ROUNDING) else "Compute",
    }


SOLVERS = {"DecodeBoundModel": solve}
