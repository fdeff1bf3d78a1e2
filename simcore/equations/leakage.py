"""Leakage: heat that grows with temperature, and the point from which a chip runs away."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcore.equations.arguments import Floats, not_negative, positive

Array = NDArray[np.float64]

ROUNDS = 60
"""Halvings of the bracket of a root: beyond the precision of a float."""


def leaking_temperature(
    power: ArrayLike,
    *,
    leakage: ArrayLike,
    reference: ArrayLike,
    doubling: ArrayLike,
    ambient: ArrayLike,
    thermal_resistance: ArrayLike,
) -> Array:
    """Return the temperature at which a chip settles whose leakage doubles every few degrees.

    Warmer leaks more, and leaking warms: T = ambient + R (P + L 2^((T - reference) / doubling)).
    The lower of both roots is stable; beyond a critical power there is none: it runs away.

    Parameters
    ----------
    power : array_like, shape (n,)
        Heat that does not depend on temperature. [W]
    leakage : array_like, shape (n,)
        Leakage at the reference temperature. [W]
    reference : array_like, shape (n,)
        That temperature. [K]
    doubling : array_like, shape (n,)
        Degrees in which leakage doubles; some 20 to 40. [K]
    ambient : array_like, shape (n,)
        Temperature of the surroundings. [K]
    thermal_resistance : array_like, shape (n,)
        Rise for each watt. [K/W]

    Returns
    -------
    ndarray, shape (n,)
        Temperature; infinite where it runs away. [K]

    Raises
    ------
    ValueError
        If a power is negative, or the doubling or resistance not positive.

    References
    ----------
    G. Bhat, S. Gumussoy, U. Ogras, "Power-temperature stability and safety analysis for
    multiprocessor systems", ACM TECS 16(5s), 2017, sec. 4 (two fixed points, or none).
    arXiv:1806.06180
    """
    resistance = positive(thermal_resistance, "thermal_resistance")
    rate = np.log(2.0) / positive(doubling, "doubling")
    plain = np.asarray(ambient, dtype=float) + resistance * not_negative(power, "power")
    rise = resistance * not_negative(leakage, "leakage")
    plain, rise, rate, start = np.broadcast_arrays(
        plain, rise, rate, np.asarray(reference, dtype=float)
    )

    def excess(temperature: Floats) -> Floats:
        """Return by how much it would warm further; it falls, then rises. [K]"""
        return np.asarray(plain + rise * np.exp(rate * (temperature - start)) - temperature)

    with np.errstate(divide="ignore", over="ignore"):
        # Where leakage grows by as much as the temperature: the lowest point of the excess.
        turn = np.where(rise > 0, start - np.log(rise * rate) / rate, np.inf)
        settles = np.where(rise > 0, excess(np.where(rise > 0, turn, plain)) <= 0, True)
        low = plain.astype(float)
        high = np.where(np.isfinite(turn), np.maximum(turn, low), low)
        for _ in range(ROUNDS):
            middle = (low + high) / 2.0
            above = excess(middle) > 0
            low, high = np.where(above, middle, low), np.where(above, high, middle)
    return np.asarray(np.where(settles, (low + high) / 2.0, np.inf))


def critical_power(
    *,
    leakage: ArrayLike,
    reference: ArrayLike,
    doubling: ArrayLike,
    ambient: ArrayLike,
    thermal_resistance: ArrayLike,
) -> Array:
    """Return the power beyond which a chip whose leakage doubles every few degrees runs away.

    At it both roots meet: one degree more leaks just as much as it cools.

    Parameters
    ----------
    leakage : array_like, shape (n,)
        Leakage at the reference temperature, above 0. [W]
    reference : array_like, shape (n,)
        That temperature. [K]
    doubling : array_like, shape (n,)
        Degrees in which leakage doubles. [K]
    ambient : array_like, shape (n,)
        Temperature of the surroundings. [K]
    thermal_resistance : array_like, shape (n,)
        Rise for each watt. [K/W]

    Returns
    -------
    ndarray, shape (n,)
        Heat that does not depend on temperature; below 0 where even none is too much. [W]

    Raises
    ------
    ValueError
        If leakage, doubling or resistance are not positive.

    References
    ----------
    G. Bhat, S. Gumussoy, U. Ogras, "Power-temperature stability and safety analysis for
    multiprocessor systems", ACM TECS 16(5s), 2017, sec. 4. arXiv:1806.06180
    """
    resistance = positive(thermal_resistance, "thermal_resistance")
    width = positive(doubling, "doubling") / np.log(2.0)
    rise = resistance * positive(leakage, "leakage")
    turn = np.asarray(reference, dtype=float) + width * np.log(width / rise)
    return np.asarray((turn - width - np.asarray(ambient, dtype=float)) / resistance)
