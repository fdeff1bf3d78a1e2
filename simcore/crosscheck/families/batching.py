"""Requests that share a replica: cache reserved whole, or page by page. W. Kwon et al., 2023."""

from typing import Any

from simcore.crosscheck.case import Case
from simcore.crosscheck.serving_step import cache_of, places, reading

NO_PLACE_GAP = 1000.0
"""What stands for the gap where the weights do not fit. [s]"""


def solve(case: Case) -> dict[str, Any]:
    machine, work, element = case.machine(), case.workload(), case.element
    longest = case.whole("max_seq_len", "max_seq", "seq_len")
    most = case.whole("max_batch", "max_batch_size", "batch", default=1)
    mean = case.number("mean", "mean_request_tokens", default=float(longest))
    worst = machine.overhead + reading(
        machine,
        work,
        tokens=longest,
        new=longest,
        batch=most,
        precision=case.precision,
        efficiency=case.number("efficiency", default=0.5),
    )
    found = places(
        machine,
        work,
        longest=longest,
        mean=mean,
        most=most,
        page=case.whole("page", "page_size", default=16),
        element=element,
    )
    if found is None:
        return _nothing(mean, worst)
    token = cache_of(work, element)
    return {
        "feasible": found.paged > 0,
        "throughput_tokens_per_sec": found.rate,
        "max_active_requests": found.paged,
        "static_throughput_tokens_per_sec": found.reserved_rate,
        "static_max_active_requests": found.reserved,
        "mean_request_tokens": mean,
        "paged_internal_fragmentation": max(0.0, 1 - mean / found.page_tokens),
        "static_internal_fragmentation": 1 - mean / longest,
        "paged_kv_cache_size": token * found.paged * found.page_tokens,
        "static_kv_cache_size": token * found.reserved * longest,
        "ttft": worst,
        "itl": found.gap,
        "speedup_vs_static": found.speedup,
    }


def _nothing(mean: float, worst: float) -> dict[str, Any]:
    zeros = dict.fromkeys(
        ("throughput_tokens_per_sec", "max_active_requests", "static_throughput_tokens_per_sec",
         "static_max_active_requests", "paged_internal_fragmentation",
         "static_internal_fragmentation", "paged_kv_cache_size", "static_kv_cache_size"), 0.0
    )  # fmt: skip
    return {**zeros, "feasible": False, "mean_request_tokens": mean, "ttft": worst,
            "itl": NO_PLACE_GAP, "speedup_vs_static": 1.0}  # fmt: skip


SOLVERS = {"ContinuousBatchingModel": solve}
