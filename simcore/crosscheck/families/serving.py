"""One replica of a language model. R. Pope et al., 2023; A. Agrawal et al., Sarathi-Serve, 2024."""

from typing import Any

from simcore.crosscheck.case import Case
from simcore.crosscheck.serving_step import serve


def solve(case: Case) -> dict[str, Any]:
    tokens = case.whole("seq_len", "seq", default=2048)
    cached = case.whole("cached", "cached_prefix_len", default=0)
    chunk = case.get("chunk", "prefill_chunk_tokens")
    draft = next((key for key in ("draft", "draft_workload", "draft_model") if case.has(key)), None)
    has_decoder = isinstance(case.get("decode_hw", "decode_hardware"), dict)
    found = serve(
        case.machine("prefill_hw", "hardware"),
        case.workload(),
        tokens=tokens,
        batch=case.whole("batch", "batch_size", default=1),
        precision=case.precision,
        element=case.element,
        efficiency=case.number("efficiency", "eta", default=0.5),
        cached=cached,
        chunk=None if chunk is None else int(chunk),
        decoder=case.machine("decode_hw", "decode_hardware") if has_decoder else None,
        network=case.number("net_Bps", "network_bandwidth", default=100e9),
        draft=None if draft is None else case.workload(draft),
        accepted=case.number(
            "acceptance", "acceptance_rate", "alpha", "draft_acceptance_rate", default=0.7
        ),
    )
    return {
        "feasible": found.fits,
        "ttft": found.first_token,
        "itl": found.gap,
        "kv_cache_size": found.cache,
        "model_weights_size": found.weights,
        "total_memory_required": found.memory,
        "memory_utilization": found.memory / found.capacity,
        "prompt_cache_hit_ratio": cached / tokens,
        "prefill_chunks": found.pieces,
        "prefill_chunk_time": found.longest_piece,
        "decode_stall_bound": found.longest_piece,
    }


SOLVERS = {"ServingModel": solve}
