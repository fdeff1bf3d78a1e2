"""Fewer bits or fewer weights: size, speed, accuracy. A. Gholami et al., 2021; D. Blalock, 2020."""

from typing import Any

from simcore.crosscheck.case import Case, Machine, Workload
from simcore.equations.precision import element_size, pruning_speedup
from simcore.equations.quality import pruning_loss, quantization_loss
from simcore.equations.roofline import step_terms

# 8-bit integers lose half a point in `equations.quality.quantization_loss`; the other engine takes
# its constant for 8-bit floats, and leaves the one it has for integers unused.
DESIGN = {
    "estimated_accuracy_delta": "8-bit integers are charged as integers (0.5 points), not with the "
    "constant of 8-bit floats (0.2 points)",
}


def solve(case: Case) -> dict[str, Any]:
    if case.has("sparsity") and not case.has("bits", "target_bitwidth"):
        return _pruned(case)
    return _quantized(case)


def _quantized(case: Case) -> dict[str, Any]:
    bits = case.number("bits", "target_bitwidth", default=8)
    baseline = str(case.get("baseline", "baseline_precision", default="fp32"))
    ratio = 8 * element_size(baseline) / bits
    work = case.workload()
    shown = _shown(work, baseline, ratio)
    return shown | {
        "estimated_accuracy_delta": 0.0 - float(quantization_loss(bits)),
        "inference_speedup": _speedup(case.machine(), work, element_size(baseline), bits, ratio),
    }


def _speedup(machine: Machine, work: Workload, element: float, bits: float, ratio: float) -> float:
    """Return the gain at batch 1: of the traffic where that binds, else of the arithmetic."""
    terms = step_terms(
        work.flop,
        work.size(element),
        peak_flop_rate=machine.half_peak,
        bandwidth=machine.bandwidth,
    )
    if terms.memory > terms.compute:
        return ratio
    name = f"int{bits:.0f}" if bits <= 8 else f"fp{bits:.0f}"
    peak = machine.peaks.get(name)
    return 1.0 if peak is None else min(peak / machine.half_peak, ratio)


def _pruned(case: Case) -> dict[str, Any]:
    sparsity = case.number("sparsity")
    ratio = 1 / (1 - sparsity) if sparsity < 1 else 100.0
    structure = str(case.get("type", "sparsity_type", default="unstructured"))
    if structure in ("n_m", "2:4"):
        speedup = 2.0 if abs(sparsity - 0.5) < 0.05 else 1.0
    else:
        speedup = float(pruning_speedup(sparsity, structure=structure))
    baseline = str(case.get("baseline", "baseline_precision", default="fp32"))
    return _shown(case.workload(), baseline, ratio) | {
        "estimated_accuracy_delta": -float(pruning_loss(sparsity)),
        "inference_speedup": speedup,
    }


def _shown(work: Workload, baseline: str, ratio: float) -> dict[str, Any]:
    size = work.size(element_size(baseline))
    return {
        "baseline_precision": baseline,
        "original_size_gb": size,
        "compressed_size_gb": size / ratio,
        "compression_ratio": ratio,
        "memory_savings_pct": 100 * (1 - 1 / ratio),
    }


SOLVERS = {"CompressionModel": solve}
