"""Part C: workers that prepare images, and the accelerator that waits for them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, product

import numpy as np

from labs.arranging import Array, floats, given, octaves, rows, same
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
from labs.text import quantity
from simcore import catalog
from simcore.equations.ingestion import step_overlapped

EFFICIENCY = 0.2
"""Share of its peak that a machine reaches while it trains convolutions. [1]"""
TRAINING_FLOP_PER_MAC = 6.0
"""Two for the product, three times: forward, and backward by two. [FLOP]"""
CACHED = 1.0 / 6.0
"""Of the time of decoding, what reading a decoded image takes. [1]"""
MARGIN = 1.5
APART = 1.15
LARGEST_KEY = 0.62
STARVING = 0.1
WORKERS = octaves(1, 64)
OPERATIONS = tuple(range(11))
FASTER = (1.0, 2.0, 4.0)
NAMES: Mapping[str, str] = {
    "a100-sxm-80gb": "an A100",
    "h100-sxm": "an H100",
    "jetson-agx-orin-64gb": "a Jetson AGX Orin",
    "jetson-orin-nano-8gb": "a Jetson Orin Nano",
    "jetson-orin-nx-16gb": "a Jetson Orin NX",
    "l4": "an L4",
    "resnet-18": "ResNet-18",
    "resnet-50-v1": "ResNet-50",
    "t4": "a T4",
    "v100-sxm2-32gb": "a V100",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """Where a track trains: times of one core for decoding and for one augmentation. [s]"""

    machines: Sequence[str]
    model: str
    workers: Sequence[int]
    decode: float
    operation: float
    noun: str
    epoch: int


ROOMS: Mapping[str, Room] = {
    "cloud": Room(machines=("v100-sxm2-32gb", "a100-sxm-80gb", "h100-sxm"), model="resnet-50-v1",
                  workers=(6, 8, 12, 16), decode=6e-3, operation=2e-3, noun="images",
                  epoch=1_280_000),
    "edge": Room(machines=("jetson-agx-orin-64gb", "jetson-orin-nx-16gb"), model="resnet-50-v1",
                 workers=(2, 3, 4), decode=12e-3, operation=4e-3, noun="images", epoch=40_000),
    "mobile": Room(machines=("t4", "l4"), model="resnet-50-v1", workers=(2, 3, 4), decode=6e-3,
                   operation=2e-3, noun="images", epoch=300_000),
    "tiny": Room(machines=("jetson-orin-nano-8gb",), model="resnet-18", workers=(2, 3, 4),
                 decode=20e-3, operation=5e-3, noun="spectrograms", epoch=20_000),
}  # fmt: skip
ASKED = (1, 2, 3, 4, 5, 6)


class C(Part):
    def combinations(self, track: str) -> Sequence[Params]:
        room = ROOMS[track]
        found = [
            _params(track, room, machine, workers, operations)
            for machine, workers, operations in product(room.machines, room.workers, ASKED)
        ]
        return [p for p in found if len(_wrong(p)) == 3]

    def questions(self, p: Params) -> tuple[Question, ...]:
        options = (Option(id=name, value=x) for name, x in _wrong(p).items())
        return (Choice(id="busy", options=(Option(id=RIGHT, value=_busy(p)), *options)),)

    def facts(self, p: Params) -> dict[str, Scalar]:
        room = ROOMS[str(p["track"])]
        supplied = float(p["workers"]) / float(p["item_seconds"])
        wanted = float(p["wanted"])
        decode = float(p["decode"])
        cached = float(p["item_seconds"]) - decode * (1 - CACHED)
        return {
            "busy": _busy(p),
            "idle": 1 - _busy(p),
            "supplied": supplied,
            "item": float(p["item_seconds"]),
            "workers_needed": int(np.ceil(wanted * float(p["item_seconds"]))),
            "epoch": room.epoch / supplied,
            "epoch_fed": room.epoch / wanted,
            "plain_busy": min(1.0, float(p["workers"]) / decode / wanted),
            "cached_busy": min(1.0, float(p["workers"]) / cached / wanted),
            "faster_busy": _busy(p) / 2,
        }

    def knobs(self, p: Params) -> tuple[Knob, ...]:
        return (
            Knob(id="workers", steps=WORKERS, default=WORKERS.index(16)),
            Knob(id="operations", steps=OPERATIONS),
            Knob(id="cached", steps=(False, True)),
            Knob(id="faster", steps=FASTER),
        )

    def evaluate(self, p: Params, k: Knobs) -> Outputs:
        room = ROOMS[str(p["track"])]
        workers, wanted = floats(k["workers"]), float(p["wanted"]) * floats(k["faster"])
        decode, augment = _item(room, k)
        step = step_overlapped(1.0 / wanted, (decode + augment) / workers)
        return {
            "busy": 1.0 - step.stall,
            "rate": 1.0 / step.time,
            "wanted": wanted,
            "epoch": room.epoch * step.time,
            "idle_minutes": 60.0 * step.stall,
            "needed": np.ceil(wanted * (decode + augment) - 1e-9),
            "decode_each": decode / workers,
            "augment_each": augment / workers,
            "step_each": 1.0 / wanted,
            "workers_now": workers,
            "starving": 1.0 - step.stall < STARVING,
        }

    def curves(self, p: Params, k: Knobs) -> Curves:
        room, axis = ROOMS[str(p["track"])], floats(WORKERS)
        wanted = (float(p["wanted"]) * floats(k["faster"]))[:, np.newaxis]
        decode, augment = _item(room, k)
        step = step_overlapped(1.0 / wanted, (decode + augment)[:, np.newaxis] / axis)
        asked = step_overlapped(1.0 / wanted, same(float(p["item_seconds"]), axis) / axis)
        return {
            "counts": rows(axis, len(k["workers"])),
            "rate_line": 1.0 / step.time,
            "asked_line": 1.0 / asked.time,
            "wanted_line": np.broadcast_to(wanted, step.time.shape),
        }


def _item(room: Room, k: Knobs) -> tuple[Array, Array]:
    """Return what one core takes to decode and to augment one image. [s]"""
    decode = room.decode * np.where(np.asarray(k["cached"], dtype=bool), CACHED, 1.0)
    return decode, room.operation * floats(k["operations"])


def _params(track: str, room: Room, machine: str, workers: int, operations: int) -> Params:
    item = catalog.item("hardware", machine)
    flop = TRAINING_FLOP_PER_MAC * catalog.item("models", room.model).value("macs.total")
    wanted = EFFICIENCY * item.value("peak.fp16") / flop
    # Rates are told in round figures; the key follows from what is told.
    wanted = float(f"{wanted:.2g}")
    return {
        "track": track,
        "machine": machine,
        "machine_name": NAMES[machine],
        "model_name": NAMES[room.model],
        "noun": room.noun,
        "workers": workers,
        "workers_text": {2: "two", 3: "three", 4: "four", 6: "six", 8: "eight", 12: "twelve",
                         16: "sixteen"}[workers],
        "operations": operations,
        "operations_text": "one random augmentation"
        if operations == 1
        else f"{operations} random augmentations",
        "decode": room.decode,
        "decode_text": given(room.decode, "time"),
        "operation": room.operation,
        "operation_text": given(room.operation, "time"),
        "item_seconds": room.decode + operations * room.operation,
        "wanted": wanted,
        "wanted_text": quantity(wanted, "int"),
        "peak_known": str(item["peak.fp16"].source.evidence),
    }  # fmt: skip


def _busy(p: Params) -> float:
    step = step_overlapped(1.0 / float(p["wanted"]), float(p["item_seconds"]) / float(p["workers"]))
    return 1.0 - float(step.stall)


def _wrong(p: Params) -> dict[str, float]:
    """Return three tempting wrong shares, each clear of the right one and of the rest."""
    right = _busy(p)
    if right > LARGEST_KEY:
        return {}
    tempting = {
        "hidden_by_overlap": 1.0,
        "one_worker": right / float(p["workers"]),
        "idle_for_busy": 1.0 - right,
        "decoding_only": right * float(p["item_seconds"]) / float(p["decode"]),
    }
    clear = {n: x for n, x in tempting.items() if x <= 1.0 and max(x / right, right / x) >= MARGIN}
    chosen: dict[str, float] = {}
    for name, x in clear.items():
        if len(chosen) < 3 and all(max(x / y, y / x) >= APART for y in chosen.values()):
            chosen[name] = x
    ordered = sorted([right, *chosen.values()])
    return chosen if all(b / a >= APART for a, b in pairwise(ordered)) else {}
