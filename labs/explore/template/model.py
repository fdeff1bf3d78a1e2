"""The physics of the lab: one class per part, arranging what simcore computes."""

from collections.abc import Mapping, Sequence

import numpy as np

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
    nearest,
)
from simcore.equations.roofline import step_time

MACHINES: Mapping[str, Mapping[str, float]] = {
    "cloud": {"peak": 4e14, "bandwidth": 2e12},
    "edge": {"peak": 2e13, "bandwidth": 1e11},
    "mobile": {"peak": 8e12, "bandwidth": 5e10},
    "tiny": {"peak": 4e8, "bandwidth": 8e7},
}
"""Round machines of each track; replace them by items of simcore's catalogue. [FLOP/s, byte/s]"""

STEPS = (0.03, 0.06, 0.13)
"""How long the traffic of one step takes. [s]"""

INTENSITY = 0.7
"""Work per byte of the step asked about. [FLOP/byte]"""

SLACK = 20.0
"""The time allowed, in times of the step asked about. [1]"""


class A(Part):
    """How long does a step take whose traffic is slower than its arithmetic?"""

    def combinations(self, track: str) -> Sequence[Params]:
        machine = MACHINES[track]
        traffics = [machine["bandwidth"] * seconds for seconds in STEPS]
        return [{**machine, "traffic": q, "flop": INTENSITY * q} for q in traffics]

    def questions(self, p: Params) -> tuple[Question, ...]:
        memory = _time(p, traffic=float(p["traffic"]), flop=0.0)
        options = (
            Option(id=RIGHT, value=_time(p)),
            Option(id="arithmetic_alone", value=_time(p, traffic=0.0)),
            Option(id="bits_for_bytes", value=8 * memory),
            Option(id="one_operand", value=memory / 4),
        )
        return (Choice(id="time", options=options),)

    def facts(self, p: Params) -> dict[str, Scalar]:
        time, compute = _time(p), _time(p, traffic=0.0)
        return {
            "time": time,
            "compute": compute,
            "memory": _time(p, flop=0.0),
            "share": 1 - compute / time,
        }

    def knobs(self, p: Params) -> tuple[Knob, ...]:
        intensities = log_steps(0.1, 10_000, 31)
        traffics = tuple(float(p["traffic"]) * x for x in (0.25, 0.5, 1, 2, 4, 8, 16, 32))
        return (
            Knob(id="intensity", steps=intensities, default=nearest(intensities, INTENSITY)),
            Knob(id="traffic", steps=traffics, default=2),
        )

    def evaluate(self, p: Params, k: Knobs) -> Outputs:
        work = k["intensity"] * k["traffic"]
        peak, bandwidth = float(p["peak"]), float(p["bandwidth"])
        time = step_time(work, k["traffic"], peak_flop_rate=peak, bandwidth=bandwidth)
        compute = step_time(work, 0 * work, peak_flop_rate=peak, bandwidth=bandwidth)
        limit = np.full(time.shape, SLACK * _time(p))
        return {
            "time": time,
            "busy": compute / time,
            "bound": np.where(compute < time, "memory", "arithmetic"),
            "limit": limit,
            "too_late": time > limit,
            "intensity_now": np.asarray(k["intensity"], dtype=float),
        }

    def curves(self, p: Params, k: Knobs) -> Curves:
        axis = np.geomspace(0.1, 10_000, 41)
        traffic = np.asarray(k["traffic"], dtype=float)[:, None]
        times = step_time(
            axis * traffic,
            traffic + 0 * axis,
            peak_flop_rate=float(p["peak"]),
            bandwidth=float(p["bandwidth"]),
        )
        return {"intensities": np.broadcast_to(axis, times.shape), "times": times}


def _time(p: Params, *, flop: float | None = None, traffic: float | None = None) -> float:
    return float(
        step_time(
            float(p["flop"]) if flop is None else flop,
            float(p["traffic"]) if traffic is None else traffic,
            peak_flop_rate=float(p["peak"]),
            bandwidth=float(p["bandwidth"]),
        )
    )
