"""Part A: a constraint that one multiplication would have shown, found some stages later."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from labs.arranging import Array, count_text, floats, given, rows, same
from labs.contract import (
    RIGHT,
    Choice,
    Curves,
    Knob,
    Knobs,
    Numeric,
    Option,
    Outputs,
    Params,
    Part,
    Question,
    Scalar,
    lookup,
    with_value,
)
from simcore import catalog
from simcore.equations.kv_cache import weight_bytes
from simcore.equations.precision import element_size
from simcore.equations.workflow import redone_work

STAGES = ("problem", "data", "model", "evaluation", "deployment", "monitoring")
FIRST_STAGE = 5.0
"""Work of the first stage in this story. [person-day]"""
GROWTHS, FOUND = (2.0, 2.5, 3.0), (4, 5, 6)
FORMATS = ("int8", "fp16", "fp32")
WIDTHS: Mapping[str, str] = {"fp16": "16-bit floats", "fp32": "32-bit floats"}
NAMES: Mapping[str, str] = {
    "gpt-j-6b": "GPT-J", "llama-2-7b": "Llama 2 7B", "mobilenet-v2-05": "MobileNet v2 0.5",
    "resnet-152-v2": "ResNet-152", "resnet-50-v1": "ResNet-50", "squeezenet": "SqueezeNet",
    "vgg16": "VGG-16", "vit-large-16": "ViT-L/16",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What a track's weights may take [byte], and whose word that is."""

    size: float
    text: str
    models: Sequence[tuple[str, str]]
    """Network and format that somebody chose; neither fits."""


ROOMS: Mapping[str, Room] = {
    "cloud": Room(
        size=10e9, text="10 GB, the slice of an accelerator that the contract pays for",
        models=(("llama-2-7b", "fp16"), ("gpt-j-6b", "fp16"), ("gpt-j-6b", "fp32")),
    ),
    "edge": Room(
        size=0.5e9, text="500 MB, what the camera's programs leave of the box's memory",
        models=(("vit-large-16", "fp16"), ("vit-large-16", "fp32"), ("vgg16", "fp32")),
    ),
    "mobile": Room(
        size=64e6, text="64 MB, what the tablet's system gives an app in the background",
        models=(("resnet-50-v1", "fp32"), ("resnet-152-v2", "fp32"), ("resnet-152-v2", "fp16")),
    ),
    "tiny": Room(
        size=catalog.item("hardware", "nucleo-u575zi").value("flash.capacity"),
        text="2 MiB, the flash of the STM32U575 in the camera's handle",
        models=(("mobilenet-v2-05", "fp32"), ("mobilenet-v2-05", "fp16"), ("squeezenet", "fp32")),
    ),
}  # fmt: skip


class A(Part):
    def combinations(self, track: str) -> Sequence[Params]:
        room = ROOMS[track]
        return [
            {
                "track": track,
                "growth": growth,
                "growth_text": given(growth, "g2"),
                "found": found,
                "found_name": STAGES[found - 1],
                "model": model,
                "model_name": NAMES[model],
                "parameters": _parameters(model),
                "parameters_text": count_text(_parameters(model)),
                "format": width,
                "width_text": WIDTHS[width],
                "room": room.size,
                "room_text": room.text,
                "room_known": "published" if track == "tiny" else "given",
                "own_text": given(FIRST_STAGE, "g2"),
            }
            for (model, width), growth, found in product(room.models, GROWTHS, FOUND)
        ]

    def questions(self, p: Params) -> tuple[Question, ...]:
        growth, found = float(p["growth"]), int(p["found"])
        wrong = {
            "same_each": FIRST_STAGE * found,
            "one_stage_more": _days(growth, found + 1),
            "only_the_choice": FIRST_STAGE,
        }
        options = [Option(id=name, value=value) for name, value in wrong.items()]
        right = Option(id=RIGHT, value=_days(growth, found))
        return (
            Choice(id="redone", options=(right, *options)),
            Numeric(id="size", key=_size(p)),
        )

    def facts(self, p: Params) -> dict[str, Scalar]:
        growth, found, size = float(p["growth"]), int(p["found"]), _size(p)
        room = ROOMS[str(p["track"])].size
        days = _days(growth, found)
        return {
            "days": days,
            "tax": float(redone_work(growth, found=found)),
            "gentle_tax": float(redone_work(1.2, found=found)),
            "size": size,
            "budget": room,
            "over": size / room,
            "element": element_size(str(p["format"])),
            "element_that_fits": room / float(p["parameters"]),
            "a_stage_sooner": _days(growth, found - 1),
            "spared": days - _days(growth, found - 1),
            "stage_list": ", ".join(STAGES),
        }

    def knobs(self, p: Params) -> tuple[Knob, ...]:
        growths, start = with_value(tuple(x / 10 for x in range(12, 41, 2)), float(p["growth"]))
        return (
            Knob(id="found_at", steps=tuple(range(1, len(STAGES) + 1))),
            Knob(id="bound_at", steps=tuple(range(1, len(STAGES)))),
            Knob(id="growth_now", steps=growths, default=start),
            Knob(id="format_now", steps=FORMATS),
        )

    def evaluate(self, p: Params, k: Knobs) -> Outputs:
        tax = redone_work(k["growth_now"], found=k["found_at"], bound=k["bound_at"])
        sizes = {name: element_size(name) for name in FORMATS}
        size = weight_bytes(float(p["parameters"]), lookup(sizes, k["format_now"]))
        room = same(ROOMS[str(p["track"])].size, size)
        return {
            "work": FIRST_STAGE * tax,
            "tax_now": tax,
            "bytes": size,
            "budget_now": room,
            "filled": size / room,
            "found_now": floats(k["found_at"]),
            "infeasible": size > room,
        }

    def curves(self, p: Params, k: Knobs) -> Curves:
        stages, count = floats(range(1, len(STAGES) + 1)), len(k["found_at"])
        many = {name: np.asarray(k[name])[:, np.newaxis] for name in ("growth_now", "bound_at")}
        tax = redone_work(many["growth_now"], found=stages, bound=many["bound_at"])
        return {
            "stages": rows(stages, count),
            "work_line": FIRST_STAGE * np.broadcast_to(tax, (count, stages.size)),
            "even_line": FIRST_STAGE * _even(stages, floats(k["bound_at"])[:, np.newaxis]),
        }


def _even(found: Array, bound: Array) -> Array:
    """Return the stages to do again if each were as much work as the first. [1]"""
    return np.maximum(found[np.newaxis, :] - bound + 1, 0.0)


def _parameters(model: str) -> float:
    return catalog.item("models", model).value("parameters")


def _size(p: Params) -> float:
    return float(weight_bytes(float(p["parameters"]), element_size(str(p["format"]))))


def _days(growth: float, found: int) -> float:
    return FIRST_STAGE * float(redone_work(growth, found=found))
