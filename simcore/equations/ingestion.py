"""Feeding accelerators: what they ask of storage, and how long they wait for it."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcore.equations.arguments import not_negative, positive, share

Array = NDArray[np.float64]


class StallTerms(NamedTuple):
    """One training step with its input, each of shape (n,)."""

    time: Array
    """Of the step. [s]"""
    stall: Array
    """Share of it in which the accelerator waits for data. [1]"""


def input_demand(
    consumers: ArrayLike,
    samples: ArrayLike,
    sample_size: ArrayLike,
    step_time: ArrayLike,
    *,
    busy: ArrayLike = 1.0,
) -> Array:
    """Return the data rate that training asks of its storage.

    Parameters
    ----------
    consumers : array_like, shape (n,)
        Accelerators that each read their own samples. [1]
    samples : array_like, shape (n,)
        Samples of one accelerator's step. [1]
    sample_size : array_like, shape (n,)
        Of one stored sample. [byte]
    step_time : array_like, shape (n,)
        Of one step. [s]
    busy : array_like, shape (n,)
        Share of the time in which steps run. [1]

    Returns
    -------
    ndarray, shape (n,)
        Rate to sustain. [byte/s]

    Raises
    ------
    ValueError
        If the step takes no time, an amount is negative, or `busy` lies outside 0 to 1.

    References
    ----------
    J. Mohan et al., "Analyzing and mitigating data stalls in DNN training", VLDB 14(5), 2021.
    doi:10.14778/3446095.3446100
    """
    batch = not_negative(samples, "samples") * not_negative(sample_size, "sample_size")
    rate = not_negative(consumers, "consumers") * batch / positive(step_time, "step_time")
    return np.asarray(rate * share(busy, "busy"))


def preparation_time(samples: ArrayLike, sample_size: ArrayLike, *, rate: ArrayLike) -> Array:
    """Return the time to decode and augment a batch on the host.

    Parameters
    ----------
    samples : array_like, shape (n,)
        Samples in the batch. [1]
    sample_size : array_like, shape (n,)
        Of one stored sample. [byte]
    rate : array_like, shape (n,)
        At which the host's cores work, all of them together. [byte/s]

    Returns
    -------
    ndarray, shape (n,)
        Time. [s]

    Raises
    ------
    ValueError
        If the rate is not positive, or an amount negative.

    References
    ----------
    D. Murray et al., "tf.data", VLDB 14(12), 2021. doi:10.14778/3476311.3476374
    """
    size = not_negative(samples, "samples") * not_negative(sample_size, "sample_size")
    return np.asarray(size / positive(rate, "rate"))


def step_in_sequence(compute: ArrayLike, input_time: ArrayLike) -> StallTerms:
    """Return a step that loads its data first and computes then.

    Parameters
    ----------
    compute : array_like, shape (n,)
        Time of the arithmetic. [s]
    input_time : array_like, shape (n,)
        Time to load and prepare the batch. [s]

    Returns
    -------
    StallTerms
        Their sum, and the share of it spent waiting.

    Raises
    ------
    ValueError
        If the compute time is not positive, or the other negative.

    References
    ----------
    J. Mohan et al., "Analyzing and mitigating data stalls in DNN training", VLDB 14(5), 2021.
    doi:10.14778/3446095.3446100
    """
    busy, wait = positive(compute, "compute"), not_negative(input_time, "input_time")
    return StallTerms(np.asarray(busy + wait), np.asarray(wait / (busy + wait)))


def step_overlapped(compute: ArrayLike, input_time: ArrayLike) -> StallTerms:
    """Return a step whose data are loaded while the step before it computes.

    Parameters
    ----------
    compute : array_like, shape (n,)
        Time of the arithmetic. [s]
    input_time : array_like, shape (n,)
        Time to load and prepare the batch. [s]

    Returns
    -------
    StallTerms
        The longer of the two, and the share of it spent waiting.

    Raises
    ------
    ValueError
        If the compute time is not positive, or the other negative.

    References
    ----------
    D. Murray et al., "tf.data", VLDB 14(12), 2021. doi:10.14778/3476311.3476374
    """
    busy, wait = positive(compute, "compute"), not_negative(input_time, "input_time")
    time = np.maximum(busy, wait)
    return StallTerms(np.asarray(time), np.asarray((time - busy) / time))
