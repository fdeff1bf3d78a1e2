"""The challenge of part D: device, format, first wave, growth and upload, for the least money."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from labs.arranging import Array, floats, given
from labs.contract import Challenge, Knob, Knobs, Outputs, Params, Scalar, lookup
from simcore import catalog
from simcore.equations.kv_cache import weight_bytes
from simcore.equations.precision import element_size
from simcore.equations.storage import data_transfer
from simcore.equations.workflow import growth_steps, rollout_step

from .verdict import DAY, DROP, MOST_STEPS, PATIENTS, PAUSE, needed

HOUR, MBIT = 3600.0, 1e6 / 8
NIGHT = 10 * HOUR
EFFICIENCY = 0.3
"""Share of a device's peak that a network of pictures reaches, one at a time. [1]"""
TEAM_DAY = 8 * HOUR * catalog.item("prices", "ml-engineer-hour").value("labour")
"""One engineer who follows the release. [USD]"""
READING = 5.0
"""Of one patient's pictures by a trained reader, a round figure. [USD]"""
FORMATS = ("fp32", "fp16", "int8")
FACTORS = (1.5, 2.0, 3.0, 4.0, 6.0, 8.0)
SENT = (1.0, 0.5, 0.2, 0.1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What runs at each site of a track, and what it gathers.

    `rates` names where each format's peak stands; `prices` [USD]; `room` for the weights [byte].
    """

    model: str
    model_text: str
    scale: float
    rates: Mapping[str, Mapping[str, tuple[str, str]]]
    prices: Mapping[str, float]
    prices_text: str
    room: float
    room_text: str
    bytes_each: float
    waves: Sequence[int]
    plural: str


def _price(name: str) -> float:
    return catalog.item("hardware", name).value("price")


def _rented(name: str) -> float:
    return 30 * 24 * HOUR * catalog.item("prices", name).value("rent")


def _own(name: str, fp16: str = "peak.fp16", int8: str = "peak.int8") -> dict[str, tuple[str, str]]:
    return {"fp32": (name, "peak.fp32"), "fp16": (name, fp16), "int8": (name, int8)}


def _in_floats(name: str) -> dict[str, tuple[str, str]]:
    """Return a processor whose 32-bit rate serves every format."""
    return _own(name, "peak.fp32", "peak.fp32")


def _core(board: str, core: str) -> dict[str, tuple[str, str]]:
    return dict.fromkeys(FORMATS, (board, core))


AREA = (512 / 224) ** 2
"""Pictures of 512 by 512 pixels, over the 224 by 224 that a network's work is stated for. [1]"""
SITES: Mapping[str, Site] = {
    "cloud": Site(
        model="resnet-50-v1", model_text="ResNet-50 on 49 slices of 512 × 512 pixels",
        scale=49 * AREA,
        rates={"t4": _own("t4"), "a100": _own("a100-sxm-80gb"), "h100": _own("h100-sxm")},
        prices={"t4": _rented("t4-hour"), "a100": _rented("a100-hour"),
                "h100": _rented("h100-hour")},
        prices_text="a month of a T4, an A100 or an H100 for each site",
        room=64e6, room_text="64 MB, a site's share of the card", bytes_each=100e6,
        waves=(1, 2, 5, 10), plural="hospitals",
    ),
    "edge": Site(
        model="resnet-50-v1", model_text="ResNet-50 on pictures of 512 × 512 pixels", scale=AREA,
        rates={"zero": _in_floats("raspberry-pi-zero-2-w"), "pi": _in_floats("raspberry-pi-5"),
               "orin": _own("jetson-orin-nano-8gb")},
        prices={"zero": _price("raspberry-pi-zero-2-w"), "pi": _price("raspberry-pi-5"),
                "orin": _price("jetson-orin-nano-8gb")},
        prices_text="a Raspberry Pi Zero 2 W, a Raspberry Pi 5 or a Jetson Orin Nano for each site",
        room=60e6, room_text="60 MB", bytes_each=64e6, waves=(2, 5, 10, 20),
        plural="clinics",
    ),
    "mobile": Site(
        model="resnet-50-v1", model_text="ResNet-50 on pictures of 512 × 512 pixels", scale=AREA,
        rates={"old": _own("phone-cpu", int8="peak.fp16"),
               "middle": {**_own("pixel-8"), "fp32": ("phone-cpu", "peak.fp32")},
               "new": {**_own("snapdragon-8-gen-3"), "fp32": ("phone-cpu", "peak.fp32")}},
        prices={"old": 250.0, "middle": 500.0, "new": 900.0},
        prices_text="a tablet without, with a middling and with a large neural unit (250, 500 and "
        "900 USD, assumed) for each site",
        room=64e6, room_text="64 MB", bytes_each=32e6, waves=(2, 5, 10, 20),
        plural="tablets",
    ),
    "tiny": Site(
        model="mobilenet-v2-05", model_text="MobileNet v2 0.5 on pictures of 224 × 224 pixels",
        scale=1.0,
        rates={"m4": _core("nucleo-l4r5zi", "cortex-m4-x-cube-ai"),
               "m33": _core("nucleo-u575zi", "cortex-m33-x-cube-ai"),
               "m7": _core("nucleo-h7a3zi", "cortex-m7-x-cube-ai")},
        prices={"m4": _price("nucleo-l4r5zi"), "m33": _price("nucleo-u575zi"),
                "m7": _price("nucleo-h7a3zi")},
        prices_text="a board with an STM32L4R5, an STM32U575 or an STM32H7A3 for each site",
        room=2 * 2**20, room_text="2 MiB of flash", bytes_each=200e3,
        waves=(2, 5, 10, 20), plural="cameras",
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Sites in all, the most exposed before a verdict, a link [byte/s] and a wait. [s]"""

    sites: int
    exposed: int
    link: float
    wait: float

    def params(self, track: str) -> Mapping[str, Scalar]:
        site = SITES[track]
        return {
            "task_sites": self.sites,
            "task_exposed": self.exposed,
            "task_link": self.link,
            "task_link_text": given(8 * self.link, "si bit/s"),
            "task_wait": self.wait,
            "task_wait_text": given(self.wait, "time"),
            "task_model_text": site.model_text,
            "task_prices_text": site.prices_text,
            "task_room_text": site.room_text,
            "task_bytes_text": given(site.bytes_each, "si B"),
            "task_patients": PATIENTS[track],
            "task_plural": site.plural,
            "engineer_day": TEAM_DAY,
            "reading": READING,
        }


TASKS: Mapping[str, Sequence[Task]] = {
    "cloud": (
        Task(sites=40, exposed=8000, link=10 * MBIT, wait=1.0),
        Task(sites=40, exposed=12000, link=1 * MBIT, wait=0.3),
        Task(sites=80, exposed=16000, link=10 * MBIT, wait=0.05),
    ),
    "edge": (
        Task(sites=200, exposed=10000, link=2 * MBIT, wait=2.0),
        Task(sites=200, exposed=15000, link=0.25 * MBIT, wait=0.5),
        Task(sites=400, exposed=30000, link=2 * MBIT, wait=5.0),
    ),
    "mobile": (
        Task(sites=300, exposed=15000, link=1 * MBIT, wait=1.0),
        Task(sites=200, exposed=12000, link=0.1 * MBIT, wait=0.2),
        Task(sites=400, exposed=20000, link=1 * MBIT, wait=0.01),
    ),
    "tiny": (
        Task(sites=200, exposed=12000, link=0.01 * MBIT, wait=3.0),
        Task(sites=200, exposed=20000, link=100, wait=1.5),
        Task(sites=400, exposed=40000, link=0.01 * MBIT, wait=0.7),
    ),
}  # fmt: skip


class Soon(Challenge):
    """Waves that each wait for a verdict; money for devices, days of the team, readings."""

    better = "lower"

    def variables(self, p: Params) -> tuple[Knob, ...]:
        site = SITES[str(p["track"])]
        return (
            Knob(id="device", steps=tuple(site.rates)),
            Knob(id="numbers", steps=FORMATS),
            Knob(id="first", steps=tuple(site.waves)),
            Knob(id="growth", steps=FACTORS),
            Knob(id="upload", steps=SENT),
        )

    def assess(self, p: Params, k: Knobs) -> Outputs:
        track, sites = str(p["track"]), float(p["task_sites"])
        site = SITES[track]
        wait = _wait(track, k)
        size = weight_bytes(
            catalog.item("models", site.model).value("parameters"),
            lookup({name: element_size(name) for name in FORMATS}, k["numbers"]),
        )
        night = data_transfer(
            PATIENTS[track] * site.bytes_each * floats(k["upload"]), rate=float(p["task_link"])
        ).time
        verdicts, days, exposed = _release(k, sites, PATIENTS[track])
        devices = sites * lookup(site.prices, k["device"])
        team, readings = TEAM_DAY * days / DAY, READING * float(needed(DROP)) * verdicts
        broken = {
            "too_slow": wait > float(p["task_wait"]),
            "too_large": size > site.room,
            "too_long_a_night": night > NIGHT,
            "too_exposed": exposed > float(p["task_exposed"]),
        }
        return {
            "objective": devices + team + readings,
            "feasible": ~np.logical_or.reduce(list(broken.values())),
            **broken,
            "wait": wait,
            "night": night,
            "exposed": exposed,
            "verdicts": verdicts,
            "length": days,
            "devices": devices,
            "readings": readings,
        }


def _release(k: Knobs, sites: float, patients: int) -> tuple[Array, Array, Array]:
    """Return verdicts, time [s] and the most exposed in one step, the first wave included."""
    first, factor = floats(k["first"])[:, np.newaxis], floats(k["growth"])[:, np.newaxis]
    after = np.minimum(first * factor ** np.arange(MOST_STEPS), sites)
    before = np.hstack([np.zeros_like(first), after[:, :-1]])
    read = needed(DROP) / floats(k["upload"])
    step = rollout_step(before, after, rate=patients / DAY, needed=read[:, np.newaxis], pause=PAUSE)
    time = np.sum(np.where(after > before, step.time, 0.0), axis=1)
    verdicts = 1 + growth_steps(first[:, 0], sites, factor=factor[:, 0])
    return verdicts, time, step.exposed.max(axis=1)


def _wait(track: str, k: Knobs) -> Array:
    """Return the time of one patient's answer on the spot. [s]"""
    times = _waits(track)
    pairs = zip(k["device"], k["numbers"], strict=True)
    return floats([times[str(device), str(width)] for device, width in pairs])


@lru_cache(maxsize=8)
def _waits(track: str) -> Mapping[tuple[str, str], float]:
    site = SITES[track]
    macs = site.scale * catalog.item("models", site.model).value("macs.total")
    return {
        (device, width): macs / _rate(*where)
        for device, rates in site.rates.items()
        for width, where in rates.items()
    }


def _rate(machine: str, where: str) -> float:
    """Return multiply-adds a second: of a core as it was measured, or of a share of a peak."""
    found = catalog.item("hardware", machine)
    if where.startswith("cortex"):
        return found.value("clock") / catalog.item("cores", where).value("cycles.pointwise")
    return EFFICIENCY * found.value(where) / 2
