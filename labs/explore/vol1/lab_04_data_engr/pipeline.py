"""The challenge of part D: store, form, cores, memory and accelerators that wait as little."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from labs.arranging import Array, floats, given, titled
from labs.contract import Challenge, Knob, Knobs, Outputs, Params, Scalar, lookup
from labs.text import quantity
from simcore import catalog
from simcore.equations.feeding import FeedTerms, fed_run, feed_rates
from simcore.equations.storage import cached_rate, data_transfer

from .samples import LAYOUTS, NAMES, PLACES, flop_rate, training_flop

WAITING = 0.35
"""Power of an accelerator that waits, over its limit; a round figure. [1]"""
MEMORY_RATE = 10.0
"""Of reading from memory, over the fastest store of the place; a round figure. [1]"""
CACHED = (0.0, 0.25, 0.5, 0.9)
MBIT = 1e6 / 8
HOUR = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """Where pictures are read from: rate [byte/s], 0 for the link's; power [W]; room. [byte]"""

    name: str
    rate: float
    power: float
    room: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What a track trains in its challenge.

    `unit` of what works side by side, its share of the machine's rate and power; `units` how many.
    `link_power` of sending [W], `core_power` of one core [W], `memory_power` of a byte [W/byte],
    `base_power` of everything else [W].
    """

    machine: str
    unit: str
    share: float
    units: Sequence[int]
    model: str
    pictures: float
    passes: int
    stores: Mapping[str, Store]
    cores: Sequence[int]
    link_power: float
    core_power: float
    memory: float
    memory_power: float
    base_power: float


GB, TB = 1e9, 1e12
LINK = "archive"
SITES: Mapping[str, Site] = {
    "cloud": Site(
        machine="a100-sxm-80gb", unit="A100s", share=1.0, units=(1, 2, 4, 8),
        model="resnet-50-v1", pictures=1.28e6, passes=90,
        stores={
            LINK: Store(name="the archive, over the link", rate=0.0, power=0.0, room=np.inf),
            "disks": Store(name="four disks", rate=1e9, power=30.0, room=40 * TB),
            "SSD": Store(name="a SATA SSD", rate=0.5e9, power=3.0, room=500 * GB),
            "NVMe": Store(name="NVMe", rate=5e9, power=10.0, room=1 * TB),
        },
        cores=(2, 4, 8, 16, 32, 64, 128), link_power=15.0, core_power=4.0, memory=160 * GB,
        memory_power=0.1 / GB, base_power=150.0,
    ),
    "edge": Site(
        machine="jetson-orin-nx-16gb", unit="modules", share=1.0, units=(1, 2, 4, 8),
        model="resnet-50-v1", pictures=100e3, passes=20,
        stores={
            LINK: Store(name="the archive, over the link", rate=0.0, power=0.0, room=np.inf),
            "card": Store(name="a memory card", rate=90e6, power=0.5, room=32 * GB),
            "SSD": Store(name="a SATA SSD", rate=0.5e9, power=3.0, room=500 * GB),
            "NVMe": Store(name="NVMe", rate=3e9, power=5.0, room=1 * TB),
        },
        cores=(1, 2, 4, 8, 16, 32), link_power=1.0, core_power=1.5, memory=8 * GB,
        memory_power=0.1 / GB, base_power=8.0,
    ),
    "mobile": Site(
        machine="phone-cpu", unit="large cores", share=0.5, units=(1, 2),
        model="mobilenet-v2", pictures=40e3, passes=10,
        stores={
            LINK: Store(name="the album, over the radio", rate=0.0, power=0.0, room=np.inf),
            "card": Store(name="a memory card", rate=5e6, power=0.15, room=64 * GB),
            "flash": Store(name="the phone's flash", rate=1e9, power=0.4, room=8 * GB),
        },
        cores=(1, 2, 3, 4), link_power=0.8, core_power=0.45, memory=1.5 * GB,
        memory_power=0.1 / GB, base_power=0.5,
    ),
    "tiny": Site(
        machine="nucleo-u575zi", unit="boards", share=1.0, units=(1, 2, 4),
        model="mobilenet-v1-025-vww", pictures=2000, passes=20,
        stores={
            LINK: Store(name="the gateway, over the radio", rate=0.0, power=0.0, room=np.inf),
            "flash": Store(name="external flash", rate=40e3, power=0.002, room=16e6),
            "card": Store(name="a memory card", rate=400e3, power=0.03, room=8 * GB),
            "PSRAM": Store(name="external PSRAM", rate=4e6, power=0.012, room=64e6),
        },
        cores=(1, 2, 3, 4), link_power=0.015, core_power=0.006, memory=2e6,
        memory_power=0.5 / GB, base_power=0.01,
    ),
}  # fmt: skip
"""Rates and powers of stores, cores and links are round figures, assumed; the accelerators'
powers are their limits, from the catalogue."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A link [byte/s], what the supply gives [W], and by when all must be done. [s]"""

    link: float
    supply: float
    deadline: float

    def params(self, track: str) -> Mapping[str, Scalar]:
        site = SITES[track]
        return {
            "task_link": self.link,
            "task_link_text": given(8 * self.link, "si bit/s"),
            "task_supply": self.supply,
            "task_supply_text": given(self.supply, "si W"),
            "task_deadline": self.deadline,
            "task_deadline_text": given(self.deadline, "time"),
            "task_unit_title": titled(site.unit),
            "task_unit_text": f"{given(_power(site), 'si W')} each",
            "task_model_name": titled(NAMES[site.model]),
            "task_pictures_text": quantity(site.pictures, "int"),
            "task_passes": site.passes,
            "task_pace_text": quantity(_unit_pace(track), "g3"),
            "task_sizes_text": _sizes_text(track),
            "task_stores_text": _stores_text(site),
            "task_cores_text": _cores_text(track),
            "task_memory_text": given(site.memory, "si B"),
            "task_core_power_text": given(site.core_power, "si W"),
            "task_memory_power_text": given(site.memory_power * GB, "si W"),
            "task_link_power_text": given(site.link_power, "si W"),
            "task_base_power_text": given(site.base_power, "si W"),
        }


TASKS: Mapping[str, Sequence[Task]] = {
    "cloud": (
        Task(link=1.25e9, supply=1200.0, deadline=6 * HOUR),
        Task(link=0.125e9, supply=2200.0, deadline=6 * HOUR),
        Task(link=1.25e9, supply=4000.0, deadline=1.5 * HOUR),
    ),
    "edge": (
        Task(link=125e6, supply=70.0, deadline=2 * HOUR),
        Task(link=12.5e6, supply=130.0, deadline=2 * HOUR),
        Task(link=125e6, supply=230.0, deadline=0.5 * HOUR),
    ),
    "mobile": (
        Task(link=50 * MBIT, supply=7.0, deadline=6 * HOUR),
        Task(link=8 * MBIT, supply=7.0, deadline=6 * HOUR),
        Task(link=2 * MBIT, supply=4.4, deadline=8 * HOUR),
    ),
    "tiny": (
        Task(link=0.7 * MBIT, supply=0.08, deadline=6 * HOUR),
        Task(link=0.1 * MBIT, supply=0.15, deadline=6 * HOUR),
        Task(link=0.7 * MBIT, supply=0.2, deadline=1.5 * HOUR),
    ),
}


class Feed(Challenge):
    """Copy once or read over the link, prepare, learn: least energy besides the arithmetic."""

    better = "lower"

    def variables(self, p: Params) -> tuple[Knob, ...]:
        site = SITES[str(p["track"])]
        return (
            Knob(id="store", steps=tuple(site.stores)),
            Knob(id="layout", steps=LAYOUTS),
            Knob(id="workers", steps=tuple(site.cores)),
            Knob(id="kept", steps=CACHED),
            Knob(id="units", steps=tuple(site.units)),
        )

    def assess(self, p: Params, k: Knobs) -> Outputs:
        track = str(p["track"])
        site, layouts = SITES[track], PLACES[track].layouts
        bytes_each = lookup({name: layout.size for name, layout in layouts.items()}, k["layout"])
        data, kept = site.pictures * bytes_each, floats(k["kept"])
        over_link = np.asarray(k["store"]) == LINK
        moved = data_transfer(data, rate=float(p["task_link"])).time
        copying = np.where(over_link, 0.0, moved)
        rates = _rates(p, k, bytes_each)
        support = (
            lookup({name: store.power for name, store in site.stores.items()}, k["store"])
            + site.core_power * floats(k["workers"])
            + site.memory_power * kept * data
            + site.base_power
            + np.where(over_link, site.link_power, 0.0)
        )
        power = _power(site) * floats(k["units"])
        run = fed_run(
            site.pictures * site.passes, rates, power=0.0, waiting_power=WAITING * power,
            support_power=support,
        )  # fmt: skip
        # While it copies, only the link and the rest are on.
        copied = copying * (site.link_power + site.base_power)
        room = lookup({name: store.room for name, store in site.stores.items()}, k["store"])
        broken = {
            "too_large": data > room,
            "too_much_memory": kept * data > site.memory,
            "too_late": copying + run.time > float(p["task_deadline"]),
            "over_power": power + support > float(p["task_supply"]),
        }
        return {
            "objective": run.energy + copied,
            "feasible": ~np.logical_or.reduce(list(broken.values())),
            **broken,
            "utilisation": rates.busy,
            "time": copying + run.time,
            "copying": copying,
            "data": data,
            "drawn": power + support,
            "support": support,
        }


def _rates(p: Params, k: Knobs, bytes_each: Array) -> FeedTerms:
    """Return the pipeline's rates, with a share of the pictures kept in memory."""
    track = str(p["track"])
    site = SITES[track]
    rates = {name: store.rate or float(p["task_link"]) for name, store in site.stores.items()}
    hot = MEMORY_RATE * max(store.rate for store in site.stores.values())
    times = {name: layout.core_time for name, layout in PLACES[track].layouts.items()}
    return feed_rates(
        bytes_each, training_flop(site.model),
        storage_rate=cached_rate(
            floats(k["kept"]), hot_rate=hot, cold_rate=lookup(rates, k["store"])
        ),
        core_time=lookup(times, k["layout"]), cores=floats(k["workers"]),
        flop_rate=site.share * flop_rate(track, site.machine) * floats(k["units"]),
    )  # fmt: skip


def _power(site: Site) -> float:
    return site.share * catalog.item("hardware", site.machine).value("power")


def _unit_pace(track: str) -> float:
    """Return the pictures a second that one unit could take. [1/s]"""
    site = SITES[track]
    return site.share * flop_rate(track, site.machine) / training_flop(site.model)


_FORMS: Mapping[str, str] = {"floats": "32-bit floats", "pixels": "a byte a value", "JPEG": "JPEG"}


def _sizes_text(track: str) -> str:
    layouts, pictures = PLACES[track].layouts, SITES[track].pictures
    each = [
        f"{quantity(pictures * layout.size, 'si B')} as {_FORMS[name]}"
        for name, layout in layouts.items()
    ]
    return ", ".join(each)


def _cores_text(track: str) -> str:
    layouts = PLACES[track].layouts
    each = [f"{given(layout.core_time, 'time')} for {_FORMS[n]}" for n, layout in layouts.items()]
    return "a picture takes " + ", ".join(each)


def _stores_text(site: Site) -> str:
    each = [
        f"{store.name} ({given(store.rate, 'si B/s')}, {given(store.power, 'si W')}, room for "
        f"{given(store.room, 'si B')})"
        for name, store in site.stores.items()
        if name != LINK
    ]
    return ", ".join(each)
