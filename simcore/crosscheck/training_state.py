"""What one accelerator keeps in training, split over tensor, pipeline, expert and data ranks."""

from dataclasses import dataclass
from math import ceil

from simcore.crosscheck.case import Workload
from simcore.equations.memory import training_state, transformer_activations

OPTIMIZER_SIZES = {"adam": 12.0, "adamw": 12.0, "sgd": 4.0, "none": 0.0}
"""Bytes for each parameter: fp32 master and, for Adam, two moments."""
BUCKET_SHARE = 0.05
"""Buffers for collectives over the gradients."""
LORA_RANK = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """How training is spread; `accumulation` splits a rank's batch into micro-batches."""

    tensor: int = 1
    pipeline: int = 1
    expert: int = 1
    data: int = 1
    zero_stage: int = 0
    accumulation: int = 1

    @property
    def model(self) -> int:
        return self.tensor * self.pipeline * self.expert


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """In bytes."""

    weights: float
    gradients: float
    optimizer: float
    activations: float
    buffers: float

    @property
    def static(self) -> float:
        """Weights, gradients and optimiser: what is counted where layers have no known shape."""
        return self.weights + self.gradients + self.optimizer

    @property
    def total(self) -> float:
        return self.weights + self.gradients + self.optimizer + self.activations + self.buffers


def lora_share(work: Workload) -> float:
    """Return the trainable share with four adapters of rank 16 in each layer."""
    return min(1.0, 2 * LORA_RANK * work.hidden * 4 * work.layers / work.parameters)


def state(
    work: Workload,
    split: Split,
    *,
    batch: int,
    sequence: int,
    element: float,
    optimizer: str = "adam",
    recompute: str = "selective",
    trainable: float = 1.0,
    sequence_parallel: bool = True,
    buffers: float = BUCKET_SHARE,
) -> State:
    """Return the state of one accelerator; `batch` is that of all data ranks together."""
    kept = training_state(
        work.parameters / split.model,
        weight_size=element,
        gradient_size=element * trainable,
        optimizer_size=OPTIMIZER_SIZES[optimizer] * trainable,
        devices=split.data,
        zero_stage=split.zero_stage,
    )
    micro = max(1, ceil(batch / (split.data * split.accumulation)))
    activations = activation_size(
        work,
        batch=micro,
        sequence=sequence,
        element=element,
        recompute=recompute,
        layers=max(1, ceil(work.layers / split.pipeline)),
    )
    if sequence_parallel:
        activations /= split.tensor
    handed_on = 2 * micro * sequence * work.hidden * element if split.pipeline > 1 else 0.0
    return State(
        weights=float(kept.weights),
        gradients=float(kept.gradients),
        optimizer=float(kept.optimizer),
        activations=activations,
        buffers=buffers * float(kept.gradients) + handed_on,
    )


def activation_size(
    work: Workload, *, batch: int, sequence: int, element: float, recompute: str, layers: int
) -> float:
    """Return the activations kept, whose 16-bit counts scale with the element. [byte]"""
    at_16_bits = transformer_activations(
        sequence, batch, work.hidden, layers, heads=work.heads, recompute=recompute
    )
    return float(at_16_bits) * element / 2.0
