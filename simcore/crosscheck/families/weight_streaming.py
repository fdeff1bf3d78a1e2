"""Weights streamed through a wafer that holds the activations. S. Lie, 2023."""

from typing import Any

from simcore.crosscheck.case import Case
from simcore.crosscheck.serving_step import cache_of
from simcore.equations.streaming import balancing_batch, streamed_layer

SPARE = 1.1
"""Memory over the caches: a tenth for everything else."""
ROUNDING = 1e-12

_EXACT = (
    "a state that fills the memory exactly fits; the other engine's product with 1.1 rounds up by "
    "one part in 1e16 and it then refuses it"
)
DESIGN = {
    "feasible": _EXACT,
    "throughput_tokens_per_sec": _EXACT,
    "wafer_memory_utilization": "compressed keys (DeepSeek-V3) are kept compressed, as the other "
    "engine does elsewhere",
}


def solve(case: Case) -> dict[str, Any]:
    machine, work = case.machine(), case.workload()
    batch, tokens = case.whole("batch", default=1), case.whole("seq", "seq_len", default=2048)
    efficiency = case.number("efficiency", default=0.5)
    rate = machine.peak(case.precision) * efficiency
    layer = streamed_layer(
        work.parameters / work.layers,
        batch,
        element_size=case.element,
        flop_rate=rate,
        injection_bandwidth=machine.host_link,
        overhead=machine.overhead,
    )
    used = SPARE * cache_of(work, case.element) * tokens * batch / machine.capacity
    fits = used <= 1 + ROUNDING
    balance = balancing_batch(case.element, flop_rate=rate, injection_bandwidth=machine.host_link)
    bound = layer.compute >= layer.injection
    return {
        "feasible": fits,
        "throughput_tokens_per_sec": batch / float(layer.time) / work.layers if fits else 0.0,
        "bottleneck": "Compute-Bound" if bound else "Interconnect-Bandwidth-Bound",
        "layer_compute_time": float(layer.compute),
        "layer_injection_time": float(layer.injection),
        "optimal_batch_size": max(1, int(balance)),
        "wafer_memory_utilization": used,
    }


SOLVERS = {"WeightStreamingModel": solve}
