"""Part A: the same work of a device in many small kernels or in a few large ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from labs.arranging import Array, evenly, floats, given, rows
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
    with_value,
)
from labs.text import quantity
from simcore.equations.dispatch import QueuedStep, queued_kernels, queued_step

from .machines import NAMES, PLACES

MARGIN = 1.5
SAME_MOST = 1.1
LONG, SHORT = (1.25, 1.6, 2.0), (0.1, 0.125, 0.2, 0.25, 0.4)
"""Kernels over calls: where calls hide, and where they do not. [1]"""
_HALF = 0.5
_SHOWN = 6
"""Kernels that the picture follows. [1]"""
KERNELS = (5, 10, 20, 50, 100, 200, 400, 1000, 2000, 5000)
MODES = ("queued", "waits", "replayed")
REPLAY = 5.0
"""Calls of a step recorded once and replayed take this much less; usual figures. [1]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """Kernels of the finely cut step to draw from, and of the coarse one."""

    many: tuple[int, ...]
    few: int


STEPS: Mapping[str, Steps] = {
    "cloud": Steps(many=(400, 1000, 2000), few=20),
    "edge": Steps(many=(300, 600, 1200), few=15),
    "mobile": Steps(many=(200, 400, 800), few=10),
    "tiny": Steps(many=(100, 200, 400), few=5),
}


class A(Part):
    def combinations(self, track: str) -> Sequence[Params]:
        drawn = [
            _params(track, call, many, ratio)
            for call, many in product(PLACES[track].calls, STEPS[track].many)
            for ratio in (*LONG, *SHORT)
        ]
        hidden = [p for p in drawn if p["is_hidden"] and _is_clear(p)]
        waiting = [p for p in drawn if not p["is_hidden"] and _is_clear(p)]
        return evenly((hidden, waiting))

    def questions(self, p: Params) -> tuple[Question, ...]:
        right, wrong, missed = (
            ("same", "slower", "calls_added")
            if p["is_hidden"]
            else ("slower", "same", "calls_forgotten")
        )
        options = (
            Option(id=RIGHT, value=right),
            Option(id=missed, value=wrong),
            Option(id="calls_counted", value="counted"),
            Option(id="small_starts_sooner", value="shorter"),
        )
        return (Choice(id="times", options=options),)

    def facts(self, p: Params) -> dict[str, Scalar]:
        fine, coarse = _steps(p)
        waiting, _ = _steps(p, waits=True)
        replayed, _ = _steps(p, faster=REPLAY)
        ratio = float(fine.time / coarse.time)
        return {
            "ratio": ratio,
            "ratio_text": "as long" if p["is_hidden"] else f"{quantity(ratio, 'g2')} times as long",
            "fine_time": float(fine.time),
            "coarse_time": float(coarse.time),
            "device": float(fine.device),
            "busy": float(fine.busy),
            "coarse_busy": float(coarse.busy),
            "calls_time": float(fine.host),
            "waiting_time": float(waiting.time),
            "replayed_time": float(replayed.time),
            "replayed_gain": float(fine.time / replayed.time),
            "queue_text": "the device" if p["is_hidden"] else "the host",
            "call_kept": float(p["call"]),
            "past_ratio": float(p.get("past_shape_ratio", 62.1)),
        }

    def knobs(self, p: Params) -> tuple[Knob, ...]:
        counts, at = with_value(KERNELS, int(p["many"]))
        calls, call_at = with_value(log_steps(1e-6, 1e-4, 13), float(p["call"]))
        kernels = log_steps(1e-7, 1e-2, 26)
        long_enough = next(i for i, t in enumerate(kernels) if t >= 2 * float(p["call"]))
        return (
            Knob(id="kernels", steps=tuple(int(n) for n in counts), default=at),
            Knob(id="kernel_time", steps=kernels, default=long_enough),
            Knob(id="call_time", steps=calls, default=call_at),
            Knob(id="mode", steps=MODES),
        )

    def evaluate(self, p: Params, k: Knobs) -> Outputs:
        step = _queue(k, floats(k["kernels"]), floats(k["kernel_time"]))
        return {
            "time": step.time,
            "busy": step.busy,
            "device": step.device,
            "host": step.host,
            "over_device": step.time / step.device,
            "kernel_now": floats(k["kernel_time"]),
            "call_now": _call(k),
            "host_bound": step.busy < _HALF,
        }

    def curves(self, p: Params, k: Knobs) -> Curves:
        axis, count = np.geomspace(1e-7, 1e-2, 41), len(k["kernels"])
        many = {name: values[:, np.newaxis] for name, values in k.items()}
        step = _queue(many, floats(many["kernels"]), axis[np.newaxis, :])
        queues = queued_kernels(
            _SHOWN, floats(k["kernel_time"]), dispatch_time=_call(k), waits=k["mode"] == "waits"
        )
        last = queues.kernel_end[:, -1:]
        return {
            "kernel_times": rows(axis, count),
            "busy_line": step.busy,
            "job_start": np.hstack([queues.call_start, queues.kernel_start]) / last,
            "job_end": np.hstack([queues.call_end, queues.kernel_end]) / last,
            "job_lane": rows(np.repeat([0.0, 1.0], _SHOWN), count),
        }


def _params(track: str, call: float, many: int, ratio: float) -> Params:
    few, kernel = STEPS[track].few, call * ratio
    large = kernel * many / few
    p: dict[str, Scalar] = {
        "track": track,
        "machine_name": NAMES[PLACES[track].machine],
        "call": call,
        "call_text": given(call, "time"),
        "many": many,
        "few": few,
        "kernel": kernel,
        "kernel_text": given(kernel, "time"),
        "large": large,
        "large_text": given(large, "time"),
        "is_hidden": ratio > 1,
        "counted": many / few,
    }
    fine, coarse = _steps(p, waits=bool(p["is_hidden"]))
    return {**p, "slower": float(fine.time / coarse.time)}


def _steps(p: Params, *, waits: bool = False, faster: float = 1.0) -> tuple[QueuedStep, QueuedStep]:
    """Return the finely cut step and the coarse one."""
    call = float(p["call"]) / faster
    device = float(p["kernel"]) * float(p["many"])
    fine = queued_step(float(p["many"]), device, dispatch_time=call, waits=waits)
    return fine, queued_step(float(p["few"]), device, dispatch_time=call, waits=waits)


def _is_clear(p: Params) -> bool:
    fine, coarse = _steps(p)
    ratio, slower = float(fine.time / coarse.time), float(p["slower"])
    apart = float(p["counted"]) / slower >= MARGIN and slower >= MARGIN
    return apart and (ratio <= SAME_MOST if p["is_hidden"] else ratio >= 2)


def _call(k: Knobs) -> Array:
    return floats(k["call_time"]) / np.where(k["mode"] == "replayed", REPLAY, 1.0)


def _queue(k: Knobs, kernels: Array, kernel_time: Array) -> QueuedStep:
    return queued_step(
        kernels, kernels * kernel_time, dispatch_time=_call(k), waits=k["mode"] == "waits"
    )
