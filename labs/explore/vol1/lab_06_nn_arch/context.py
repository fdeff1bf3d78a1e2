"""Part B: a longer context, and what of a transformer grows with it in which way."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from labs.arranging import Array, evenly, floats, rows, same
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
from simcore.equations.kv_cache import kv_bytes_per_token
from simcore.equations.structure import attention_scores_size, scores_fill, transformer_layer

from .machines import NAMES, capacity, element, known, network, size_text

MARGIN = 1.5
TILE = 128.0
"""Rows of queries that a tiled kernel keeps at once. [1]"""
SCORES, CACHE, WORK = "scores", "cache", "work"
GROWTHS = (2.5, 3.5, 5.0, 7.0, 9.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """A transformer of a track, the tokens it reads today, and where the knob ends."""

    model: str
    machine: str
    tokens: tuple[int, ...]
    most: int
    noun: str = "tokens"


READERS: Mapping[str, Reader] = {
    "cloud": Reader(model="llama-2-7b", machine="h100-sxm", tokens=(4096, 8192), most=2**20),
    "edge": Reader(model="llama-3-8b", machine="jetson-orin-nx-16gb", tokens=(4096, 8192),
                   most=2**18),
    "mobile": Reader(model="llama-3-2-1b", machine="phone-npu", tokens=(2048, 4096), most=2**18),
    "tiny": Reader(model="kwt-3", machine="nucleo-h7a3zi", tokens=(98, 196), most=2**13,
                   noun="time steps"),
}  # fmt: skip
_WHAT: Mapping[str, str] = {
    SCORES: "the attention scores of one layer, stored whole: for every head one number for "
    "each pair of {noun}, one copy, softmax in place",
    CACHE: "the keys and values that all layers keep of what was read",
    WORK: "the arithmetic of one whole layer that reads everything at once: products with the "
    "weights (12 squares of the width) and attention between all pairs (no mask)",
}
_SHORT: Mapping[str, str] = {SCORES: "scores", CACHE: "cache", WORK: "arithmetic of a layer"}
_UNIT: Mapping[str, str] = {SCORES: "bytes", CACHE: "bytes", WORK: "FLOP"}


class B(Part):
    def combinations(self, track: str) -> Sequence[Params]:
        found = {
            what: [
                p
                for tokens in READERS[track].tokens
                for growth in GROWTHS
                if _stands_apart(p := _params(track, what, tokens, growth))
            ]
            for what in (SCORES, CACHE, WORK)
        }
        return evenly(found.values())

    def questions(self, p: Params) -> tuple[Question, ...]:
        g, right = float(p["growth"]), _growth(p)
        wrong = {
            SCORES: {"once_each": g, "nothing_grows": 1.0, "one_power_more": g**3},
            CACHE: {"pairs_kept": g**2, "nothing_grows": 1.0, "one_power_more": g**3},
            WORK: {"weights_only": g, "pairs_only": g**2, "one_power_more": g**3},
        }[str(p["what"])]
        options = [Option(id=name, value=value) for name, value in wrong.items()]
        return (Choice(id="growth", options=(Option(id=RIGHT, value=right), *options)),)

    def facts(self, p: Params) -> dict[str, Scalar]:
        before, after = float(p["tokens"]), float(p["longer"])
        heads, size = float(p["heads"]), float(p["element"])
        scores = [
            float(attention_scores_size(s, heads, element_size=size)) for s in (before, after)
        ]
        token = _token_bytes(p)
        work = [_layer(p, floats(s)) for s in (before, after)]
        pairs = [_pair_share(p, floats(s)) for s in (before, after)]
        return {
            "right_growth": _growth(p),
            "what_short": _SHORT[str(p["what"])],
            "what_law": _law(str(p["what"])),
            "unit": _UNIT[str(p["what"])],
            "scores_before": scores[0],
            "scores_after": scores[1],
            "scores_tiled": float(
                attention_scores_size(after, heads, element_size=size, rows=TILE)
            ),
            "cache_before": token * before,
            "cache_after": token * after,
            "token_bytes": token,
            "scores_growth": scores[1] / scores[0],
            "cache_growth": after / before,
            "work_growth": float(work[1] / work[0]),
            "pairs_before": float(pairs[0]),
            "pairs_after": float(pairs[1]),
            "wall": float(scores_fill(float(p["room"]), heads, element_size=size)),
            "even": 6 * float(p["width"]),
        }

    def knobs(self, p: Params) -> tuple[Knob, ...]:
        steps = _axis(p)
        heads = int(p["heads"])
        groups = tuple(h for h in (1, 2, 3, 4, 8, 16, 24, 32) if heads % h == 0 and h <= heads)
        return (
            Knob(id="tokens_now", steps=steps, default=steps.index(int(p["tokens"]))),
            Knob(id="tiled", steps=(True, False)),
            Knob(id="kv_heads", steps=groups, default=groups.index(int(p["kv_heads"]))),
        )

    def evaluate(self, p: Params, k: Knobs) -> Outputs:
        tokens = floats(k["tokens_now"])
        scores, cache = _scores(p, tokens, k), _cache(p, tokens, k)
        room = same(float(p["room"]), tokens)
        return {
            "scores": scores,
            "cache": cache,
            "need": scores + cache,
            "room": room,
            "work": _layer(p, tokens),
            "pair_share": _pair_share(p, tokens),
            "tokens_at": tokens,
            "out_of_memory": scores + cache > room,
        }

    def curves(self, p: Params, k: Knobs) -> Curves:
        axis, count = floats(_axis(p))[np.newaxis, :], len(k["tokens_now"])
        many = {name: values[:, np.newaxis] for name, values in k.items()}
        wide = (count, axis.size)
        return {
            "lengths": rows(axis[0], count),
            "scores_line": np.broadcast_to(_scores(p, axis, many), wide),
            "cache_line": np.broadcast_to(_cache(p, axis, many), wide),
            "share_line": np.broadcast_to(_pair_share(p, axis), wide),
        }


def _params(track: str, what: str, tokens: int, growth: float) -> Params:
    at = READERS[track]
    longer = round(tokens * growth)
    return {
        "track": track,
        "what": what,
        "what_text": _WHAT[what].format(noun=at.noun),
        "noun": at.noun,
        "model": at.model,
        "model_name": NAMES[at.model],
        "layers": int(network(at.model, "layers")),
        "width": int(network(at.model, "hidden")),
        "heads": int(network(at.model, "heads")),
        "kv_heads": int(network(at.model, "kv_heads")),
        "head_width": int(network(at.model, "head_width")),
        "element": element(track),
        "format_text": "8-bit integers" if track == "tiny" else "16-bit floats",
        "tokens": tokens,
        "longer": longer,
        "growth": longer / tokens,
        "machine_name": NAMES[at.machine],
        "room": capacity(at.machine),
        "room_text": size_text(capacity(at.machine)),
        "room_known": known(at.machine, "capacity", "usable_capacity"),
    }


def _growth(p: Params) -> float:
    g = float(p["growth"])
    if p["what"] == WORK:
        return float(_layer(p, floats(p["longer"])) / _layer(p, floats(p["tokens"])))
    if p["what"] == CACHE:
        return g
    heads, size = float(p["heads"]), float(p["element"])
    after, before = (
        attention_scores_size(float(p[name]), heads, element_size=size)
        for name in ("longer", "tokens")
    )
    return float(after / before)


def _stands_apart(p: Params) -> bool:
    g, right = float(p["growth"]), _growth(p)
    return p["what"] != WORK or min(right / g, g**2 / right) >= MARGIN


def _law(what: str) -> str:
    return {
        SCORES: "Every token is compared with every other: pairs, so the square",
        CACHE: "Each token leaves one key and one value in every layer, however many others there "
        "are: in step with the length",
        WORK: "Products with the weights grow with the length, attention with its square; a layer "
        "does both, so the sum lies between",
    }[what]


def _token_bytes(p: Params) -> float:
    return float(
        kv_bytes_per_token(
            float(p["layers"]), float(p["kv_heads"]), float(p["head_width"]), float(p["element"])
        )
    )


def _layer(p: Params, tokens: Array) -> Array:
    return transformer_layer(tokens, width=float(p["width"]), element_size=float(p["element"])).flop


def _pair_share(p: Params, tokens: Array) -> Array:
    """Return the share of a layer's arithmetic that compares pairs. [1]"""
    work = transformer_layer(tokens, width=float(p["width"]), element_size=float(p["element"]))
    return np.asarray(1 - 2 * work.parameters * tokens / work.flop)


def _scores(p: Params, tokens: Array, k: Knobs) -> Array:
    tiled = np.asarray(k["tiled"], dtype=bool)
    return attention_scores_size(
        tokens, float(p["heads"]), element_size=float(p["element"]),
        rows=np.where(tiled, TILE, np.inf),
    )  # fmt: skip


def _cache(p: Params, tokens: Array, k: Knobs) -> Array:
    each = kv_bytes_per_token(
        float(p["layers"]), k["kv_heads"], float(p["head_width"]), float(p["element"])
    )
    return np.asarray(each * tokens)


def _axis(p: Params) -> tuple[int, ...]:
    most = READERS[str(p["track"])].most
    doubled = [32 * 2**i for i in range(20) if 32 * 2**i <= most and 1024 * 2**i > int(p["tokens"])]
    return tuple(sorted({*doubled, int(p["tokens"]), int(p["longer"])}))
