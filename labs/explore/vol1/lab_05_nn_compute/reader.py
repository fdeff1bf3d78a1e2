"""The challenge of part D: a digit reader that also learns, for the least energy a digit."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from labs.contract import Challenge, Knob, Knobs, Outputs, Params, lookup
from labs.explore.vol1.lab_05_nn_compute.ladder import (
    COMPARE,
    ELEMENT,
    MULTIPLY_ADD,
    MULTIPLY_ADD_INT8,
    TABLE_READ,
    Array,
    capacities,
    energies,
)
from labs.explore.vol1.lab_05_nn_compute.measured import BITS, accuracy
from simcore.equations.activation import activation_multiply_adds
from simcore.equations.dense import StackWork, dense_stack, training_example_energy
from simcore.equations.memory import training_state
from simcore.equations.memory_levels import memory_level, pass_energy

KB = 1e3
PIXELS, DIGITS = 64, 10
FUNCTIONS: Mapping[str, str] = {"relu": "relu", "logistic": "sigmoid", "tanh": "tanh"}
"""As measured, and as simcore calls it."""
LAYERS, WIDTHS = (1, 2), (8, 16, 32, 64)
BATCHES = (1, 2, 4, 8, 16, 32, 64)
_ADAM = 2 * ELEMENT


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """What a track asks of its reader: room [byte], digits read for each one learnt from."""

    floors: tuple[float, ...]
    room: float
    training_room: float
    reads: int


BRIEFS: Mapping[str, Brief] = {
    "cloud": Brief(floors=(0.972, 0.975), room=8 * KB, training_room=96 * KB, reads=100),
    "edge": Brief(floors=(0.970, 0.973), room=8 * KB, training_room=64 * KB, reads=20),
    "mobile": Brief(floors=(0.966, 0.970), room=4 * KB, training_room=40 * KB, reads=10),
    "tiny": Brief(floors=(0.955, 0.964), room=2 * KB, training_room=24 * KB, reads=5),
}


class Reader(Challenge):
    """64 pixels in, ten digits out; accuracy is measured, energy and bytes are computed."""

    better = "lower"

    def variables(self, p: Params) -> tuple[Knob, ...]:
        return (
            Knob(id="activation", steps=tuple(FUNCTIONS), default=1),
            Knob(id="layers", steps=LAYERS),
            Knob(id="width", steps=WIDTHS, default=2),
            Knob(id="bits", steps=BITS),
            Knob(id="batch", steps=BATCHES, default=0),
        )

    def assess(self, p: Params, k: Knobs) -> Outputs:
        track, brief = str(p["track"]), BRIEFS[str(p["track"])]
        work = dense_stack(PIXELS, k["width"], DIGITS, hidden_layers=k["layers"])
        size = _size(work, k["bits"])
        state = training_state(
            work.macs + work.biases, weight_size=ELEMENT, gradient_size=ELEMENT,
            optimizer_size=_ADAM,
        ).total  # fmt: skip
        training_size = state + np.asarray(k["batch"]) * work.values * ELEMENT
        inference = _inference_energy(track, work, size, k)
        training = training_example_energy(
            work.macs, state, k["batch"],
            multiply_add_energy=MULTIPLY_ADD,
            energy_per_byte=energies(track)[
                memory_level(training_size, capacities=capacities(track))
            ],
        )  # fmt: skip
        reached = _accuracy(k)
        broken = {
            "inaccurate": reached < float(p["floor"]),
            "too_large": size > brief.room,
            "cannot_train": training_size > brief.training_room,
        }
        return {
            "objective": inference + training / brief.reads,
            "feasible": ~np.logical_or.reduce(list(broken.values())),
            **broken,
            "accuracy": reached,
            "size": size,
            "training_size": training_size,
            "inference_energy": inference,
            "training_energy": training,
            "function_share": _function_energy(work, k) / inference,
        }


def _accuracy(k: Knobs) -> Array:
    rows = zip(k["activation"], k["layers"], k["width"], k["bits"], strict=True)
    return np.asarray([accuracy(str(a), int(d), int(w), int(b)) for a, d, w, b in rows])


def _size(work: StackWork, bits: NDArray[np.int64]) -> Array:
    """Return weights, 32-bit biases and the two tensors alive at once. [byte]"""
    element = np.where(bits == 32, ELEMENT, 1.0)
    return np.asarray(work.macs * bits / 8 + work.biases * ELEMENT + work.widest_pair * element)


def _function_energy(work: StackWork, k: Knobs) -> Array:
    """Return the energy of every hidden unit's function. [J]"""
    dear = {
        name: COMPARE if name == "relu" else activation_multiply_adds(same) * MULTIPLY_ADD
        for name, same in FUNCTIONS.items()
    }
    by_table = np.where(k["activation"] == "relu", COMPARE, TABLE_READ)
    each = np.where(np.asarray(k["bits"]) == 32, lookup(dear, k["activation"]), by_table)
    return np.asarray((work.biases - DIGITS) * each)


def _inference_energy(track: str, work: StackWork, size: Array, k: Knobs) -> Array:
    """Return the energy of reading one digit: each byte once, products, functions. [J]"""
    product = np.where(np.asarray(k["bits"]) == 32, MULTIPLY_ADD, MULTIPLY_ADD_INT8)
    moved = pass_energy(size, capacities=capacities(track), energies_per_byte=energies(track))
    return np.asarray(moved + work.macs * product + _function_energy(work, k))
