"""Replicas that a rate of requests needs: places in a batch, their rate, and the wait before."""

from typing import Any

from simcore.crosscheck.case import Case
from simcore.crosscheck.families.tail_latency import waits
from simcore.crosscheck.serving_step import places, serve

MOST_REPLICAS = 1024


def solve(case: Case) -> dict[str, Any]:
    machine, work = case.machine(), case.workload()
    rate, target = case.number("qps"), case.number("p99_ms", "target_p99_latency_ms") / 1e3
    longest = case.whole("max_seq", "max_seq_len", default=2048)
    mean = case.number("mean", "mean_request_tokens", default=float(longest))
    answer = case.whole("out", "output_tokens", default=128)
    found = places(
        machine,
        work,
        longest=longest,
        mean=mean,
        most=case.whole("max_batch", "max_batch_size", default=32),
        page=case.whole("page", default=16),
        element=case.element,
    )
    active = max(1, found.paged if found else 0)
    replica = serve(
        machine,
        work,
        tokens=max(1, int(mean)),
        batch=active,
        precision=case.precision,
        element=case.element,
        efficiency=case.number("efficiency", default=0.5),
    )
    capacity = found.rate / answer if found else 0.0
    base = replica.first_token + replica.gap * answer
    shown = {
        "qps_target": rate,
        "target_p99_latency": target,
        "base_request_latency": base,
        "active_batch_size": active,
        "ttft": replica.first_token,
        "itl": replica.gap,
    }
    if not replica.fits or capacity <= 0:
        return shown | _unfit(replica.fits)
    count, wait, rho, fits = _replicas(
        rate, 1 / capacity, case.number("cv", "service_time_cv", default=1.0), target - base
    )
    return shown | {
        "feasible": fits,
        "required_replicas": count,
        "qps_capacity": count * capacity,
        "per_replica_qps_capacity": capacity,
        "utilization": rate / (count * capacity),
        "estimated_p99_latency": base + wait,
        "queue_wait_p99": wait,
        "bottleneck": "Feasible" if fits else ("Tail Latency" if rho < 1 else "Capacity"),
    }


def _replicas(
    rate: float, service: float, cv: float, slack: float
) -> tuple[int, float, float, bool]:
    """Return the fewest replicas whose wait stays within the slack."""
    rho, wait = 1.0, float("inf")
    for count in range(1, MOST_REPLICAS + 1):
        rho, _, wait = waits(rate, service, count, cv)
        if rho < 1 and wait <= slack:
            return count, wait, rho, True
        if slack < 0 and rho < 1 and wait == 0:
            break  # no number of replicas shortens the request itself
    return MOST_REPLICAS, wait, rho, False


def _unfit(fits: bool) -> dict[str, Any]:
    inf = float("inf")
    return {"feasible": False, "required_replicas": MOST_REPLICAS, "qps_capacity": 0.0,
            "per_replica_qps_capacity": 0.0, "utilization": inf, "estimated_p99_latency": inf,
            "queue_wait_p99": inf, "bottleneck": "Capacity" if fits else "Memory"}  # fmt: skip


SOLVERS = {"ServingCapacityModel": solve}
