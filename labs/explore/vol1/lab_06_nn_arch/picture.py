"""Part A: one layer over one picture, fully connected or with a window that slides."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from labs.arranging import Array, floats, octaves, rows, same
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
from simcore import catalog
from simcore.equations.layers import LayerWork, convolution
from simcore.equations.structure import dense_picture_layer, separable_convolution

from .machines import NAMES, capacity, element, known, size_text

CHANNELS = 3
DENSE, WINDOW, SEPARABLE = "dense", "window", "separable"
LAYERS = (WINDOW, SEPARABLE, DENSE)
SIDES = (16, 24, 32, 48, 64, 96, 128, 160, 224, 256, 384, 512)
KERNELS = (3, 5, 7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Sides to draw from [pixel], and the machine whose memory the weights must find room in."""

    sides: tuple[int, ...]
    machine: str
    memory: str = "capacity"


PLACES: Mapping[str, Place] = {
    "cloud": Place(sides=(256, 384), machine="l4"),
    "edge": Place(sides=(160, 256), machine="jetson-orin-nx-16gb"),
    "mobile": Place(sides=(128, 224), machine="phone-npu", memory="usable_capacity"),
    "tiny": Place(sides=(64, 96), machine="nucleo-l4r5zi", memory="flash.capacity"),
}
_FILTERS = (16, 24, 32, 64, 96, 128)


class A(Part):
    def combinations(self, track: str) -> Sequence[Params]:
        at = PLACES[track]
        dense = [(DENSE, side, filters, 3) for side, filters in product(at.sides, _FILTERS)]
        window = [
            (WINDOW, side, filters, kernel)
            for side, (filters, kernel) in product(at.sides, zip(_FILTERS, (3, 5) * 3, strict=True))
        ]
        return [_params(track, *drawn) for drawn in (*dense, *window)]

    def questions(self, p: Params) -> tuple[Question, ...]:
        side, filters = float(p["side"]), float(p["filters"])
        dense, window = _weights(p, DENSE), _weights(p, WINDOW)
        if p["layer"] == DENSE:
            wrong = {
                "window_shared": window,
                "one_for_each_output": side**2 * filters,
                "channels_forgotten": side**4,
            }
            right = dense
        else:
            wrong = {
                "window_not_shared": window * side**2,
                "one_window_for_all_channels": window / CHANNELS,
                "everything_connected": dense,
            }
            right = window
        options = [Option(id=name, value=value) for name, value in wrong.items()]
        return (Choice(id="weights", options=(Option(id=RIGHT, value=right), *options)),)

    def facts(self, p: Params) -> dict[str, Scalar]:
        size = element(str(p["track"]))
        dense, window = _weights(p, DENSE), _weights(p, WINDOW)
        asked = dense if p["layer"] == DENSE else window
        work = _work(p, str(p["layer"]), float(p["side"]), float(p["filters"]), float(p["kernel"]))
        room = float(p["room"])
        return {
            "weights": asked,
            "size": asked * size,
            "dense": dense,
            "dense_size": dense * size,
            "window": window,
            "window_size": window * size,
            "ratio": dense / window,
            "over_room": dense * size / room,
            "flop": float(work.flop),
            "places": float(p["side"]) ** 2,
            "family": "a window that slides" if p["layer"] == WINDOW else "full connection",
            "verdict": _verdict(asked * size / room),
        }

    def knobs(self, p: Params) -> tuple[Knob, ...]:
        filters = tuple(sorted({*octaves(4, 256), int(p["filters"])}))
        return (
            Knob(id="layer", steps=LAYERS),
            Knob(id="side", steps=SIDES, default=SIDES.index(int(p["side"]))),
            Knob(id="filters", steps=filters, default=filters.index(int(p["filters"]))),
            Knob(id="kernel", steps=KERNELS),
        )

    def evaluate(self, p: Params, k: Knobs) -> Outputs:
        sizes = (floats(k["side"]), floats(k["filters"]), floats(k["kernel"]))
        each = [_work(p, layer, *sizes) for layer in LAYERS]
        chosen = [k["layer"] == layer for layer in LAYERS[:-1]]
        weights, flop = (
            np.select(chosen, [at[:2][i] for at in each[:-1]], each[-1][i]) for i in (1, 0)
        )
        size = weights * element(str(p["track"]))
        room = same(float(p["room"]), size)
        return {
            "weights": weights,
            "size": size,
            "flop": flop,
            "uses": flop / 2 / weights,
            "room": room,
            "side_now": floats(k["side"]),
            "out_of_memory": size > room,
        }

    def curves(self, p: Params, k: Knobs) -> Curves:
        axis, count = floats(SIDES), len(k["side"])
        filters, kernel = (floats(k[name])[:, np.newaxis] for name in ("filters", "kernel"))
        size = element(str(p["track"]))
        every = {layer: _work(p, layer, axis, filters, kernel) for layer in LAYERS}
        return {
            "sides": rows(axis, count),
            **{
                f"{name}_line": _wide(work.parameters, count) * size for name, work in every.items()
            },
            **{f"{name}_flop": _wide(work.flop, count) for name, work in every.items()},
        }


def _wide(values: Array, count: int) -> Array:
    return np.broadcast_to(values, (count, len(SIDES)))


def _work(p: Params, layer: str, side: Array | float, filters: Array | float,
          kernel: Array | float) -> LayerWork:  # fmt: skip
    size = element(str(p["track"]))
    if layer == DENSE:
        found = dense_picture_layer(side, CHANNELS, filters, element_size=size)
    elif layer == WINDOW:
        found = convolution(side, side, CHANNELS, filters, kernel=kernel, element_size=size)
    else:
        found = separable_convolution(side, CHANNELS, filters, kernel=kernel, element_size=size)
    wide = np.broadcast_arrays(found.flop, found.parameters, found.traffic)
    return LayerWork(*(floats(values) for values in wide))


def _weights(p: Params, layer: str) -> float:
    work = _work(p, layer, float(p["side"]), float(p["filters"]), float(p["kernel"]))
    return float(work.parameters)


def _params(track: str, layer: str, side: int, filters: int, kernel: int) -> Params:
    at = PLACES[track]
    room = capacity(at.machine)
    if at.memory == "flash.capacity":
        room = catalog.item("hardware", at.machine).value(at.memory)
    kind = (
        "fully connected: every output value has its own weight for every input value"
        if layer == DENSE
        else f"a convolution: windows of {kernel} × {kernel} pixels, over all channels, that "
        "slide over the picture"
    )
    return {
        "track": track,
        "layer": layer,
        "layer_text": kind,
        "layer_name": "fully connected layer" if layer == DENSE else "convolution",
        "side": side,
        "filters": filters,
        "kernel": kernel,
        "machine_name": NAMES[at.machine],
        "room": room,
        "room_text": size_text(room),
        "room_known": known(at.machine, at.memory),
        "format_text": "8-bit integers" if track == "tiny" else "16-bit floats",
    }


def _verdict(filled: float) -> str:
    if filled >= 2:
        return f"{quantity(filled, 'g3')} times the memory there is"
    if filled > 1:
        return "more than there is"
    return "a small part of the memory there is" if filled < 0.5 else "most of the memory there is"
