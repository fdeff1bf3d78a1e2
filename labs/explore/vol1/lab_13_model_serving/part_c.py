"""Part C: how many conversations a machine can hold at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

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
    lookup,
)
from labs.text import quantity
from simcore.catalog import Model, hardware, model
from simcore.equations.kv_cache import (
    kv_bytes_per_token,
    kv_concurrency,
    weight_bytes,
)
from simcore.equations.serving import token_gap

from .tracks import GB, given

WEIGHT_BYTES = {"fp16": 2.0, "int8": 1.016, "int4": 0.52}
CACHE_BYTES = {"fp16": 2.0, "fp8": 1.0, "int4": 0.5}
FP16 = CACHE_BYTES["fp16"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A drawn case: one model on some devices, of whose memory a share is usable."""

    model: str
    weights: str
    devices: int
    capacity: float
    usable: float
    tokens: int

    @property
    def memory(self) -> float:
        """What weights and conversations may use. [byte]"""
        return self.devices * self.capacity * self.usable


def _cases(name: str, weights: str, devices: int, capacity: float, usable: float,
           *tokens: int) -> list[Case]:  # fmt: skip
    return [
        Case(model=name, weights=weights, devices=devices, capacity=capacity, usable=usable,
             tokens=each)
        for each in tokens
    ]  # fmt: skip


# Chosen so that the quotient is clear of whole numbers, and that no number of the question, the
# model or the page happens to be the answer.
CASES = {
    "cloud": [
        *_cases("llama-2-70b", "fp16", 8, 80 * GB, 0.9, 65_536, 131_072),
        *_cases("llama-3-70b", "fp16", 8, 80 * GB, 0.9, 65_536, 131_072),
        *_cases("llama-3-70b", "fp16", 4, 80 * GB, 0.9, 16_384),
    ],
    "edge": [
        *_cases("llama-3-8b", "int8", 1, 16 * GB, 0.9, 1024, 2048),
        *_cases("mistral-7b", "int8", 1, 16 * GB, 0.9, 1024, 2048),
    ],
    "mobile": [
        *_cases("llama-3-2-1b", "int4", 1, 8 * GB, 0.4, 8192),
        *_cases("llama-3-2-1b", "int4", 1, 8 * GB, 0.5, 16_384),
        *_cases("llama-3-2-1b", "int4", 1, 12 * GB, 0.4, 8192, 16_384),
    ],
    "tiny": [*_cases("smollm-135m", "int8", 1, 0.512 * GB, 0.9, 384, 512, 768, 2048)],
}
MODELS = {
    "cloud": ("llama-3-8b", "llama-2-70b", "llama-3-70b"),
    "edge": ("llama-3-2-1b", "mistral-7b", "llama-3-8b"),
    "mobile": ("smollm-135m", "llama-3-2-1b", "llama-3-8b"),
    "tiny": ("smollm-135m", "llama-3-2-1b"),
}
# Memory one can move to, as the number of devices like the drawn one.
DEVICES = {
    "cloud": (1, 2, 4, 8),
    "edge": (1, 2, 4),
    "mobile": (0.5, 1, 1.5, 2),
    "tiny": (0.5, 1, 2, 4),
}
MACHINES = {
    "cloud": "h100-sxm",
    "edge": "jetson-orin-nx-16gb",
    "mobile": "phone-npu",
    "tiny": "raspberry-pi-zero-2-w",
}
TOKENS = tuple(int(1024 * 2 ** (i / 2)) for i in range(17))
TOKEN_STEPS = tuple(sorted({384, 512, 768, *TOKENS}))


class C(Part):
    def combinations(self, track: str) -> Sequence[Params]:
        return [_params(track, case) for case in CASES[track]]

    def questions(self, p: Params) -> tuple[Question, ...]:
        m = model(str(p["model"]))
        token = float(p["token_bytes"])
        group = float(p["heads"]) / float(p["kv_heads"])
        return (
            Choice(
                id="fit",
                options=(
                    Option(id=RIGHT, value=_fit(p, token)),
                    Option(id="every_head_keeps_its_own", value=_fit(p, token * group)),
                    Option(id="keys_only", value=_fit(p, token / 2)),
                    Option(id="one_layer", value=_fit(p, token / float(m.layers or 1))),
                ),
            ),
        )

    def facts(self, p: Params) -> dict[str, Scalar]:
        token, tokens = float(p["token_bytes"]), int(p["tokens"])
        group = int(p["heads"]) // int(p["kv_heads"])
        memory, weights = float(p["memory"]), float(p["weights"])
        machine = hardware(MACHINES[str(p["place"])])
        fit = _fit(p, token)
        cache = fit * token * tokens
        return {
            "fit": fit,
            "request": token * tokens,
            "free": memory - weights,
            "group": group,
            "mha_request": token * group * tokens,
            "mha_fit": _fit(p, token * group),
            "eight_bit_fit": _fit(p, token / 2),
            "cache": cache,
            "cache_share": cache / memory,
            "context": tokens,
            "step": float(
                token_gap(weights, cache, bandwidth=machine.bandwidth * float(p["devices"]))
            ),
        }

    def knobs(self, p: Params) -> tuple[Knob, ...]:
        place = str(p["place"])
        one = float(p["memory"]) / float(p["devices"])
        memories = tuple(one * n for n in DEVICES[place])
        models = MODELS[place]
        return (
            Knob(id="model", steps=models, default=models.index(str(p["model"]))),
            Knob(id="weights", steps=tuple(WEIGHT_BYTES),
                 default=tuple(WEIGHT_BYTES).index(str(p["precision"]))),
            Knob(id="memory", steps=memories,
                 default=int(np.argmin(np.abs(np.asarray(memories) - float(p["memory"]))))),
            Knob(id="tokens", steps=TOKEN_STEPS, default=TOKEN_STEPS.index(int(p["tokens"]))),
            Knob(id="cache", steps=tuple(CACHE_BYTES)),
            Knob(id="every_head", steps=(False, True)),
        )  # fmt: skip

    def evaluate(self, p: Params, k: Knobs) -> Outputs:
        weights, token = _weights(k), _token(k)
        memory, tokens = np.asarray(k["memory"], dtype=float), _kept(k, k["tokens"])
        fit = kv_concurrency(memory, weights, token, tokens)
        request = token * tokens
        cache = fit * request
        machine = hardware(MACHINES[str(p["place"])])
        devices = memory * float(p["devices"]) / float(p["memory"])
        bandwidth = machine.bandwidth * (devices if p["place"] == "cloud" else 1.0)
        no_weights = weights > memory
        return {
            "fit": fit,
            "request": request,
            "weights_size": weights,
            "cache_size": cache,
            "spare": np.maximum(0.0, memory - weights - cache),
            "free": np.maximum(0.0, memory - weights),
            "memory_size": memory,
            "step": token_gap(weights, cache, bandwidth=bandwidth),
            "first_full": np.where(no_weights, "the weights", "the conversations"),
            "no_weights": no_weights,
            "no_request": ~no_weights & (fit < 1),
        }

    def curves(self, p: Params, k: Knobs) -> Curves:
        memory, weights = np.asarray(k["memory"], dtype=float), _weights(k)
        plain = {**k, "every_head": np.zeros(len(memory), dtype=bool)}
        every = {**k, "every_head": np.ones(len(memory), dtype=bool)}
        axis = np.asarray(TOKENS, dtype=float)
        kept = _kept(k, axis[None, :])

        def line(settings: Knobs) -> np.ndarray:
            fit = kv_concurrency(memory[:, None], weights[:, None], _token(settings)[:, None], kept)
            return np.where(fit >= 1, fit, np.nan)

        return {
            "token_axis": np.broadcast_to(axis, (len(memory), len(axis))),
            "shared_line": line(plain),
            "every_line": line(every),
        }


def _params(track: str, case: Case) -> Params:
    m = model(case.model)
    heads, kv_heads = _shape(m)
    return {
        "place": track,
        "model": case.model,
        "model_name": m.name,
        "precision": case.weights,
        "weight_text": f"{WEIGHT_BYTES[case.weights]:g}",
        "devices": case.devices,
        "capacity_text": given(case.capacity, "si B"),
        "memory_text": _memory_text(case),
        "usable": case.usable,
        "memory": case.memory,
        "tokens": case.tokens,
        "layers": m.layers or 0,
        "heads": heads,
        "kv_heads": kv_heads,
        "head_width": m.head_width or 0,
        "parameters_text": _count_text(m.parameters),
        "weights": float(weight_bytes(m.parameters, WEIGHT_BYTES[case.weights])),
        "token_bytes": float(kv_bytes_per_token(m.layers or 0, kv_heads, m.head_width or 0, FP16)),
    }


def _memory_text(case: Case) -> str:
    one = given(case.capacity, "si B")
    return one if case.devices == 1 else f"{case.devices} × {one}"


def _count_text(parameters: float) -> str:
    if parameters < 1e9:
        return f"{parameters / 1e6:.0f} million"
    return f"{quantity(parameters / 1e9, 'g3')} billion"


def _shape(m: Model) -> tuple[int, int]:
    return m.heads or 0, m.kv_heads or 0


def _fit(p: Params, token: float) -> float:
    return float(kv_concurrency(p["memory"], p["weights"], token, p["tokens"]))


def _weights(k: Knobs) -> np.ndarray:
    sizes = {name: model(name).parameters for name in set(k["model"].tolist())}
    return weight_bytes(lookup(sizes, k["model"]), lookup(WEIGHT_BYTES, k["weights"]))


def _kept(k: Knobs, tokens: NDArray[Any]) -> NDArray[np.float64]:
    """Tokens the cache keeps: all, or the last of them where attention has a window."""
    windows = {
        name: model(name).item.value("attention_window")
        if "attention_window" in model(name).item
        else np.inf
        for name in set(k["model"].tolist())
    }
    window = lookup(windows, k["model"])
    kept: NDArray[np.float64] = np.minimum(tokens, window if tokens.ndim == 1 else window[:, None])
    return kept


def _token(k: Knobs) -> np.ndarray:
    """Cache of one token at m settings: shared heads, or a key and value for every head. [byte]"""
    used = {name: model(name) for name in set(k["model"].tolist())}

    def column(name: str) -> np.ndarray:
        return lookup({key: float(getattr(m, name) or 0) for key, m in used.items()}, k["model"])

    heads = np.where(np.asarray(k["every_head"], dtype=bool), column("heads"), column("kv_heads"))
    return kv_bytes_per_token(
        column("layers"), heads, column("head_width"), lookup(CACHE_BYTES, k["cache"])
    )
