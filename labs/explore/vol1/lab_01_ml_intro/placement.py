"""The challenge of part D: network, machine, format and batch for the least energy an image."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from labs.arranging import Array, floats
from labs.contract import Challenge, Knob, Knobs, Outputs, Params
from simcore import catalog
from simcore.equations.precision import element_size
from simcore.equations.roofline import step_terms

from .machines import CORES, rates

NETWORKS = ("shufflenet-v2-05", "shufflenet-v2-10", "mobilenet-v2", "mobilenet-v3-large",
            "googlenet", "resnet-18", "resnet-50", "inception-v3", "resnext-101")  # fmt: skip
FORMATS = ("wide", "int8")
MB = 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What a track asks: accuracy [1], images a second, the wait of one [s], power [W], room.

    `room` is what the weights may take. [byte]
    """

    machines: Sequence[str]
    floors: Sequence[float]
    rates: Sequence[float]
    wait: float
    power: float
    room: float
    wide: str
    by_layer: bool = True
    """Whether each layer is launched on its own; a phone's driver takes the whole network."""
    batches: Sequence[int] = (1, 2, 4, 8, 16, 32, 64)


SITES: Mapping[str, Site] = {
    "cloud": Site(
        machines=("l4", "t4", "a100-sxm-80gb", "h100-sxm"), floors=(0.75, 0.77),
        rates=(3000.0, 4000.0), wait=0.05, power=350.0, room=200 * MB, wide="fp16",
    ),
    "edge": Site(
        machines=("jetson-orin-nano-8gb", "jetson-orin-nx-16gb", "jetson-agx-orin-64gb"),
        floors=(0.75, 0.77), rates=(300.0, 400.0), wait=0.04, power=30.0, room=100 * MB,
        wide="fp16",
    ),
    "mobile": Site(
        machines=("pixel-8", "phone-npu", "snapdragon-8-gen-3"), floors=(0.715, 0.735),
        rates=(60.0, 120.0), wait=0.05, power=6.0, room=25 * MB, wide="fp16",
        batches=(1, 2, 4, 8), by_layer=False,
    ),
    "tiny": Site(
        machines=("nrf52840", "nucleo-l4r5zi", "nucleo-u575zi", "nucleo-h7a3zi"),
        floors=(0.68, 0.715), rates=(1 / 30, 1 / 60), wait=60.0, power=0.1, room=16 * MB,
        wide="fp32", batches=(1, 2, 4),
    ),
}  # fmt: skip


class Placement(Challenge):
    """Images arrive evenly; a batch is started when it is full; power counts at its limit."""

    better = "lower"

    def variables(self, p: Params) -> tuple[Knob, ...]:
        site = SITES[str(p["track"])]
        return (
            Knob(id="machine", steps=tuple(site.machines), default=len(site.machines) - 1),
            Knob(id="network", steps=NETWORKS, default=NETWORKS.index("resnet-18")),
            Knob(id="format", steps=FORMATS),
            Knob(id="batch", steps=tuple(site.batches)),
        )

    def assess(self, p: Params, k: Knobs) -> Outputs:
        site = SITES[str(p["track"])]
        batch = floats(k["batch"])
        time = _times(site, k)
        power = _facts("hardware", k["machine"], "power")
        size = _facts("classifiers", k["network"], "parameters") * _element(site, k)
        accuracy = np.where(
            k["format"] == "wide",
            _facts("classifiers", k["network"], "accuracy.fp32"),
            _facts("classifiers", k["network"], "accuracy.int8"),
        )
        wait = (batch - 1) / float(p["rate"]) + time
        broken = {
            "inaccurate": accuracy < float(p["floor"]),
            "too_slow": batch / time < float(p["rate"]),
            "too_late": wait > site.wait,
            "too_hot": power > site.power,
            "too_large": size > site.room,
        }
        return {
            "objective": power * time / batch,
            "feasible": ~np.logical_or.reduce(list(broken.values())),
            **broken,
            "accuracy": accuracy,
            "throughput": batch / time,
            "wait": wait,
            "size": size,
            "power": power,
        }


def _facts(category: str, ids: np.ndarray, name: str) -> Array:
    found = {str(id_): catalog.item(category, str(id_)).value(name) for id_ in np.unique(ids)}
    return floats([found[str(id_)] for id_ in ids])


def _element(site: Site, k: Knobs) -> Array:
    return np.where(k["format"] == "wide", element_size(site.wide), element_size("int8"))


def _times(site: Site, k: Knobs) -> Array:
    """Return the time of a batch: arithmetic or weights, and a launch for each layer or one. [s]"""
    at = [
        rates(str(machine), site.wide if form == "wide" else "int8", _kind(str(machine), str(net)))
        for machine, form, net in zip(k["machine"], k["format"], k["network"], strict=True)
    ]
    terms = step_terms(
        2 * _facts("classifiers", k["network"], "macs.total") * floats(k["batch"]),
        _facts("classifiers", k["network"], "parameters") * _element(site, k),
        peak_flop_rate=[one.arithmetic for one in at],
        bandwidth=[one.bandwidth for one in at],
        overhead=floats([one.overhead for one in at])
        * (_facts("classifiers", k["network"], "layers") if site.by_layer else 1.0),
    )
    return terms.time


_SEPARABLE = ("shufflenet-v2-05", "shufflenet-v2-10", "mobilenet-v2", "mobilenet-v3-large")


def _kind(machine: str, network: str) -> str:
    """Return the kind of product most of a network's work is, which matters to a small core."""
    return "pointwise" if machine in CORES and network in _SEPARABLE else "convolution"
