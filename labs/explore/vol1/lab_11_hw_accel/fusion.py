"""Part B: what one kernel instead of many saves on a chain of element-wise operations."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

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
)
from labs.explore.vol1.lab_11_hw_accel.machines import (
    OWN_MACHINE,
    PRECISION,
    Array,
    described,
    floats,
    machine_of,
    octave_steps,
    with_whole,
)
from labs.explore.vol1.lab_11_hw_accel.reality import Check
from simcore.equations.operators import chain_traffic_eager, chain_traffic_fused

KERNELS = {3: "three", 4: "four", 5: "five", 6: "six"}
"""In words, so that the question holds no numeral that is its own answer."""

TENSORS: Mapping[str, tuple[int, ...]] = {
    "cloud": (64_000_000, 128_000_000, 256_000_000),
    "edge": (16_000_000, 32_000_000),
    "mobile": (8_000_000, 16_000_000),
    "tiny": (64_000, 128_000),
}
"""Tensors far larger than the cache. [byte]"""


class B(Part):
    reality = Check()

    def combinations(self, track: str) -> Sequence[Params]:
        machine, precision = OWN_MACHINE[track], PRECISION[track]
        return [
            {
                **described(machine, precision),
                "precision": precision,
                "track": track,
                "k": k,
                "kernels": KERNELS[k],
                "tensor": tensor,
            }
            for k in KERNELS
            for tensor in TENSORS[track]
        ]

    def questions(self, p: Params) -> tuple[Question, ...]:
        k = int(p["k"])
        return (
            Choice(
                id="factor",
                options=(
                    Option(id=RIGHT, value=float(self.facts(p)["factor"])),
                    Option(id="flop_decide", value=1.0),
                    Option(id="only_writes_vanish", value=2 * k / (k + 1)),
                    Option(id="both_shrink", value=float(k * k)),
                ),
            ),
        )

    def facts(self, p: Params) -> dict[str, Scalar]:
        tensor, bandwidth = float(p["tensor"]), machine_of(p).bandwidth
        eager = float(chain_traffic_eager(int(p["k"]), tensor))
        fused = float(chain_traffic_fused(tensor))
        return {
            "eager_traffic": eager,
            "fused_traffic": fused,
            "eager_time": eager / bandwidth,
            "fused_time": fused / bandwidth,
            "factor": eager / fused,
            "bandwidth": bandwidth,
            "on_chip": machine_of(p).item.value("core_memory.capacity"),
        }

    def knobs(self, p: Params) -> tuple[Knob, ...]:
        low, high = (2**8, 2**22) if p["track"] == "tiny" else (2**12, 2**30)
        tensors, at = with_whole(octave_steps(low, high, 2), int(p["tensor"]))
        launch = machine_of(p).item.value("overhead")
        return (
            Knob(id="k", steps=tuple(range(1, 9)), default=int(p["k"]) - 1),
            Knob(id="tensor", steps=tensors, default=at),
            Knob(id="tile", steps=octave_steps(2**10, 2**18, 1), default=4),
            Knob(id="live", steps=tuple(range(2, 9))),
            Knob(
                id="launch",
                steps=tuple(round(i * 1e-6, 9) for i in range(51)),
                default=round(launch * 1e6),
            ),
        )

    def evaluate(self, p: Params, k: Knobs) -> Outputs:
        bandwidth = machine_of(p).bandwidth
        on_chip = machine_of(p).item.value("core_memory.capacity")
        steps, launch, tensor = (floats(k[name]) for name in ("k", "launch", "tensor"))
        needed = floats(k["tile"]) * floats(k["live"])
        spill = needed > on_chip
        eager_traffic, fused_traffic = _traffic(steps, tensor, spill)
        eager_memory, fused_memory = eager_traffic / bandwidth, fused_traffic / bandwidth
        eager_time, fused_time = eager_memory + steps * launch, fused_memory + launch
        return {
            "factor": eager_time / fused_time,
            "eager_time": eager_time,
            "fused_time": fused_time,
            "kept": fused_time / eager_time,
            "memory_saved": (eager_memory - fused_memory) / eager_time,
            "launch_saved": (steps - 1) * launch / eager_time,
            "eager_traffic": eager_traffic,
            "fused_traffic": fused_traffic,
            "tensor_size": tensor,
            "needed": needed,
            "on_chip": np.full_like(needed, on_chip),
            "spill": spill,
        }

    def curves(self, p: Params, k: Knobs) -> Curves:
        bandwidth = machine_of(p).bandwidth
        on_chip = machine_of(p).item.value("core_memory.capacity")
        low, high = (8, 22) if p["track"] == "tiny" else (12, 30)
        steps, launch = floats(k["k"])[:, None], floats(k["launch"])[:, None]
        spill = (floats(k["tile"]) * floats(k["live"]) > on_chip)[:, None]
        x = np.broadcast_to(np.exp2(np.arange(low, high + 1)), (len(steps), high - low + 1))
        eager, fused = _traffic(steps, x, spill)
        return {
            "tensor_x": x,
            "eager_y": eager / bandwidth + steps * launch,
            "fused_y": fused / bandwidth + launch,
        }


def _traffic(steps: Array, tensor: Array, spill: NDArray[np.bool_]) -> tuple[Array, Array]:
    """Return eager and fused traffic; a fused kernel that spills moves what eager kernels move."""
    eager = chain_traffic_eager(steps, tensor)
    return eager, np.where(spill, eager, chain_traffic_fused(tensor))
