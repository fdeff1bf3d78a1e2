"""A governor that holds a device at its limit: the run through warming up and throttling.

One thermal mass, as in `thermal`. Idle power always flows, dynamic power goes with the clock; the
governor is perfect: it lets the clock alone until the limit and then takes just enough away.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcore.equations.arguments import not_negative, positive, share
from simcore.equations.thermal import steady_temperature, temperature_after, time_to_temperature

Array = NDArray[np.float64]


def held_speed(
    *,
    dynamic_power: ArrayLike,
    idle_power: ArrayLike,
    ambient: ArrayLike,
    thermal_resistance: ArrayLike,
    limit: ArrayLike,
) -> Array:
    """Return the speed that can be held for ever at the limit of temperature.

    What the cooling takes away at the limit, less the idle power, over the dynamic power:
    ((T_m - T_a) / R - P_s) / P_d, between 0 and 1.

    Parameters
    ----------
    dynamic_power : array_like, shape (n,)
        At full speed, above the idle power. [W]
    idle_power : array_like, shape (n,)
        Drawn at any speed. [W]
    ambient : array_like, shape (n,)
        Temperature of the surroundings. [K]
    thermal_resistance : array_like, shape (n,)
        Rise for each watt. [K/W]
    limit : array_like, shape (n,)
        Temperature that the governor holds. [K]

    Returns
    -------
    ndarray, shape (n,)
        Over full speed; 1 where the limit is never met, 0 where idle power alone is too much. [1]

    Raises
    ------
    ValueError
        If the dynamic power or the resistance is not positive, or the idle power negative.

    References
    ----------
    G. Bhat, S. Gumussoy, U. Ogras, "Power-temperature stability and safety analysis for
    multiprocessor systems", ACM TECS 16(5s), 2017. doi:10.1145/3126567
    """
    rise = np.asarray(limit, dtype=float) - np.asarray(ambient, dtype=float)
    budget = rise / positive(thermal_resistance, "thermal_resistance")
    spare = budget - not_negative(idle_power, "idle_power")
    return np.asarray(np.clip(spare / positive(dynamic_power, "dynamic_power"), 0.0, 1.0))


class GovernedRun(NamedTuple):
    """A run as it stands after some time, each of shape (n,)."""

    temperature: Array
    """[K]"""
    speed: Array
    """Over full speed. [1]"""
    work: Array
    """Done so far, as time at full speed. [s]"""
    onset: Array
    """When the limit is reached; infinite where it never is. [s]"""


def governed_run(
    time: ArrayLike,
    *,
    start: ArrayLike,
    dynamic_power: ArrayLike,
    idle_power: ArrayLike,
    ambient: ArrayLike,
    thermal_resistance: ArrayLike,
    heat_capacity: ArrayLike,
    limit: ArrayLike,
    cap: ArrayLike = 1.0,
) -> GovernedRun:
    """Return where a governed device stands after running for a time.

    It warms up at the capped speed, reaches the limit, and is held there at `held_speed`. Where
    idle power alone is too much for the cooling, the clock stops and it gets warmer still.

    Parameters
    ----------
    time : array_like, shape (n,)
        Since the run began. [s]
    start : array_like, shape (n,)
        Temperature then, at most the limit. [K]
    dynamic_power : array_like, shape (n,)
        At full speed, above the idle power. [W]
    idle_power : array_like, shape (n,)
        Drawn at any speed. [W]
    ambient : array_like, shape (n,)
        Temperature of the surroundings. [K]
    thermal_resistance : array_like, shape (n,)
        Rise for each watt. [K/W]
    heat_capacity : array_like, shape (n,)
        Heat for each kelvin. [J/K]
    limit : array_like, shape (n,)
        Temperature that the governor holds. [K]
    cap : array_like, shape (n,)
        Highest speed allowed, 0 to 1. [1]

    Returns
    -------
    GovernedRun
        Temperature, speed, work done, onset of the limit. [any]

    Raises
    ------
    ValueError
        If the device starts above its limit, or a quantity is out of range.

    References
    ----------
    K. Skadron et al., "Temperature-aware microarchitecture", ISCA 2003. doi:10.1145/859618.859620
    """
    t, top = not_negative(time, "time"), share(cap, "cap")
    begin, most = np.asarray(start, dtype=float), np.asarray(limit, dtype=float)
    if np.any(begin > most):
        raise ValueError(f"the device starts above its limit: {start=}, {limit=}; let it cool")
    air = {"ambient": ambient, "thermal_resistance": thermal_resistance}
    idle, dynamic = np.asarray(idle_power, dtype=float), np.asarray(dynamic_power, dtype=float)
    least = held_speed(dynamic_power=dynamic_power, idle_power=idle_power, limit=limit, **air)
    held = np.minimum(top, least)
    warming, holding = idle + top * dynamic, idle + held * dynamic
    # A run that only just meets its limit would take for ever to; rounding must not decide.
    meets = steady_temperature(warming, **air) > most
    onset = np.where(
        meets,
        time_to_temperature(most, start=begin, power=warming, heat_capacity=heat_capacity, **air),
        np.inf,
    )
    free, after = np.minimum(t, onset), np.maximum(t - onset, 0.0)
    heat = {"heat_capacity": heat_capacity, **air}
    return GovernedRun(
        temperature=np.where(
            t < onset,
            temperature_after(free, start=begin, power=warming, **heat),
            temperature_after(after, start=most, power=holding, **heat),
        ),
        speed=np.where(t < onset, top, held) + 0.0 * begin,
        work=top * free + held * after,
        onset=onset,
    )
