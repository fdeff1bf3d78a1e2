"""Part B: element-wise steps one by one, in one kernel, or in the tail of a product."""

from collections.abc import Mapping, Sequence
from itertools import product

import numpy as np

from labs.arranging import Array, evenly, floats, rows, same, stands_apart
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
)
from labs.text import quantity
from simcore.equations.dispatch import chain_traffic
from simcore.equations.operators import gemm_flop, gemm_traffic
from simcore.equations.roofline import step_terms

from .machines import NAMES, PLACES

ALONE, TAIL = "alone", "tail"
STEPS, EXTRA = (4, 5, 6, 7, 8, 10), (2, 3)
DEPTHS: Mapping[str, tuple[int, ...]] = {
    "cloud": (1024, 1536, 2048, 3072, 4096), "edge": (768, 1024, 1536, 2048, 3072),
    "mobile": (768, 1024, 1536, 2048, 3072), "tiny": (32, 48, 64, 96, 128),
}  # fmt: skip
"""Length that the matrices of a product share. [1]"""
SIDES: Mapping[str, int] = {"cloud": 4096, "edge": 2048, "mobile": 1024, "tiny": 512}
_ROWS: Mapping[str, tuple[float, float]] = {
    "cloud": (1e5, 2e9), "edge": (1e5, 2e9), "mobile": (1e4, 1e9), "tiny": (1e3, 5e5),
}  # fmt: skip
"""Bytes of a tensor at the ends of the knob. [byte]"""


class B(Part):
    def combinations(self, track: str) -> Sequence[Params]:
        alone = [_params(track, ALONE, n, r, DEPTHS[track][0]) for n, r in product(STEPS, EXTRA)]
        tail = [
            _params(track, TAIL, n, r, depth)
            for n, r, depth in product(STEPS, EXTRA, DEPTHS[track])
        ]
        return evenly([p for p in found if _is_clear(p)] for found in (alone, tail))

    def questions(self, p: Params) -> tuple[Question, ...]:
        options = [Option(id=name, value=value) for name, value in _wrong(p).items()]
        return (Choice(id="gain", options=(Option(id=RIGHT, value=_gain(p)), *options)),)

    def facts(self, p: Params) -> dict[str, Scalar]:
        apart, fused = _time(p, fused=False), _time(p, fused=True)
        tensor = float(p["tensor"])
        chain = [
            float(chain_traffic(float(p["steps"]), tensor, extra=float(p["extra"]), fused=flag))
            for flag in (False, True)
        ]
        return {
            "right_gain": _gain(p),
            "apart_time": apart,
            "fused_time": fused,
            "chain_gain": chain[0] / chain[1],
            "product_time": _product_time(p),
            "passes_apart": round(chain[0] / tensor),
            "passes_fused": _passes_fused(p),
            "saved": apart - fused,
            "why_text": _why(p),
            "product_gain": _gain({**p, "kind": TAIL}),
        }

    def knobs(self, p: Params) -> tuple[Knob, ...]:
        steps = tuple(range(1, 13))
        sizes = log_steps(*_ROWS[str(p["track"])], 22)
        return (
            Knob(id="chain", steps=steps, default=steps.index(int(p["steps"]))),
            Knob(id="seconds", steps=(0, 1, 2, 3, 4), default=int(p["extra"])),
            Knob(id="size", steps=sizes, default=len(sizes) // 2),
            Knob(id="kept", steps=(False, True)),
        )

    def evaluate(self, p: Params, k: Knobs) -> Outputs:
        at = PLACES[str(p["track"])]
        size, steps, extra = floats(k["size"]), floats(k["chain"]), floats(k["seconds"])
        apart, fused = (_chain(p, steps, size, extra, fused=flag) for flag in (False, True))
        held = size * np.where(np.asarray(k["kept"], dtype=bool), steps + 1, 2.0)
        room = same(at.capacity, size)
        return {
            "apart": apart,
            "fused": fused,
            "gain": apart / fused,
            "calls": steps * at.calls[0],
            "moving": apart - steps * at.calls[0],
            "held": held,
            "room": room,
            "size_now": size,
            "out_of_memory": held > room,
        }

    def curves(self, p: Params, k: Knobs) -> Curves:
        low, high = _ROWS[str(p["track"])]
        axis, count = np.geomspace(low, high, 41), len(k["chain"])
        steps, extra = (floats(k[name])[:, np.newaxis] for name in ("chain", "seconds"))
        apart, fused = (
            _chain(p, steps, axis[np.newaxis, :], extra, fused=flag) for flag in (False, True)
        )
        return {"sizes": rows(axis, count), "gain_line": apart / fused}


def _params(track: str, kind: str, steps: int, extra: int, depth: int) -> Params:
    at, side = PLACES[track], SIDES[track]
    tensor = side * side * at.element
    return {
        "track": track,
        "kind": kind,
        "steps": steps,
        "extra": extra,
        "extra_text": {2: "two", 3: "three"}[extra],
        "depth": depth,
        "side": side,
        "tensor": tensor,
        "tensor_text": quantity(tensor, "si B"),
        "machine_name": NAMES[at.machine],
        "rate_text": quantity(at.rate, "si FLOP/s"),
        "bandwidth_text": quantity(at.bandwidth, "si B/s"),
        "rates_known": at.known,
        "room_known": at.capacity_known,
        "what_text": _WHAT[kind].format(side=f"{side:,}", depth=f"{depth:,}"),
        "fused_text": _FUSED[kind],
    }


_WHAT: Mapping[str, str] = {
    ALONE: "The chain stands alone.",
    TAIL: "A product of matrices, {side} × {depth} by {depth} × {side}, comes first; its result is "
    "the chain's first input, and all of it together is asked about.",
}
_FUSED: Mapping[str, str] = {
    ALONE: "one kernel does the whole chain",
    TAIL: "the product's own kernel does the chain before it writes",
}


def _product_time(p: Params) -> float:
    """Return the time of the product with its own traffic. [s]"""
    at = PLACES[str(p["track"])]
    sizes = (float(p["side"]), float(p["side"]), float(p["depth"]))
    terms = step_terms(
        gemm_flop(*sizes), gemm_traffic(*sizes, element_size=at.element),
        peak_flop_rate=at.rate, bandwidth=at.bandwidth,
    )  # fmt: skip
    return float(terms.time)


def _time(p: Params, *, fused: bool) -> float:
    """Return the time of what is asked about, launches aside. [s]"""
    at, extra, tensor = PLACES[str(p["track"])], float(p["extra"]), float(p["tensor"])
    if p["kind"] == TAIL and fused:
        # Only the second tensors still move: the product writes its result anyway.
        return _product_time(p) + extra * tensor / at.bandwidth
    traffic = chain_traffic(float(p["steps"]), tensor, extra=extra, fused=fused)
    before = _product_time(p) if p["kind"] == TAIL else 0.0
    return before + float(traffic) / at.bandwidth


def _gain(p: Params) -> float:
    return _time(p, fused=False) / _time(p, fused=True)


def _wrong(p: Params) -> dict[str, float]:
    steps, extra = float(p["steps"]), float(p["extra"])
    if p["kind"] == ALONE:
        return {
            "arithmetic_counted": 1.0,
            "second_tensors_forgotten": steps,
            "one_pass_left": 2 * steps + extra,
        }
    return {
        "arithmetic_counted": 1.0,
        "product_forgotten": _gain({**p, "kind": ALONE}),
        "one_pass_left": 2 * steps + extra,
    }


def _is_clear(p: Params) -> bool:
    return stands_apart(_gain(p), _wrong(p).values())


def _passes_fused(p: Params) -> int:
    return int(p["extra"]) + (2 if p["kind"] == ALONE else 0)


def _why(p: Params) -> str:
    if p["kind"] == ALONE:
        return "each step apart reads its tensor and writes it; fused, it is read and written once"
    return (
        "the chain's passes vanish but for the second tensors, and the product takes as long as "
        "before"
    )


def _chain(p: Params, steps: Array, size: Array, extra: Array, *, fused: bool) -> Array:
    """Return the time of a chain with its calls, which the device waits for. [s]"""
    at = PLACES[str(p["track"])]
    moved = chain_traffic(steps, size, extra=extra, fused=fused) / at.bandwidth
    return np.asarray(moved + (1.0 if fused else steps) * at.calls[0])
