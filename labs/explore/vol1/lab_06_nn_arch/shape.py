"""Part C: as many weights in many narrow layers as in a few wide ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from labs.arranging import Array, floats, given, octaves, rows
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
from labs.text import quantity
from simcore.equations.operators import gemm_flop, gemm_traffic
from simcore.equations.roofline import Terms, step_terms

from .machines import NAMES, element, known, precision, rates

MARGIN = 1.5
SAME_MOST = 1.12
"""Deep over wide up to which the two are about as fast. [1]"""
EACH, ONCE = "each", "once"
BATCHES = octaves(1, 4096)
_LITTLE = 0.25
"""Share of the time below which a stack is mostly calls. [1]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two stacks of square layers with equal weights: many narrow ones, a few wide ones."""

    deep: int
    narrow: int
    shallow: int
    wide: int


GPU_PAIRS = (
    Pair(deep=128, narrow=64, shallow=2, wide=512),
    Pair(deep=64, narrow=64, shallow=4, wide=256),
    Pair(deep=64, narrow=128, shallow=4, wide=512),
    Pair(deep=128, narrow=32, shallow=8, wide=128),
    Pair(deep=256, narrow=64, shallow=4, wide=512),
    Pair(deep=32, narrow=128, shallow=2, wide=512),
)
TINY_PAIRS = (
    Pair(deep=128, narrow=16, shallow=2, wide=128),
    Pair(deep=256, narrow=16, shallow=4, wide=128),
    Pair(deep=128, narrow=8, shallow=2, wide=64),
    Pair(deep=256, narrow=8, shallow=4, wide=64),
)
MACHINES: Mapping[str, tuple[str, ...]] = {
    "cloud": ("a100-sxm-80gb", "h100-sxm", "b200"),
    "edge": ("jetson-orin-nano-8gb", "jetson-orin-nx-16gb"),
    "mobile": ("phone-npu",),
    "tiny": ("nucleo-l4r5zi", "nucleo-u575zi", "nucleo-h7a3zi"),
}
_HOW: Mapping[str, Mapping[str, str]] = {
    "graph": {
        EACH: "Each layer is launched by itself, {launch} every time",
        ONCE: "The layers were captured as one graph: a single launch, the same for both and "
        "not counted",
    },
    "call": {
        EACH: "An interpreter calls each layer by itself, {launch} every time",
        ONCE: "The layers were compiled ahead of time into one function: no calls are counted",
    },
}


class C(Part):
    def combinations(self, track: str) -> Sequence[Params]:
        pairs = TINY_PAIRS if track == "tiny" else GPU_PAIRS
        return [
            _params(track, machine, pair, how)
            for machine, pair in product(MACHINES[track], pairs)
            if _stands_apart(track, machine, pair)
            for how in (EACH, ONCE)
        ]

    def questions(self, p: Params) -> tuple[Question, ...]:
        right, wrong = ("launched", "same") if p["how"] == EACH else ("same", "launched")
        missed = "launches_forgotten" if wrong == "same" else "launches_counted"
        options = (
            Option(id=RIGHT, value=right),
            Option(id=missed, value=wrong),
            Option(id="width_ratio", value="widths"),
            Option(id="narrow_is_fast", value="faster"),
        )
        return (Choice(id="deep", options=options),)

    def facts(self, p: Params) -> dict[str, Scalar]:
        deep, wide = _stack(p, "deep", "narrow"), _stack(p, "shallow", "wide")
        each = p["how"] == EACH
        launch = float(p["launch"])
        times = [
            float(work.time) + (count * launch if each else 0.0)
            for work, count in ((deep, float(p["deep"])), (wide, float(p["shallow"])))
        ]
        ratio = times[0] / times[1]
        return {
            "ratio": ratio,
            "deep_time": times[0],
            "wide_time": times[1],
            "deep_work": float(deep.time),
            "wide_work": float(wide.time),
            "work_ratio": float(deep.time / wide.time),
            "deep_launches": float(p["deep"]) * launch,
            "launched_ratio_at": float(p["launched_ratio"]),
            "weights": float(p["deep"]) * float(p["narrow"]) ** 2,
            "work_share": float(deep.time) / (float(deep.time) + float(p["deep"]) * launch),
            "ratio_text": f"{quantity(ratio, 'g2')} times as long as" if each else "as long as",
            "because": "layers are called one by one" if each else "nothing is called in between",
        }

    def knobs(self, p: Params) -> tuple[Knob, ...]:
        depths = _depths(p)
        return (
            Knob(id="depth", steps=depths, default=depths.index(int(p["shallow"]))),
            Knob(id="batch", steps=BATCHES, default=len(BATCHES) - 1),
            Knob(id="captured", steps=(True, False)),
        )

    def evaluate(self, p: Params, k: Knobs) -> Outputs:
        depth = floats(k["depth"])
        terms = _terms(p, depth, k)
        work = np.maximum(terms.compute, terms.memory)
        return {
            "time": terms.time,
            "work": work,
            "launches": terms.overhead,
            "compute": terms.compute,
            "memory": terms.memory,
            "work_share": work / terms.time,
            "width": _width(p, depth),
            "depth_now": depth,
            "rate": floats(k["batch"]) / terms.time,
            "binds": terms.bound,
            "launch_bound": work < _LITTLE * terms.time,
        }

    def curves(self, p: Params, k: Knobs) -> Curves:
        axis, count = floats(_depths(p)), len(k["depth"])
        many = {name: values[:, np.newaxis] for name, values in k.items()}
        terms = _terms(p, axis[np.newaxis, :], many)
        return {
            "depths": rows(axis, count),
            "time_line": terms.time,
            "work_line": np.maximum(terms.compute, terms.memory),
        }


def _params(track: str, machine: str, pair: Pair, how: str) -> Params:
    launch = rates(machine, precision(track)).launch
    words = _HOW["call" if track == "tiny" else "graph"][how].format(launch=given(launch, "time"))
    p: dict[str, Scalar] = {
        "track": track,
        "machine": machine,
        "machine_name": NAMES[machine],
        "rates_known": known(machine, f"peak.{precision(track)}", "bandwidth"),
        "deep": pair.deep,
        "narrow": pair.narrow,
        "shallow": pair.shallow,
        "wide": pair.wide,
        "width_ratio": pair.wide / pair.narrow,
        "how": how,
        "how_text": words,
        "launch": launch,
        "launch_text": given(launch, "time"),
        "format_text": "8-bit integers" if track == "tiny" else "16-bit floats",
    }
    return {**p, "launched_ratio": _launched(p)}


def _launched(p: Params) -> float:
    launch = float(p["launch"])
    deep, wide = (
        float(_stack(p, count, width).time) + float(p[count]) * launch
        for count, width in (("deep", "narrow"), ("shallow", "wide"))
    )
    return deep / wide


def _stands_apart(track: str, machine: str, pair: Pair) -> bool:
    p = _params(track, machine, pair, ONCE)
    launched, widths = float(p["launched_ratio"]), float(p["width_ratio"])
    deep, wide = _stack(p, "deep", "narrow"), _stack(p, "shallow", "wide")
    alike = float(deep.time / wide.time)
    apart = max(launched / widths, widths / launched) >= MARGIN
    return apart and launched >= 2 and 1 / SAME_MOST <= alike <= SAME_MOST


def _stack(p: Params, count: str, width: str) -> Terms:
    return _layers(p, floats(p[count]), floats(p[width]), floats(1.0), floats(0.0))


def _layers(p: Params, depth: Array, width: Array, batch: Array, launch: Array) -> Terms:
    """Return the terms of a stack of square layers, one after the other. [s]"""
    track = str(p["track"])
    at = rates(str(p["machine"]), precision(track))
    traffic = gemm_traffic(batch, width, width, element_size=element(track))
    return step_terms(
        depth * gemm_flop(batch, width, width), depth * traffic,
        peak_flop_rate=at.arithmetic, bandwidth=at.bandwidth, overhead=depth * launch,
    )  # fmt: skip


def _width(p: Params, depth: Array) -> Array:
    """Return the width at which so many layers have the drawn number of weights. [1]"""
    return np.asarray(np.sqrt(float(p["shallow"]) * float(p["wide"]) ** 2 / depth))


def _terms(p: Params, depth: Array, k: Knobs) -> Terms:
    captured = np.asarray(k["captured"], dtype=bool)
    launch = np.where(captured, float(p["launch"]) / depth, float(p["launch"]))
    return _layers(p, depth, _width(p, depth), floats(k["batch"]), launch)


def _depths(p: Params) -> tuple[int, ...]:
    return tuple(sorted({*octaves(1, 256), int(p["shallow"])}))
