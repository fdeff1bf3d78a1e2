"""What one accelerator keeps while training. S. Rajbhandari et al., ZeRO, 2020."""

from typing import Any

from simcore.crosscheck.case import Case
from simcore.crosscheck.training_state import BUCKET_SHARE, Split, state


def solve(case: Case) -> dict[str, Any]:
    machine = case.machine()
    split = Split(
        tensor=case.whole("tp_size", default=1),
        pipeline=case.whole("pp_size", default=1),
        expert=case.whole("ep_size", default=1),
        data=case.whole("dp_size", default=1),
        zero_stage=case.whole("zero_stage", default=0),
        accumulation=case.whole("gradient_accumulation_steps", default=1),
    )
    found = state(
        case.workload(),
        split,
        batch=case.whole("batch_size", "batch", default=1),
        sequence=case.whole("seq_len", default=2048),
        element=case.element,
        optimizer=str(case.get("optimizer", default="adam")).lower(),
        recompute=str(case.get("activation_checkpointing", default="selective")),
        trainable=case.number("trainable_fraction", default=1.0),
        sequence_parallel=bool(case.get("sequence_parallel", default=True)),
        buffers=case.number("communication_buffer_fraction", default=BUCKET_SHARE),
    )
    return {
        "feasible": found.total <= machine.capacity,
        "total_memory": found.total,
        "available_memory": machine.capacity,
        "memory_utilization": found.total / machine.capacity,
        "weights": found.weights,
        "gradients": found.gradients,
        "optimizer_state": found.optimizer,
        "activations": found.activations,
        "communication_buffers": found.buffers,
    }


SOLVERS = {"TrainingMemoryModel": solve}
