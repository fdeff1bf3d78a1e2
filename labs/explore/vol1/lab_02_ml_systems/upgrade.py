"""Part A: a new machine instead of an old one, for work that does little or much with a byte."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from labs.arranging import Array, floats, given, rows
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
    nearest,
)
from labs.text import quantity
from simcore import catalog
from simcore.equations.roofline import Terms, step_terms

MARGIN = 1.5
HALF_PEAK = 0.5
"""Share of an accelerator's peak that ordinary kernels reach."""
INTENSITIES = (0.5, *(float(x * 10**d) for d in range(4) for x in (1, 2, 3, 5, 7)), 10_000.0)
LITTLE, MUCH = (2.0, 3.0, 5.0), (2000.0, 5000.0)
"""Operations for each byte: a dense layer used once, a convolution or a large batch. [FLOP/byte]"""
NAMES: Mapping[str, str] = {
    "a100-sxm-80gb": "A100", "b200": "B200", "h100-sxm": "H100 SXM", "jetson-nano": "Jetson Nano",
    "jetson-orin-nano-8gb": "Jetson Orin Nano", "jetson-orin-nx-16gb": "Jetson Orin NX",
    "nucleo-h7a3zi": "STM32H7A3", "nucleo-l4r5zi": "STM32L4R5", "pixel-8": "Pixel 8",
    "snapdragon-8-gen-3": "Snapdragon 8 Gen 3", "v100-sxm2-32gb": "V100",
}  # fmt: skip
_TERMS: Mapping[str, str] = {
    "compute": "arithmetic", "memory": "moving the weights", "overhead": "launches",
}  # fmt: skip
"""Terms of a request as lab 1 writes them into the ledger."""
_CORES: Mapping[str, str] = {"nucleo-l4r5zi": "cortex-m4", "nucleo-h7a3zi": "cortex-m7"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """An old machine and its successor; `flash` are both rates of a small board. [byte/s]"""

    old: str
    new: str
    flash: tuple[float, float] = (0.0, 0.0)


PAIRS: Mapping[str, Sequence[Pair]] = {
    "cloud": (
        Pair(old="v100-sxm2-32gb", new="h100-sxm"),
        Pair(old="a100-sxm-80gb", new="b200"),
        Pair(old="v100-sxm2-32gb", new="b200"),
        Pair(old="a100-sxm-80gb", new="h100-sxm"),
    ),
    "edge": (
        Pair(old="jetson-nano", new="jetson-orin-nano-8gb"),
        Pair(old="jetson-nano", new="jetson-orin-nx-16gb"),
    ),
    "mobile": (Pair(old="pixel-8", new="snapdragon-8-gen-3"),),
    "tiny": (
        Pair(old="nucleo-l4r5zi", new="nucleo-h7a3zi", flash=(10e6, 16e6)),
        Pair(old="nucleo-l4r5zi", new="nucleo-h7a3zi", flash=(10e6, 25e6)),
    ),
}


class A(Part):
    def combinations(self, track: str) -> Sequence[Params]:
        found = [
            _params(track, pair, intensity)
            for pair, intensity in product(PAIRS[track], LITTLE + MUCH)
        ]
        return [p for p in found if _stands_apart(p)]

    def questions(self, p: Params) -> tuple[Question, ...]:
        options = [Option(id=name, value=value) for name, value in _wrong(p).items()]
        return (Choice(id="gain", options=(Option(id=RIGHT, value=_gain(p)), *options)),)

    def facts(self, p: Params) -> dict[str, Scalar]:
        old, new = _terms(p, "old"), _terms(p, "new")
        used = [float(t.compute / t.time) for t in (old, new)]
        gain = _gain(p)
        return {
            "gain": gain,
            "peak_ratio": _ratio(p, "rate"),
            "bandwidth_ratio": _ratio(p, "bandwidth"),
            "old_ridge": float(p["old_rate"]) / float(p["old_bandwidth"]),
            "new_ridge": float(p["new_rate"]) / float(p["new_bandwidth"]),
            "new_used": used[1],
            "idle": 1 - used[1],
            "binds": "memory" if used[1] < 1 else "arithmetic",
            "which": "the ratio of their memories" if used[1] < 1 else "the ratio of their peaks",
            "headline_text": "falls short of the headline"
            if used[1] < 1
            else "is what the headline says",
            "missed": _ratio(p, "rate") / gain,
            "past_text": _TERMS.get(str(p.get("past_bottleneck")), "moving the weights"),
        }

    def knobs(self, p: Params) -> tuple[Knob, ...]:
        return (
            # It opens where the new machine is busy, so that idling is found and not met.
            Knob(id="intensity", steps=INTENSITIES, default=nearest(INTENSITIES, 500)),
            Knob(id="faster_memory", steps=(1.0, 1.5, 2.0, 4.0)),
        )

    def evaluate(self, p: Params, k: Knobs) -> Outputs:
        intensity = floats(k["intensity"])
        old = _terms(p, "old", intensity)
        new = _terms(p, "new", intensity, floats(k["faster_memory"]))
        used, gain = new.compute / new.time, old.time / new.time
        return {
            "speedup": gain,
            "used": used,
            "binds": np.where(used < 1 - 1e-9, "memory", "arithmetic"),
            "peak_ratio": np.full(used.shape, _ratio(p, "rate")),
            "bandwidth_ratio": _ratio(p, "bandwidth") * floats(k["faster_memory"]),
            "intensity_now": intensity,
            "idle": (used < 0.1) & (gain < _ratio(p, "rate")),
        }

    def curves(self, p: Params, k: Knobs) -> Curves:
        axis, count = floats(INTENSITIES), len(k["intensity"])
        faster = floats(k["faster_memory"])[:, np.newaxis]
        old, new = _terms(p, "old", axis), _terms(p, "new", axis[np.newaxis, :], faster)
        return {
            "intensities": rows(axis, count),
            "gain_line": np.broadcast_to(old.time / new.time, (count, axis.size)),
            "promised_line": np.full((count, axis.size), _ratio(p, "rate")),
        }


def _rates(machine: str, flash: float) -> tuple[float, float]:
    """Return what ordinary kernels reach, and the memory that weights come from."""
    found = catalog.item("hardware", machine)
    if machine in _CORES:
        cycles = catalog.item("cores", _CORES[machine]).value("cycles.dense")
        return 2 * found.value("clock") / cycles, flash
    return HALF_PEAK * found.value("peak.fp16"), found.value("bandwidth")


def _params(track: str, pair: Pair, intensity: float) -> Params:
    old, new = _rates(pair.old, pair.flash[0]), _rates(pair.new, pair.flash[1])
    unit = "si OP/s" if track == "tiny" else "si FLOP/s"
    return {
        "track": track,
        "old_name": NAMES[pair.old],
        "new_name": NAMES[pair.new],
        "old_rate": old[0],
        "new_rate": new[0],
        "old_bandwidth": old[1],
        "new_bandwidth": new[1],
        "old_text": f"{quantity(old[0], unit)}, {given(old[1], 'si B/s')}",
        "new_text": f"{quantity(new[0], unit)}, {given(new[1], 'si B/s')}",
        "intensity": intensity,
    }


def _terms(
    p: Params, which: str, intensity: Array | None = None, faster: Array | float = 1.0
) -> Terms:
    """Return the terms of one byte from memory and the arithmetic done with it. [s]"""
    work = floats(float(p["intensity"])) if intensity is None else intensity
    return step_terms(
        work,
        1.0,
        peak_flop_rate=float(p[f"{which}_rate"]),
        bandwidth=float(p[f"{which}_bandwidth"]) * floats(faster),
    )


def _gain(p: Params) -> float:
    return float(_terms(p, "old").time / _terms(p, "new").time)


def _ratio(p: Params, name: str) -> float:
    return float(p[f"new_{name}"]) / float(p[f"old_{name}"])


def _wrong(p: Params) -> dict[str, float]:
    peak, memory = _ratio(p, "rate"), _ratio(p, "bandwidth")
    key = _gain(p)
    wrong = {"twice_peak": 2 * peak, "nothing": 1.0}
    if abs(key - peak) < 1e-9:
        wrong["as_memory"] = memory
    else:
        wrong["as_peak"] = peak
    return wrong


def _stands_apart(p: Params) -> bool:
    key = _gain(p)
    return all(max(key / x, x / key) >= MARGIN for x in _wrong(p).values())
