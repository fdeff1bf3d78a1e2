"""A training step on one machine: three times the arithmetic, four with recomputation.

Arithmetic is counted as the other engine does it here: of one token for a language model, whatever
its sequence (its memory counts the sequence). Full recomputation: V. Korthikanti et al., 2022.
"""

from typing import Any

from simcore.crosscheck.case import Case, Workload
from simcore.crosscheck.roofline_step import step, step_outputs
from simcore.crosscheck.training_state import OPTIMIZER_SIZES, activation_size, lora_share
from simcore.equations.memory import training_state


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
    trainable = 1.0
    if bool(case.get("is_lora", "lora", default=False)):
        trainable = lora_share(work)
    kept = training_state(
        work.parameters,
        weight_size=case.element,
        gradient_size=case.element * trainable,
        optimizer_size=OPTIMIZER_SIZES["adam"] * trainable,
        devices=case.whole("dp_size", default=1),
        zero_stage=case.whole("zero_stage", default=0),
    )
    if not work.is_transformer:
        return float(kept.total)
    activations = activation_size(
        work,
        batch=case.whole("batch_size", "batch", default=1),
        sequence=case.whole("seq_len", default=2048),
        element=case.element,
        recompute="full" if recompute else "none",
        layers=work.layers,
    )
    return float(kept.total) + activations


SOLVERS = {"Engine.solve": solve, "SingleNodeModel": solve}
