"""A benchmark's protocol: warm-up, window, repeats and pauses, and how wrong its answer may be."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcore.equations.arguments import not_negative, positive, whole
from simcore.equations.thermal import temperature_after
from simcore.equations.throttling import governed_run

Array = NDArray[np.float64]

CONFIDENT = 1.96
"""Standard errors either side that hold 95% of a normal law."""


class Protocol(NamedTuple):
    """What a protocol finds and costs, each of shape (n,)."""

    bias: Array
    """Mean speed over the windows above the one held for ever, as a share of that. [1]"""
    noise: Array
    """Half the 95% interval of the mean, as a share of the mean. [1]"""
    time: Array
    """On the bench, pauses included. [s]"""

    @property
    def error(self) -> Array:
        """Bias and noise together. [1]"""
        return np.asarray(np.abs(self.bias) + self.noise)


def mean_noise(
    window: ArrayLike, repeats: ArrayLike, *, second_variation: ArrayLike, run_variation: ArrayLike
) -> Array:
    """Return half the 95% interval of a mean over repeated runs, relative to the mean.

    1.96 sqrt(cv^2 / (n L) + cv_run^2 / n): a longer window averages out what differs from second to
    second, and only more runs average out what differs from run to run.

    Parameters
    ----------
    window : array_like, shape (n,)
        Time L measured in each run, in seconds: readings of one second are independent. [1]
    repeats : array_like, shape (n,)
        Runs n, whole. [1]
    second_variation : array_like, shape (n,)
        Standard deviation over mean of a reading of one second, cv. [1]
    run_variation : array_like, shape (n,)
        Standard deviation over mean between runs, cv_run. [1]

    Returns
    -------
    ndarray, shape (n,)
        Half interval over mean. [1]

    Raises
    ------
    ValueError
        If the window is not positive, the repeats are no positive whole number, or a variation is
        negative.

    References
    ----------
    T. Kalibera, R. Jones, "Rigorous benchmarking in reasonable time", ISMM 2013, sec. 6.
    doi:10.1145/2464157.2464160
    """
    n = whole(repeats, "repeats")
    inside = not_negative(second_variation, "second_variation") ** 2 / positive(window, "window")
    return np.asarray(
        CONFIDENT * np.sqrt((inside + not_negative(run_variation, "run_variation") ** 2) / n)
    )


def throttled_protocol(
    *,
    warm_up: ArrayLike,
    window: ArrayLike,
    repeats: ArrayLike,
    pause: ArrayLike,
    dynamic_power: ArrayLike,
    idle_power: ArrayLike,
    ambient: ArrayLike,
    thermal_resistance: ArrayLike,
    heat_capacity: ArrayLike,
    limit: ArrayLike,
    held: ArrayLike,
    second_variation: ArrayLike,
    run_variation: ArrayLike,
) -> Protocol:
    """Return what a protocol makes of a throttling device's sustained speed.

    Each run warms up, is measured for the window, and is followed by a pause in which the device is
    switched off and cools. The first run begins at the temperature of the surroundings, each later
    one where the pause left it; `governed_run` says how much each window catches of the time before
    the throttle.

    Parameters
    ----------
    warm_up : array_like, shape (n,)
        Run before the window opens, in every repeat. [s]
    window : array_like, shape (n,)
        Measured in every repeat. [s]
    repeats : array_like, shape (n,)
        Whole. [1]
    pause : array_like, shape (n,)
        Switched off between repeats. [s]
    dynamic_power : array_like, shape (n,)
        At full speed, above the idle power. [W]
    idle_power : array_like, shape (n,)
        Drawn at any speed. [W]
    ambient : array_like, shape (n,)
        Temperature of the surroundings. [K]
    thermal_resistance : array_like, shape (n,)
        Rise for each watt. [K/W]
    heat_capacity : array_like, shape (n,)
        Heat for each kelvin. [J/K]
    limit : array_like, shape (n,)
        Temperature that the governor holds. [K]
    held : array_like, shape (n,)
        Speed held for ever, which the protocol is to find, over full speed. [1]
    second_variation : array_like, shape (n,)
        Standard deviation over mean of a reading of one second. [1]
    run_variation : array_like, shape (n,)
        Standard deviation over mean between runs. [1]

    Returns
    -------
    Protocol
        Bias, noise, time on the bench. [any]

    Raises
    ------
    ValueError
        If a quantity is out of range.

    References
    ----------
    T. Kalibera, R. Jones, "Rigorous benchmarking in reasonable time", ISMM 2013.
    doi:10.1145/2464157.2464160; thermal run as in `governed_run`
    """
    w, length = not_negative(warm_up, "warm_up"), positive(window, "window")
    n, rest = whole(repeats, "repeats"), not_negative(pause, "pause")
    air = {
        "ambient": ambient,
        "thermal_resistance": thermal_resistance,
        "heat_capacity": heat_capacity,
    }
    device = {**air, "dynamic_power": dynamic_power, "idle_power": idle_power, "limit": limit}
    noise = mean_noise(length, n, second_variation=second_variation, run_variation=run_variation)
    total = np.zeros(np.broadcast_shapes(np.shape(noise), np.shape(w), np.shape(rest)))
    start = total + np.asarray(ambient, dtype=float)
    for run in range(int(np.max(n))):
        opened = governed_run(w, start=start, **device)
        closed = governed_run(w + length, start=start, **device)
        total = total + np.where(run < n, (closed.work - opened.work) / length, 0.0)
        start = temperature_after(rest, start=closed.temperature, power=0.0, **air)
        start = np.minimum(start, np.asarray(limit, dtype=float))
    mean = total / n
    return Protocol(
        bias=mean / positive(held, "held") - 1.0,
        noise=noise,
        time=n * (w + length) + (n - 1.0) * rest,
    )
