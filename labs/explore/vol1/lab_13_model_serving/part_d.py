"""Part D: how long a new replica takes to answer, and the plan that keeps the promise."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product

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
    with_value,
)
from labs.text import quantity
from simcore.catalog import hardware
from simcore.equations.startup import ColdStart, cold_start

from .plan import LOSS_LIMIT, SCENARIOS, Plan
from .plan_job import PlanJob
from .tracks import GB, LOSSES, SERVICES, given

KB = 1e3


@dataclass(frozen=True, slots=True, kw_only=True)
class Cold:
    """A track's cold start: sizes [byte], storage rates [byte/s], link [byte/s], times [s]."""

    origin: str
    target: str
    replica: str
    sizes: tuple[float, ...]
    storage: tuple[float, ...]
    link: float
    start: float
    patience: float
    traffic: float
    size_range: tuple[float, float]
    storage_range: tuple[float, float]
    link_range: tuple[float, float]


COLD = {
    "cloud": Cold(
        origin="storage", target="the accelerator", replica="An H100 replica",
        sizes=(14 * GB, 26 * GB, 140 * GB), storage=(1.25 * GB, 3 * GB, 7 * GB), link=64 * GB,
        start=6.0, patience=10.0, traffic=2.0,
        size_range=(1 * GB, 200 * GB), storage_range=(0.1 * GB, 60 * GB),
        link_range=(8 * GB, 128 * GB),
    ),
    "edge": Cold(
        origin="the disk", target="memory", replica="An Orin box",
        sizes=(3.2 * GB, 8 * GB), storage=(0.5 * GB, 1 * GB, 2 * GB),
        link=hardware("jetson-orin-nx-16gb").bandwidth, start=2.0, patience=4.0, traffic=5.0,
        size_range=(0.2 * GB, 12 * GB), storage_range=(0.05 * GB, 8 * GB),
        link_range=(8 * GB, 128 * GB),
    ),
    "mobile": Cold(
        origin="flash storage", target="memory", replica="A retired phone in the rack",
        sizes=(0.64 * GB, 1.8 * GB), storage=(1 * GB, 1.5 * GB, 2 * GB),
        link=hardware("phone-npu").bandwidth, start=0.4, patience=1.0, traffic=0.5,
        size_range=(0.05 * GB, 4 * GB), storage_range=(0.1 * GB, 4 * GB),
        link_range=(4 * GB, 64 * GB),
    ),
    "tiny": Cold(
        origin="the radio", target="flash", replica="A gateway",
        sizes=(54 * KB, 333 * KB), storage=(10 * KB, 20 * KB), link=400 * KB,
        start=0.5, patience=10.0, traffic=0.05,
        size_range=(10 * KB, 2000 * KB), storage_range=(2 * KB, 400 * KB),
        link_range=(50 * KB, 800 * KB),
    ),
}  # fmt: skip
DEVICES = (1, 2, 4, 8)


class D(Part):
    challenge = Plan()
    job = PlanJob()

    def combinations(self, track: str) -> Sequence[Params]:
        return _combinations(track)

    def questions(self, p: Params) -> tuple[Question, ...]:
        size, start = float(p["size"]), float(p["start"])
        on_cloud = p["place"] == "cloud"
        memory = size / hardware("h100-sxm").bandwidth
        return (
            Choice(
                id="ready",
                options=(
                    Option(id=RIGHT, value=float(_cold(p).total)),
                    Option(id="bits_for_bytes", value=8 * size / float(p["storage"]) + start),
                    Option(id="fast_link", value=size / float(p["link"])),
                    Option(id="memory_speed", value=memory)
                    if on_cloud
                    else Option(id="already_there", value=start),
                ),
            ),
        )

    def facts(self, p: Params) -> dict[str, Scalar]:
        terms = _cold(p)
        total, read = float(terms.total), float(terms.read)
        service = SERVICES[str(p["place"])]
        return {
            "total": total,
            "read": read,
            "copy": float(terms.copy),
            "read_share": read / total,
            "lost": total * float(p["traffic"]),
            "eight_devices": float(_cold(p, devices=8).total),
            "half_size": float(_cold(p, size=float(p["size"]) / 2).total),
            "runtime_text": _runtime_text(p),
            "warm_day": 24 * service.price,
            "price_text": given(service.price, "usd"),
            "loss_half": LOSSES["half"],
            "loss_quarter": LOSSES["quarter"],
            "loss_limit": LOSS_LIMIT,
        }

    def knobs(self, p: Params) -> tuple[Knob, ...]:
        at = COLD[str(p["place"])]
        sizes, _ = with_value(log_steps(*at.size_range, 24), float(p["size"]))
        disks, disk = with_value(log_steps(*at.storage_range, 24), float(p["storage"]))
        links, link = with_value(log_steps(*at.link_range, 9), float(p["link"]))
        return (
            Knob(id="size", steps=sizes),
            Knob(id="storage", steps=disks, default=disk),
            Knob(id="link", steps=links, default=link),
            Knob(id="devices", steps=DEVICES),
        )

    def evaluate(self, p: Params, k: Knobs) -> Outputs:
        terms = _terms(p, k)
        patience = np.full(terms.total.shape, float(p["patience"]))
        start = np.full(terms.total.shape, float(p["start"]))
        longest = np.argmax(np.stack((terms.read, terms.copy, start)), axis=0)
        price = SERVICES[str(p["place"])].price
        return {
            "total": terms.total,
            "read": terms.read,
            "copy": terms.copy,
            "transfer": terms.transfer,
            "start": start,
            "lost": terms.total * float(p["traffic"]),
            "warm_day": 24 * price * np.asarray(k["devices"], dtype=float),
            "patience": patience,
            "binds": np.asarray(["storage", "link", "initialisation"])[longest],
            "first_lost": terms.total > patience,
        }

    def curves(self, p: Params, k: Knobs) -> Curves:
        terms = _terms(p, k)
        zero = np.zeros(terms.total.shape)
        disks = np.geomspace(*COLD[str(p["place"])].storage_range, 40)
        along = cold_start(
            np.asarray(k["size"], dtype=float)[:, None],
            storage_bandwidth=disks[None, :],
            link_bandwidth=np.asarray(k["link"], dtype=float)[:, None],
            initialisation=float(p["start"]),
            devices=np.asarray(k["devices"], dtype=float)[:, None],
        )
        return {
            "begin": np.stack((zero, terms.transfer - terms.copy, terms.transfer), axis=1),
            "end": np.stack((terms.read, terms.transfer, terms.total), axis=1),
            "lane": np.broadcast_to(np.arange(3.0), (len(zero), 3)),
            "disks": np.broadcast_to(disks, along.total.shape),
            "total_line": along.total,
        }


@cache
def _combinations(track: str) -> Sequence[Params]:
    at = COLD[track]
    return [
        {
            "place": track, "origin": at.origin, "target": at.target, "replica": at.replica,
            "size_text": given(size, "si B"), "storage_text": given(storage, "si B/s"),
            "link_text": given(at.link, "si B/s"), "start_text": given(at.start, "time"),
            "patience_text": given(at.patience, "time"),
            "promise_text": given(promise, "time"),
            "size": size, "storage": storage, "link": at.link,
            "start": at.start, "patience": at.patience, "traffic": at.traffic,
            "rate": rate, "promise": promise,
        }
        for size, storage, (rate, promise) in product(
            at.sizes, at.storage, SCENARIOS[track]
        )
    ]  # fmt: skip


def _runtime_text(p: Params) -> str:
    """Return what the student counted in lab 7, runtime and network, on this way; or a hint."""
    size = float(p.get("past_start", 0.0))
    if size == 0.0:
        return "A runtime may have to come as well; lab 7 counts its bytes. "
    read = quantity(float(_cold(p, size=size).read), "time")
    return f"Runtime and network of lab 7, {quantity(size, 'si B')}, would take {read} to read. "


def _cold(p: Params, *, size: float | None = None, devices: int = 1) -> ColdStart:
    return cold_start(
        float(p["size"]) if size is None else size,
        storage_bandwidth=float(p["storage"]),
        link_bandwidth=float(p["link"]),
        initialisation=float(p["start"]),
        devices=devices,
    )


def _terms(p: Params, k: Knobs) -> ColdStart:
    return cold_start(
        k["size"],
        storage_bandwidth=k["storage"],
        link_bandwidth=k["link"],
        initialisation=float(p["start"]),
        devices=k["devices"],
    )
