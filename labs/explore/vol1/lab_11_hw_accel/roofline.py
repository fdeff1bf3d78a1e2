"""Part A: what share of the peak one square matrix product can reach."""

from collections.abc import Mapping, Sequence

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
from labs.explore.vol1.lab_11_hw_accel.machines import (
    Array,
    described,
    floats,
    machine_of,
    octave_steps,
    roof_curve,
    with_whole,
)
from simcore.equations.operators import gemm_flop, gemm_intensity, gemm_traffic
from simcore.equations.precision import element_size
from simcore.equations.roofline import attainable_rate, step_terms

SIZES: Mapping[str, Mapping[str, tuple[int, ...]]] = {
    "cloud": {
        "a100-sxm-80gb": (64, 80, 96, 112, 128),
        "h100-sxm": (96, 128, 160, 192, 224),
        "mi300x": (96, 128, 160, 192),
    },
    "edge": {"jetson-orin-nx-16gb": (96, 128, 160, 192)},
    "mobile": {"phone-npu": (128, 160, 192, 224, 256)},
    "tiny": {"esp32-s3-psram": (8, 10, 12, 16, 18)},
}
"""Sizes whose products all lie well left of the ridge of their machine."""

_FORMATS = ("fp32", "fp16", "int8")


class A(Part):
    def combinations(self, track: str) -> Sequence[Params]:
        precision = "int8" if track == "tiny" else "fp16"
        return [
            {**described(machine, precision), "precision": precision, "n": n, "track": track}
            for machine, sizes in SIZES[track].items()
            for n in sizes
        ]

    def questions(self, p: Params) -> tuple[Question, ...]:
        share = float(self.facts(p)["share"])
        return (
            Choice(
                id="share",
                options=(
                    Option(id=RIGHT, value=share),
                    Option(id="one_flop_per_mac", value=share / 2),
                    Option(id="one_matrix_moves", value=3 * share),
                    Option(id="always_compute", value=1.0),
                ),
            ),
        )

    def facts(self, p: Params) -> dict[str, Scalar]:
        n, precision = int(p["n"]), str(p["precision"])
        machine, size = machine_of(p), element_size(str(p["precision"]))
        peak = machine.peak(precision)
        intensity = float(gemm_intensity(n, n, n, element_size=size))
        attainable = float(
            attainable_rate(intensity, peak_flop_rate=peak, bandwidth=machine.bandwidth)
        )
        flop, traffic = float(gemm_flop(n, n, n)), float(gemm_traffic(n, n, n, element_size=size))
        return {
            "intensity": intensity,
            "ridge": machine.ridge(precision),
            "attainable": attainable,
            "share": attainable / peak,
            "peak": peak,
            "bandwidth": machine.bandwidth,
            "element_size": size,
            "flop": flop,
            "traffic": traffic,
            "compute_time": flop / peak,
            "memory_time": traffic / machine.bandwidth,
            "n_at_ridge": 1.5 * size * machine.ridge(precision),
        }

    def knobs(self, p: Params) -> tuple[Knob, ...]:
        low, high = (4, 4096) if p["track"] == "tiny" else (16, 131072)
        sizes, at = with_whole(octave_steps(low, high, 4), int(p["n"]))
        formats = self._formats(p)
        return (
            Knob(id="n", steps=sizes, default=at),
            Knob(id="precision", steps=formats, default=formats.index(str(p["precision"]))),
            Knob(id="products", steps=octave_steps(1, 64, 1)),
            Knob(id="output_stays", steps=(False, True)),
        )

    def evaluate(self, p: Params, k: Knobs) -> Outputs:
        machine = machine_of(p)
        n, products = floats(k["n"]), floats(k["products"])
        size, peak = self._sizes(p, k), self._peaks(p, k)
        stays = np.asarray(k["output_stays"], dtype=bool)
        intensity = gemm_intensity(n, n, n, element_size=size, output_stays=stays)
        terms = step_terms(
            products * gemm_flop(n, n, n),
            products * gemm_traffic(n, n, n, element_size=size, output_stays=stays),
            peak_flop_rate=peak,
            bandwidth=machine.bandwidth,
        )
        rate = attainable_rate(intensity, peak_flop_rate=peak, bandwidth=machine.bandwidth)
        needed = products * gemm_traffic(n, n, n, element_size=size)
        return {
            "rate": rate,
            "share": rate / peak,
            "binds": terms.bound,
            "intensity": intensity,
            "ridge": peak / machine.bandwidth,
            "time": terms.time,
            "compute_time": terms.compute,
            "memory_time": terms.memory,
            "needed": needed,
            "capacity": np.full_like(needed, machine.capacity),
            "oom": needed > machine.capacity,
        }

    def curves(self, p: Params, k: Knobs) -> Curves:
        peak = self._peaks(p, k)
        bandwidth = np.full_like(peak, machine_of(p).bandwidth)
        x, y = roof_curve(peak, bandwidth, 0.5, 65536.0)
        return {"roof_x": x, "roof_y": y}

    def withheld(self, p: Params, locked: Mapping[str, Params], k: Knobs) -> NDArray[np.bool_]:
        """Hide this machine at the size and format that part C asks about."""
        later = locked.get("c")
        if later is None or p["machine"] not in (later["x_machine"], later["y_machine"]):
            return np.zeros(len(k["n"]), dtype=bool)
        same = (k["n"] == later["n"]) & (k["precision"] == later["precision"])
        return np.asarray(same, dtype=bool)

    def _formats(self, p: Params) -> tuple[str, ...]:
        return tuple(name for name in _FORMATS if name in machine_of(p).peaks)

    def _peaks(self, p: Params, k: Knobs) -> Array:
        return lookup(machine_of(p).peaks, k["precision"])

    def _sizes(self, p: Params, k: Knobs) -> Array:
        return lookup({name: element_size(name) for name in self._formats(p)}, k["precision"])
