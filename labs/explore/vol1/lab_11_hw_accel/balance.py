"""Part C: which of two machines one matrix product keeps busy."""

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
    NAMES,
    PRECISION,
    Array,
    described,
    floats,
    machine_of,
    octave_steps,
    roof_curve,
    with_whole,
)
from simcore import catalog
from simcore.equations.operators import gemm_flop, gemm_intensity, gemm_traffic
from simcore.equations.precision import element_size
from simcore.equations.roofline import Terms, step_terms

PAIRS: Mapping[str, Sequence[tuple[str, str, Sequence[int]]]] = {
    "cloud": (
        ("v100-sxm2-32gb", "l4", range(656, 785, 16)),
        ("v100-sxm2-32gb", "l40s", range(640, 833, 16)),
        ("a100-sxm-80gb", "l4", range(704, 785, 16)),
        ("a100-sxm-80gb", "l40s", range(704, 833, 16)),
    ),
    "edge": (("jetson-nano", "jetson-orin-nx-16gb", (128, 192, 256, 384)),),
    "mobile": (("phone-cpu", "phone-npu", (96, 128, 192, 256, 384, 512)),),
    "tiny": (("esp32-s3-sram", "esp32-s3-psram", (6, 8, 12, 16, 24)),),
}
"""Machine with the lower ridge, the one with the higher, and sizes at least 1.5x from both."""

_ORDERS = (False, True)


class C(Part):
    def combinations(self, track: str) -> Sequence[Params]:
        return [
            _params(*((high, low) if swapped else (low, high)), n, track)
            for low, high, sizes in PAIRS[track]
            for n in sizes
            for swapped in _ORDERS
        ]

    def questions(self, p: Params) -> tuple[Question, ...]:
        busy = _is_compute_bound(p, "x_machine"), _is_compute_bound(p, "y_machine")
        right = {(True, False): "only_x", (False, True): "only_y"}[busy]
        other = "only_y" if right == "only_x" else "only_x"
        return (
            Choice(
                id="bound",
                options=(
                    Option(id=RIGHT, value=right),
                    Option(id="always_compute", value="both"),
                    Option(id="peak_never_reached", value="neither"),
                    Option(id="ridge_upside_down", value=other),
                ),
            ),
        )

    def facts(self, p: Params) -> dict[str, Scalar]:
        precision, intensity = str(p["precision"]), _intensity(p)
        x, y = machine_of(p, "x_machine"), machine_of(p, "y_machine")
        times = {name: float(_terms(p, m.peak(precision), m.bandwidth).time)
                 for name, m in (("x", x), ("y", y))}  # fmt: skip
        return {
            "intensity": intensity,
            "x_ridge": x.ridge(precision),
            "y_ridge": y.ridge(precision),
            "x_time": times["x"],
            "y_time": times["y"],
            "time_ratio": max(times.values()) / min(times.values()),
            "faster": NAMES[x.id if times["x"] <= times["y"] else y.id],
            "busy_name": NAMES[x.id if _is_compute_bound(p, "x_machine") else y.id],
            "idle_name": NAMES[y.id if _is_compute_bound(p, "x_machine") else x.id],
            "bandwidth_ratio": y.bandwidth / x.bandwidth,
            "peak_ratio": y.peak(precision) / x.peak(precision),
            "machine_pair": f"{NAMES[x.id]} and {NAMES[y.id]}",
        }

    def knobs(self, p: Params) -> tuple[Knob, ...]:
        low, high = (4, 256) if p["track"] == "tiny" else (64, 4096)
        sizes, at = with_whole(octave_steps(low, high, 8), int(p["n"]))
        ids = machines_at(str(p["precision"]))
        facts = self.facts(p)
        pair = (str(p["x_machine"]), str(p["y_machine"]))
        slower, faster = pair if float(facts["x_time"]) >= float(facts["y_time"]) else pair[::-1]
        return (
            Knob(id="n", steps=sizes, default=at),
            Knob(id="present", steps=ids, default=ids.index(slower)),
            Knob(id="candidate", steps=ids, default=ids.index(faster)),
        )

    def evaluate(self, p: Params, k: Knobs) -> Outputs:
        n = floats(k["n"])
        size = element_size(str(p["precision"]))
        intensity = gemm_intensity(n, n, n, element_size=size)
        before, after = (self._terms(p, k, which) for which in ("present", "candidate"))
        flop = gemm_flop(n, n, n)
        return {
            "speedup": before.time / after.time,
            "present_binds": before.bound,
            "candidate_binds": after.bound,
            "intensity": intensity,
            "present_ridge": self._ridge(p, k, "present"),
            "candidate_ridge": self._ridge(p, k, "candidate"),
            "present_time": before.time,
            "candidate_time": after.time,
            "present_rate": flop / before.time,
            "candidate_rate": flop / after.time,
            "slower": after.time > before.time,
        }

    def curves(self, p: Params, k: Knobs) -> Curves:
        low, high = (0.5, 512.0) if p["track"] == "tiny" else (4.0, 4096.0)
        curves: Curves = {}
        for which in ("present", "candidate"):
            peak, bandwidth = self._rates(p, k, which)
            x, y = roof_curve(peak, bandwidth, low, high)
            curves |= {f"{which}_x": x, f"{which}_y": y}
        return curves

    def withheld(self, p: Params, locked: Mapping[str, Params], k: Knobs) -> NDArray[np.bool_]:
        """Hide the machine, size and format that part A asks about, should it be open still."""
        earlier = locked.get("a")
        if earlier is None or earlier["precision"] != p["precision"]:
            return np.zeros(len(k["n"]), dtype=bool)
        shown = (k["present"] == earlier["machine"]) | (k["candidate"] == earlier["machine"])
        return np.asarray(shown & (k["n"] == earlier["n"]), dtype=bool)

    def _rates(self, p: Params, k: Knobs, which: str) -> tuple[Array, Array]:
        precision = str(p["precision"])
        machines = {name: catalog.hardware(name) for name in machines_at(precision)}
        peaks = {name: machine.peak(precision) for name, machine in machines.items()}
        widths = {name: machine.bandwidth for name, machine in machines.items()}
        return lookup(peaks, k[which]), lookup(widths, k[which])

    def _ridge(self, p: Params, k: Knobs, which: str) -> Array:
        peak, bandwidth = self._rates(p, k, which)
        return peak / bandwidth

    def _terms(self, p: Params, k: Knobs, which: str) -> Terms:
        return _terms({**p, "n": floats(k["n"])}, *self._rates(p, k, which))


def machines_at(precision: str) -> tuple[str, ...]:
    """Return the lab's machines that have a peak at this format."""
    return tuple(name for name in NAMES if precision in catalog.hardware(name).peaks)


def _params(x: str, y: str, n: int, track: str) -> Params:
    precision = PRECISION[track]
    return {
        **described(x, precision, "x_"),
        **described(y, precision, "y_"),
        "precision": precision,
        "n": n,
        "track": track,
    }


def _terms(p: Mapping[str, object], peak: Array | float, bandwidth: Array | float) -> Terms:
    n, size = np.asarray(p["n"], dtype=float), element_size(str(p["precision"]))
    traffic = gemm_traffic(n, n, n, element_size=size)
    return step_terms(gemm_flop(n, n, n), traffic, peak_flop_rate=peak, bandwidth=bandwidth)


def _intensity(p: Params) -> float:
    n = int(p["n"])
    return float(gemm_intensity(n, n, n, element_size=element_size(str(p["precision"]))))


def _is_compute_bound(p: Params, key: str) -> bool:
    return _intensity(p) >= machine_of(p, key).ridge(str(p["precision"]))
