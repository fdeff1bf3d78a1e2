"""Energy of work: so much for each FLOP, so much for each byte, so much for each idle second."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcore.checks import require_not_negative, require_positive

Array = NDArray[np.float64]


class EnergyTerms(NamedTuple):
    """Where the energy of each piece of work goes, each of shape (n,). [J]"""

    compute: Array
    memory: Array
    idle: Array

    @property
    def total(self) -> Array:
        """All three together. [J]"""
        return np.asarray(self.compute + self.memory + self.idle)


def energy_terms(
    flop: ArrayLike,
    traffic: ArrayLike,
    *,
    energy_per_flop: ArrayLike,
    energy_per_byte: ArrayLike,
    idle_power: ArrayLike = 0.0,
    time: ArrayLike = 0.0,
) -> EnergyTerms:
    """Return the energy of each step: arithmetic, main-memory traffic, and idle power meanwhile.

    Parameters
    ----------
    flop : array_like, shape (n,)
        Arithmetic in each step. [FLOP]
    traffic : array_like, shape (n,)
        Data moved to and from main memory in each step. [byte]
    energy_per_flop : array_like, shape (n,)
        Energy of one floating-point operation. [J/FLOP]
    energy_per_byte : array_like, shape (n,)
        Energy of moving one byte to or from main memory. [J/byte]
    idle_power : array_like, shape (n,)
        Power drawn whether work is done or not. [W]
    time : array_like, shape (n,)
        How long each step takes; needed only with idle power. [s]

    Returns
    -------
    EnergyTerms
        Arithmetic, memory and idle energy of each step. [J]

    Raises
    ------
    ValueError
        If a number is negative.

    References
    ----------
    J. Choi et al., "A roofline model of energy", IPDPS 2013. doi:10.1109/IPDPS.2013.77
    """
    require_not_negative(
        flop=flop,
        traffic=traffic,
        energy_per_flop=energy_per_flop,
        energy_per_byte=energy_per_byte,
        idle_power=idle_power,
        time=time,
    )
    compute, memory, idle = np.broadcast_arrays(
        np.asarray(flop, dtype=float) * np.asarray(energy_per_flop, dtype=float),
        np.asarray(traffic, dtype=float) * np.asarray(energy_per_byte, dtype=float),
        np.asarray(idle_power, dtype=float) * np.asarray(time, dtype=float),
    )
    return EnergyTerms(compute, memory, idle)


def energy_per_flop_at(
    intensity: ArrayLike, *, energy_per_flop: ArrayLike, energy_per_byte: ArrayLike
) -> Array:
    """Return the dynamic energy that each FLOP costs, its share of the traffic included.

    Parameters
    ----------
    intensity : array_like, shape (n,)
        Arithmetic intensity of the work. [FLOP/byte]
    energy_per_flop : array_like, shape (n,)
        Energy of one floating-point operation alone. [J/FLOP]
    energy_per_byte : array_like, shape (n,)
        Energy of moving one byte to or from main memory. [J/byte]

    Returns
    -------
    ndarray, shape (n,)
        energy_per_flop + energy_per_byte / intensity. [J/FLOP]

    Raises
    ------
    ValueError
        If the intensity is not positive, or an energy negative.

    References
    ----------
    J. Choi et al., "A roofline model of energy", IPDPS 2013. doi:10.1109/IPDPS.2013.77
    """
    require_positive(intensity=intensity)
    require_not_negative(energy_per_flop=energy_per_flop, energy_per_byte=energy_per_byte)
    moved = np.asarray(energy_per_byte, dtype=float) / np.asarray(intensity, dtype=float)
    return np.asarray(np.asarray(energy_per_flop, dtype=float) + moved)


def energy_balance(*, energy_per_flop: ArrayLike, energy_per_byte: ArrayLike) -> Array:
    """Return the intensity at which arithmetic and traffic cost the same energy.

    It is not the ridge: on an H100 with HBM2-class memory, energy balances near 42 FLOP/byte and
    time near 295.

    Parameters
    ----------
    energy_per_flop : array_like, shape (n,)
        Energy of one floating-point operation. [J/FLOP]
    energy_per_byte : array_like, shape (n,)
        Energy of moving one byte to or from main memory. [J/byte]

    Returns
    -------
    ndarray, shape (n,)
        Energy balance. [FLOP/byte]

    Raises
    ------
    ValueError
        If an energy is not positive.

    References
    ----------
    J. Choi et al., "A roofline model of energy", IPDPS 2013. doi:10.1109/IPDPS.2013.77
    """
    require_positive(energy_per_flop=energy_per_flop, energy_per_byte=energy_per_byte)
    per_byte = np.asarray(energy_per_byte, dtype=float)
    return np.asarray(per_byte / np.asarray(energy_per_flop, dtype=float))


def dynamic_power(
    flop_rate: ArrayLike,
    traffic_rate: ArrayLike,
    *,
    energy_per_flop: ArrayLike,
    energy_per_byte: ArrayLike,
    idle_power: ArrayLike = 0.0,
) -> Array:
    """Return the power drawn while arithmetic and traffic run at these rates.

    Parameters
    ----------
    flop_rate : array_like, shape (n,)
        Arithmetic done each second. [FLOP/s]
    traffic_rate : array_like, shape (n,)
        Data moved each second. [byte/s]
    energy_per_flop : array_like, shape (n,)
        Energy of one floating-point operation. [J/FLOP]
    energy_per_byte : array_like, shape (n,)
        Energy of moving one byte to or from main memory. [J/byte]
    idle_power : array_like, shape (n,)
        Power drawn whether work is done or not. [W]

    Returns
    -------
    ndarray, shape (n,)
        Power. [W]

    Raises
    ------
    ValueError
        If a number is negative.

    References
    ----------
    J. Choi et al., "A roofline model of energy", IPDPS 2013. doi:10.1109/IPDPS.2013.77
    """
    return energy_terms(
        flop_rate,
        traffic_rate,
        energy_per_flop=energy_per_flop,
        energy_per_byte=energy_per_byte,
        idle_power=idle_power,
        time=1.0,
    ).total


def capped_speed(power: ArrayLike, *, idle_power: ArrayLike, limit: ArrayLike) -> Array:
    """Return the share of full speed at which the power limit holds, at fixed voltage.

    The clock is cut until idle and scaled dynamic power meet the limit; a lower voltage at a lower
    clock would save more, so this is a floor of the speed.

    Parameters
    ----------
    power : array_like, shape (n,)
        Power at full speed, idle power included. [W]
    idle_power : array_like, shape (n,)
        Power drawn whether work is done or not. [W]
    limit : array_like, shape (n,)
        The most the machine may draw. [W]

    Returns
    -------
    ndarray, shape (n,)
        Speed over full speed, 0 to 1. [1]

    Raises
    ------
    ValueError
        If a power is negative or the limit not positive.

    References
    ----------
    J. Choi et al., "Algorithmic time, energy, and power on candidate HPC compute building blocks",
    IPDPS 2014 (power caps). doi:10.1109/IPDPS.2014.54
    """
    require_not_negative(power=power, idle_power=idle_power)
    require_positive(limit=limit)
    idle = np.asarray(idle_power, dtype=float)
    dynamic = np.maximum(np.asarray(power, dtype=float) - idle, np.finfo(float).tiny)
    room = np.asarray(limit, dtype=float) - idle
    with np.errstate(over="ignore"):  # no dynamic power: any limit above idle is enough
        return np.asarray(np.clip(room / dynamic, 0.0, 1.0))
