"""Memory, compute and overhead, one after the other and overlapped. S. Williams et al., 2009."""

from typing import Any

from simcore.crosscheck.case import Case


def solve(case: Case) -> dict[str, Any]:
    memory, compute, overhead = (
        case.number(f"{name}_ms") / 1e3 for name in ("memory_time", "compute_time", "overhead")
    )
    faster_memory = case.number("memory_speedup", default=1.0)
    faster_compute = case.number("compute_speedup", default=1.0)
    new_memory, new_compute = memory / faster_memory, compute / faster_compute
    before, after = memory + compute + overhead, new_memory + new_compute + overhead
    return {
        "memory_time": memory,
        "compute_time": compute,
        "overhead": overhead,
        "sequential_time": before,
        "overlapped_time": max(memory, compute) + overhead,
        "upgraded_memory_time": new_memory,
        "upgraded_compute_time": new_compute,
        "upgraded_sequential_time": after,
        "upgraded_overlapped_time": max(new_memory, new_compute) + overhead,
        "naive_upgraded_time": before / (faster_memory * faster_compute),
        "sequential_reduction": 1 - after / before,
    }


SOLVERS = {"IronLawModel": solve}
