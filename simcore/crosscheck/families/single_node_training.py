"""A training step on one machine: three times the arithmetic, four with recomputation.

Arithmetic is counted as the other engine does it here: of one token for a language model, whatever
its sequence (its memory counts the sequence). Full recomputation: V. Korthikanti et al., 2022.
"""

from typing import Any

from simcore.crosscheck.case import Case, Workload
from simcore.crosscheck.roofline_step import step, step_outputs
from simcore.crosscheck.training_state import OPTIMIZER_SIZES, activation_size, lora_share
from simcore.equations.memory import training_state

ADAPTER_SHARE = 0.1
"""Adapters and their training state over the weights, where layers have no known shape."""


def solve(case: Case) -> dict[str, Any]:
    work = case.workload()
    recompute = bool(case.get("recompute", "activation_recomputation", default=False))
    found = step(
        case.machine(),
        work,
        batch=case.whole("batch_size", "batch", default=1),
        precision=case.precision,
        element=case.element,
        efficiency=case.number("efficiency", default=0.5),
        footprint=_footprint(case, work, recompute=recompute),
        training=True,
        recompute=recompute,
    )
    return step_outputs(found)


def _footprint(case: Case, work: Workload, *, recompute: bool) -> float:
    lora = bool(case.get("is_lora", "lora", default=False))
    if not work.is_transformer:
        return _layerless(case, work, lora=lora)
    trainable = lora_share(work) if lora else 1.0
    kept = training_state(
        work.parameters,
        weight_size=case.element,
        gradient_size=case.element * trainable,
        optimizer_size=OPTIMIZER_SIZES["adam"] * trainable,
        devices=case.whole("dp_size", default=1),
        zero_stage=case.whole("zero_stage", default=0),
    )
    activations = activation_size(
        work,
        batch=case.whole("batch_size", "batch", default=1),
        sequence=case.whole("seq_len", default=2048),
        element=case.element,
        recompute="full" if recompute else "none",
        layers=work.layers,
    )
    return float(kept.total) + activations


def _layerless(case: Case, work: Workload, *, lora: bool) -> float:
    """Return the state where layers have no known shape: whole, whatever the stage of ZeRO."""
    if lora:
        return (1 + ADAPTER_SHARE) * work.size(case.element)
    kept = training_state(work.parameters, weight_size=case.element, gradient_size=case.element)
    return float(kept.total)


SOLVERS = {"Engine.solve": solve, "SingleNodeModel": solve}
