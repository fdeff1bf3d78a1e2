"""The challenge of part D: the longest context that a machine, a limit and a release allow."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from labs.arranging import Array, floats, given
from labs.contract import Challenge, Knob, Knobs, Outputs, Params, Scalar
from simcore.equations.kv_cache import kv_bytes_per_token, weight_bytes
from simcore.equations.precision import quantized_size
from simcore.equations.roofline import step_terms
from simcore.equations.serving import prompt_flop
from simcore.equations.structure import attention_scores_size

from .machines import FLASH_RATE, NAMES, capacity, known, network, precision, rates, size_text

USABLE = 0.9
TILE = 128.0
LAUNCHES = 8.0
"""Kernels of one layer. [1]"""
_GROUP, _ZERO_POINT = 128, 4
_ACTIVATIONS = 8.0
"""Widths of activations that a token needs at once while it is read. [1]"""
CACHE_BITS = (16, 8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """A model and machine, its limits [s], steps of the context and the pieces it is read in.

    `reading` has the time of reading by the changes that a release has time for.
    """

    model: str
    machine: str
    bits: tuple[int, int]
    groups: int
    gap: float
    reading: Mapping[int, float]
    step: int
    most: int
    pieces: tuple[int, ...]
    noun: str = "tokens"
    weights_outside: bool = False

    def params(self, allowed: int) -> dict[str, Scalar]:
        room = USABLE * capacity(self.machine)
        return {
            "desk_model": NAMES[self.model],
            "desk_machine": NAMES[self.machine],
            "desk_room": room,
            "desk_room_text": size_text(room),
            "desk_room_known": known(self.machine, "capacity", "usable_capacity"),
            "desk_gap": self.gap,
            "desk_gap_text": given(self.gap, "time"),
            "desk_reading": self.reading[allowed],
            "desk_reading_text": given(self.reading[allowed], "time"),
            "desk_allowed": allowed,
            "desk_allowed_text": {1: "one", 2: "two"}[allowed],
            "desk_layers": int(network(self.model, "layers")),
            "desk_head_width": int(network(self.model, "head_width")),
            "desk_noun": self.noun,
            "desk_heads": int(network(self.model, "heads")),
            "desk_groups": self.groups,
            "desk_wide_bits": self.bits[0],
            "desk_narrow_bits": self.bits[1],
            "desk_weights_text": (
                "Weights stay in external flash at 10 MB/s, the rest must find room in SRAM"
                if self.weights_outside
                else "Weights, cache, scores and activations share the memory"
            ),
        }


DESKS: Mapping[str, Desk] = {
    "cloud": Desk(model="llama-2-7b", machine="h100-sxm", bits=(16, 8), groups=8, gap=0.022,
                  reading={1: 240.0, 2: 900.0}, step=4096, most=1_048_576,
                  pieces=(4, 16, 64, 256, 1024, 4096)),
    "edge": Desk(model="llama-2-7b", machine="jetson-orin-nx-16gb", bits=(16, 8), groups=8,
                 gap=0.2, reading={1: 60.0, 2: 300.0}, step=512, most=102_400,
                 pieces=(8, 32, 128, 512, 2048)),
    "mobile": Desk(model="llama-3-2-1b", machine="phone-npu", bits=(16, 8), groups=8, gap=0.12,
                   reading={1: 40.0, 2: 120.0}, step=512, most=102_400,
                   pieces=(8, 32, 128, 512, 2048)),
    "tiny": Desk(model="kwt-3", machine="nucleo-l4r5zi", bits=(8, 4), groups=1, gap=0.55,
                 reading={1: 45.0, 2: 100.0}, step=4, most=800, pieces=(1, 2, 4, 8, 16, 32),
                 noun="time steps", weights_outside=True),
}  # fmt: skip


class Longest(Challenge):
    """Four changes, of which a release has time for some, and the piece in which a text is read."""

    better = "higher"

    def variables(self, p: Params) -> tuple[Knob, ...]:
        at = DESKS[str(p["track"])]
        contexts = tuple(range(at.step, at.most + 1, at.step))
        return (
            Knob(id="weight_bits", steps=at.bits),
            Knob(id="kv_bits", steps=CACHE_BITS),
            Knob(id="kv_heads", steps=(int(network(at.model, "heads")), at.groups)),
            Knob(id="tiled", steps=(False, True)),
            Knob(id="piece", steps=at.pieces, default=len(at.pieces) - 1),
            Knob(id="context", steps=contexts),
        )

    def assess(self, p: Params, k: Knobs) -> Outputs:
        at = DESKS[str(p["track"])]
        context = floats(k["context"])
        piece = np.minimum(floats(k["piece"]), context)
        weights, token = _weights(at, k), _token(at, k)
        cache = token * context
        scores = attention_scores_size(
            context, network(at.model, "heads"), element_size=_element(at),
            rows=np.minimum(piece, np.where(k["tiled"], TILE, np.inf)),
        )  # fmt: skip
        active = _ACTIVATIONS * piece * network(at.model, "hidden") * _element(at)
        need = cache + scores + active + (0.0 if at.weights_outside else weights)
        gap, reading = _gap(at, context, weights, cache), _reading(at, context, piece, weights)
        made = _changes(at, k)
        broken = {
            "too_large": need > float(p["desk_room"]),
            "too_slow": gap > at.gap,
            "reads_too_long": reading > float(p["desk_reading"]),
            "too_many_changes": made > int(p["desk_allowed"]),
        }
        return {
            "objective": context,
            "feasible": ~np.logical_or.reduce(list(broken.values())),
            **broken,
            "need": need,
            "cache": cache,
            "scores": scores,
            "gap": gap,
            "reading": reading,
            "changes": made,
        }


def _element(at: Desk) -> float:
    return 1.0 if at.weights_outside else 2.0


def _changes(at: Desk, k: Knobs) -> NDArray[np.int64]:
    """Return how many of the four changes a design makes. [1]"""
    made = (
        floats(k["weight_bits"]) < at.bits[0],
        floats(k["kv_bits"]) < CACHE_BITS[0],
        floats(k["kv_heads"]) < network(at.model, "heads"),
        np.asarray(k["tiled"], dtype=bool),
    )
    return np.asarray(sum(change.astype(np.int64) for change in made))


def _weights(at: Desk, k: Knobs) -> Array:
    is_narrow = floats(k["weight_bits"]) < at.bits[0]
    each = np.where(is_narrow, _stored(at.bits[1]), _stored(at.bits[0]))
    return weight_bytes(network(at.model, "parameters"), each)


def _stored(bits: int) -> float:
    """Return the bytes of one weight, with the scales of its group below 16 bits. [byte]"""
    if bits == 16:
        return 2.0
    zero_point = _ZERO_POINT if bits == 4 else 0
    return float(quantized_size(bits, group=_GROUP, zero_point_bits=zero_point))


def _token(at: Desk, k: Knobs) -> Array:
    return kv_bytes_per_token(
        network(at.model, "layers"), k["kv_heads"], network(at.model, "head_width"),
        floats(k["kv_bits"]) / 8,
    )  # fmt: skip


def _gap(at: Desk, context: Array, weights: Array, cache: Array) -> Array:
    """Return the time of one token more: weights and cache are read once. [s]"""
    flop = _flop(at, context + 1.0, context)
    return _time(at, flop, weights, cache, 1.0)


def _reading(at: Desk, context: Array, piece: Array, weights: Array) -> Array:
    """Return the time to read a whole text: weights pass once for every piece. [s]"""
    pieces = np.ceil(context / piece)
    flop = _flop(at, context, floats(0.0))
    return _time(at, flop, weights * pieces, floats(0.0), pieces)


def _flop(at: Desk, tokens: Array, cached: Array) -> Array:
    return prompt_flop(
        tokens, parameters=network(at.model, "parameters"), layers=network(at.model, "layers"),
        hidden=network(at.model, "hidden"), cached=cached,
    )  # fmt: skip


def _time(at: Desk, flop: Array, weights: Array, cache: Array, passes: Array | float) -> Array:
    found = rates(at.machine, precision("tiny" if at.weights_outside else "cloud"))
    # Weights from flash and values from SRAM come one after the other, in bytes of the slower.
    slower = FLASH_RATE if at.weights_outside else found.bandwidth
    terms = step_terms(
        flop, weights + cache * slower / found.bandwidth, peak_flop_rate=found.arithmetic,
        bandwidth=slower, overhead=passes * LAUNCHES * network(at.model, "layers") * found.launch,
    )  # fmt: skip
    return terms.time
