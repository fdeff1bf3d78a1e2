"""What a verdict on a new site's network takes: patients read, and a week of people's time."""

from collections.abc import Mapping

from numpy.typing import ArrayLike

from labs.arranging import Array
from simcore.equations.evidence import one_sample_size
from simcore.equations.normal import normal_quantile

DAY = 86_400.0
PAUSE = 7 * DAY
"""Collecting, reading, deciding, releasing: one loop's time beside its cases. [s]"""
SENSITIVITY, DROP, PREVALENCE = 0.90, 0.05, 0.10
"""Promised, lost at least to be seen, and how many are sick. [1]"""
MOST_STEPS = 16
PATIENTS: Mapping[str, int] = {"cloud": 60, "edge": 20, "mobile": 15, "tiny": 25}
"""Of one site. [1/day]"""
_Z_ALPHA, _Z_BETA = float(normal_quantile(0.95)), float(normal_quantile(0.8))


def needed(drop: ArrayLike) -> Array:
    """Return the patients to read for one verdict: one-sided 5%, power 80%. [1]"""
    return one_sample_size(SENSITIVITY, drop, z_alpha=_Z_ALPHA, z_beta=_Z_BETA) / PREVALENCE
