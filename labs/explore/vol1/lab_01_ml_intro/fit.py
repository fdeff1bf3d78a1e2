"""Part C: does it fit? Bytes of weights over bytes of one memory."""

from collections.abc import Mapping, Sequence
from itertools import product

import numpy as np

from labs.arranging import floats, rows, same
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
from labs.text import quantity
from simcore import catalog
from simcore.equations.memory import training_state
from simcore.equations.precision import element_size

from .machines import NAMES, known, steps_with

KIB, GB = 2.0**10, 1e9
MODELS: Mapping[str, Sequence[str]] = {
    "cloud": ("llama-2-70b", "llama-3-70b", "gpt-3-175b"),
    "edge": ("mistral-7b", "llama-3-8b", "llama-2-13b"),
    "mobile": ("llama-2-7b", "mistral-7b", "llama-3-8b"),
    "tiny": ("mobilenet-v2", "resnet-18", "resnet-50-v1"),
}
MACHINES: Mapping[str, Sequence[str]] = {
    "cloud": ("h100-sxm", "a100-sxm-40gb", "l4"),
    "edge": ("jetson-orin-nano-8gb", "jetson-nano"),
    "mobile": ("phone-npu",),
    "tiny": ("esp32-s3-sram", "nrf52840", "nucleo-l4r5zi"),
}
SMALL: Mapping[str, str] = {
    "cloud": "llama-3-8b",
    "edge": "llama-3-2-1b",
    "mobile": "llama-3-2-1b",
    "tiny": "dscnn-kws",
}
"""A network of the track that does fit, where the instrument begins."""
EVERY_MACHINE = ("nrf52840", "esp32-s3-sram", "phone-npu", "jetson-orin-nano-8gb",
                 "jetson-agx-orin-64gb", "h100-sxm", "b200")  # fmt: skip
OTHER_TIER: Mapping[str, float] = {"cloud": 8.0, "edge": 32.0, "mobile": 32.0, "tiny": 16.0}
"""How many times the memory named is the one it gets mixed up with. [1]"""
OTHER_NAME: Mapping[str, str] = {
    "cloud": "all eight accelerators of a server",
    "edge": "the storage card",
    "mobile": "the phone's storage",
    "tiny": "external flash",
}
FORMATS = ("fp32", "fp16", "int8", "int4")
BITS = (32, 16, 8, 4)
MARGIN = 1.5
_APP_BUDGETS = (4 * GB, 3 * GB)


class C(Part):
    def combinations(self, track: str) -> Sequence[Params]:
        found = [
            _params(track, machine, room, model, precision)
            for machine, model, precision in product(
                MACHINES[track], MODELS[track], ("fp16", "fp32")
            )
            for room in _rooms(machine)
        ]
        return [p for p in found if float(_ratio(p)) >= MARGIN]

    def questions(self, p: Params) -> tuple[Question, ...]:
        ratio, size = _ratio(p), element_size(str(p["precision"]))
        wrong = {
            "one_byte_each": ratio / size,
            "training_counted": ratio * _training_over_weights(size),
            "other_memory": ratio / OTHER_TIER[str(p["track"])],
        }
        options = (Option(id=name, value=value) for name, value in wrong.items())
        return (Choice(id="ratio", options=(Option(id=RIGHT, value=ratio), *options)),)

    def facts(self, p: Params) -> dict[str, Scalar]:
        ratio, size = _ratio(p), element_size(str(p["precision"]))
        return {
            "ratio": ratio,
            "size": float(p["parameters"]) * size,
            "element": size,
            "room_bytes": float(p["room"]),
            "int8_ratio": ratio / size,
            "int4_ratio": ratio / size / 2,
            "bits_that_fit": 8 * size / ratio,
            "training_ratio": ratio * _training_over_weights(size),
            "other_ratio": ratio / OTHER_TIER[str(p["track"])],
            "other_name": OTHER_NAME[str(p["track"])],
            "verdict_text": _verdict(ratio / size / 2),
            "model_id": str(p["model"]),
            "precision_used": str(p["precision"]),
        }

    def knobs(self, p: Params) -> tuple[Knob, ...]:
        track = str(p["track"])
        machines, machine = steps_with(EVERY_MACHINE, str(p["machine"]))
        models = (SMALL[track], *MODELS[track])
        return (
            Knob(id="model", steps=models),
            Knob(id="machine", steps=machines, default=machine),
            Knob(id="format", steps=FORMATS, default=2),
            Knob(id="usable", steps=(0.5, 0.6, 0.7, 0.8, 0.9, 1.0), default=5),
        )

    def evaluate(self, p: Params, k: Knobs) -> Outputs:
        parameters = lookup({m: _parameters(m) for m in np.unique(k["model"])}, k["model"])
        each = lookup({name: element_size(name) for name in FORMATS}, k["format"])
        room = _room_of(p, k) * floats(k["usable"])
        size = parameters * each
        return {
            "ratio": size / room,
            "size": size,
            "room": room,
            "bits_that_fit": 8 * room / parameters,
            "bits_now": 8 * each,
            "copies": np.ceil(size / room),
            "infeasible": size > room,
            "whole": same(float(p["room"]), size),
        }

    def curves(self, p: Params, k: Knobs) -> Curves:
        parameters = lookup({m: _parameters(m) for m in np.unique(k["model"])}, k["model"])
        bits = floats(BITS)
        return {
            "bits": rows(bits, len(parameters)),
            "size_line": parameters[:, np.newaxis] * bits / 8,
        }


def _params(track: str, machine: str, room: float, model: str, precision: str) -> Params:
    return {
        "track": track,
        "machine": machine,
        "machine_name": NAMES[machine],
        "room": room,
        "room_text": _room_text(machine, room),
        "room_known": known(machine, "capacity") if machine != "phone-npu" else "assumed",
        "model": model,
        "model_name": catalog.item("models", model).name,
        "parameters": _parameters(model),
        "parameters_text": _count(_parameters(model)),
        "precision": precision,
        "width_text": f"{8 * element_size(precision):.0f}-bit floats",
    }


def _rooms(machine: str) -> Sequence[float]:
    if machine == "phone-npu":
        return _APP_BUDGETS
    return (catalog.item("hardware", machine).value("capacity"),)


def _room_text(machine: str, room: float) -> str:
    if machine == "phone-npu":
        return f"the {room / GB:.0f} GB of memory that the system grants one app"
    if room < 2**22:
        return (
            f"the {room / KIB:,.0f} KiB ({quantity(room, 'si B')}) of SRAM of one {NAMES[machine]}"
        )
    return f"the {room / GB:.0f} GB of one {NAMES[machine]}"


def _room_of(p: Params, k: Knobs) -> np.ndarray:
    sizes = {
        machine: float(p["room"]) if machine == p["machine"] else _rooms(machine)[0]
        for machine in np.unique(k["machine"]).tolist()
    }
    return lookup(sizes, k["machine"])


def _parameters(model: str) -> float:
    return catalog.item("models", model).value("parameters")


def _count(parameters: float) -> str:
    """Return a count as people say it: 8.03 billion."""
    if parameters >= 1e9:
        return f"{quantity(parameters / 1e9, 'g3')} billion"
    return f"{quantity(parameters / 1e6, 'g3')} million"


def _ratio(p: Params) -> float:
    return float(p["parameters"]) * element_size(str(p["precision"])) / float(p["room"])


def _training_over_weights(size: float) -> float:
    """Return the bytes of weights, gradients and Adam's two moments over the weights'. [1]"""
    state = training_state(
        1.0, weight_size=size, gradient_size=size, optimizer_size=2 * element_size("fp32")
    )
    return float(state.total) / size


def _verdict(int4_ratio: float) -> str:
    if int4_ratio <= 1:
        return f"At 4 bits the weights alone would fit, in {int4_ratio:.0%} of the room"
    return f"Even at 4 bits they are {quantity(int4_ratio, 'g3')} times too large"
