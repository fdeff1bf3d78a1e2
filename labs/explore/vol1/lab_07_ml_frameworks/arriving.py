"""Part D: what has to arrive before the first answer, and the release to prepare by Friday."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from labs.arranging import Array, evenly, floats, given, rows, same, stands_apart
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
    lookup,
    with_value,
)
from labs.text import quantity
from simcore import catalog
from simcore.equations.radio import transmission

from .friday import FRIDAYS, Friday
from .machines import NAMES, size_text

BITS = 8.0
FRESH, THERE = "fresh", "there"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arriving:
    """Runtimes and networks of a track, the line they come over [bit/s], the room for them."""

    runtimes: tuple[str, ...]
    instrument: tuple[str, ...]
    models: tuple[str, ...]
    lines: tuple[float, ...]
    starts: float
    room: float
    line: str
    place: str
    kept_in: str


ARRIVING: Mapping[str, Arriving] = {
    "cloud": Arriving(runtimes=("pytorch-cuda", "onnxruntime-gpu"),
                      instrument=("pytorch-cuda", "onnxruntime-gpu"),
                      models=("resnet-50-v1", "bert-base", "mobilenet-v2"), lines=(1e9, 2.5e9),
                      starts=0.5, room=2e9, line="the registry's line", place="a new server",
                      kept_in="what a small instance keeps for images"),
    "edge": Arriving(runtimes=("onnxruntime-gpu", "pytorch-cuda"),
                     instrument=("pytorch-cuda", "onnxruntime-gpu"),
                     models=("resnet-50-v1", "mobilenet-v2"), lines=(2e7, 5e7), starts=2.0,
                     room=1e9, line="the mobile network", place="a new module",
                     kept_in="what the module's storage has left"),
    "mobile": Arriving(runtimes=("tensorflow-lite-all", "tensorflow-lite-mobilenet"),
                       instrument=("tensorflow-lite-all", "tensorflow-lite-mobilenet",
                                   "executorch-core"),
                       models=("dscnn-kws", "resnet8-ic"), lines=(1e6, 4e6), starts=0.2,
                       room=1e6, line="a weak network", place="a phone",
                       kept_in="what the app may grow by"),
    "tiny": Arriving(runtimes=("tensorflow-lite-all",),
                     instrument=("tensorflow-lite-all", "tensorflow-lite-mobilenet",
                                 "executorch-core", "tflm-keywords"),
                     models=("dscnn-kws", "resnet8-ic", "fc-autoencoder-ad"), lines=(2e4, 1e5),
                     starts=0.5, room=512 * 1024.0, line="the radio", place="a sensor",
                     kept_in="half of the flash, as the running program keeps the other"),
}  # fmt: skip


class D(Part):
    challenge = Friday()

    def combinations(self, track: str) -> Sequence[Params]:
        at, fridays = ARRIVING[track], FRIDAYS[track].briefs
        drawn = [
            _params(track, *values)
            for values in product(at.runtimes, at.models, at.lines, (FRESH, THERE))
        ]
        clear = evenly(
            [p for p in drawn if p["state"] == state and _is_clear(p)] for state in (FRESH, THERE)
        )
        return [
            {**p, **FRIDAYS[track].params(fridays[i % len(fridays)])} for i, p in enumerate(clear)
        ]

    def questions(self, p: Params) -> tuple[Question, ...]:
        options = [Option(id=name, value=value) for name, value in _wrong(p).items()]
        return (Choice(id="wait", options=(Option(id=RIGHT, value=_key(p)), *options)),)

    def facts(self, p: Params) -> dict[str, Scalar]:
        whole = float(p["runtime_size"]) + float(p["model_size"])
        at = ARRIVING[str(p["track"])]
        sent = whole if p["state"] == FRESH else float(p["model_size"])
        smallest = min(at.instrument, key=_runtime_size)
        return {
            "wait": _key(p),
            "sent": sent,
            "whole": whole,
            "whole_wait": _wait(p, whole),
            "model_wait": _wait(p, float(p["model_size"])),
            "runtime_share": float(p["runtime_size"]) / whole,
            "model_share": float(p["model_size"]) / whole,
            "over_model": whole / float(p["model_size"]),
            "room_share": whole / at.room,
            "fits_text": "would not fit" if whole > at.room else "would fit",
            "smallest_name": NAMES[smallest],
            "smallest_wait": _wait(p, _runtime_size(smallest) + float(p["model_size"])),
            "runtime_kept": str(p["runtime"]),
        }

    def knobs(self, p: Params) -> tuple[Knob, ...]:
        at = ARRIVING[str(p["track"])]
        low, high = at.lines[0] / 100, at.lines[-1] * 100
        lines, line_at = with_value(log_steps(low, high, 21), float(p["line_rate"]))
        smallest = min(range(len(at.instrument)), key=lambda i: _runtime_size(at.instrument[i]))
        return (
            Knob(id="runtime_now", steps=at.instrument, default=smallest),
            Knob(id="model_now", steps=at.models, default=at.models.index(str(p["model"]))),
            Knob(id="line_now", steps=lines, default=line_at),
            Knob(id="cached", steps=(False, True)),
        )

    def evaluate(self, p: Params, k: Knobs) -> Outputs:
        at = ARRIVING[str(p["track"])]
        runtime, model = _sizes(k["runtime_now"], k["model_now"])
        cached = np.asarray(k["cached"], dtype=bool)
        sent = model + np.where(cached, 0.0, runtime)
        wait = _waiting(sent, floats(k["line_now"]), at.starts)
        return {
            "runtime_bytes": runtime,
            "model_bytes": model,
            "total": runtime + model,
            "runtime_part": runtime / (runtime + model),
            "sent_now": sent,
            "wait_now": wait,
            "line_at": floats(k["line_now"]),
            "room": same(at.room, sent),
            "too_large": runtime + model > at.room,
        }

    def curves(self, p: Params, k: Knobs) -> Curves:
        at = ARRIVING[str(p["track"])]
        axis, count = np.geomspace(at.lines[0] / 100, at.lines[-1] * 100, 33), len(k["cached"])
        runtime, model = _sizes(k["runtime_now"], k["model_now"])
        line = axis[np.newaxis, :]
        return {
            "lines": rows(axis, count),
            "fresh_line": _waiting((runtime + model)[:, np.newaxis], line, at.starts),
            "cached_line": _waiting(model[:, np.newaxis], line, at.starts),
        }


def _runtime_size(name: str) -> float:
    return catalog.item("runtimes", name).value("size")


def _model_size(name: str) -> float:
    """Return the file of a network: as published, else its weights in 32-bit floats. [byte]"""
    item = catalog.item("models", name)
    found = item.get("file_size")
    return found.value if found else 4.0 * item.value("parameters")


def _sizes(runtimes: NDArray[np.str_], models: NDArray[np.str_]) -> tuple[Array, Array]:
    return (
        lookup({str(name): _runtime_size(str(name)) for name in set(runtimes)}, runtimes),
        lookup({str(name): _model_size(str(name)) for name in set(models)}, models),
    )


def _waiting(size: Array, line: Array, starts: float) -> Array:
    # No power is asked for; the time alone is used.
    return transmission(size, rate=line / BITS, power=0.0, wake_time=starts).time


def _wait(p: Params, size: float) -> float:
    starts = float(p["starts"])
    return float(_waiting(floats(size), floats(float(p["line_rate"])), starts))


def _params(track: str, runtime: str, model: str, line: float, state: str) -> Params:
    at = ARRIVING[track]
    sizes = (_runtime_size(runtime), _model_size(model))
    return {
        "track": track,
        "runtime": runtime,
        "runtime_name": NAMES[runtime],
        "runtime_size": sizes[0],
        "runtime_text": quantity(sizes[0], "si B"),
        "model": model,
        "model_name": NAMES[model],
        "model_the": NAMES[model] if NAMES[model][0].isupper() else f"the {NAMES[model]}",
        "model_size": sizes[1],
        "model_text": quantity(sizes[1], "si B"),
        "line_rate": line,
        "line_text": given(line, "si bit/s"),
        "line_name": at.line,
        "place": at.place,
        "kept_in": at.kept_in,
        "room_text": size_text(at.room),
        "starts": at.starts,
        "starts_text": given(at.starts, "time"),
        "state": state,
        "state_text": (
            "Nothing of it is there yet"
            if state == FRESH
            else "The runtime is there from the last release; only the network is new"
        ),
    }


def _key(p: Params) -> float:
    return _wait(p, _sent(p))


def _sent(p: Params) -> float:
    both = float(p["runtime_size"]) + float(p["model_size"])
    return both if p["state"] == FRESH else float(p["model_size"])


def _wrong(p: Params) -> dict[str, float]:
    both = float(p["runtime_size"]) + float(p["model_size"])
    sent = _sent(p)
    if p["state"] == FRESH:
        others = {"model_is_program": _wait(p, float(p["model_size"]))}
    else:
        others = {"sent_again": _wait(p, both)}
    return {
        **others,
        "bits_as_bytes": _wait(p, sent / BITS),
        "bits_counted_twice": _wait(p, sent * BITS),
    }


def _is_clear(p: Params) -> bool:
    return stands_apart(_key(p), _wrong(p).values())
