"""Energy, carbon, water and money of machines that run for a while."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcore.equations.arguments import not_negative, positive, share

Array = NDArray[np.float64]

DAY = 86400.0
"""[s]"""
YEAR = 365 * DAY
"""A year of contracts and depreciation, without leap days. [s]"""


class CostTerms(NamedTuple):
    """Cost of owning machines for a while, each of shape (n,). [USD]"""

    capital: Array
    energy: Array
    maintenance: Array

    @property
    def total(self) -> Array:
        """All three together. [USD]"""
        return np.asarray(self.capital + self.energy + self.maintenance)


def proportional_power(utilisation: ArrayLike, *, power: ArrayLike, idle_share: ArrayLike) -> Array:
    """Return the power of a machine that is busy for a share of its peak.

    Parameters
    ----------
    utilisation : array_like, shape (n,)
        Share of the peak in use. [1]
    power : array_like, shape (n,)
        Fully busy. [W]
    idle_share : array_like, shape (n,)
        Share of that power drawn when idle: 0.5 for servers of 2007, some 0.3 today. [1]

    Returns
    -------
    ndarray, shape (n,)
        Mean power. [W]

    Raises
    ------
    ValueError
        If a share lies outside 0 to 1 or the power is negative.

    References
    ----------
    L. Barroso, U. Hoelzle, "The case for energy-proportional computing", Computer 40(12), 2007.
    doi:10.1109/MC.2007.443
    """
    idle = share(idle_share, "idle_share")
    busy = (1 - idle) * share(utilisation, "utilisation")
    return np.asarray(not_negative(power, "power") * (idle + busy))


def facility_energy(it_energy: ArrayLike, *, pue: ArrayLike) -> Array:
    """Return what the meter of the building shows for the energy of its machines.

    Parameters
    ----------
    it_energy : array_like, shape (n,)
        Energy of the machines. [J]
    pue : array_like, shape (n,)
        Power usage effectiveness, 1 or more. [1]

    Returns
    -------
    ndarray, shape (n,)
        Energy of the building. [J]

    Raises
    ------
    ValueError
        If the energy is negative, or the PUE below 1.

    References
    ----------
    ISO/IEC 30134-2:2016, power usage effectiveness.
    """
    ratio = positive(pue, "pue")
    if np.any(ratio < 1):
        raise ValueError(f"pue must be 1 or more, got {np.min(ratio):g}: machines are part of it")
    return np.asarray(not_negative(it_energy, "it_energy") * ratio)


def operational_carbon(energy: ArrayLike, *, intensity: ArrayLike) -> Array:
    """Return the carbon emitted for electricity.

    Parameters
    ----------
    energy : array_like, shape (n,)
        Electricity used. [J]
    intensity : array_like, shape (n,)
        Emissions of the grid; 1 g/kWh is 1e-3 / 3.6e6. [kg/J]

    Returns
    -------
    ndarray, shape (n,)
        Carbon dioxide equivalent. [kg]

    Raises
    ------
    ValueError
        If an amount is negative.

    References
    ----------
    D. Patterson et al., "Carbon emissions and large neural network training", 2021.
    arXiv:2104.10350
    """
    return np.asarray(not_negative(energy, "energy") * not_negative(intensity, "intensity"))


def cooling_water(energy: ArrayLike, *, per_energy: ArrayLike) -> Array:
    """Return the water evaporated for electricity.

    Parameters
    ----------
    energy : array_like, shape (n,)
        Electricity used. [J]
    per_energy : array_like, shape (n,)
        Water usage effectiveness; 1 L/kWh is 1 / 3.6e6. [L/J]

    Returns
    -------
    ndarray, shape (n,)
        Water. [L]

    Raises
    ------
    ValueError
        If an amount is negative.

    References
    ----------
    ISO/IEC 30134-9:2022, water usage effectiveness; P. Li et al., "Making AI less thirsty", 2023.
    arXiv:2304.03271
    """
    return np.asarray(not_negative(energy, "energy") * not_negative(per_energy, "per_energy"))


def carbon_payback(embodied: ArrayLike, *, saved_power: ArrayLike, intensity: ArrayLike) -> Array:
    """Return how long saved power takes to make up for the carbon of making the device.

    Parameters
    ----------
    embodied : array_like, shape (n,)
        Carbon of making it. [kg]
    saved_power : array_like, shape (n,)
        Power that it saves. [W]
    intensity : array_like, shape (n,)
        Emissions of the grid. [kg/J]

    Returns
    -------
    ndarray, shape (n,)
        Time. [s]

    Raises
    ------
    ValueError
        If nothing is saved, or the embodied carbon is negative.

    References
    ----------
    U. Gupta et al., "Chasing carbon", HPCA 2021. arXiv:2011.02839
    """
    rate = positive(saved_power, "saved_power") * positive(intensity, "intensity")
    return np.asarray(not_negative(embodied, "embodied") / rate)


def rebound(per_unit: ArrayLike, volume: ArrayLike) -> Array:
    """Return total use after over before, when cheaper units are used more.

    Above 1 the saving is eaten up (Jevons).

    Parameters
    ----------
    per_unit : array_like, shape (n,)
        Use of one unit after over before. [1]
    volume : array_like, shape (n,)
        Units after over before. [1]

    Returns
    -------
    ndarray, shape (n,)
        Their product. [1]

    Raises
    ------
    ValueError
        If a factor is negative.

    References
    ----------
    W. S. Jevons, The Coal Question, 1865, ch. 7.
    """
    return np.asarray(not_negative(per_unit, "per_unit") * not_negative(volume, "volume"))


def ownership_cost(
    purchase: ArrayLike,
    energy: ArrayLike,
    duration: ArrayLike,
    *,
    life: ArrayLike,
    price: ArrayLike,
    maintenance: ArrayLike,
) -> CostTerms:
    """Return what machines cost while they run: depreciation, electricity, maintenance.

    Parameters
    ----------
    purchase : array_like, shape (n,)
        Price of all machines. [USD]
    energy : array_like, shape (n,)
        Electricity used meanwhile, cooling included. [J]
    duration : array_like, shape (n,)
        How long they run. [s]
    life : array_like, shape (n,)
        Time over which their price is written off, in equal parts. [s]
    price : array_like, shape (n,)
        Of electricity; 0.12 USD/kWh is 0.12 / 3.6e6. [USD/J]
    maintenance : array_like, shape (n,)
        Yearly maintenance over the price of the machines. [1]

    Returns
    -------
    CostTerms
        Capital, energy, maintenance. [USD]

    Raises
    ------
    ValueError
        If the life is not positive, or an amount negative.

    References
    ----------
    L. Barroso, U. Hoelzle, P. Ranganathan, The Datacenter as a Computer, 3rd ed., 2018, ch. 6.
    """
    paid, time = not_negative(purchase, "purchase"), not_negative(duration, "duration")
    terms = np.broadcast_arrays(
        paid * time / positive(life, "life"),
        not_negative(energy, "energy") * not_negative(price, "price"),
        paid * not_negative(maintenance, "maintenance") * time / YEAR,
    )
    return CostTerms(*terms)
