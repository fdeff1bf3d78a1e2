"""From a few measurements to a machine, and from that machine to predictions with intervals.

Two large runs give the two roofs, a run on almost nothing gives the overhead; every other time is
then predicted. Intervals carry the scatter of the measurements through; a model that leaves
something out is wrong by more, and that difference is worth looking at.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcore.checks import require_not_negative, require_positive
from simcore.equations.roofline import Terms, step_terms

Array = NDArray[np.float64]
_DECILE = 1.2815515655446004
"""Standard deviations from the median to the 90th percentile of a normal distribution. [1]"""
_TWO_SIDED_95 = 1.959963984540054
"""Standard deviations of a two-sided 95% interval. [1]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """A positive quantity with its 95% interval."""

    value: float
    low: float
    high: float

    def __post_init__(self) -> None:
        if not 0 < self.low <= self.value <= self.high < math.inf:
            raise ValueError(
                f"an interval needs 0 < low <= value <= high, got {self.low:g}, {self.value:g}, "
                f"{self.high:g}"
            )

    @property
    def log_deviation(self) -> float:
        """Standard deviation of the logarithm, as the interval implies. [1]"""
        return math.log(self.high / self.low) / (2 * _TWO_SIDED_95)


def spread_of_median(median: float, p10: float, p90: float, runs: int) -> Spread:
    """Return the 95% interval of a median of repeated runs, from their 10th and 90th percentile.

    The median of n runs scatters 1.2533 / sqrt(n) as much as one run, if the scatter is about
    log-normal.

    Parameters
    ----------
    median : float
        Median of the runs. [any]
    p10, p90 : float
        Their 10th and 90th percentile. [any]
    runs : int
        How many runs there were. [1]

    Returns
    -------
    Spread
        The median and its interval, in the same unit.

    Raises
    ------
    ValueError
        If the numbers are out of order, not positive, or there was no run.

    References
    ----------
    A. Stuart, J. Ord, "Kendall's Advanced Theory of Statistics" vol. 1, 6th ed., sec. 10.10.
    """
    require_positive(median=median, p10=p10, p90=p90, runs=runs)
    if not p10 <= median <= p90:
        raise ValueError(f"need p10 <= median <= p90, got {p10:g}, {median:g}, {p90:g}")
    one_run = math.log(p90 / p10) / (2 * _DECILE)
    half = _TWO_SIDED_95 * one_run * math.sqrt(math.pi / 2 / runs)
    return Spread(value=median, low=median * math.exp(-half), high=median * math.exp(half))


def spread_before_and_after(before: Spread, after: Spread) -> Spread:
    """Return one quantity measured twice, at both ends of a run: its interval spans both.

    What drifts meanwhile (a clock that falls, another program that wakes) is then part of the
    interval of whatever is predicted for the time between.

    Parameters
    ----------
    before, after : Spread
        The same quantity, measured first and last. [any]

    Returns
    -------
    Spread
        Geometric mean of the two, and the hull of their intervals, in the same unit.

    References
    ----------
    JCGM 100:2008, "Guide to the expression of uncertainty in measurement", sec. 4.3.7.
    """
    return Spread(
        value=math.sqrt(before.value * after.value),
        low=min(before.low, after.low),
        high=max(before.high, after.high),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """A machine as three measurements see it."""

    bandwidth: Spread
    """What a large copy reaches. [byte/s]"""
    flop_rate: Spread
    """What a large matrix product reaches. [FLOP/s]"""
    overhead: Spread
    """What one call costs before it does anything. [s]"""

    @property
    def ridge(self) -> float:
        """Intensity at which the measured roofs meet. [FLOP/byte]"""
        return self.flop_rate.value / self.bandwidth.value


def fit_machine(
    *,
    bandwidth: Spread,
    product_time: Spread,
    product_flop: float,
    product_traffic: float,
    overhead: Spread,
) -> Calibration:
    """Return the machine that explains a copy, one large matrix product and an empty call.

    Parameters
    ----------
    bandwidth : Spread
        Measured by a copy much larger than the cache, read and written bytes. [byte/s]
    product_time : Spread
        Time of one matrix product large enough for arithmetic to bind. [s]
    product_flop : float
        Arithmetic of that product. [FLOP]
    product_traffic : float
        Least main-memory traffic of that product. [byte]
    overhead : Spread
        Time of a call on one element. [s]

    Returns
    -------
    Calibration
        Both roofs and the overhead, with intervals.

    Raises
    ------
    ValueError
        If the product is no longer than the overhead, or memory binds it, so that it tells nothing
        about arithmetic.

    References
    ----------
    S. Williams et al., "Roofline", CACM 52(4), 2009 (measured ceilings).
    doi:10.1145/1498765.1498785
    """
    require_positive(product_flop=product_flop, product_traffic=product_traffic)
    busy = product_time.value - overhead.value
    if busy <= 0:
        raise ValueError(
            f"the product took {product_time.value:g} s, no longer than one call "
            f"({overhead.value:g} s); measure a larger one"
        )
    if product_traffic / bandwidth.value >= busy:
        raise ValueError(
            f"memory binds the product: its traffic takes "
            f"{product_traffic / bandwidth.value:g} s of {busy:g} s; measure a larger one"
        )
    rate = product_flop / busy
    ratio = math.exp(_TWO_SIDED_95 * product_time.log_deviation)
    return Calibration(
        bandwidth=bandwidth,
        flop_rate=Spread(value=rate, low=rate / ratio, high=rate * ratio),
        overhead=overhead,
    )


class Prediction(NamedTuple):
    """Predicted times with their 95% intervals and terms, each of shape (n,). [s]"""

    time: Array
    low: Array
    high: Array
    terms: Terms


def predict_times(
    machine: Calibration,
    flop: ArrayLike,
    traffic: ArrayLike,
    *,
    calls: ArrayLike = 1.0,
    peak_ratio: ArrayLike = 1.0,
    kernel_scatter: ArrayLike = 0.0,
) -> Prediction:
    """Return the time of work on a calibrated machine, uncertainty carried through.

    The longer of compute and memory keeps the relative uncertainty of its own roof, the overhead
    that of its own; the two are independent, so their variances add. The interval is of the
    logarithm, so it never reaches zero.

    Parameters
    ----------
    machine : Calibration
        Fitted by `fit_machine`.
    flop : array_like, shape (n,)
        Arithmetic. [FLOP]
    traffic : array_like, shape (n,)
        Least main-memory traffic. [byte]
    calls : array_like, shape (n,)
        Library calls made, each paying the overhead. [1]
    peak_ratio : array_like, shape (n,)
        Arithmetic roof at this work's precision over the calibrated one: 0.5 for fp64 beside fp32,
        where vectors hold half as many. [1]
    kernel_scatter : array_like, shape (n,)
        Standard deviation of the logarithm that kernels of one library scatter by around their
        roof: 0 shows the calibration's uncertainty alone. [1]

    Returns
    -------
    Prediction
        Times, intervals and Iron-Law terms. [s]

    Raises
    ------
    ValueError
        If an amount is negative, or calls or the ratio not positive.

    References
    ----------
    JCGM 100:2008, "Guide to the expression of uncertainty in measurement", sec. 5.1.
    """
    require_positive(calls=calls, peak_ratio=peak_ratio)
    require_not_negative(kernel_scatter=kernel_scatter)
    terms = step_terms(
        flop,
        traffic,
        peak_flop_rate=machine.flop_rate.value,
        bandwidth=machine.bandwidth.value,
        efficiency=peak_ratio,
        overhead=np.asarray(calls, dtype=float) * machine.overhead.value,
    )
    compute_wins = terms.compute >= terms.memory
    slower = np.where(
        compute_wins, machine.flop_rate.log_deviation, machine.bandwidth.log_deviation
    )
    body = np.maximum(terms.compute, terms.memory)
    deviation = np.sqrt(
        (body * np.hypot(slower, np.asarray(kernel_scatter, dtype=float))) ** 2
        + (terms.overhead * machine.overhead.log_deviation) ** 2
    )
    ratio = np.exp(_TWO_SIDED_95 * deviation / terms.time)
    return Prediction(
        time=terms.time,
        low=np.asarray(terms.time / ratio),
        high=np.asarray(terms.time * ratio),
        terms=terms,
    )
