"""Accelerators that storage and processor cores feed: rates, and a run's time and energy."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcore.equations.arguments import longest, not_negative, positive
from simcore.equations.ingestion import preparation_time, step_overlapped

Array = NDArray[np.float64]


class FeedTerms(NamedTuple):
    """Samples a second at each station of an input pipeline, each of shape (n,)."""

    read: Array
    """That storage delivers. [1/s]"""
    prepare: Array
    """That the cores decode and convert. [1/s]"""
    compute: Array
    """That the accelerators could take. [1/s]"""

    @property
    def rate(self) -> Array:
        """What gets through: the least of the three. [1/s]"""
        return np.minimum(np.minimum(self.read, self.prepare), self.compute)

    @property
    def busy(self) -> Array:
        """Share of the time in which the accelerators compute. [1]"""
        slowest = 1 / np.minimum(self.read, self.prepare)
        return np.asarray(1 - step_overlapped(1 / self.compute, slowest).stall)

    @property
    def bound(self) -> NDArray[np.str_]:
        """The station that the others wait for."""
        return longest(compute=1 / self.compute, read=1 / self.read, prepare=1 / self.prepare)


def feed_rates(
    sample_size: ArrayLike,
    flop: ArrayLike,
    *,
    storage_rate: ArrayLike,
    core_time: ArrayLike,
    cores: ArrayLike,
    flop_rate: ArrayLike,
) -> FeedTerms:
    """Return the rates of reading, preparing and computing, perfectly overlapped.

    Parameters
    ----------
    sample_size : array_like, shape (n,)
        Of one sample as it is stored. [byte]
    flop : array_like, shape (n,)
        Arithmetic of one sample on the accelerators. [FLOP]
    storage_rate : array_like, shape (n,)
        At which storage reads, for all accelerators together. [byte/s]
    core_time : array_like, shape (n,)
        Of decoding and converting one sample on one core, above 0. [s]
    cores : array_like, shape (n,)
        That prepare samples. [1]
    flop_rate : array_like, shape (n,)
        That all accelerators together reach. [FLOP/s]

    Returns
    -------
    FeedTerms
        The three rates. [1/s]

    Raises
    ------
    ValueError
        If a number is not positive.

    References
    ----------
    J. Mohan et al., "Analyzing and mitigating data stalls in DNN training", VLDB 14(5), 2021.
    doi:10.14778/3446095.3446100; D. Murray et al., "tf.data", VLDB 14(12), 2021.
    doi:10.14778/3476311.3476374
    """
    read = 1 / preparation_time(1, positive(sample_size, "sample_size"), rate=storage_rate)
    prepare = positive(cores, "cores") / positive(core_time, "core_time")
    compute = positive(flop_rate, "flop_rate") / positive(flop, "flop")
    return FeedTerms(*np.broadcast_arrays(read, prepare, compute))


class FedRun(NamedTuple):
    """A run of many samples through such a pipeline, each of shape (n,)."""

    time: Array
    """[s]"""
    energy: Array
    """[J]"""


def fed_run(
    samples: ArrayLike,
    rates: FeedTerms,
    *,
    power: ArrayLike,
    waiting_power: ArrayLike,
    support_power: ArrayLike,
) -> FedRun:
    """Return time and energy of a run: arithmetic, waiting, and all that feeds it.

    Parameters
    ----------
    samples : array_like, shape (n,)
        That go through. [1]
    rates : FeedTerms
        Of the pipeline. [1/s]
    power : array_like, shape (n,)
        Of the accelerators while they compute. [W]
    waiting_power : array_like, shape (n,)
        Of the accelerators while they wait. [W]
    support_power : array_like, shape (n,)
        Of storage, cores and the rest, all the time. [W]

    Returns
    -------
    FedRun
        Time and energy. [any]

    Raises
    ------
    ValueError
        If a number is negative.

    References
    ----------
    L. Barroso, U. Hölzle, "The case for energy-proportional computing", Computer 40(12), 2007
    (what machines draw while they wait). doi:10.1109/MC.2007.443
    """
    time = not_negative(samples, "samples") / rates.rate
    computing = time * rates.busy * not_negative(power, "power")
    waiting = time * (1 - rates.busy) * not_negative(waiting_power, "waiting_power")
    support = time * not_negative(support_power, "support_power")
    return FedRun(*np.broadcast_arrays(time, computing + waiting + support))
