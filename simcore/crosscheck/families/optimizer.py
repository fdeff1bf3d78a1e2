"""Searches: the split of a cluster that trains fastest, the largest batch within a deadline.

D. Narayanan et al., 2021. The batch search takes a request to write as many tokens as it has read.
"""

from dataclasses import dataclass, replace
from typing import Any

from simcore.crosscheck.case import Case
from simcore.crosscheck.families.distributed import ClusterStep, Training, cluster_step
from simcore.crosscheck.families.economics import ownership
from simcore.crosscheck.families.sustainability import footprint
from simcore.crosscheck.families.tail_latency import OBJECTIVE, waits
from simcore.crosscheck.serving_step import serve
from simcore.crosscheck.training_state import OPTIMIZER_SIZES, Split

SAMPLES = 1024
"""Of a step, where a case names none."""
ROOM = 0.9
"""Share of the memory that weights, gradients and optimiser may take before activations."""
DEGREES = tuple(2**power for power in range(10))
LARGEST_BATCH = 256
REGIONS = ("US_Avg", "Quebec", "Iowa")
CARBON_PRICE = 100.0
"""Of a tonne. [USD]"""


@dataclass(frozen=True, slots=True)
class Candidate:
    split: Split
    step: ClusterStep
    mfu: float


def parallelism(case: Case) -> dict[str, Any]:
    fleet = case.fleet()
    base = Training(
        work=case.workload(),
        fleet=fleet,
        split=Split(data=fleet.total),
        batch=case.whole("batch_size", "batch", default=SAMPLES),
        sequence=case.whole("seq_len", default=2048),
        precision=case.precision,
        element=case.element,
        efficiency=case.number("efficiency", default=0.5),
        recompute=bool(case.get("activation_recomputation", default=False)),
        overlap=0.85 if case.get("overlap_comm", default=True) else 0.0,
    )
    limits = case.whole("max_tp", default=fleet.per_node), case.whole("max_pp", default=fleet.total)
    found = [
        candidate
        for tensor in DEGREES
        for pipeline in DEGREES
        if tensor <= limits[0] and pipeline <= limits[1]
        for candidate in _candidate(base, tensor, pipeline)
    ]
    if not found:
        raise ValueError(f"no split of {fleet.total} accelerators holds {base.work.name}")
    best = max(found, key=lambda candidate: candidate.mfu)
    return {
        "objective_value": best.mfu,
        "best_config": {
            "tp": best.split.tensor, "pp": best.split.pipeline, "dp": best.split.data,
        },
        "total_searched": len(found),
        "best_mfu": best.mfu,
        "best_step_time": best.step.time,
        "best_throughput": base.batch / best.step.time,
    }  # fmt: skip


def _candidate(base: Training, tensor: int, pipeline: int) -> list[Candidate]:
    """Return the split with these degrees, if it exists and its state fits."""
    total, model = base.fleet.total, tensor * pipeline
    if model > total or total % model:
        return []
    static = (2 * 2.0 + OPTIMIZER_SIZES["adam"]) * base.work.parameters / model
    if static > ROOM * base.fleet.accelerator.capacity:
        return []
    data = total // model
    run = replace(
        base,
        split=Split(tensor=tensor, pipeline=pipeline, data=data),
        microbatches=max(1, base.batch // data) if pipeline > 1 else 1,
    )
    step = cluster_step(run)
    if not step.replica.fits:
        return []
    return [Candidate(run.split, step, step.efficiency * base.efficiency)]


def batching(case: Case) -> dict[str, Any]:
    rate, deadline = case.number("qps", "arrival_rate_qps"), case.number("sla_ms") / 1e3
    tokens = case.whole("seq_len", default=2048)
    best, late, ratio = 0, 0.0, 0.0
    largest = case.whole("max_search_batch", default=LARGEST_BATCH)
    for batch in range(1, largest + 1):
        replica = serve(case.machine(), case.workload(), tokens=tokens, batch=batch,
                        precision=case.precision, element=case.element,
                        efficiency=case.number("efficiency", default=0.5))  # fmt: skip
        service = replica.first_token + replica.gap * tokens
        rho, _, wait = waits(
            rate / batch, service, case.whole("num_replicas", "replicas", default=1), 1.0
        )
        if replica.fits and rho < 1 and wait + service <= deadline:
            best, late, ratio = batch, wait + service, wait / (OBJECTIVE * service)
    most = rate * tokens if best else 0.0
    return {
        "objective_value": most,
        "best_config": {"max_batch_size": best},
        "best_batch_size": best,
        "max_throughput": most,
        "p99_latency": late,
        "slo_headroom_ratio": ratio,
        "is_feasible": best > 0,
        "total_searched": largest,
    }


def placement(case: Case) -> dict[str, Any]:
    """Return the region with the lowest cost, a price on carbon included. G. Pigou, 1920."""
    days, tax = (
        case.number("days", "duration_days", default=30.0),
        case.number("carbon_tax_per_ton", "carbon_tax", "tax_per_ton", "tax", default=CARBON_PRICE),
    )
    regions = case.get("regions", default=REGIONS)
    found = {}
    for region in regions:
        there = case.with_inputs(grid=region)
        used = footprint(there, mfu=case.number("mfu", default=1.0), days=days)
        found[region] = used, ownership(there, used)
    costs = {
        name: float(cost.total) + used.carbon / 1e3 * tax for name, (used, cost) in found.items()
    }
    best = min(costs, key=lambda name: costs[name])
    used, cost = found[best]
    return {
        "objective_value": costs[best],
        "best_config": {"region": best},
        "best_region": best,
        "lowest_tco": float(cost.total),
        "carbon_footprint": used.carbon / 1e3,
        "pue": used.pue,
        "total_searched": len(costs),
    }


SOLVERS = {
    "ParallelismOptimizer": parallelism,
    "BatchingOptimizer": batching,
    "PlacementOptimizer": placement,
}
