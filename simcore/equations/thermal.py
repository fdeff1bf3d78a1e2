"""Heat: a device warms up towards what its power and cooling allow, and throttles on the way.

One thermal resistance between chip and surroundings, one heat capacity: an RC circuit whose
current is the power. Temperatures may be in kelvin or in degrees Celsius throughout.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcore.equations.arguments import Floats, not_negative, positive, share

Array = NDArray[np.float64]

ROUNDS = 60
"""Halvings of the bracket of a fixed point: beyond the precision of a float."""


def steady_temperature(
    power: ArrayLike, *, ambient: ArrayLike, thermal_resistance: ArrayLike
) -> Array:
    """Return the temperature at which as much heat leaves as comes.

    Parameters
    ----------
    power : array_like, shape (n,)
        Heat put in. [W]
    ambient : array_like, shape (n,)
        Temperature of the surroundings, on the same scale as the answer. [K]
    thermal_resistance : array_like, shape (n,)
        Rise for each watt: 0.8 W/K is 1.25 K/W. [K/W]

    Returns
    -------
    ndarray, shape (n,)
        Temperature in the end. [K]

    Raises
    ------
    ValueError
        If the power is negative, or the resistance not positive.

    References
    ----------
    K. Skadron et al., "Temperature-aware microarchitecture", ISCA 2003. doi:10.1145/859618.859620
    """
    rise = not_negative(power, "power") * positive(thermal_resistance, "thermal_resistance")
    return np.asarray(np.asarray(ambient, dtype=float) + rise)


def temperature_after(
    time: ArrayLike,
    *,
    start: ArrayLike,
    power: ArrayLike,
    ambient: ArrayLike,
    thermal_resistance: ArrayLike,
    heat_capacity: ArrayLike,
) -> Array:
    """Return the temperature after a time at constant power.

    Parameters
    ----------
    time : array_like, shape (n,)
        Since the power came on. [s]
    start : array_like, shape (n,)
        Temperature then. [K]
    power : array_like, shape (n,)
        Heat put in. [W]
    ambient : array_like, shape (n,)
        Temperature of the surroundings. [K]
    thermal_resistance : array_like, shape (n,)
        Rise for each watt. [K/W]
    heat_capacity : array_like, shape (n,)
        Heat for each kelvin; times the resistance it is the time constant. [J/K]

    Returns
    -------
    ndarray, shape (n,)
        Temperature. [K]

    Raises
    ------
    ValueError
        If a time or power is negative, or resistance or capacity not positive.

    References
    ----------
    K. Skadron et al., "Temperature-aware microarchitecture", ISCA 2003. doi:10.1145/859618.859620
    """
    end = steady_temperature(power, ambient=ambient, thermal_resistance=thermal_resistance)
    constant = positive(thermal_resistance, "thermal_resistance") * positive(
        heat_capacity, "heat_capacity"
    )
    left = np.exp(-not_negative(time, "time") / constant)
    return np.asarray(end + (np.asarray(start, dtype=float) - end) * left)


def time_to_temperature(
    limit: ArrayLike,
    *,
    start: ArrayLike,
    power: ArrayLike,
    ambient: ArrayLike,
    thermal_resistance: ArrayLike,
    heat_capacity: ArrayLike,
) -> Array:
    """Return how long a device runs at constant power before it reaches a temperature.

    Parameters
    ----------
    limit : array_like, shape (n,)
        Temperature to reach. [K]
    start : array_like, shape (n,)
        Temperature when the power comes on. [K]
    power : array_like, shape (n,)
        Heat put in. [W]
    ambient : array_like, shape (n,)
        Temperature of the surroundings. [K]
    thermal_resistance : array_like, shape (n,)
        Rise for each watt. [K/W]
    heat_capacity : array_like, shape (n,)
        Heat for each kelvin. [J/K]

    Returns
    -------
    ndarray, shape (n,)
        Time; 0 where it is that warm already, infinite where it never gets there. [s]

    Raises
    ------
    ValueError
        If the power is negative, or resistance or capacity not positive.

    References
    ----------
    K. Skadron et al., "Temperature-aware microarchitecture", ISCA 2003. doi:10.1145/859618.859620
    """
    end = steady_temperature(power, ambient=ambient, thermal_resistance=thermal_resistance)
    constant = positive(thermal_resistance, "thermal_resistance") * positive(
        heat_capacity, "heat_capacity"
    )
    goal, begin = np.asarray(limit, dtype=float), np.asarray(start, dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        time = constant * np.log((end - begin) / (end - goal))
    return np.asarray(np.where(begin >= goal, 0.0, np.where(end > goal, time, np.inf)))


MOST_STEPS = 1_000_000
"""Of a course."""


class Sustained(NamedTuple):
    """Where a throttled device settles, each of shape (n,)."""

    speed: Array
    """Over full speed. [1]"""
    temperature: Array
    """[K]"""
    power: Array
    """[W]"""


def throttled_speed(
    power: ArrayLike,
    *,
    idle_power: ArrayLike,
    ambient: ArrayLike,
    thermal_resistance: ArrayLike,
    limit: ArrayLike,
    band: ArrayLike,
    floor: ArrayLike = 0.0,
    exponent: ArrayLike = 1.0,
) -> Sustained:
    """Return the speed, temperature and power at which a throttled device settles.

    A fixed point: slower means cooler, cooler means faster. The governor takes speed away in
    proportion to the degrees above the limit, all of it `band` above; dynamic power goes with
    speed^exponent. What the governor asks falls and what the device reaches rises with the speed,
    so there is one answer, found by halving.

    Parameters
    ----------
    power : array_like, shape (n,)
        At full speed, idle power included. [W]
    idle_power : array_like, shape (n,)
        Drawn at any speed, at most the full power. [W]
    ambient : array_like, shape (n,)
        Temperature of the surroundings. [K]
    thermal_resistance : array_like, shape (n,)
        Rise for each watt. [K/W]
    limit : array_like, shape (n,)
        Temperature at which throttling begins. [K]
    band : array_like, shape (n,)
        Degrees from there to the temperature at which no speed is left; small for a hard
        limit. [K]
    floor : array_like, shape (n,)
        Speed that the governor never goes below, over full speed. [1]
    exponent : array_like, shape (n,)
        1 where the clock alone falls, some 3 where the voltage follows. [1]

    Returns
    -------
    Sustained
        Speed, temperature, power. [any]

    Raises
    ------
    ValueError
        If a power is negative, the idle power above the full one, a share outside 0 to 1, or
        resistance, band or exponent not positive.

    References
    ----------
    G. Bhat, S. Gumussoy, U. Ogras, "Power-temperature stability and safety analysis for
    multiprocessor systems", ACM TECS 16(5s), 2017 (stable fixed points). arXiv:1806.06180
    """
    full, idle = not_negative(power, "power"), not_negative(idle_power, "idle_power")
    if np.any(idle > full):
        raise ValueError(f"idle_power must not exceed power, got {idle_power!r} above {power!r}")
    least, width = share(floor, "floor"), positive(band, "band")
    steep, start = positive(exponent, "exponent"), np.asarray(limit, dtype=float)

    def drawn(speed: Floats) -> Floats:
        return np.asarray(idle + (full - idle) * speed**steep)

    def reached(speed: Floats) -> Array:
        return steady_temperature(
            drawn(speed), ambient=ambient, thermal_resistance=thermal_resistance
        )

    shape = np.broadcast_shapes(
        *(np.shape(x) for x in (full, idle, ambient, thermal_resistance, start, width, least,
                                steep))
    )  # fmt: skip
    low, high = np.zeros(shape), np.ones(shape)
    for _ in range(ROUNDS):
        middle = (low + high) / 2.0
        allowed = np.clip(1.0 - (reached(middle) - start) / width, least, 1.0)
        low, high = (
            np.where(allowed >= middle, middle, low),
            np.where(allowed >= middle, high, middle),
        )
    return Sustained(speed=low, temperature=reached(low), power=drawn(low))


class Course(NamedTuple):
    """A device over time, each of shape (..., times)."""

    temperature: Array
    """[K]"""
    speed: Array
    """Over full speed. [1]"""


def throttled_course(
    times: ArrayLike,
    *,
    start: ArrayLike,
    power: ArrayLike,
    idle_power: ArrayLike,
    ambient: ArrayLike,
    thermal_resistance: ArrayLike,
    heat_capacity: ArrayLike,
    limit: ArrayLike,
    band: ArrayLike,
    floor: ArrayLike = 0.0,
    exponent: ArrayLike = 1.0,
) -> Course:
    """Return how a throttled device warms up and slows down.

    The same governor as `throttled_speed`, which gives the end. Between steps of a hundredth of the
    shorter of both time constants (warming, and the governor's answer to it) the power is taken as
    constant, and the temperature follows its exponential exactly.

    Parameters
    ----------
    times : array_like, shape (times,)
        Rising, from 0 on. [s]
    start : array_like, shape (...)
        Temperature at time 0. [K]
    power : array_like, shape (...)
        At full speed, idle power included. [W]
    idle_power : array_like, shape (...)
        Drawn at any speed. [W]
    ambient : array_like, shape (...)
        Temperature of the surroundings. [K]
    thermal_resistance : array_like, shape (...)
        Rise for each watt. [K/W]
    heat_capacity : array_like, shape (...)
        Heat for each kelvin. [J/K]
    limit : array_like, shape (...)
        Temperature at which throttling begins. [K]
    band : array_like, shape (...)
        Degrees from there to the temperature at which no speed is left. [K]
    floor : array_like, shape (...)
        Speed that is always kept. [1]
    exponent : array_like, shape (...)
        Of dynamic power in the speed. [1]

    Returns
    -------
    Course
        Temperature and speed at each time. [any]

    Raises
    ------
    ValueError
        If times fall or are negative, or a quantity is out of range.

    References
    ----------
    K. Skadron et al., "Temperature-aware microarchitecture", ISCA 2003. doi:10.1145/859618.859620
    """
    moments = not_negative(times, "times")
    if moments.ndim != 1 or moments.size == 0 or np.any(np.diff(moments) < 0):
        raise ValueError(f"times must be a list that rises from 0 on, got {times!r}")
    full, idle = not_negative(power, "power"), not_negative(idle_power, "idle_power")
    if np.any(idle > full):
        raise ValueError(f"idle_power must not exceed power, got {idle_power!r} above {power!r}")
    resistance = positive(thermal_resistance, "thermal_resistance")
    constant = resistance * positive(heat_capacity, "heat_capacity")
    least, width, steep = (
        share(floor, "floor"),
        positive(band, "band"),
        positive(exponent, "exponent"),
    )
    # Speed answers to temperature with a gain of steep R P / band: the loop is that much faster.
    gain = 1.0 + steep * resistance * full / width
    step = float(np.min(constant / gain)) / 100.0
    if moments[-1] / step > MOST_STEPS:
        raise ValueError(
            f"{moments[-1]:g} s take more than {MOST_STEPS} steps of {step:g} s; ask for less "
            "time, a wider band, or throttled_speed for the end"
        )
    temperature = np.broadcast_to(
        np.asarray(start, dtype=float),
        np.broadcast_shapes(*(np.shape(x) for x in (start, full, idle, ambient, constant, limit,
                                                    width, least, steep))),
    ).copy()  # fmt: skip

    def allowed(now: Floats) -> Floats:
        return np.asarray(np.clip(1.0 - (now - np.asarray(limit)) / width, least, 1.0))

    found: list[Array] = []
    clock = 0.0
    for moment in moments:
        parts = int(np.ceil((moment - clock) / step))
        if parts:
            left = np.exp(-(moment - clock) / parts / constant)
        for _ in range(parts):
            drawn = idle + (full - idle) * allowed(temperature) ** steep
            end = np.asarray(ambient, dtype=float) + resistance * drawn
            temperature = end + (temperature - end) * left
        clock = float(moment)
        found.append(temperature.copy())
    course = np.stack(found, axis=-1)
    speeds = np.stack([allowed(now) for now in found], axis=-1)
    return Course(temperature=course, speed=speeds)
