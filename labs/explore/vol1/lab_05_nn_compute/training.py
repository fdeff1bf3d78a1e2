"""Part D: what training keeps that inference forgets, and the digit reader to design."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from labs.contract import (
    RIGHT,
    Choice,
    Curves,
    Knob,
    Knobs,
    Option,
    Outputs,
    Params,
    Part,
    Question,
    Scalar,
    lookup,
)
from labs.explore.vol1.lab_05_nn_compute.reader import BRIEFS, Reader
from simcore.equations.dense import StackMemory, stack_memory
from simcore.equations.precision import element_size

MOMENTS: Mapping[str, float] = {"plain": 0.0, "momentum": 1.0, "adam": 2.0}
MARGIN = 1.5
_FEW = 4.5
"""Weights, gradients, moments and some activations, over the weights."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stacks:
    """Networks of a track: layers, widths, batches to draw from, and where the batch knob ends."""

    layers: tuple[int, ...]
    widths: tuple[int, ...]
    batches: tuple[int, ...]
    width_range: tuple[int, int]
    batch_most: int


STACKS: Mapping[str, Stacks] = {
    "cloud": Stacks(layers=(16, 20, 30, 40), widths=(256, 512), batches=(4096, 8192, 16384),
                    width_range=(16, 2048), batch_most=16384),
    "edge": Stacks(layers=(16, 20, 30), widths=(128, 256), batches=(1024, 2048, 4096),
                   width_range=(16, 1024), batch_most=8192),
    "mobile": Stacks(layers=(16, 20, 30), widths=(64, 128), batches=(512, 1024, 2048),
                     width_range=(16, 512), batch_most=4096),
    "tiny": Stacks(layers=(16, 20, 24), widths=(16, 32), batches=(64, 128, 256),
                   width_range=(8, 128), batch_most=1024),
}  # fmt: skip
LAYER_STEPS = (3, 4, 6, 8, 10, 12, 16, 20, 24, 30, 36, 40, 50)


class D(Part):
    challenge = Reader()

    def combinations(self, track: str) -> Sequence[Params]:
        at = STACKS[track]
        return [
            {
                "track": track,
                "layers": layers,
                "width": width,
                "batch": batch,
                "floor": floor,
                "reads": BRIEFS[track].reads,
                "room": BRIEFS[track].room,
                "training_room": BRIEFS[track].training_room,
            }
            for layers in at.layers
            for width in at.widths
            for batch in at.batches
            if _stands_apart(layers, width, batch)
            for floor in BRIEFS[track].floors
        ]

    def questions(self, p: Params) -> tuple[Question, ...]:
        return (
            Choice(
                id="ratio",
                options=(
                    Option(id=RIGHT, value=_ratio(_asked(p))),
                    Option(id="one_copy_more", value=2.0),
                    Option(id="activations_forgotten", value=4.0),
                    Option(id="all_for_each_layer", value=float(p["layers"])),
                ),
            ),
        )

    def facts(self, p: Params) -> dict[str, Scalar]:
        memory = _asked(p)
        kept, training = float(memory.kept), float(memory.training)
        recomputed = stack_memory(
            int(p["layers"]), int(p["width"]), int(p["batch"]), moments=2, recompute=True
        )
        size = element_size(str(p.get("past_precision", "fp16")))
        return {
            "ratio": _ratio(memory),
            "inference": float(memory.inference),
            "training": training,
            "weights": float(memory.weights),
            "tensor": float(memory.two_tensors) / 2,
            "kept": kept,
            "kept_share": kept / training,
            "kept_narrow": kept * size / 4,
            "tensors": int(p["layers"]) + 1,
            "limit": (int(p["layers"]) + 1) / 2,
            "recomputed": float(recomputed.training),
        }

    def knobs(self, p: Params) -> tuple[Knob, ...]:
        at = STACKS[str(p["track"])]
        widths, batches = (
            _octaves(*ends) for ends in (at.width_range, (1, at.batch_most))
        )  # fmt: skip
        layers = int(p["layers"])
        return (
            Knob(id="layers", steps=LAYER_STEPS, default=LAYER_STEPS.index(layers)),
            Knob(id="width", steps=widths, default=widths.index(int(p["width"]))),
            # From a batch so small that the weights decide, up to the one asked about and beyond.
            Knob(id="batch", steps=batches, default=batches.index(max(1, int(p["batch"]) // 64))),
            Knob(id="optimizer", steps=tuple(MOMENTS), default=2),
            Knob(id="recompute", steps=(False, True)),
        )

    def evaluate(self, p: Params, k: Knobs) -> Outputs:
        memory = _memory(k, np.asarray(k["batch"]))
        room = np.full(memory.kept.shape, _room(p))
        return {
            "ratio": _ratios(memory),
            "training": memory.training,
            "inference": memory.inference,
            "kept_share": memory.kept / memory.training,
            "weights": memory.weights,
            "gradients": memory.gradients,
            "optimizer_state": memory.optimizer,
            "kept": memory.kept,
            "memory_there": room,
            "batch_at": np.asarray(k["batch"], dtype=float),
            "out_of_memory": memory.training > room,
        }

    def curves(self, p: Params, k: Knobs) -> Curves:
        batches = np.asarray(_octaves(1, STACKS[str(p["track"])].batch_most))
        memory = _memory({name: x[:, None] for name, x in k.items()}, batches)
        return {
            "batches": np.broadcast_to(batches.astype(float), memory.kept.shape),
            "training_line": memory.training,
            "inference_line": memory.inference,
        }


def _memory(k: Mapping[str, np.ndarray], batch: np.ndarray) -> StackMemory:
    moments = lookup(MOMENTS, k["optimizer"])
    return stack_memory(k["layers"], k["width"], batch, moments=moments, recompute=k["recompute"])


def _asked(p: Params) -> StackMemory:
    return stack_memory(int(p["layers"]), int(p["width"]), int(p["batch"]), moments=2)


def _ratios(memory: StackMemory) -> np.ndarray:
    return np.asarray(memory.training / memory.inference)


def _ratio(memory: StackMemory) -> float:
    return float(_ratios(memory))


def _room(p: Params) -> float:
    """Return the memory there is: inference fits twice, training with a few examples. [byte]"""
    memory = _asked(p)
    least = max(2 * float(memory.inference), _FEW * float(memory.weights))
    decade = 10.0 ** np.floor(np.log10(least))
    return float(next(x * decade for x in (1, 2, 5, 10) if x * decade >= least))


def _stands_apart(layers: int, width: int, batch: int) -> bool:
    ratio = _ratio(stack_memory(layers, width, batch, moments=2))
    return min(max(ratio / x, x / ratio) for x in (2.0, 4.0, float(layers))) >= MARGIN


def _octaves(low: int, high: int) -> tuple[int, ...]:
    return tuple(2**i for i in range(low.bit_length() - 1, high.bit_length()))
