"""The last design: a machine, its precision, batch, number and schedule, for the least money."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np

from labs.arranging import Array, floats, given
from labs.contract import Challenge, Knob, Knobs, Outputs, Params, Scalar, lookup
from simcore.catalog import hardware, item, model
from simcore.equations.drift import turned_error
from simcore.equations.facility import operational_carbon, ownership_cost, proportional_power
from simcore.equations.kv_cache import weight_bytes
from simcore.equations.quality import quantization_loss
from simcore.equations.roofline import step_terms
from simcore.equations.serving_plan import plan_latency

from .tracks import BYTES, cache_per_token

YEAR = 365 * 86400.0
LIFE = 3 * YEAR
DAYS = 365.0
ELECTRICITY = item("prices", "electricity")["energy"].value
"""[USD/J]"""
CARBON_PRICE = 0.1
"""Assumed: 100 USD a tonne. [USD/kg]"""
IDLE_SHARE, EFFICIENCY, ROOM = 0.3, 0.5, 0.9
"""Power when idle over that when busy, share of the peak reached, share of memory used. [1]"""
NOISE = 0.05

PRECISIONS = ("fp16", "int8", "int4")
BATCHES = (1, 2, 4, 8, 16, 32, 64)
REPLICAS = tuple(range(1, 17))
INTERVALS = (1, 3, 7, 14, 21, 30, 45, 60)
LATE = 0.99


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A track's service. Prices in USD and loads are assumed where the catalogue has none."""

    network: str
    context: int
    tokens: int
    rate: float
    promise: float
    sites: int
    retraining: float
    loss_limit: float
    prices: Mapping[str, float]

    def words(self, harder: bool) -> dict[str, Scalar]:
        """Return what the brief of the challenge says of it."""
        return {
            "final_model": model(self.network).name,
            "final_context": self.context,
            "final_tokens": self.tokens,
            "final_rate": self.rate,
            "final_promise": given(self.limit(harder), "time"),
            "final_sites": "one site" if self.sites == 1 else f"each of {self.sites:,} sites",
            "final_retraining": self.retraining,
            "final_loss": self.loss_limit,
            "final_machines": "; ".join(
                f"{hardware(name).name} (${price:,.0f})" for name, price in self.prices.items()
            ),
        }

    def limit(self, harder: bool) -> float:
        """Return the promise of this student. [s]"""
        return self.promise * (0.7 if harder else 1.0)


SCENARIOS: Mapping[str, Scenario] = {
    "cloud": Scenario(
        network="llama-3-8b", context=4096, tokens=200, rate=30.0, promise=10.0, sites=1,
        retraining=400.0, loss_limit=1.0,
        prices={
            "l40s": 9000.0,
            "a100-sxm-80gb": item("prices", "a100-sxm-80gb")["price"].value,
            "h100-sxm": item("prices", "h100-sxm")["price"].value,
            "h200-sxm": 32_000.0,
        },
    ),
    "edge": Scenario(
        network="llama-3-2-1b", context=2048, tokens=60, rate=6.0, promise=4.0, sites=20,
        retraining=300.0, loss_limit=1.0,
        prices={
            "jetson-orin-nano-super": item("hardware", "jetson-orin-nano-super")["price"].value,
            "jetson-orin-nx-16gb": 600.0,
            "jetson-agx-orin-64gb": 2000.0,
        },
    ),
    "mobile": Scenario(
        network="llama-3-2-1b", context=1024, tokens=40, rate=2.0, promise=4.0, sites=5,
        retraining=100.0, loss_limit=3.0,
        prices={"pixel-8": 350.0, "phone-npu": 700.0, "snapdragon-8-gen-3": 1000.0},
    ),
    "tiny": Scenario(
        network="stories-260k", context=256, tokens=64, rate=12.0, promise=0.5, sites=1000,
        retraining=50.0, loss_limit=3.0,
        prices={
            "stm32f407": 18.0,
            "esp32-s3-sram": 14.0,
            "nucleo-h7a3zi": item("hardware", "nucleo-h7a3zi")["price"].value,
        },
    ),
}  # fmt: skip


class Final(Challenge):
    better = "lower"

    def variables(self, p: Params) -> tuple[Knob, ...]:
        machines = tuple(SCENARIOS[str(p["place"])].prices)
        begins = str(p["past_precision"])
        return (
            Knob(id="machine", steps=machines, default=len(machines) - 1),
            Knob(id="precision", steps=PRECISIONS,
                 default=PRECISIONS.index(begins) if begins in PRECISIONS else 0),
            Knob(id="batch", steps=BATCHES, default=_near(BATCHES, float(p["past_batch"]))),
            Knob(id="replicas", steps=REPLICAS,
                 default=_near(REPLICAS, float(p["past_replicas"]))),
            Knob(id="interval", steps=INTERVALS,
                 default=_near(INTERVALS, float(p["past_interval"]))),
        )  # fmt: skip

    def assess(self, p: Params, k: Knobs) -> Outputs:
        at = SCENARIOS[str(p["place"])]
        times = _times(str(p["place"]))
        where = _place_of(k, times.machines)
        interval, replicas = floats(k["interval"]), floats(k["replicas"])
        p99 = times.p99[where] * headroom(p)
        loss = times.loss[where] + 100 * decay(p) * interval / 2
        watts = proportional_power(
            np.minimum(times.busy[where], 1.0), power=times.power[where], idle_share=IDLE_SHARE
        )
        energy = at.sites * replicas * watts * YEAR * (1.2 if at.sites == 1 else 1.0)
        cost = ownership_cost(
            at.sites * replicas * times.price[where], energy, YEAR,
            life=LIFE, price=ELECTRICITY, maintenance=0.0,
        )  # fmt: skip
        carbon = operational_carbon(energy, intensity=grid_intensity(str(p["past_grid"])))
        retraining = DAYS / interval * at.retraining
        broken = {
            "too_large": times.used[where] > 1.0,
            "late": p99 > at.limit(bool(p["harder"])),
            "inaccurate": loss > at.loss_limit,
        }
        return {
            "objective": cost.total + CARBON_PRICE * carbon + retraining,
            "feasible": ~np.logical_or.reduce(list(broken.values())),
            **broken,
            "p99": np.where(np.isfinite(p99), p99, 1e6),
            "loss": loss,
            "busy": times.busy[where],
            "used": times.used[where],
            "machines_cost": cost.capital,
            "power_cost": cost.energy + CARBON_PRICE * carbon,
            "retraining_cost": retraining,
        }


@dataclass(frozen=True, slots=True)
class _Times:
    """What does not depend on schedule or student, by machine, precision, batch and number."""

    machines: tuple[str, ...]
    p99: Array
    busy: Array
    used: Array
    loss: Array
    power: Array
    price: Array


@lru_cache(maxsize=8)
def _times(place: str) -> _Times:
    at, network = SCENARIOS[place], model(SCENARIOS[place].network)
    machines = tuple(at.prices)
    shape = (len(machines), len(PRECISIONS), len(BATCHES), len(REPLICAS))
    m, q, b, r = (i.ravel() for i in np.indices(shape))
    chip = [hardware(name) for name in machines]
    batch, replicas = floats(BATCHES)[b], floats(REPLICAS)[r]
    weights = weight_bytes(network.parameters, floats([BYTES[x] for x in PRECISIONS])[q])
    cache_size = batch * at.context * cache_per_token(network)
    peaks = floats([[peak(name, x) for x in PRECISIONS] for name in machines])
    terms = step_terms(
        2.0 * network.parameters * batch,
        weights + cache_size,
        peak_flop_rate=peaks[m, q],
        bandwidth=floats([c.bandwidth for c in chip])[m],
        efficiency=EFFICIENCY,
        overhead=(network.layers or 1) * floats([_overhead(name) for name in machines])[m],
    )
    plan = plan_latency(
        at.rate, batch=batch, replicas=replicas, setup=at.tokens * terms.time, per_request=0.0,
        probability=LATE,
    )  # fmt: skip
    losses = 100 * quantization_loss([{"fp16": 16, "int8": 8, "int4": 4}[x] for x in PRECISIONS])
    return _Times(
        machines,
        plan.total,
        plan.utilisation,
        (weights + cache_size) / (ROOM * floats([c.capacity for c in chip])[m]),
        losses[q],
        floats([c.power or 0.0 for c in chip])[m],
        floats([at.prices[name] for name in machines])[m],
    )


def _place_of(k: Knobs, machines: tuple[str, ...]) -> np.ndarray:
    """Return where each design stands in the flat tables of `_times`."""
    m = lookup({name: i for i, name in enumerate(machines)}, np.asarray(k["machine"]))
    q = lookup({name: i for i, name in enumerate(PRECISIONS)}, np.asarray(k["precision"]))
    b, r = np.searchsorted(BATCHES, k["batch"]), np.searchsorted(REPLICAS, k["replicas"])
    shape = (len(machines), len(PRECISIONS), len(BATCHES), len(REPLICAS))
    return np.ravel_multi_index((m.astype(int), q.astype(int), b, r), shape)


@cache
def peak(machine: str, precision: str) -> float:
    """Return the rate of arithmetic on weights of a format; 4 bits are widened first. [FLOP/s]"""
    peaks = hardware(machine).peaks
    wanted = {"fp16": ("fp16", "fp32"), "int8": ("int8", "fp8"), "int4": ("fp16", "int8")}
    return float(next(peaks[name] for name in wanted[precision] if name in peaks))


def _overhead(machine: str) -> float:
    found = item("hardware", machine)
    return float(found.value("overhead")) if "overhead" in found else 0.0


@cache
def grid_intensity(name: str) -> float:
    """Return the carbon of a grid, of Germany's where the name is none. [kg/J]"""
    try:
        return float(item("grids", name)["carbon_intensity"].value)
    except LookupError:
        return grid_intensity("germany")


def decay(p: Params) -> float:
    """Return the accuracy lost a day, by the drift of lab 14, within what designs can bear. [1]"""
    turn = min(1.5, max(0.25, float(p["past_turn"])))
    return float(turned_error(np.deg2rad(turn / 7), noise=NOISE)) - NOISE


def headroom(p: Params) -> float:
    """Return the factor kept free on the tail, by the error made on tails in lab 12. [1]"""
    return 1.0 + min(0.5, abs(float(p["tail_error"])))


def _near(steps: tuple[int, ...], value: float) -> int:
    return int(np.argmin(np.abs(floats(steps) - value)))
