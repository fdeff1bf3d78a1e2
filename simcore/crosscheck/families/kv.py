"""Requests whose caches fit beside the weights. W. Kwon et al., 2023."""

from typing import Any

from simcore.crosscheck.case import Case
from simcore.crosscheck.serving_step import cache_of
from simcore.equations.kv_cache import kv_concurrency

_HEADS = (
    "heads are as wide as the model states (PaLM: 256), and compressed keys are kept compressed "
    "(DeepSeek-V3); the other engine takes the width over the number of heads here"
)
DESIGN = {
    "head_dim": _HEADS,
    "kv_per_token": _HEADS,
    "kv_per_request": _HEADS,
    "max_requests": f"no fewer than none, where the weights alone do not fit; and {_HEADS}",
}


def solve(case: Case) -> dict[str, Any]:
    work = case.workload()
    total = case.number("accel", "accelerators") * case.number("hbm_B", "hbm_per_accelerator")
    weights = work.size(case.number("weight_bytes_per_param", default=2.0))
    reserve = case.number("reserve_B", "reserve", default=0.0)
    token = cache_of(work, case.number("kv_bytes_per_elem", default=2.0))
    tokens = case.number("ctx", "context_tokens")
    requests = kv_concurrency(
        memory=total - reserve, weights=weights, bytes_per_token=token, tokens=tokens
    )
    return {
        "head_dim": work.head_width,
        "weights": weights,
        "hbm_total": total,
        "kv_budget": total - weights - reserve,
        "kv_per_token": token,
        "kv_per_request": token * tokens,
        "max_requests": float(requests),
    }


SOLVERS = {"KvAdmissionModel": solve}
