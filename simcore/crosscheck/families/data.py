"""Storage, link and host cores against what training reads. J. Mohan et al., VLDB 2021."""

from typing import Any

from simcore.crosscheck.case import Case
from simcore.equations.ingestion import preparation_time, step_overlapped


def supply(case: Case) -> dict[str, Any]:
    demand = case.number("demand_Bps")
    paths = {"Storage": case.number("storage_Bps"), "Interconnect": case.number("link_Bps")}
    bottleneck = min(paths, key=lambda name: paths[name])
    rate = paths[bottleneck]
    return {
        "is_stalled": demand > rate,
        "utilization": demand / rate,
        "demand_bw": demand,
        "supply_bw": rate,
        "bottleneck": bottleneck,
        "margin": rate - demand,
    }


def transformation(case: Case) -> dict[str, Any]:
    step = case.number("step_ms") / 1e3
    preparing = float(
        preparation_time(case.number("batch"), case.number("sample_B"), rate=case.number("cpu_Bps"))
    )
    overlapped = step_overlapped(step, preparing)
    return {
        "transform_time": preparing,
        "accelerator_step_time": step,
        "is_bottleneck": preparing > step,
        "accelerator_utilization": 1 - float(overlapped.stall),
        "slowdown_factor": float(overlapped.time) / step,
    }


SOLVERS = {"DataModel": supply, "TransformationModel": transformation}
