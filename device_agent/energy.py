"""Energy of one call: a loop long enough for the meter, idle measured before and after."""

import time
from collections.abc import Callable

from device_agent.meters import Meter, Reading, best_meter, joules_between, meters
from firmware_specs.wire import Energy

_IDLE_S = 1.0
_BUSY_S = 1.0
_WINDOWS = 20


def energy_of(call: Callable[[], object], *, call_s: float, meter: Meter | None = None) -> Energy:
    """Return total and idle-subtracted energy of one call, or why there is none.

    `total_j` is everything the meter saw divided by the calls; `dynamic_j` has the idle power,
    the mean of one second before and one after, taken off.
    """
    meter = meter or best_meter()
    if meter is None:
        return Energy(why_not=no_meter())
    busy_s = max(_BUSY_S, _WINDOWS * meter.WINDOW_S)
    calls = max(1, round(busy_s / call_s))
    idle_before_w = _idle_power(meter)
    first = meter.read()
    for _ in range(calls):
        call()
    last = meter.read()
    idle_w = (idle_before_w + _idle_power(meter)) / 2
    total_j = joules_between(first, last)
    dynamic_j = total_j - idle_w * (last.at_s - first.at_s)
    return Energy(total_j=total_j / calls, dynamic_j=dynamic_j / calls, meter=meter.NAME)


def no_meter() -> str:
    """Return in words why no meter can be read here."""
    reasons = [f"{m.NAME}: {m.why_not()}" for m in meters() if m.MEASURES in ("board", "cpu")]
    return "no meter: " + "; ".join(reasons)


def _idle_power(meter: Meter) -> float:
    first = meter.read()
    time.sleep(_IDLE_S)
    return _power(first, meter.read())


def _power(first: Reading, last: Reading) -> float:
    return joules_between(first, last) / (last.at_s - first.at_s)
