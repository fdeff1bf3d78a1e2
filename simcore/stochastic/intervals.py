"""Confidence intervals of means over independent replications."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

# Two-sided 95% points of Student's t for 1 to 30 degrees of freedom (any table of the law).
_T95 = (
    12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.3060, 2.2622, 2.2281,
    2.2010, 2.1788, 2.1604, 2.1448, 2.1314, 2.1199, 2.1098, 2.1009, 2.0930, 2.0860,
    2.0796, 2.0739, 2.0687, 2.0639, 2.0595, 2.0555, 2.0518, 2.0484, 2.0452, 2.0423,
)  # fmt: skip
_Z95 = 1.959964


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A mean with its 95% confidence interval, in the unit of the values it came from."""

    mean: float
    low: float
    high: float
    replications: int

    @property
    def half_width(self) -> float:
        return (self.high - self.low) / 2.0


def student_t_95(degrees: int) -> float:
    """Return the two-sided 95% point of Student's t.

    Parameters
    ----------
    degrees : int
        Degrees of freedom, at least 1. [1]

    Returns
    -------
    float
        From the table up to 30, beyond it by the Cornish-Fisher expansion (error below 1e-4). [1]

    Raises
    ------
    ValueError
        If there is no degree of freedom.

    References
    ----------
    M. Abramowitz, I. Stegun, Handbook of Mathematical Functions, 1964, eq. 26.7.5.
    """
    if degrees < 1:
        raise ValueError(f"a confidence interval needs at least 2 replications: {degrees=}")
    if degrees <= len(_T95):
        return _T95[degrees - 1]
    z = _Z95
    return z + (z**3 + z) / (4 * degrees) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * degrees**2)


def mean_interval(values: ArrayLike) -> Interval:
    """Return the mean of independent replications with its 95% confidence interval.

    Parameters
    ----------
    values : array_like, shape (r,)
        One estimate per replication, r at least 2. [1]

    Returns
    -------
    Interval
        Mean and interval, in the unit of the values.

    Raises
    ------
    ValueError
        If there are fewer than 2 replications.

    References
    ----------
    A. M. Law, Simulation Modeling and Analysis, 5th ed., McGraw-Hill, 2015, section 9.4.1
    (replications with a deleted warm-up).
    """
    x = np.asarray(values, dtype=float).ravel()
    half = student_t_95(x.size - 1) * float(x.std(ddof=1)) / math.sqrt(x.size)
    mean = float(x.mean())
    return Interval(mean=mean, low=mean - half, high=mean + half, replications=x.size)
