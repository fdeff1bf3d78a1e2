"""Voltage and frequency: what a slower clock saves, and when racing to sleep saves more."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcore.equations.arguments import not_negative, positive

Array = NDArray[np.float64]

LOWER_LIMIT, UPPER_LIMIT = 1.0, 2.0
"""Of the velocity-saturation index: fully saturated carriers, and the square law."""


def switching_power(
    capacitance: ArrayLike, *, voltage: ArrayLike, frequency: ArrayLike, activity: ArrayLike = 1.0
) -> Array:
    """Return the power of charging and discharging gates: a C V^2 f.

    Parameters
    ----------
    capacitance : array_like, shape (n,)
        Switched, all of it. [J/V^2]
    voltage : array_like, shape (n,)
        Of the supply. [V]
    frequency : array_like, shape (n,)
        Of the clock. [1/s]
    activity : array_like, shape (n,)
        Share of the capacitance that switches in a cycle. [1]

    Returns
    -------
    ndarray, shape (n,)
        Dynamic power. [W]

    Raises
    ------
    ValueError
        If a quantity is negative.

    References
    ----------
    A. Chandrakasan, S. Sheng, R. Brodersen, "Low-power CMOS digital design", IEEE J. Solid-State
    Circuits 27(4), 1992. doi:10.1109/4.126534
    """
    switched = not_negative(activity, "activity") * not_negative(capacitance, "capacitance")
    squared = not_negative(voltage, "voltage") ** 2
    return np.asarray(switched * squared * not_negative(frequency, "frequency"))


def relative_frequency(
    voltage: ArrayLike, *, nominal: ArrayLike, threshold: ArrayLike, index: ArrayLike = 1.3
) -> Array:
    """Return the clock that a supply voltage allows, over that at the nominal one.

    The alpha-power law: f goes with (V - V_t)^alpha / V.

    Parameters
    ----------
    voltage : array_like, shape (n,)
        Of the supply, above the threshold. [V]
    nominal : array_like, shape (n,)
        Voltage of full speed, above the threshold. [V]
    threshold : array_like, shape (n,)
        Voltage V_t at which transistors begin to conduct. [V]
    index : array_like, shape (n,)
        Velocity-saturation index alpha, 1 to 2; about 1.3 in short channels. [1]

    Returns
    -------
    ndarray, shape (n,)
        Frequency over frequency. [1]

    Raises
    ------
    ValueError
        If a voltage does not exceed the threshold, or the index lies outside 1 to 2.

    References
    ----------
    T. Sakurai, A. R. Newton, "Alpha-power law MOSFET model", IEEE J. Solid-State Circuits 25(2),
    1990. doi:10.1109/4.52187
    """
    v, top = positive(voltage, "voltage"), positive(nominal, "nominal")
    start, alpha = not_negative(threshold, "threshold"), positive(index, "index")
    if np.any(v <= start) or np.any(top <= start):
        raise ValueError(
            f"voltage and nominal must exceed {threshold=}, got {voltage=}, {nominal=}"
        )
    if np.any(alpha < LOWER_LIMIT) or np.any(alpha > UPPER_LIMIT):
        raise ValueError(f"index must lie in 1 to 2, got {index!r}")
    return np.asarray(((v - start) / (top - start)) ** alpha * top / v)


def work_energy(
    speed: ArrayLike,
    *,
    work: ArrayLike,
    deadline: ArrayLike,
    dynamic_power: ArrayLike,
    static_power: ArrayLike,
    sleep_power: ArrayLike = 0.0,
    exponent: ArrayLike = 3.0,
) -> Array:
    """Return the energy until a deadline: work at some speed, then sleep.

    Dynamic power goes with speed^exponent, so that of a given piece of work with
    speed^(exponent - 1); static power runs for as long as the work does, and slower is longer.

    Parameters
    ----------
    speed : array_like, shape (n,)
        Over full speed, above 0. [1]
    work : array_like, shape (n,)
        Time that it takes at full speed. [s]
    deadline : array_like, shape (n,)
        Time that the energy is counted over. [s]
    dynamic_power : array_like, shape (n,)
        At full speed, above the static power. [W]
    static_power : array_like, shape (n,)
        Drawn while awake at any speed: leakage, memory, board. [W]
    sleep_power : array_like, shape (n,)
        Drawn asleep. [W]
    exponent : array_like, shape (n,)
        3 where the voltage follows the clock, 1 where it cannot. [1]

    Returns
    -------
    ndarray, shape (n,)
        Energy until the deadline. [J]

    Raises
    ------
    ValueError
        If the work misses its deadline at that speed, naming the slowest that does not, or a
        quantity is out of range.

    References
    ----------
    R. Jejurikar, C. Pereira, R. Gupta, "Leakage aware dynamic voltage scaling for real-time
    embedded systems", DAC 2004. doi:10.1145/996566.996650
    """
    s, busy = positive(speed, "speed"), not_negative(work, "work")
    until, steep = positive(deadline, "deadline"), positive(exponent, "exponent")
    time = busy / s
    if np.any(time > until * (1 + 1e-12)):
        slowest = float(np.max(busy / until))
        raise ValueError(f"the work misses its deadline at {speed=}; slowest speed {slowest:g}")
    awake = not_negative(dynamic_power, "dynamic_power") * s**steep
    awake = awake + not_negative(static_power, "static_power")
    asleep = not_negative(sleep_power, "sleep_power") * np.maximum(until - time, 0.0)
    return np.asarray(awake * time + asleep)


def critical_speed(
    *,
    dynamic_power: ArrayLike,
    static_power: ArrayLike,
    sleep_power: ArrayLike = 0.0,
    exponent: ArrayLike = 3.0,
) -> Array:
    """Return the speed at which a piece of work takes the least energy, deadlines apart.

    Below it static power costs more than the lower voltage saves: (P_static - P_sleep) / (P_dynamic
    (k - 1)) to the power 1 / k. Above 1 means that racing at full speed is best.

    Parameters
    ----------
    dynamic_power : array_like, shape (n,)
        At full speed, above the static power. [W]
    static_power : array_like, shape (n,)
        Drawn while awake at any speed. [W]
    sleep_power : array_like, shape (n,)
        Drawn asleep, at most the static power. [W]
    exponent : array_like, shape (n,)
        Of dynamic power in the speed, k. [1]

    Returns
    -------
    ndarray, shape (n,)
        Over full speed; infinite at an exponent of 1, where slower never saves. [1]

    Raises
    ------
    ValueError
        If a power is negative, the dynamic one not positive, sleep costs more than static power,
        or the exponent is below 1.

    References
    ----------
    R. Jejurikar, C. Pereira, R. Gupta, "Leakage aware dynamic voltage scaling for real-time
    embedded systems", DAC 2004, sec. 3. doi:10.1145/996566.996650
    """
    saved = not_negative(static_power, "static_power") - not_negative(sleep_power, "sleep_power")
    if np.any(saved < 0):
        raise ValueError(f"sleep_power must not exceed static_power, got {sleep_power!r}")
    k = positive(exponent, "exponent")
    if np.any(k < 1):
        raise ValueError(f"exponent must be 1 or more, got {exponent!r}")
    steep = positive(dynamic_power, "dynamic_power") * (k - 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(steep > 0, (saved / steep) ** (1.0 / k), np.inf))
