"""A ladder of memories, each larger and dearer than the last: where data lives sets its price."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcore.checks import require_not_negative, require_positive

Array = NDArray[np.float64]


def memory_level(working_set: ArrayLike, *, capacities: ArrayLike) -> NDArray[np.intp]:
    """Return the smallest level that holds a working set whole; the last one holds anything.

    Parameters
    ----------
    working_set : array_like, shape (n,)
        Data used over and over. [byte]
    capacities : sequence, length l
        Of each level but the last, rising. [byte]

    Returns
    -------
    ndarray of int, shape (n,)
        Index of the level, 0 to l. [1]

    Raises
    ------
    ValueError
        If the working set is negative, or the capacities do not rise from above zero.

    References
    ----------
    J. Hennessy, D. Patterson, "Computer Architecture: A Quantitative Approach", 6th ed., Morgan
    Kaufmann 2017, sec. 2.1.
    """
    require_not_negative(working_set=working_set)
    require_positive(capacities=capacities)
    sizes = np.atleast_1d(np.asarray(capacities, dtype=float))
    if np.any(np.diff(sizes) <= 0):
        raise ValueError(f"capacities must rise from level to level, got {sizes.tolist()}")
    return np.asarray(np.searchsorted(sizes, np.asarray(working_set, dtype=float), side="left"))


def pass_energy(
    working_set: ArrayLike, *, capacities: ArrayLike, energies_per_byte: ArrayLike
) -> Array:
    """Return the energy of touching each byte of a working set once, all from its level.

    A staircase: straight within a level, a step where the set no longer fits. Sets that are split
    over two levels would climb more gently, and a cache that evicts the wrong lines as steeply.

    Parameters
    ----------
    working_set : array_like, shape (n,)
        Data touched in one pass. [byte]
    capacities : sequence, length l
        Of each level but the last, rising. [byte]
    energies_per_byte : sequence, length l + 1
        Of each level. [J/byte]

    Returns
    -------
    ndarray, shape (n,)
        Energy of one pass. [J]

    Raises
    ------
    ValueError
        If the capacities do not rise, an energy is not positive, or their numbers do not agree.

    References
    ----------
    M. Horowitz, "Computing's energy problem", ISSCC 2014. doi:10.1109/ISSCC.2014.6757323
    """
    require_positive(energies_per_byte=energies_per_byte)
    energies = np.atleast_1d(np.asarray(energies_per_byte, dtype=float))
    levels = np.atleast_1d(np.asarray(capacities)).size + 1
    if energies.size != levels:
        raise ValueError(f"{levels} levels need {levels} energies, got {energies.size}")
    level = memory_level(working_set, capacities=capacities)
    return np.asarray(np.asarray(working_set, dtype=float) * energies[level])


def spill_factor(growth: ArrayLike, *, energy_before: ArrayLike, energy_after: ArrayLike) -> Array:
    """Return how much more a pass costs when its data grows out of one level into another.

    Parameters
    ----------
    growth : array_like, shape (n,)
        Working set after, over before. [1]
    energy_before, energy_after : array_like, shape (n,)
        Energy of a byte in the level left and in the one arrived at. [J/byte]

    Returns
    -------
    ndarray, shape (n,)
        Energy of a pass, after over before. [1]

    Raises
    ------
    ValueError
        If a number is not positive.

    References
    ----------
    M. Horowitz, "Computing's energy problem", ISSCC 2014. doi:10.1109/ISSCC.2014.6757323
    """
    require_positive(growth=growth, energy_before=energy_before, energy_after=energy_after)
    dearer = np.asarray(energy_after, dtype=float) / np.asarray(energy_before, dtype=float)
    return np.asarray(np.asarray(growth, dtype=float) * dearer)
