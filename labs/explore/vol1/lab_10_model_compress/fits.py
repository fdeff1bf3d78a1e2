"""Part C: the widest format that fits, with everything that has to be in memory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from labs.arranging import Array, column, floats, given, octaves, rows
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
from simcore.equations.kv_cache import kv_bytes_per_token
from simcore.equations.precision import element_size, quantized_size

KB, GB = 1e3, 1e9
SLACK = 1.2
"""Everything stays this far from the limit, on both sides. [1]"""
FORMATS = ("wide", "int8", "int4")
"""From the widest; wide is 16-bit floats, on microcontrollers 32-bit floats."""
NONE = "none"
USERS = octaves(1, 64)
CONTEXTS = octaves(512, 131_072)
_KEY_VALUE = element_size("fp16")
ADAM_STATE = 16.0
"""Weights, gradients and moments of a parameter in training, in either format of lab 8. [byte]"""
_GROUP, _ZERO_POINT = 128, 4
INPUT_BYTES: Mapping[str, float] = {
    "dscnn-kws": 49 * 10.0,
    "mobilenet-v1-025-vww": 96 * 96 * 3.0,
    "fc-autoencoder-ad": 640.0,
    "resnet8-ic": 32 * 32 * 3.0,
}
"""One input of the reference networks of MLPerf Tiny. [byte]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A network, a memory [byte], the share to be had [1], tokens or inputs kept beside it."""

    model: str
    memory: float
    share: float
    tokens: int


SETTINGS: Mapping[str, Sequence[Setting]] = {
    "cloud": [
        Setting(model=model, memory=memory * GB, share=share, tokens=tokens)
        for (model, memory, share), tokens in product(
            (("llama-3-70b", 80, 0.75), ("llama-3-70b", 192, 0.9), ("llama-2-70b", 141, 0.7),
             ("llama-2-13b", 24, 0.9), ("llama-2-13b", 40, 0.9), ("llama-3-8b", 24, 0.9)),
            (2048, 4096),
        )
    ],
    "edge": [
        Setting(model=model, memory=memory * GB, share=share, tokens=tokens)
        for (model, memory, share), tokens in product(
            (("llama-3-8b", 16, 0.7), ("llama-3-8b", 8, 0.75), ("mistral-7b", 32, 0.7),
             ("llama-2-7b", 16, 0.7), ("llama-3-2-1b", 8, 0.6)),
            (2048, 4096, 8192),
        )
    ],
    "mobile": [
        Setting(model=model, memory=memory * GB, share=share, tokens=tokens)
        for (model, memory, share), tokens in product(
            (("llama-3-2-1b", 6, 0.3), ("llama-3-2-1b", 8, 0.5), ("llama-3-2-1b", 4, 0.25),
             ("llama-3-8b", 12, 0.5), ("llama-3-8b", 16, 0.7)),
            (1024, 2048, 4096),
        )
    ],
    "tiny": [
        Setting(model=model, memory=slot * KB, share=share, tokens=kept)
        for (model, slot, kept), share in product(
            (("dscnn-kws", 64, 16), ("dscnn-kws", 192, 32), ("mobilenet-v1-025-vww", 600, 4),
             ("mobilenet-v1-025-vww", 1500, 8), ("mobilenet-v1-025-vww", 320, 2),
             ("fc-autoencoder-ad", 600, 64), ("fc-autoencoder-ad", 256, 32),
             ("resnet8-ic", 200, 16), ("resnet8-ic", 600, 32)),
            (0.8, 0.9),
        )
    ],
}  # fmt: skip


class C(Part):
    def combinations(self, track: str) -> Sequence[Params]:
        found = [_params(track, setting) for setting in SETTINGS[track]]
        return [p for p in found if _is_clear(p)]

    def questions(self, p: Params) -> tuple[Question, ...]:
        right = _widest(p)
        rank = FORMATS.index(right)
        named = {
            name: _misconception(FORMATS.index(name) - rank) for name in FORMATS if name != right
        }
        options = [Option(id=named.get(name, RIGHT), value=name) for name in FORMATS]
        nothing = Option(id="nothing_fits", value=NONE)
        return (Choice(id="widest", options=(*options, nothing)),)

    def facts(self, p: Params) -> dict[str, Scalar]:
        right = _widest(p)
        needs = {name: _need(p, name) for name in FORMATS}
        room = float(p["room"])
        wider = FORMATS[FORMATS.index(right) - 1] if right != FORMATS[0] else None
        return {
            "widest": right,
            "widest_text": str(p[f"{right}_text"]),
            "need": needs[right],
            "weights": float(p["parameters"]) * _element(p, right),
            "cache": float(p["cache"]),
            "used": needs[right] / room,
            "room_bytes": room,
            "wide_need": needs["wide"],
            "int8_need": needs["int8"],
            "int4_need": needs["int4"],
            "step_text": _step_text(p, wider),
            "past_cache": _past_cache(p),
            "past_weights": float(p.get("past_state", 112e9)) * _KEY_VALUE / ADAM_STATE,
            "format_kept": _kept(p, right),
            "model_kept": str(p["model"]),
        }

    def knobs(self, p: Params) -> tuple[Knob, ...]:
        shares = tuple(sorted({0.25, 0.4, 0.6, 0.8, 0.9, 1.0, float(p["share"])}))
        return (
            Knob(id="form", steps=FORMATS, default=2),
            Knob(id="usable", steps=shares, default=len(shares) - 1),
            Knob(id="tokens", steps=_kept_steps(p)),
            Knob(id="users", steps=USERS),
        )

    def evaluate(self, p: Params, k: Knobs) -> Outputs:
        weights = float(p["parameters"]) * _elements(p, k)
        cache = floats(k["tokens"]) * floats(k["users"]) * float(p["token_bytes"])
        room = float(p["memory"]) * floats(k["usable"])
        need = weights + cache
        return {
            "weights": weights,
            "cache": cache,
            "need": need,
            "room": room,
            "left": room - need,
            "used": need / room,
            "users_that_fit": _fitting(p, room - weights, floats(k["tokens"])),
            "out_of_memory": need > room,
        }

    def curves(self, p: Params, k: Knobs) -> Curves:
        axis = floats(_kept_steps(p))
        token = float(p["token_bytes"])
        weights = float(p["parameters"]) * column(_elements(p, k))
        line = weights + axis[np.newaxis, :] * column(k["users"]) * token
        return {"contexts": rows(axis, len(line)), "need_line": line}


def _params(track: str, at: Setting) -> Params:
    item = catalog.item("models", at.model)
    token = _token_bytes(track, at.model)
    cache = token * at.tokens
    wide = "32-bit floats" if track == "tiny" else "16-bit floats"
    return {
        "track": track,
        "model": at.model,
        "model_name": _NAMES.get(at.model, item.name),
        "parameters": item.value("parameters"),
        "parameters_text": _count(item.value("parameters")),
        "memory": at.memory,
        "memory_text": given(at.memory, "si B"),
        "share": at.share,
        "share_text": f"{100 * at.share:.0f}%",
        "room": at.memory * at.share,
        "tokens": at.tokens,
        "token_bytes": token,
        "cache": cache,
        "cache_text": _cache_text(track, at.tokens, token),
        "wide_text": wide,
        "int8_text": "8-bit integers",
        "int4_text": "4-bit integers",
        "wide_size_text": f"{4 if track == 'tiny' else 2}",
    }


_NAMES: Mapping[str, str] = {
    "dscnn-kws": "keyword network",
    "mobilenet-v1-025-vww": "person detector",
    "fc-autoencoder-ad": "machine listener",
    "resnet8-ic": "picture classifier",
}


def _count(parameters: float) -> str:
    """Return a count as people say it: 8.03 billion."""
    for scale, word in ((1e9, "billion"), (1e6, "million"), (1e3, "thousand")):
        if parameters >= scale:
            return f"{quantity(parameters / scale, 'g3')} {word}"
    return f"{parameters:.0f}"


def _token_bytes(track: str, model: str) -> float:
    """Return keys and values of one token; on microcontrollers one input, kept for checking."""
    if track == "tiny":
        return INPUT_BYTES[model]
    item = catalog.item("models", model)
    return float(
        kv_bytes_per_token(
            item.value("layers"), item.value("kv_heads"), item.value("head_width"), _KEY_VALUE
        )
    )


def _past_cache(p: Params) -> float:
    """Return the cache of the context designed in lab 6, or of its default. [byte]"""
    token = kv_bytes_per_token(
        float(p.get("past_layers", 32)), float(p.get("past_kv_heads", 8)),
        float(p.get("past_head_width", 128)), float(p.get("past_kv_bits", 16)) / 8,
    )  # fmt: skip
    return float(token) * float(p.get("past_context", 8192))


def _kept_steps(p: Params) -> tuple[int, ...]:
    steps = octaves(1, 256) if p["track"] == "tiny" else CONTEXTS
    return tuple(sorted({*steps, int(p["tokens"])}))


def _cache_text(track: str, tokens: int, token: float) -> str:
    each = given(token, "si B")
    if track == "tiny":
        return f"The last {tokens} inputs are kept beside them for checking, {each} each"
    return (
        f"One request of {tokens:,} tokens keeps its keys and values beside them, {each} a token "
        "in 16-bit floats"
    )


def _element(p: Params, form: str) -> float:
    """Return the bytes of one weight, scales of its group included. [byte]"""
    if form == "wide":
        return element_size("fp32" if p["track"] == "tiny" else "fp16")
    if form == "int8":
        return float(quantized_size(8, group=_GROUP))
    return float(quantized_size(4, group=_GROUP, zero_point_bits=_ZERO_POINT))


def _elements(p: Params, k: Knobs) -> Array:
    return lookup({form: _element(p, form) for form in FORMATS}, k["form"])


def _need(p: Params, form: str) -> float:
    return float(p["parameters"]) * _element(p, form) + float(p["cache"])


def _widest(p: Params) -> str:
    return next((form for form in FORMATS if _need(p, form) <= float(p["room"])), NONE)


def _is_clear(p: Params) -> bool:
    """Return whether one format fits and every one keeps away from the limit."""
    ratios = [_need(p, form) / float(p["room"]) for form in FORMATS]
    clear = all(ratio <= 1 / SLACK or ratio >= SLACK for ratio in ratios)
    return clear and _widest(p) != NONE


def _misconception(steps: int) -> str:
    """Return the thinking error behind a format that many steps narrower than the right one."""
    return {
        -2: "memory_taken_whole",
        -1: "weights_alone",
        1: "one_step_too_careful",
        2: "smallest_is_safest",
    }[steps]


def _step_text(p: Params, wider: str | None) -> str:
    if wider is None:
        return "Nothing wider was on offer"
    over = _need(p, wider) / float(p["room"])
    return f"One step wider would take {quantity(over, 'g3')} times the room"


def _kept(p: Params, form: str) -> str:
    """Return the format's name as other labs read it."""
    if form == "wide":
        return "fp32" if p["track"] == "tiny" else "fp16"
    return form


def _fitting(p: Params, left: Array, tokens: Array) -> Array:
    """Return how many requests fit at once beside the weights."""
    return np.asarray(np.floor(np.maximum(left, 0.0) / (tokens * float(p["token_bytes"]))))
