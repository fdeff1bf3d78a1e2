"""Energy of one call on this machine: loops long enough for the meter, idle before and after."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from math import isfinite

from device_agent.energy_budget import budget_of
from device_agent.meters import Meter, Reading, best_meter, joules_between, meters
from firmware_specs.wire import Energy, Scalar

_IDLE_S = 1.0
_BUSY_S = 1.0
# A counter that steps every WINDOW_S is known to a part in twenty over all windows together.
_STEPS = 4
_WINDOWS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class HostEnergy:
    """Energy of one call, with the parts of its uncertainty for the result's environment."""

    energy: Energy
    facts: Mapping[str, Scalar] = field(default_factory=dict)


class MeterNonsense(OSError):
    """A meter that answers, and cannot be right."""


def energy_of(
    call: Callable[[], object], *, call_s: float, meter: Meter | None = None
) -> HostEnergy:
    """Return total and idle-subtracted energy of one call, or why there is none.

    `total_j` is everything the meter saw divided by the calls, the median of five windows;
    `dynamic_j` has the idle power, the mean of one second before and one after, taken off.
    """
    meter = meter or best_meter()
    if meter is None:
        return HostEnergy(energy=Energy(why_not=no_meter()))
    try:
        return _measured(call, call_s, meter)
    except OSError as error:
        return HostEnergy(energy=Energy(why_not=f"{meter.NAME}: {error}"))


def no_meter() -> str:
    """Return in words why no meter can be read here."""
    reasons = [f"{m.NAME}: {m.why_not()}" for m in meters() if m.MEASURES in ("board", "cpu")]
    return "no meter: " + "; ".join(reasons)


def _measured(call: Callable[[], object], call_s: float, meter: Meter) -> HostEnergy:
    calls = max(1, round(max(_BUSY_S, _STEPS * meter.WINDOW_S) / call_s))
    before_w = _idle_power(meter)
    readings = [meter.read()]
    for _ in range(_WINDOWS):
        for _ in range(calls):
            call()
        readings.append(meter.read())
    after_w = _idle_power(meter)
    idle_w = (before_w + after_w) / 2
    totals = [joules_between(first, last) for first, last in pairwise(readings)]
    if not all(isfinite(total) for total in totals):
        raise MeterNonsense("it told what is no number")
    if _middle(totals) <= 0:
        raise MeterNonsense(f"its counter does not move under load ({_middle(totals):.3g} J)")
    lengths = [last.at_s - first.at_s for first, last in pairwise(readings)]
    dynamics = [total - idle_w * length for total, length in zip(totals, lengths, strict=True)]
    budget = budget_of(
        accuracy=meter.accuracy(),
        totals_j=totals,
        length_s=_middle(lengths),
        idle_w=idle_w,
        idle_drift_w=after_w - before_w,
        # Counter and clock are read together: the loop's ends are the window's.
        edge_s=0.0,
        runs=calls,
        samples=1,
        scatter_w=0.0,
    )
    energy = Energy(
        total_j=_middle(totals) / calls, dynamic_j=_middle(dynamics) / calls, meter=meter.NAME
    )
    return HostEnergy(energy=energy, facts={**budget.facts(), "idle_w": idle_w})


def _idle_power(meter: Meter) -> float:
    first = meter.read()
    time.sleep(_IDLE_S)
    return _power(first, meter.read())


def _power(first: Reading, last: Reading) -> float:
    return joules_between(first, last) / (last.at_s - first.at_s)


def _middle(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]
