"""Part C: everybody saves on the hour. One store, many runs, and plans that cannot work."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
    lookup,
)
from labs.explore.vol2.lab_06_fault_tolerance.common import (
    HOUR,
    column,
    knob_at,
    number,
    rows,
    settings,
)
from simcore.equations import checkpoint

# 2 byte weights, 4 master weights, 4 + 4 Adam moments.
STATE_BYTES = 14.0
STATES = {"weights": 2.0, "adam": STATE_BYTES, "gradients": 16.0}
TARGET = 0.97
STORES = ((70e9, 40e9), (175e9, 100e9), (405e9, 200e9), (1000e9, 400e9))
CROWDS = (6, 8, 12)
MTBFS = (3 * HOUR, 4 * HOUR)
MOST_RUNS = 12

MAP_BANDWIDTHS = np.geomspace(0.5e9, 2000e9, 17)
MAP_MTBFS = np.geomspace(0.5 * HOUR, 24 * HOUR, 11)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mirror:
    """The same storm on the student's own track: who saves what where. [byte, byte/s, s]"""

    runs: int
    size: float
    bandwidth: float
    mtbf: float
    words: Mapping[str, str]


# Assumed, round numbers of the usual order.
MIRRORS = {
    "cloud": Mirror(
        runs=8, size=STATE_BYTES * 8e9, bandwidth=10e9, mtbf=12 * HOUR,
        words={"mirror_who": "research runs of 8 billion parameters",
               "mirror_where": "one departmental file server"},
    ),
    "edge": Mirror(
        runs=12, size=2e9, bandwidth=125e6, mtbf=HOUR,
        words={"mirror_who": "boxes", "mirror_where": "one gigabit switch"},
    ),
    "mobile": Mirror(
        runs=20, size=40e6, bandwidth=12.5e6, mtbf=600.0,
        words={"mirror_who": "phones", "mirror_where": "one access point"},
    ),
    "tiny": Mirror(
        runs=16, size=256.0, bandwidth=50e3, mtbf=0.8,
        words={"mirror_who": "sensors", "mirror_where": "one serial bus"},
    ),
}  # fmt: skip


class C(Part):
    """What happens when many runs save at once, and what must a store be able to do?"""

    def combinations(self, track: str) -> Sequence[Params]:
        return _combinations(track)

    def questions(self, p: Params) -> tuple[Question, ...]:
        runs, m = number(p, "runs"), number(p, "mtbf")
        save = number(p, "size") / number(p, "bandwidth")
        alone = number(p, "alone")
        kept_interval = checkpoint.best_interval(save, m)
        options = (
            Option(id=RIGHT, value=float(checkpoint.best_goodput(runs * save, m))),
            Option(id="same_bytes_same_cost", value=alone),
            Option(id="linear", value=1 - runs * (1 - alone)),
            Option(id="no_retune", value=float(checkpoint.goodput(kept_interval, runs * save, m))),
        )
        needed = float(checkpoint.bandwidth_for_goodput(TARGET, number(p, "size"), m))
        return Choice(id="storm", options=options), Numeric(id="rate", key=needed)

    def facts(self, p: Params) -> dict[str, Scalar]:
        runs, m, size = number(p, "runs"), number(p, "mtbf"), number(p, "size")
        save = size / number(p, "bandwidth")
        alone, together = number(p, "alone"), float(checkpoint.best_goodput(runs * save, m))
        best, stormy = checkpoint.best_interval(np.array([save, runs * save]), m)
        needed = {
            f"rate_{round(100 * goal)}": float(checkpoint.bandwidth_for_goodput(goal, size, m))
            for goal in (0.9, 0.95, TARGET)
        }
        return {
            "size": size,
            "save": save,
            "storm_save": runs * save,
            "best": float(best),
            "storm_best": float(stormy),
            "together": together,
            "interval_ratio": float(stormy / best),
            "loss_ratio": (1 - together) / (1 - alone),
            "root_runs": float(np.sqrt(runs)),
            "staggered_time": runs * save,
            "per_mtbf_50": _share_of(0.5),
            "per_mtbf_90": _share_of(0.9),
            "per_mtbf_95": _share_of(0.95),
            "per_mtbf_97": _share_of(TARGET),
            "per_mtbf_99": _share_of(0.99),
            "half_share": float(checkpoint.longest_save(0.5, 1.0)),
            "fiction_share": _fiction_share(),
            **needed,
            "rate_ratio_90": needed["rate_97"] / needed["rate_90"],
            "target": TARGET,
            **_mirror_facts(str(p["track"])),
        }

    def knobs(self, p: Params) -> tuple[Knob, ...]:
        return (
            knob_at("billions", log_steps(1, 2000, 15), number(p, "parameters") / 1e9),
            Knob(id="state", steps=tuple(STATES), default=1),
            knob_at("bandwidth", log_steps(0.5e9, 2000e9, 31), number(p, "bandwidth")),
            knob_at("mtbf", tuple(x * HOUR for x in log_steps(0.5, 24, 21)), number(p, "mtbf")),
            knob_at("runs", tuple(float(x) for x in range(1, MOST_RUNS + 1)), number(p, "runs")),
            Knob(id="stagger", steps=(False, True)),
        )

    def evaluate(self, p: Params, k: Knobs) -> Outputs:
        size, m, runs = _bytes(k), k["mtbf"], k["runs"]
        one = size / k["bandwidth"]
        save, refused = _save_time(one, m, k)
        best = checkpoint.best_interval(save, m)
        goodput = checkpoint.best_goodput(save, m)
        return {
            "size": size,
            "save": save,
            "best": best,
            "goodput": goodput,
            "loss": 1 - goodput,
            "busy": np.minimum(runs * one / (best + save), 1.0),
            "rate_90": runs * checkpoint.bandwidth_for_goodput(0.9, size, m),
            "per_mtbf": m / save,
            "bandwidth_now": np.asarray(k["bandwidth"], dtype=float),
            "mtbf_now": np.asarray(m, dtype=float),
            "verdict": _verdict(save, best, goodput),
            "half": (goodput <= 0.5) & (save < best),
            "impossible": save >= best,
            "refused": refused,
        }

    def curves(self, p: Params, k: Knobs) -> Curves:
        m = settings(k)
        size = _bytes(k)
        crowd = np.where(_staggered(k), 1.0, k["runs"])
        saves = column(size * crowd) / np.tile(MAP_BANDWIDTHS, MAP_MTBFS.size)
        grid = checkpoint.best_goodput(saves, np.repeat(MAP_MTBFS, MAP_BANDWIDTHS.size))
        starts, ends = _saves_of_one_cycle(k)
        shares = {"90": 1 / _share_of(0.9), "50": 1 / _share_of(0.5), "fiction": _fiction_share()}
        edges = {
            f"edge_{name}": column(size * crowd) / (share * MAP_BANDWIDTHS)
            for name, share in shares.items()
        }
        return {
            "map_bandwidth": rows(MAP_BANDWIDTHS, m),
            "map_mtbf": rows(MAP_MTBFS, m),
            "goodput": np.round(grid, 3),
            **{name: _inside(line) for name, line in edges.items()},
            "save_start": starts,
            "save_end": ends,
            "save_lane": rows(np.arange(MOST_RUNS), m),
        }


def storm_share(p: Params) -> float:
    """Return the storm's save time per mean time between failures: the first question's point."""
    return number(p, "runs") * number(p, "size") / number(p, "bandwidth") / number(p, "mtbf")


def target_share() -> float:
    """Return the longest save per mean time between failures that reaches the target."""
    return 1 / _share_of(TARGET)


@cache
def _combinations(track: str) -> tuple[Params, ...]:
    return tuple(
        _parameters(track, parameters, bandwidth, runs, m)
        for parameters, bandwidth in STORES
        for runs in CROWDS
        for m in MTBFS
    )


def _parameters(track: str, parameters: float, bandwidth: float, runs: int, m: float) -> Params:
    size = STATE_BYTES * parameters
    return {
        "track": track,
        "parameters": parameters,
        "size": size,
        "bandwidth": bandwidth,
        "runs": runs,
        "mtbf": m,
        "alone": float(checkpoint.best_goodput(size / bandwidth, m)),
        "parameters_text": f"{parameters / 1e9:,.0f} billion",
        "bandwidth_text": f"{bandwidth / 1e9:,.0f} GB/s",
        "mtbf_text": f"{m / HOUR:.0f} h",
        **MIRRORS[track].words,
    }


def _mirror_facts(track: str) -> dict[str, Scalar]:
    mirror = MIRRORS[track]
    save = mirror.size / mirror.bandwidth
    return {
        "mirror_runs": mirror.runs,
        "mirror_size": mirror.size,
        "mirror_mtbf": mirror.mtbf,
        "mirror_alone": float(checkpoint.best_goodput(save, mirror.mtbf)),
        "mirror_together": float(checkpoint.best_goodput(mirror.runs * save, mirror.mtbf)),
    }


def _share_of(goal: float) -> float:
    """Return how many saves fit into one mean time between failures at this goodput."""
    return float(1 / checkpoint.longest_save(goal, 1.0))


@cache
def _fiction_share() -> float:
    """Return the save time per mean time between failures that equals its own best interval."""
    low, high = 0.5, 1.0
    while high - low > 1e-12:
        middle = (low + high) / 2
        low, high = (
            (middle, high) if checkpoint.best_interval(middle, 1.0) > middle else (low, middle)
        )
    return low


def _bytes(k: Knobs) -> NDArray[np.float64]:
    """Return the size of one save at each setting. [byte]"""
    return 1e9 * np.asarray(k["billions"], dtype=float) * lookup(STATES, k["state"])


def _staggered(k: Knobs) -> NDArray[np.bool_]:
    one = _bytes(k) / k["bandwidth"]
    return np.asarray(k["stagger"], dtype=bool) & ~_too_many(one, k["mtbf"], k["runs"])


def _too_many(one: Any, m: Any, runs: Any) -> NDArray[np.bool_]:
    """Whether the saves do not fit one after another into a cycle."""
    return np.asarray(runs * one > checkpoint.best_interval(one, m) + one, dtype=bool)


def _save_time(one: Any, m: Any, k: Knobs) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    refused = np.asarray(k["stagger"], dtype=bool) & _too_many(one, m, k["runs"])
    return np.where(_staggered(k), one, k["runs"] * one), refused


def _verdict(save: Any, best: Any, goodput: Any) -> NDArray[np.str_]:
    return np.select(
        [save >= best, goodput <= 0.5, goodput < 0.9],
        ["no plan works", "half is lost", "works, at a price"],
        "comfortable",
    )


def _saves_of_one_cycle(k: Knobs) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return when each run saves, as shares of one cycle: all at its end, or in turns."""
    one = _bytes(k) / k["bandwidth"]
    save, _ = _save_time(one, k["mtbf"], k)
    cycle = checkpoint.best_interval(save, k["mtbf"]) + save
    lane = np.arange(MOST_RUNS)
    in_turn = _staggered(k)[:, np.newaxis]
    start = np.where(in_turn, lane * column(one / cycle), column(1 - save / cycle))
    there = lane < column(k["runs"])
    end = np.where(in_turn, start + column(one / cycle), 1.0)
    return np.where(there, np.round(start, 4), np.nan), np.where(there, np.round(end, 4), np.nan)


def _inside(line: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where((line >= MAP_MTBFS[0]) & (line <= MAP_MTBFS[-1]), line, np.nan)
