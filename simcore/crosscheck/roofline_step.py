"""One step on one machine, in the other engine's conventions, over our equations.

Its conventions: weights cross once and another tenth of them for each sample (a stand-in for
activations, see `ACTIVATION_SHARE`); efficiency derates arithmetic alone; a dispatch and 10 us for
each layer (three times in training) come on top; what does not fit moves over the host link; a
microcontroller reads weights that fit its SRAM from there, else from flash. All are arguments of
our equations, none is a default.
"""

from dataclasses import dataclass

from simcore.crosscheck.case import Machine, Workload
from simcore.equations.facility import proportional_power
from simcore.equations.roofline import Terms, arithmetic_intensity, step_terms
from simcore.equations.utilisation import flop_utilisation

ACTIVATION_SHARE = 0.1
"""Traffic of activations over weights, for each sample: a guess that has no reference."""
LAYER_OVERHEAD = 1e-5
"""Launches of one layer. [s]"""
IDLE_SHARE = 0.3
"""Idle power over full power."""
TRAINING_PASSES = 3
"""Forward, and backward at twice its cost; one more forward where activations are recomputed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What a step takes and what follows from it, in SI."""

    terms: Terms
    devices: int
    batch: float
    intensity: float
    mfu: float
    hfu: float
    energy: float
    footprint: float
    fits: bool

    @property
    def time(self) -> float:
        return float(self.terms.time)

    @property
    def bottleneck(self) -> str:
        return "Memory" if self.terms.memory > self.terms.compute else "Compute"

    @property
    def overhead_is_longest(self) -> bool:
        return bool(self.terms.overhead > max(self.terms.compute, self.terms.memory))


def step(
    machine: Machine,
    work: Workload,
    *,
    batch: float,
    precision: str,
    element: float,
    efficiency: float,
    footprint: float | None = None,
    training: bool = False,
    recompute: bool = False,
    tokens: float = 1.0,
    devices: int = 1,
) -> Step:
    """Return a step of `batch` samples of `tokens` tokens, shared by `devices` equal machines."""
    weights = work.size(element)
    kept = weights if footprint is None else footprint
    fits = kept <= machine.capacity
    passes = TRAINING_PASSES if training else 1
    needed = work.flop * tokens * batch * passes
    done = needed * (passes + 1) / passes if recompute else needed
    peak = machine.peak(precision)
    shard = weights / devices
    traffic = shard + ACTIVATION_SHARE * shard * batch
    terms = step_terms(
        done / devices,
        traffic,
        peak_flop_rate=peak,
        bandwidth=_bandwidth(machine, weights, fits=fits),
        efficiency=efficiency,
        overhead=machine.overhead + LAYER_OVERHEAD * work.layers * passes,
    )
    busy = {
        name: min(1.0, float(flop_utilisation(flop, terms.time, peak_flop_rate=peak * devices)))
        for name, flop in (("mfu", needed), ("hfu", done))
    }
    power = proportional_power(busy["hfu"], power=machine.power, idle_share=IDLE_SHARE)
    return Step(
        terms=terms,
        devices=devices,
        batch=batch,
        intensity=float(arithmetic_intensity(done / devices, traffic)),
        energy=float(power) * devices * float(terms.time),
        footprint=kept,
        fits=fits,
        **busy,
    )


def _bandwidth(machine: Machine, weights: float, *, fits: bool) -> float:
    if not fits:
        return min(machine.bandwidth, machine.host_link)
    sram = machine.sram_capacity
    if sram is not None and machine.sram_bandwidth is not None and weights <= sram:
        return machine.sram_bandwidth
    return machine.bandwidth if machine.flash_bandwidth is None else machine.flash_bandwidth


def step_outputs(found: Step) -> dict[str, object]:
    """Return what both single-node families print."""
    return {
        "latency": found.time,
        "latency_compute": float(found.terms.compute),
        "latency_memory": float(found.terms.memory),
        "latency_overhead": float(found.terms.overhead),
        "throughput": found.batch / found.time,
        "bottleneck": found.bottleneck,
        "arithmetic_intensity": found.intensity,
        "energy": found.energy,
        "memory_footprint": found.footprint,
        "mfu": found.mfu,
        "hfu": found.hfu,
        "feasible": found.fits,
        "overhead_dominated": found.overhead_is_longest,
    }
