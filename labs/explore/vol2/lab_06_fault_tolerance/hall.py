"""The hall of part E: stores to choose from, prices, and the goodput of a design."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labs.contract import Params, Scalar, lookup
from labs.explore.vol2.lab_06_fault_tolerance.common import HOUR, number
from labs.explore.vol2.lab_06_fault_tolerance.storage import STATE_BYTES
from simcore.equations import checkpoint, reliability

NODES = 2048
GPUS_PER_NODE = 8
HALL_PRICE = 40_960.0  # USD/h for all nodes, 2.50 USD per GPU-hour, assumed
SPARE_PRICE = 20.0  # USD/h
ASYNC_PRICE = 0.10 * NODES  # USD/h, host memory and its copy engine
HOST_RATE = 20e9  # byte/s per node from accelerator to host memory
QUIET_TIME = 2.0  # s until all ranks stand still
NOTICE_TIME = 240.0  # s to notice a failure, replace the node and rejoin
SLOWDOWN = 0.02  # of the speed while a copy drains
MOST_BUSY = 0.5  # the other half of a shared store belongs to others
BOTH_LOST = 0.08  # of failures; the order of 35 switch and cable stops in Llama 3's 419
OLDER_COPY_PERIOD = HOUR
MINUTES = (1, 2, 3, 4, 5, 7, 10, 12, 15, 20, 25, 30, 40, 50, 60, 75, 90, 120, 150, 180, 240)
INTERVALS = tuple(60.0 * minutes for minutes in MINUTES)
MOST_SPARES = 24
PRESENT: dict[str, Scalar] = {"tier": "disk", "mode": "sync", "interval": 5400.0, "spares": 6.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """A store. [byte/s, USD/h]; per node where `per_node`."""

    bandwidth: float
    price: float
    per_node: bool = False


# All assumed: the orders of a far object store, a parallel file system on disks, one on flash, and
# the memory of the neighbouring node.
TIERS = {
    "bucket": Tier(bandwidth=25e9, price=40),
    "disk": Tier(bandwidth=200e9, price=160),
    "flash": Tier(bandwidth=800e9, price=520),
    "neighbour": Tier(bandwidth=1e9, price=200, per_node=True),
}
MODES = ("sync", "async")


def mtbf(p: Params) -> float:
    """Return the mean time between failures of the whole hall. [s]"""
    return float(reliability.series_mtbf(number(p, "node_life"), NODES))


def present_save(p: Params) -> float:
    """Return the pause of one save in the hall as it stands. [s]"""
    return QUIET_TIME + number(p, "size") / TIERS["disk"].bandwidth


def pace(size: Any, nodes: Any, tier: NDArray[Any], mode: NDArray[Any]) -> dict[str, Any]:
    """Return pause, drain, restart and the store's time per save for each design. [s]"""
    rate = lookup({name: x.bandwidth for name, x in TIERS.items()}, tier)
    per_node = lookup({name: float(x.per_node) for name, x in TIERS.items()}, tier)
    store = size / (rate * np.where(per_node > 0, nodes, 1.0))
    is_async = mode == "async"
    return {
        "save": QUIET_TIME + np.where(is_async, size / (nodes * HOST_RATE), store),
        "drain": np.where(is_async, store, 0.0),
        "restart": NOTICE_TIME + store,
        "store": store,
        "both_lost": np.where(tier == "neighbour", BOTH_LOST, 0.0),
        "older_copy": size / TIERS["bucket"].bandwidth + 0 * store,
        "slowdown": np.where(is_async, SLOWDOWN, 0.0),
    }


def shares(p: Params, k: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[np.float64]]:
    """Return where the hall's time goes under each design; the shares add up to 1."""
    m, found = mtbf(p), pace(number(p, "size"), NODES, k["tier"], k["mode"])
    busy = checkpoint.goodput_shares(
        k["interval"], found["save"], m,
        restart=found["restart"], drain=found["drain"], slowdown=found["slowdown"],
    )  # fmt: skip
    waiting = reliability.short_of_a_node(k["spares"], number(p, "repair"), m)
    gone = checkpoint.older_copy_loss(found["both_lost"], OLDER_COPY_PERIOD, found["older_copy"], m)
    at_work = {name: share * (1 - waiting) for name, share in busy.items()}
    return {
        **at_work,
        "useful": at_work["useful"] * (1 - gone),
        "waiting": waiting + 0 * at_work["useful"],
        "both_lost": at_work["useful"] * gone,
    }


def goodput(p: Params, k: Mapping[str, NDArray[Any]]) -> NDArray[np.float64]:
    return shares(p, k)["useful"]


def price(k: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[np.float64]]:
    """Return what each design adds to the hall's bill. [USD/h]"""
    return {
        "tier_cost": lookup({name: x.price for name, x in TIERS.items()}, k["tier"]),
        "mode_cost": np.where(k["mode"] == "async", ASYNC_PRICE, 0.0),
        "spares_cost": SPARE_PRICE * np.asarray(k["spares"], dtype=float),
    }


def cost(k: Mapping[str, NDArray[Any]]) -> NDArray[np.float64]:
    bill = price(k)
    return bill["tier_cost"] + bill["mode_cost"] + bill["spares_cost"]


def busy(p: Params, k: Mapping[str, NDArray[Any]]) -> NDArray[np.float64]:
    """Return the share of time the store writes for this run."""
    found = pace(number(p, "size"), NODES, k["tier"], k["mode"])
    return np.asarray(found["store"] / (k["interval"] + found["save"]), dtype=float)


def size_of(parameters: float) -> float:
    """Return the size of one save. [byte]"""
    return STATE_BYTES * parameters
