"""Part A: the two clocks of one token, reading the weights and computing with them."""

from collections.abc import Mapping, Sequence
from itertools import product

import numpy as np

from labs.arranging import Array, column, floats, octaves, rows, same
from labs.contract import (
    Curves,
    Knob,
    Knobs,
    Numeric,
    Outputs,
    Params,
    Part,
    Question,
    Scalar,
    lookup,
)
from labs.text import quantity
from simcore.catalog import hardware, model
from simcore.equations.kv_cache import weight_bytes
from simcore.equations.roofline import Terms, step_terms

from .tracks import BYTES, cache_per_token, remembered

EFFICIENCY = 0.5
"""Share of the dense peak that arithmetic reaches; given in the question. [1]"""
FLOP_PER_WEIGHT = 2.0
"""A multiply and an add. [FLOP]"""

CASES: Mapping[str, tuple[tuple[str, str, str, str], ...]] = {
    "cloud": (
        ("llama-3-70b", "h100-sxm", "fp8", "fp8"),
        ("llama-3-70b", "h200-sxm", "fp8", "fp8"),
        ("llama-3-70b", "h200-sxm", "int8", "fp16"),
    ),
    "edge": (
        ("llama-3-8b", "jetson-orin-nx-16gb", "int8", "int8"),
        ("llama-3-8b", "jetson-agx-orin-64gb", "int8", "int8"),
        ("llama-3-8b", "jetson-agx-orin-64gb", "fp16", "fp16"),
    ),
    "mobile": (
        ("llama-3-2-1b", "phone-npu", "int8", "int8"),
        ("llama-3-2-1b", "phone-npu", "int4", "fp16"),
        ("llama-3-2-1b", "snapdragon-8-gen-3", "int8", "int8"),
    ),
    "tiny": (("stories-260k", "esp32-s3-psram", "int8", "int8"),),
}
"""Model, machine, format of the weights, format of the arithmetic."""
BATCHES = {"cloud": (1, 2, 4, 8), "edge": (1, 2, 4, 8), "mobile": (1, 2, 4), "tiny": (1, 2, 3)}
PUBLISHED = ("h100-sxm", "h200-sxm", "jetson-orin-nx-16gb", "jetson-agx-orin-64gb")

STORED = {"fp16": "16 bits", "fp8": "8-bit floats", "int8": "8 bits", "int4": "4 bits"}
FORMATS = ("fp16", "int8", "int4")
BATCH_STEPS = octaves(1, 512)
CONTEXTS = (0, *octaves(256, 131_072))
SHORT_CONTEXTS = (0, *octaves(32, 512))
"""The story teller was trained on 512 tokens."""
AXIS = floats(BATCH_STEPS)


class A(Part):
    def combinations(self, track: str) -> Sequence[Params]:
        return [
            {
                "place": track, "batch": batch,
                "model": network, "machine": machine, "stored": stored, "computed": computed,
                "model_name": model(network).name, "machine_name": hardware(machine).name,
                "parameters": model(network).parameters,
                "peak": hardware(machine).peak(computed),
                "bandwidth": hardware(machine).bandwidth,
                "bytes": BYTES[stored],
                "bytes_text": _bytes_text(stored),
                "stored_text": STORED[stored],
                "peak_text": quantity(
                    hardware(machine).peak(computed),
                    "si OP/s" if computed == "int8" else "si FLOP/s",
                ),
                "machine_known": "published" if machine in PUBLISHED else "assumed",
                "requests_text": "one request" if batch == 1 else f"{batch} requests",
            }
            for (network, machine, stored, computed), batch in product(
                CASES[track], BATCHES[track]
            )
        ]  # fmt: skip

    def questions(self, p: Params) -> tuple[Question, ...]:
        found = step(p, batch=floats(float(p["batch"])))
        return (Numeric(id="ratio", key=float(found.memory / found.compute)),)

    def facts(self, p: Params) -> dict[str, Scalar]:
        found = step(p, batch=floats(float(p["batch"])))
        ratio = float(found.memory / found.compute)
        return {
            "ratio": ratio,
            "reading": float(found.memory),
            "computing": float(found.compute),
            "weights": weights(p, str(p["stored"])),
            "waits": max(0.0, 1 - 1 / ratio),
            "tokens": float(p["batch"]) / float(found.time),
            "peak_tokens": float(p["batch"]) / float(found.compute),
            "even_batch": ratio * float(p["batch"]),
            "intensity": FLOP_PER_WEIGHT * float(p["batch"]) / float(p["bytes"]),
            "ridge": EFFICIENCY * float(p["peak"]) / float(p["bandwidth"]),
            "slide_ratio": ratio / EFFICIENCY,
            "past_roofline": remembered(float(p["roofline_error"])),
            "past_amdahl": remembered(float(p["amdahl_error"])),
        }

    def knobs(self, p: Params) -> tuple[Knob, ...]:
        stored = str(p["stored"]).replace("fp8", "int8")
        return (
            Knob(id="batch_now", steps=with_batch(int(p["batch"])),
                 default=with_batch(int(p["batch"])).index(int(p["batch"]))),
            Knob(id="context", steps=SHORT_CONTEXTS if p["place"] == "tiny" else CONTEXTS),
            Knob(id="format", steps=FORMATS, default=FORMATS.index(stored)),
        )  # fmt: skip

    def evaluate(self, p: Params, k: Knobs) -> Outputs:
        batch, context = floats(k["batch_now"]), floats(k["context"])
        stored = lookup(BYTES, np.asarray(k["format"]))
        found = step(p, batch=batch, context=context, stored=stored)
        read = weight_bytes(float(p["parameters"]), stored)
        cache = batch * context * cache_per_token(model(str(p["model"])))
        bandwidth, room = float(p["bandwidth"]), hardware(str(p["machine"])).capacity
        return {
            "reading": read / bandwidth,
            "caching": cache / bandwidth,
            "computing": found.compute,
            "ratio_now": found.memory / found.compute,
            "tokens_now": batch / found.time,
            "idle": np.maximum(0.0, 1 - found.compute / found.time),
            "step": found.time,
            "batch_here": batch,
            "memory_used": read + cache,
            "room": same(room, batch),
            "out_of_memory": read + cache > room,
        }

    def curves(self, p: Params, k: Knobs) -> Curves:
        stored = lookup(BYTES, np.asarray(k["format"]))[:, np.newaxis]
        found = step(p, batch=AXIS[np.newaxis, :], context=column(k["context"]), stored=stored)
        return {
            "batches": rows(AXIS, len(stored)),
            "memory_line": found.memory,
            "compute_line": found.compute,
        }


def _bytes_text(stored: str) -> str:
    text = f"{BYTES[stored]:.2g}"
    return f"{text} byte" if text == "1" else f"{text} bytes"


def with_batch(batch: int) -> tuple[int, ...]:
    return tuple(sorted({*BATCH_STEPS, batch}))


def weights(p: Params, stored: str) -> float:
    return float(weight_bytes(float(p["parameters"]), BYTES[stored]))


def step(
    p: Params, *, batch: Array, context: Array | float = 0.0, stored: Array | None = None
) -> Terms:
    """Return the terms of one step that writes a token for each request of the batch."""
    size = floats(float(p["bytes"])) if stored is None else stored
    cache = batch * context * cache_per_token(model(str(p["model"])))
    return step_terms(
        FLOP_PER_WEIGHT * float(p["parameters"]) * batch,
        weight_bytes(float(p["parameters"]), size) + cache,
        peak_flop_rate=float(p["peak"]),
        bandwidth=float(p["bandwidth"]),
        efficiency=EFFICIENCY,
    )
