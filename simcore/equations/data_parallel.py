"""Data-parallel training: what devices send to agree on a step, and what they gain by it."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcore.checks import require_at_least_one
from simcore.equations.arguments import not_negative, positive, share
from simcore.equations.collectives import reduce_scatter

Array = NDArray[np.float64]

BACKWARD_SHARE = 2.0 / 3.0
"""Of a step's arithmetic (J. Kaplan et al., 2020, sec. 2.1): forward 2, backward 4. [1]"""


def star_exchange(
    message: ArrayLike, devices: ArrayLike, *, bandwidth: ArrayLike, latency: ArrayLike
) -> Array:
    """Return the time in which one server gathers a message of each device and answers all.

    Everything passes the server's one link, one way in and one way out after it: 2 n m / beta,
    which grows with the devices where a ring's does not.

    Parameters
    ----------
    message : array_like, shape (n,)
        Size of what each device sends, and gets back. [byte]
    devices : array_like, shape (n,)
        How many take part. [1]
    bandwidth : array_like, shape (n,)
        Of the server's link, one way. [byte/s]
    latency : array_like, shape (n,)
        Of one message. [s]

    Returns
    -------
    ndarray, shape (n,)
        Time. [s]

    Raises
    ------
    ValueError
        If there is no device, the rate is not positive, or an amount negative.

    References
    ----------
    M. Li et al., "Scaling distributed machine learning with the parameter server", OSDI 2014,
    sec. 3.
    """
    require_at_least_one(devices=devices)
    n = np.asarray(devices, dtype=float)
    sent = n * not_negative(message, "message") / positive(bandwidth, "bandwidth")
    return np.asarray(2 * sent + 2 * not_negative(latency, "latency"))


def sharded_sync(
    weights: ArrayLike,
    gradients: ArrayLike,
    devices: ArrayLike,
    *,
    stage: ArrayLike,
    micro_steps: ArrayLike,
    bandwidth: ArrayLike,
    latency: ArrayLike,
) -> Array:
    """Return the time that a step of a ZeRO stage spends on its ring.

    Stage 0 sums gradients everywhere; stage 1 sums each shard once and gathers the new weights,
    which is as much. Stage 2 keeps no whole gradient, so it sums after every micro-batch. Stage 3
    keeps no whole weights either and gathers them twice for every micro-batch.

    Parameters
    ----------
    weights, gradients : array_like, shape (n,)
        Size of the whole model's. [byte]
    devices : array_like, shape (n,)
        How many share the state. [1]
    stage : array_like, shape (n,)
        0 to 3. [1]
    micro_steps : array_like, shape (n,)
        Micro-batches of a step on each device. [1]
    bandwidth : array_like, shape (n,)
        Of one link, one way. [byte/s]
    latency : array_like, shape (n,)
        Of one message. [s]

    Returns
    -------
    ndarray, shape (n,)
        Time. [s]

    Raises
    ------
    ValueError
        If the stage is none of 0 to 3, there is no device or micro-batch, a rate is not positive
        or an amount negative.

    References
    ----------
    S. Rajbhandari et al., "ZeRO", SC 2020, sec. 7; with one micro-batch its table of volumes.
    arXiv:1910.02054
    """
    level = np.asarray(stage, dtype=float)
    if not np.isin(level, (0, 1, 2, 3)).all():
        raise ValueError(f"stage must be 0, 1, 2 or 3, got {stage!r}")
    require_at_least_one(micro_steps=micro_steps)
    times = np.asarray(micro_steps, dtype=float)
    ring = {"bandwidth": bandwidth, "latency": latency}
    summed = reduce_scatter(gradients, devices, **ring).time
    gathered = reduce_scatter(weights, devices, **ring).time
    return np.asarray(
        np.select(
            [level == 0, level == 1, level == 2],
            [2 * summed, summed + gathered, times * summed + gathered],
            times * (summed + 2 * gathered),
        )
    )


def exposed_sync(sync: ArrayLike, compute: ArrayLike, *, overlap: ArrayLike) -> Array:
    """Return what of the exchange is left after hiding it behind the backward pass.

    Gradients are ready layer by layer, so at best the whole backward pass, two thirds of the
    arithmetic, can hide them.

    Parameters
    ----------
    sync : array_like, shape (n,)
        Time of the exchange. [s]
    compute : array_like, shape (n,)
        Time of a step's arithmetic. [s]
    overlap : array_like, shape (n,)
        Share of the backward pass during which the network works too. [1]

    Returns
    -------
    ndarray, shape (n,)
        Time added to the step. [s]

    Raises
    ------
    ValueError
        If a time is negative or the share lies outside 0 to 1.

    References
    ----------
    S. Li et al., "PyTorch distributed", VLDB 13(12), 2020, sec. 3.2. arXiv:2006.15704
    """
    hidden = share(overlap, "overlap") * BACKWARD_SHARE * not_negative(compute, "compute")
    return np.asarray(np.maximum(0.0, not_negative(sync, "sync") - hidden))


def weak_speedup(devices: ArrayLike, compute: ArrayLike, exposed: ArrayLike) -> Array:
    """Return the throughput of n devices over that of one, each with the work of one.

    Parameters
    ----------
    devices : array_like, shape (n,)
        How many. [1]
    compute : array_like, shape (n,)
        Time of a step's arithmetic on one. [s]
    exposed : array_like, shape (n,)
        Time that agreeing adds to the step. [s]

    Returns
    -------
    ndarray, shape (n,)
        n t / (t + exposed). [1]

    Raises
    ------
    ValueError
        If there is no device, the compute time is not positive or the other negative.

    References
    ----------
    J. Gustafson, "Reevaluating Amdahl's law", CACM 31(5), 1988. doi:10.1145/42411.42415
    """
    require_at_least_one(devices=devices)
    work = positive(compute, "compute")
    n = np.asarray(devices, dtype=float)
    return np.asarray(n * work / (work + not_negative(exposed, "exposed")))
