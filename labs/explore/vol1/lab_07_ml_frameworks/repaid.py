"""Part C: after how many requests a preparation has paid for itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from labs.arranging import floats, given, rows, stands_apart
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
from simcore.equations.dispatch import repaid_after, served_total

GAINS = (1.41, 1.6, 1.9, 2.27)
"""Faster by; the first and the last are published means for training and inference. [1]"""
SHAPES = (2, 3, 4, 6)
DAY = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Preparing:
    """What is prepared, how long that takes [s], a request without it [s], and how many come."""

    what: str
    shape: str
    until: str
    once: tuple[float, ...]
    each: tuple[float, ...]
    hourly: float
    span: float


PREPARING: Mapping[str, Preparing] = {
    "cloud": Preparing(what="Compiling", shape="batch shape", until="the next release",
                       once=(30.0, 60.0, 180.0), each=(4.2e-3, 8e-3, 20e-3), hourly=1e5,
                       span=7 * DAY),
    "edge": Preparing(what="Building the engine", shape="camera format", until="the nightly reboot",
                      once=(60.0, 180.0, 420.0), each=(8e-3, 15e-3, 25e-3), hourly=1e5,
                      span=DAY),
    "mobile": Preparing(what="Preparing the delegate", shape="picture size",
                        until="the next update of the app", once=(2.0, 5.0, 12.0),
                        each=(15e-3, 30e-3, 50e-3), hourly=60.0, span=28 * DAY),
    "tiny": Preparing(what="Copying code and weights into SRAM", shape="network",
                      until="the next brown-out", once=(0.2, 0.4, 0.9),
                      each=(5e-3, 20e-3, 60e-3), hourly=600.0, span=DAY),
}  # fmt: skip


class C(Part):
    def combinations(self, track: str) -> Sequence[Params]:
        at = PREPARING[track]
        drawn = [_params(track, *values) for values in product(at.once, at.each, GAINS, SHAPES)]
        return [p for p in drawn if _is_clear(p)]

    def questions(self, p: Params) -> tuple[Question, ...]:
        options = [Option(id=name, value=value) for name, value in _wrong(p).items()]
        return (Choice(id="requests", options=(Option(id=RIGHT, value=_key(p)), *options)),)

    def facts(self, p: Params) -> dict[str, Scalar]:
        at, key = PREPARING[str(p["track"])], _key(p)
        each, gain = float(p["each"]), float(p["gain"])
        volume = at.hourly * at.span / 3600
        return {
            "breakeven": key,
            "breakeven_time": key / at.hourly * 3600,
            "all_once": _once(p),
            "prepared": each / gain,
            "saved_each": each - each / gain,
            "volume": volume,
            "volume_over": volume / key,
            "saved_total": float(
                served_total(0.0, each, volume) - served_total(_once(p), each / gain, volume)
            ),
            "more_gain": float(repaid_after(_once(p), each, each / (2 * gain))),
            "floor": _once(p) / each,
        }

    def knobs(self, p: Params) -> tuple[Knob, ...]:
        at = PREPARING[str(p["track"])]
        once, once_at = with_value(log_steps(0.1, 1000.0, 17), float(p["once"]))
        each, each_at = with_value(log_steps(1e-3, 0.1, 9), float(p["each"]))
        gains, gain_at = with_value((1.05, 1.2, 1.5, 2.0, 3.0, 5.0), float(p["gain"]))
        hourly = log_steps(1.0, 1e6, 19)
        return (
            Knob(id="once_now", steps=once, default=once_at),
            Knob(id="each_now", steps=each, default=each_at),
            Knob(id="gain_now", steps=gains, default=gain_at),
            Knob(id="shapes_now", steps=(1, 2, 3, 4, 6, 8, 16, 32), default=0),
            Knob(id="hourly", steps=hourly, default=_nearest_above(hourly, at.hourly)),
        )

    def evaluate(self, p: Params, k: Knobs) -> Outputs:
        at = PREPARING[str(p["track"])]
        once = floats(k["once_now"]) * floats(k["shapes_now"])
        each = floats(k["each_now"])
        after = each / floats(k["gain_now"])
        hourly = floats(k["hourly"])
        count, volume = repaid_after(once, each, after), hourly * at.span / 3600
        return {
            "repaid": count,
            "wait": count / hourly * 3600,
            "volume_now": volume,
            "plain_total": served_total(0.0, each, volume),
            "prepared_total": served_total(once, after, volume),
            "once_total": once,
            "not_repaid": volume < count,
        }

    def curves(self, p: Params, k: Knobs) -> Curves:
        axis, count = np.geomspace(1.0, 1e8, 49), len(k["once_now"])
        once, each, gain, shapes = (
            floats(k[name])[:, np.newaxis]
            for name in ("once_now", "each_now", "gain_now", "shapes_now")
        )
        requests = axis[np.newaxis, :]
        return {
            "requests": rows(axis, count),
            "plain_line": served_total(0.0, each, requests),
            "prepared_line": served_total(once * shapes, each / gain, requests),
        }


def _params(track: str, once: float, each: float, gain: float, shapes: int) -> Params:
    at = PREPARING[track]
    return {
        "track": track,
        "what": at.what,
        "shape": at.shape,
        "until": at.until,
        "once": once,
        "once_text": given(once, "time"),
        "each": each,
        "each_text": given(each, "time"),
        "gain": gain,
        "shapes": shapes,
        "shapes_text": {2: "two", 3: "three", 4: "four", 6: "six"}[shapes],
        "span_text": given(at.span, "time"),
        "hourly_text": f"{at.hourly:,.0f}",
    }


def _once(p: Params) -> float:
    return float(p["once"]) * float(p["shapes"])


def _key(p: Params) -> float:
    each = float(p["each"])
    return float(repaid_after(_once(p), each, each / float(p["gain"])))


def _wrong(p: Params) -> dict[str, float]:
    key, shapes = _key(p), float(p["shapes"])
    return {
        "one_shape": key / shapes,
        "prepared_is_free": _once(p) / float(p["each"]),
        "shapes_twice": key * shapes,
    }


def _is_clear(p: Params) -> bool:
    return stands_apart(_key(p), _wrong(p).values())


def _nearest_above(steps: Sequence[float], value: float) -> int:
    return next(i for i, step in enumerate(steps) if step >= value * 0.999)
