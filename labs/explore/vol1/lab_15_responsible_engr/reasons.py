"""Part C: how long a reason takes beside the answer it explains."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np

from labs.arranging import column, floats, given, octaves, rows, same
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
from simcore.equations.explanation import (
    batched_time,
    exact_shapley_evaluations,
    kernel_shap_evaluations,
)

from .tracks import METHODS, MS, evaluations


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where reasons are made: rows that run in the time of one, its times [s], the promise [s]."""

    at_once: tuple[int, ...]
    times: tuple[float, ...]
    features: tuple[int, ...]
    promise: float
    what: str


PLACES: Mapping[str, Place] = {
    "cloud": Place(at_once=(8, 16, 64), times=(2 * MS, 4 * MS), features=(20, 50, 100),
                   promise=0.1, what="fields of the form"),
    "edge": Place(at_once=(4, 8), times=(20 * MS, 40 * MS), features=(20, 50, 100), promise=2.0,
                  what="patches of the picture"),
    "mobile": Place(at_once=(2, 4), times=(8 * MS, 15 * MS), features=(20, 50, 100), promise=1.0,
                    what="patches of the picture"),
    "tiny": Place(at_once=(1,), times=(5 * MS, 10 * MS, 20 * MS), features=(20, 30, 50),
                  promise=5.0, what="pieces of the signal"),
}  # fmt: skip

CLEAR = 1.5
"""Every two options stand apart by this ratio at the least."""
FEATURE_STEPS = (5, 10, 15, 20, 30, 50, 70, 100, 140, 200)
FEATURE_AXIS = np.unique(np.geomspace(5, 200, 40).round())


class C(Part):
    def combinations(self, track: str) -> Sequence[Params]:
        place = PLACES[track]
        found: list[Params] = [
            {
                "features": features, "at_once": at_once, "time": time, "place": track,
                "promise": place.promise,
                "promise_text": given(place.promise, "time"),
                "time_text": given(time, "time"),
                "what": place.what,
                "batch_text": f"{at_once} rows take as long as one" if at_once > 1
                else "rows go one after another",
            }
            for features, at_once, time in product(place.features, place.at_once, place.times)
        ]  # fmt: skip
        return [p for p in found if _is_clear(p)]

    def questions(self, p: Params) -> tuple[Question, ...]:
        return (
            Choice(
                id="time",
                options=tuple(Option(id=name, value=x) for name, x in _options(p).items()),
            ),
        )

    def facts(self, p: Params) -> dict[str, Scalar]:
        found = floats(evaluations(np.asarray(METHODS), int(p["features"])))
        times = batched_time(found, at_once=int(p["at_once"]), time=float(p["time"]))
        latency = dict(zip(METHODS, times.tolist(), strict=True))
        asked = dict(zip(METHODS, found.tolist(), strict=True))
        return {
            "asked": asked["shap"],
            "passes": latency["shap"] / float(p["time"]),
            "latency": latency["shap"],
            "over": latency["shap"] / float(p["promise"]),
            "lime_asked": asked["lime"],
            "lime_latency": latency["lime"],
            "path_asked": asked["path"],
            "path_latency": latency["path"],
            "gradient_asked": asked["gradient"],
            "every": float(exact_shapley_evaluations(int(p["features"]))),
            "ten_features": float(kernel_shap_evaluations(10)),
        }

    def knobs(self, p: Params) -> tuple[Knob, ...]:
        rows_, at_once = with_value(octaves(1, 1024), int(p["at_once"]))
        times, time = with_value(log_steps(0.1 * MS, 100 * MS, 19), float(p["time"]))
        return (
            Knob(id="features_now", steps=FEATURE_STEPS,
                 default=FEATURE_STEPS.index(int(p["features"]))),
            Knob(id="method", steps=METHODS, default=METHODS.index("gradient")),
            Knob(id="rows_at_once", steps=tuple(int(x) for x in rows_), default=at_once),
            Knob(id="pass_time", steps=times, default=time),
        )  # fmt: skip

    def evaluate(self, p: Params, k: Knobs) -> Outputs:
        asked = evaluations(np.asarray(k["method"]), k["features_now"])
        latency = batched_time(asked, at_once=k["rows_at_once"], time=k["pass_time"])
        return {
            "latency": latency,
            "asked": asked,
            "passes": latency / floats(k["pass_time"]),
            "promise_now": same(float(p["promise"]), latency),
            "method_text": np.asarray([NAMES[name] for name in np.asarray(k["method"]).tolist()]),
            "features_here": floats(k["features_now"]),
            "rows_here": floats(k["rows_at_once"]),
            "late": latency > float(p["promise"]),
        }

    def curves(self, p: Params, k: Knobs) -> Curves:
        many = len(k["method"])
        batches = floats(octaves(1, 1024))
        asked = column(evaluations(np.asarray(k["method"]), k["features_now"]))
        lines = {
            f"{name}_line": rows(evaluations(np.full(FEATURE_AXIS.shape, name), FEATURE_AXIS), many)
            for name in METHODS
        }
        return {
            "feature_axis": rows(FEATURE_AXIS, many),
            **lines,
            "batches": rows(batches, many),
            "latency_line": batched_time(
                asked, at_once=batches[np.newaxis, :], time=column(k["pass_time"])
            ),
        }


NAMES = {
    "shap": "KernelSHAP",
    "lime": "LIME",
    "path": "integrated gradients",
    "gradient": "one gradient",
}


def _options(p: Params) -> dict[str, float]:
    features, time = int(p["features"]), float(p["time"])
    asked = float(kernel_shap_evaluations(features))
    found = {
        RIGHT: float(batched_time(asked, at_once=int(p["at_once"]), time=time)),
        "one_more_pass": time,
        "one_a_feature": features * time,
    }
    if int(p["at_once"]) > 1:
        return {**found, "one_at_a_time": asked * time}
    return {**found, "every_coalition": float(exact_shapley_evaluations(features)) * time}


def _is_clear(p: Params) -> bool:
    pairs = combinations(_options(p).values(), 2)
    return all(max(x / y, y / x) >= CLEAR for x, y in pairs)
