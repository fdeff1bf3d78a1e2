"""Share of the peak to plan with, by class of kernels. A. Chowdhery et al., 2022; T. Dao, 2022."""

from typing import Any

from simcore.crosscheck import names
from simcore.crosscheck.case import Case
from simcore.equations.utilisation import planned_kernel_share

OCCUPANCY = 1.1
"""Occupied share of the multiprocessors over the base efficiency: a guess of these cases."""


def solve(case: Case) -> dict[str, Any]:
    kind = str(case.get("type", "workload_type", default="ffn"))
    flash = bool(case.get("flash", "use_flash_attention", default=False))
    base = case.number("efficiency", default=0.5)
    kernel = "flash_attention" if flash and kind == "attention" else kind
    kernel = kernel if kernel in ("flash_attention", "attention", "ffn", "conv") else "other"
    reached = float(planned_kernel_share(base, kernel=kernel))
    hardware = case.get("hardware")
    peak = (
        case.machine().peak(case.precision)
        if isinstance(hardware, dict)
        else names.peak(str(hardware))
    )
    idle = 1 - min(base * OCCUPANCY, 1.0)
    return {
        "mfu": reached,
        "achievable_flops": peak * reached,
        "peak_flops": peak,
        "workload_type": kind,
        "use_flash_attention": flash,
        "overhead_breakdown": {
            "occupancy_loss": idle,
            "memory_stall": max(0.0, 1 - reached - idle),
        },
    }


SOLVERS = {"EfficiencyModel": solve}
