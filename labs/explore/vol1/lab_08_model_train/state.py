"""Part A: what training keeps before its first activation."""

from collections.abc import Mapping, Sequence
from itertools import product

import numpy as np

from labs.arranging import Array, count_text, floats, octaves, rows, same, titled
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
    log_steps,
    lookup,
    nearest,
)
from simcore.equations.memory import StateTerms, training_state

from .machines import NAMES, capacity, known, memory_text, network

NETWORKS: Mapping[str, Sequence[str]] = {
    "cloud": ("gpt-2-xl", "llama-3-2-1b", "gpt-j-6b", "llama-2-7b", "llama-2-13b"),
    "edge": ("gpt-2-small", "bert-large", "llama-3-2-1b", "gpt-2-xl"),
    "mobile": ("bert-base", "gpt-2-small", "smollm-135m", "bert-large"),
    "tiny": ("dscnn-kws", "resnet8-ic", "mobilenet-v1-025-vww", "fc-autoencoder-ad"),
}
MACHINES: Mapping[str, str] = {
    "cloud": "h100-sxm", "edge": "jetson-orin-nx-16gb", "mobile": "phone-npu",
    "tiny": "nucleo-u575zi",
}  # fmt: skip
RANGES: Mapping[str, tuple[float, float]] = {
    "cloud": (1e8, 1e11), "edge": (1e7, 1e10), "mobile": (1e6, 1e9), "tiny": (1e3, 1e6),
}  # fmt: skip
OPTIMIZERS: Mapping[str, str] = {"plain": "plain descent (SGD, no momentum)", "adam": "Adam"}
MOMENTS: Mapping[str, float] = {"plain": 0.0, "momentum": 4.0, "adam": 8.0, "adam8": 2.0}
"""Moments of one parameter, 32 bits each, or 8 (T. Dettmers et al., 2022). [byte]"""
ELEMENTS: Mapping[str, float] = {"fp32": 4.0, "mixed": 2.0}
MASTERS: Mapping[str, float] = {"fp32": 0.0, "mixed": 4.0}
"""A 32-bit copy of the weights, which mixed precision updates. [byte]"""
_SERVED = 2.0


class A(Part):
    def combinations(self, track: str) -> Sequence[Params]:
        machine = MACHINES[track]
        return [
            {
                "track": track,
                "model": name,
                "model_name": NAMES[name],
                "model_title": titled(NAMES[name]),
                "parameters": network(name, "parameters"),
                "parameters_text": count_text(network(name, "parameters")),
                "optimizer": optimizer,
                "optimizer_name": OPTIMIZERS[optimizer],
                "machine_name": NAMES[machine],
                "memory_text": memory_text(machine),
                "capacity_known": known(machine, "usable_capacity", "capacity"),
            }
            for name, optimizer in product(NETWORKS[track], OPTIMIZERS)
        ]

    def questions(self, p: Params) -> tuple[Question, ...]:
        count = float(p["parameters"])
        wrong = {"served": _SERVED * count, "weights_alone": ELEMENTS["fp32"] * count}
        if p["optimizer"] == "adam":
            wrong["moments_forgotten"] = float(_state(count, "plain").total)
        else:
            wrong["moments_invented"] = float(_state(count, "adam").total)
        options = (Option(id=name, value=value) for name, value in wrong.items())
        key = float(_asked(p).total)
        return (Choice(id="state", options=(Option(id=RIGHT, value=key), *options)),)

    def facts(self, p: Params) -> dict[str, Scalar]:
        state, count = _asked(p), float(p["parameters"])
        room = capacity(MACHINES[str(p["track"])])
        total = float(state.total)
        each = total / count
        return {
            "state": total,
            "weights": float(state.weights),
            "gradients": float(state.gradients),
            "moments": float(state.optimizer),
            "served": _SERVED * count,
            "over_served": total / (_SERVED * count),
            "each": each,
            "others_share": 1 - float(state.weights) / total,
            "capacity": room,
            "filled": total / room,
            "fits_text": "fits" if total <= room else "does not fit",
            "largest_text": count_text(room / each),
            "shards": int(np.ceil(total / room)),
            "shards_text": _shards_text(total, room),
            "moments_clause": ", and Adam adds two moments of 4 each"
            if p["optimizer"] == "adam"
            else "",
        }

    def knobs(self, p: Params) -> tuple[Knob, ...]:
        track = str(p["track"])
        steps = log_steps(*RANGES[track], 49, digits=2)
        start = min(float(p["parameters"]), capacity(MACHINES[track]) / 32)
        return (
            Knob(id="size", steps=steps, default=nearest(steps, start)),
            Knob(id="optimizer", steps=tuple(MOMENTS), default=0),
            Knob(id="format", steps=tuple(ELEMENTS)),
            Knob(id="devices", steps=octaves(1, 1024 if track == "cloud" else 64)),
            Knob(id="stage", steps=(0, 1, 2, 3)),
        )

    def evaluate(self, p: Params, k: Knobs) -> Outputs:
        state = _at(k, floats(k["size"]))
        room = same(capacity(MACHINES[str(p["track"])]), state.total)
        return {
            "total": state.total,
            "weights": state.weights,
            "gradients": state.gradients,
            "moments": state.optimizer,
            "each": state.total / floats(k["size"]),
            "filled": state.total / room,
            "room": room,
            "size_now": floats(k["size"]),
            "out_of_memory": state.total > room,
        }

    def curves(self, p: Params, k: Knobs) -> Curves:
        axis = floats(log_steps(*RANGES[str(p["track"])], 49, digits=2))
        many = {name: values[:, np.newaxis] for name, values in k.items()}
        state = _at(many, axis[np.newaxis, :])
        count = len(k["size"])
        return {
            "sizes": rows(axis, count),
            "state_line": np.broadcast_to(state.total, (count, axis.size)),
            "served_line": rows(_SERVED * axis, count),
        }


def _state(count: float, optimizer: str) -> StateTerms:
    size = ELEMENTS["fp32"]
    return training_state(
        count, weight_size=size, gradient_size=size, optimizer_size=MOMENTS[optimizer]
    )


def _asked(p: Params) -> StateTerms:
    return _state(float(p["parameters"]), str(p["optimizer"]))


def _at(k: Knobs, size: Array) -> StateTerms:
    element = lookup(ELEMENTS, k["format"])
    return training_state(
        size,
        weight_size=element,
        gradient_size=element,
        optimizer_size=lookup(MOMENTS, k["optimizer"]) + lookup(MASTERS, k["format"]),
        devices=floats(k["devices"]),
        zero_stage=floats(k["stage"]),
    )


def _shards_text(total: float, room: float) -> str:
    shards = int(np.ceil(total / room))
    if shards == 1:
        return "Where one is not enough, ZeRO gives each of several"
    return f"It takes {shards} of them at least: ZeRO gives each"
