"""Part B: distance, link and model, and the cheapest change that keeps a promise."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from labs.arranging import floats, given, rows, spread
from labs.contract import (
    RIGHT,
    Choice,
    Curves,
    Knob,
    Knobs,
    Numeric,
    Option,
    Outputs,
    Params,
    Part,
    Question,
    Scalar,
    log_steps,
    nearest,
    with_value,
)
from simcore.equations.radio import reach, round_trip, transmission

MARGIN = 1.5
TENFOLD = 10.0
ANSWERS = ("as_is", "model", "link", "none")
MOST_OF_EACH = 6
FASTER = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)
KM = 1000.0
DISTANCES_KM = tuple(
    float(x)
    for x in (1, 10, 50, 100, 150, 200, 400, 600, 1000, 1500, 2000, 3000, 4000, 5000, 6000, 8000,
              9000, 10_000, 15_000, 20_000)
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What may be drawn on a track: distance [m], promise [s], model [s], payload [byte].

    `rates` of the link in byte/s, `last` what the last hop adds. [s]
    """

    distances: Sequence[float]
    promises: Sequence[float]
    models: Sequence[float]
    payloads: Sequence[float]
    rates: Sequence[float]
    last: float = 0.0
    last_text: str = ""


MBIT = 1e6 / 8
PLACES: Mapping[str, Place] = {
    "cloud": Place(
        distances=(400 * KM, 1500 * KM, 4000 * KM, 9000 * KM), promises=(0.01, 0.05, 0.2),
        models=(0.001, 0.02, 0.12, 0.4), payloads=(2e3, 200e3, 5e6),
        rates=(100 * MBIT, 1000 * MBIT),
    ),
    "edge": Place(
        distances=(50 * KM, 600 * KM, 2000 * KM, 5000 * KM), promises=(0.005, 0.02, 0.1),
        models=(0.001, 0.01, 0.06, 0.15), payloads=(100e3, 1.5e6),
        rates=(100 * MBIT, 1000 * MBIT),
    ),
    "mobile": Place(
        distances=(150 * KM, 1500 * KM, 9000 * KM), promises=(0.05, 0.1, 0.3),
        models=(0.005, 0.05, 0.25, 0.6), payloads=(20e3, 300e3, 2e6),
        rates=(10 * MBIT, 50 * MBIT), last=0.02,
        last_text=" The radio adds 20 ms, there and back.",
    ),
    "tiny": Place(
        distances=(10 * KM, 1500 * KM, 8000 * KM), promises=(0.05, 0.25, 1.0),
        models=(0.001, 0.2, 1.5), payloads=(2e3, 32e3, 150e3), rates=(0.7 * MBIT, 10 * MBIT),
        last=0.0075, last_text=" The sensor's radio adds 7.5 ms.",
    ),
}  # fmt: skip


class B(Part):
    def combinations(self, track: str) -> Sequence[Params]:
        place = PLACES[track]
        found: dict[str, list[Params]] = {answer: [] for answer in ANSWERS}
        for distance, promise, model, payload, rate in product(
            place.distances, place.promises, place.models, place.payloads, place.rates
        ):
            p = _params(track, place, distance, promise, model, payload, rate)
            answer = _answer(p)
            if answer:
                found[answer].append(p)
        count = min(MOST_OF_EACH, *(len(each) for each in found.values()))
        return [p for each in found.values() for p in spread(each, count)]

    def questions(self, p: Params) -> tuple[Question, ...]:
        right = _answer(p)
        options = (
            Option(id=RIGHT if answer == right else f"{answer}_chosen", value=answer)
            for answer in ANSWERS
        )
        return (
            Choice(id="change", options=tuple(options)),
            Numeric(id="light", key=float(round_trip(float(p["distance"])))),
        )

    def facts(self, p: Params) -> dict[str, Scalar]:
        light, sending = _light(p), _sending(p)
        model, promise = float(p["model"]), float(p["promise"])
        last = float(p["last"])
        radius = float(reach(promise, delays=0.0))
        return {
            "light_time": light,
            "sending_time": sending,
            "total": light + sending + model + last,
            "with_model": light + sending + model / TENFOLD + last,
            "with_link": light + sending / TENFOLD + model + last,
            "light_share": light / promise,
            "radius_text": f"{radius / KM:,.0f} km",
            "radius_km": radius / KM,
            "sla_ms": 1000 * promise,
            "answer": _answer(p),
        }

    def knobs(self, p: Params) -> tuple[Knob, ...]:
        promises = log_steps(0.001, 2.0, 34, digits=2)
        steps, _ = with_value(promises, float(p["promise"]))
        return (
            # It opens next door, where the promise may be kept or nearly so.
            Knob(id="distance", steps=DISTANCES_KM),
            Knob(id="promised", steps=steps, default=nearest(steps, 1.5 * _near(p))),
            Knob(id="model_faster", steps=FASTER),
            Knob(id="link_faster", steps=FASTER),
        )

    def evaluate(self, p: Params, k: Knobs) -> Outputs:
        light = round_trip(KM * floats(k["distance"]))
        sending = _sending(p) / floats(k["link_faster"])
        model = float(p["model"]) / floats(k["model_faster"])
        promise = floats(k["promised"])
        last = np.full(light.shape, float(p["last"]))
        total = light + sending + model + last
        return {
            "total": total,
            "light": light,
            "sending": sending,
            "model_time": model,
            "last_hop": last,
            "promise_now": promise,
            "left": promise - total,
            "share": light / promise,
            "radius": reach(promise) / KM,
            "distance_now": floats(k["distance"]),
            "late": total > promise,
            "out_of_reach": light > promise,
        }

    def curves(self, p: Params, k: Knobs) -> Curves:
        axis = floats(DISTANCES_KM)
        count = len(k["distance"])
        others = (
            _sending(p) / floats(k["link_faster"])
            + float(p["model"]) / floats(k["model_faster"])
            + float(p["last"])
        )
        light = round_trip(axis * KM)
        return {
            "distances": rows(axis, count),
            "light_line": rows(light, count),
            "total_line": light[np.newaxis, :] + others[:, np.newaxis],
        }


def _params(
    track: str,
    place: Place,
    distance: float,
    promise: float,
    model: float,
    payload: float,
    rate: float,
) -> Params:
    return {
        "track": track,
        "distance": distance,
        "distance_text": f"{distance / KM:,.0f} km",
        "promise": promise,
        "promise_text": given(promise, "time"),
        "model": model,
        "model_text": given(model, "time"),
        "payload": payload,
        "payload_text": given(payload, "si B"),
        "rate": rate,
        "rate_text": given(8 * rate, "si bit/s"),
        "last": place.last,
        "last_text": place.last_text,
    }


def _light(p: Params) -> float:
    return float(round_trip(float(p["distance"])))


def _sending(p: Params) -> float:
    return float(transmission(float(p["payload"]), rate=float(p["rate"]), power=0.0).time)


def _near(p: Params) -> float:
    return _sending(p) + float(p["model"]) + float(p["last"])


def _answer(p: Params) -> str:
    """Return the cheapest change that keeps the promise by 1.5, all cheaper ones missing by 1.5."""
    fixed = _light(p) + float(p["last"])
    sending, model, promise = _sending(p), float(p["model"]), float(p["promise"])
    times = {
        "as_is": fixed + sending + model,
        "model": fixed + sending + model / TENFOLD,
        "link": fixed + sending / TENFOLD + model,
    }
    if _light(p) * 1.000001 >= MARGIN * promise:
        return "none"
    kept = [name for name, time in times.items() if time * MARGIN <= promise]
    missed = [name for name, time in times.items() if time >= MARGIN * promise]
    if "as_is" in kept:
        return "as_is"
    # One change helps and neither the other nor nothing does, each clearly.
    if len(kept) == 1 and len(missed) == 2:
        return kept[0]
    return ""
