"""Laws of random times with a given mean and variation."""

import math
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class ServiceLaw(StrEnum):
    """How service times spread around their mean."""

    FIXED = "fixed"
    EXPONENTIAL = "exponential"
    GAMMA = "gamma"
    LOG_NORMAL = "log_normal"
    HYPEREXPONENTIAL = "hyperexponential"


def check_variation(law: ServiceLaw, scv: float) -> None:
    """Raise ValueError unless the law can have this squared coefficient of variation.

    Raises
    ------
    ValueError
        If the variation is not one the law can have; the message names the law's range.
    """
    allowed = {
        ServiceLaw.FIXED: ("0", scv == 0),
        ServiceLaw.EXPONENTIAL: ("1", scv == 1),
        ServiceLaw.GAMMA: ("above 0", scv > 0),
        ServiceLaw.LOG_NORMAL: ("above 0", scv > 0),
        ServiceLaw.HYPEREXPONENTIAL: ("1 or more", scv >= 1),
    }
    wanted, holds = allowed[law]
    if not holds:
        raise ValueError(f"{law} times have a variation of {wanted}, not {scv}")


def draw_times(
    rng: np.random.Generator, count: int, *, mean: float, law: ServiceLaw, scv: float
) -> Floats:
    """Return independent times of a law with the given mean and variation.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    count : int
        How many times. [1]
    mean : float
        Mean time. [s]
    law : ServiceLaw
        Family of the times.
    scv : float
        Squared coefficient of variation. [1]

    Returns
    -------
    ndarray, shape (count,)
        Times. [s]

    Raises
    ------
    ValueError
        If the law cannot have this variation.

    References
    ----------
    H. C. Tijms, A First Course in Stochastic Models, Wiley, 2003, appendix B (hyperexponential
    with balanced means).
    """
    check_variation(law, scv)
    match law:
        case ServiceLaw.FIXED:
            return np.full(count, mean)
        case ServiceLaw.EXPONENTIAL:
            return rng.standard_exponential(count) * mean
        case ServiceLaw.GAMMA:
            return rng.standard_gamma(1.0 / scv, count) * (mean * scv)
        case ServiceLaw.LOG_NORMAL:
            variance = math.log1p(scv)
            bell = rng.standard_normal(count) * math.sqrt(variance)
            return np.exp(bell) * (mean * math.exp(-variance / 2.0))
        case ServiceLaw.HYPEREXPONENTIAL:
            short = (1.0 + math.sqrt((scv - 1.0) / (scv + 1.0))) / 2.0
            scale = np.where(rng.random(count) < short, 0.5 / short, 0.5 / (1.0 - short))
            return scale * (rng.standard_exponential(count) * mean)
