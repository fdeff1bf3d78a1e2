"""Part E: what is the largest item of memory once weights have four bits, and the last design."""

from collections.abc import Mapping, Sequence
from itertools import product

import numpy as np

from labs.arranging import Array, column, floats, octaves, rows, same
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
)
from labs.text import quantity
from simcore.catalog import model
from simcore.equations.kv_cache import weight_bytes

from .final import SCENARIOS, Final
from .tracks import BYTES, cache_per_token

CASES: Mapping[str, tuple[tuple[str, int, int], ...]] = {
    "cloud": (
        ("llama-3-70b", 32_768, 16),
        ("llama-3-70b", 131_072, 4),
        ("llama-3-8b", 16_384, 8),
        ("llama-3-70b", 2048, 16),
        ("llama-3-8b", 1024, 8),
        ("llama-3-8b", 8192, 1),
    ),
    "edge": (
        ("llama-3-8b", 16_384, 8),
        ("llama-3-8b", 32_768, 4),
        ("llama-3-2-1b", 8192, 8),
        ("llama-3-8b", 2048, 4),
        ("llama-3-2-1b", 2048, 2),
    ),
    "mobile": (
        ("llama-3-2-1b", 32_768, 2),
        ("llama-3-2-1b", 16_384, 4),
        ("llama-3-2-1b", 2048, 1),
        ("llama-3-2-1b", 4096, 2),
    ),
    "tiny": (
        ("stories-260k", 512, 1),
        ("stories-260k", 256, 4),
        ("stories-260k", 64, 1),
        ("stories-260k", 32, 2),
    ),
}
"""Model, tokens kept for each request, requests at once."""
ROOM = {"cloud": 160e9, "edge": 16e9, "mobile": 4e9, "tiny": 512 * 1024.0}
"""Memory of two accelerators of 80 GB, of a module, half a phone's, of a microcontroller. [byte]"""
EVEN_WITHIN = 1.5

FORMATS = ("fp16", "int8", "int4")
CACHES = {"fp16": 2.0, "int8": 1.0}


class E(Part):
    challenge = Final()

    def combinations(self, track: str) -> Sequence[Params]:
        return [
            {
                "place": track, "model": network, "model_name": model(network).name,
                "tokens": tokens, "requests": requests, "parameters": model(network).parameters,
                "requests_text": "one request" if requests == 1 else f"{requests} requests at once",
                **SCENARIOS[track].words(harder),
                "harder": harder,
            }
            for (network, tokens, requests), harder in product(CASES[track], (False, True))
        ]  # fmt: skip

    def questions(self, p: Params) -> tuple[Question, ...]:
        ratio = cache(p) / weights(p, "int4")
        largest = _largest(ratio)
        return (
            Choice(
                id="largest",
                options=tuple(
                    Option(id=RIGHT if name == largest else name, value=name)
                    for name in ("weights", "cache", "even")
                ),
            ),
            Numeric(id="ratio", key=ratio),
        )

    def facts(self, p: Params) -> dict[str, Scalar]:
        small, kept = weights(p, "int4"), cache(p)
        return {
            "largest": _largest(kept / small),
            "ratio": kept / small,
            "weights": small,
            "weights_before": weights(p, "fp16"),
            "cache": kept,
            "shrunk": weights(p, "fp16") / small,
            "ratio_before": kept / weights(p, "fp16"),
            "total_shrunk": (weights(p, "fp16") + kept) / (small + kept),
            "token": cache_per_token(model(str(p["model"]))),
            "even_tokens": small / (kept / float(p["tokens"])),
            "past_grid_text": str(p["past_grid"])
            .replace("-", " ")
            .title()
            .replace("United", "the United"),
            "larger": max(kept, small) / min(kept, small),
            "larger_name": "now the keys and values" if kept > small else "still the weights",
            "law_text": "what is not touched becomes the wall"
            if kept > small
            else "what is not touched comes nearer",
            "next_text": _next(small, kept, float(p["tokens"])),
        }

    def knobs(self, p: Params) -> tuple[Knob, ...]:
        tokens = octaves(32, 2048 if p["place"] == "tiny" else 131_072)
        free = ROOM[str(p["place"])] - weights(p, "int4")
        fitting = free / (cache(p) / float(p["requests"]))
        requests = octaves(1, 64)
        at_once = max(n for n in requests if n <= max(1.0, min(fitting, float(p["requests"]))))
        return (
            Knob(id="format", steps=FORMATS, default=FORMATS.index("int4")),
            Knob(id="kept", steps=tuple(CACHES)),
            Knob(id="tokens_now", steps=tokens, default=tokens.index(int(p["tokens"]))),
            Knob(id="requests_now", steps=requests, default=requests.index(at_once)),
        )

    def evaluate(self, p: Params, k: Knobs) -> Outputs:
        small = weight_bytes(float(p["parameters"]), lookup(BYTES, np.asarray(k["format"])))
        kept = self._cache(p, k, floats(k["tokens_now"]))
        room = ROOM[str(p["place"])]
        return {
            "weights": small,
            "cache": kept,
            "together": small + kept,
            "room": same(room, kept),
            "ratio_now": kept / small,
            "share": kept / (kept + small),
            "tokens_here": floats(k["tokens_now"]),
            "out_of_memory": small + kept > room,
        }

    def curves(self, p: Params, k: Knobs) -> Curves:
        axis = floats(octaves(32, 2048 if p["place"] == "tiny" else 131_072))
        wide = {name: np.asarray(x)[:, np.newaxis] for name, x in k.items()}
        small = weight_bytes(float(p["parameters"]), lookup(BYTES, np.asarray(k["format"])))
        return {
            "token_axis": rows(axis, len(small)),
            "cache_line": self._cache(p, wide, axis[np.newaxis, :]),
            "weights_line": np.repeat(column(small), axis.size, axis=1),
        }

    def _cache(self, p: Params, k: Knobs, tokens: Array) -> Array:
        token = cache_per_token(model(str(p["model"])), 1.0)
        value = lookup(CACHES, np.asarray(k["kept"]))
        return token * value * tokens * floats(k["requests_now"])


def weights(p: Params, stored: str) -> float:
    return float(weight_bytes(float(p["parameters"]), BYTES[stored]))


def cache(p: Params) -> float:
    """Return the keys and values of all requests in 16 bits. [byte]"""
    return cache_per_token(model(str(p["model"]))) * float(p["tokens"]) * float(p["requests"])


def _next(small: float, kept: float, tokens: float) -> str:
    """Return what the next month should go to."""
    cures = "fewer key-value heads, fewer bits in the cache, shorter contexts, or pages that hold "
    cures += "no air"
    if kept > small:
        return f"So the next month goes to {cures}, not to 3-bit weights."
    even = quantity(small / kept * tokens, "int")
    return (
        "Here the weights are still the larger item, and 3 bits are worth a month. "
        f"Beyond {even} tokens the month goes to {cures}."
    )


def _largest(ratio: float) -> str:
    if max(ratio, 1 / ratio) < EVEN_WITHIN:
        return "even"
    return "cache" if ratio > 1 else "weights"
