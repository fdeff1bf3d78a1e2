"""What splitting a model over devices costs: pipeline bubbles, tensor and expert traffic."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcore.checks import require_at_least_one, require_fraction, require_positive

Array = NDArray[np.float64]


def pipeline_bubble(
    stages: ArrayLike, microbatches: ArrayLike, *, interleave: ArrayLike = 1
) -> Array:
    """Return the share of a pipelined step in which a device waits.

    Filling and draining take (p - 1) micro-batch slots of v m + p - 1; interleaving v chunks of
    layers on each device makes the slots v times shorter.

    Parameters
    ----------
    stages : array_like, shape (n,)
        Pipeline stages p. [1]
    microbatches : array_like, shape (n,)
        Micro-batches m of a step. [1]
    interleave : array_like, shape (n,)
        Chunks of layers v on each device. [1]

    Returns
    -------
    ndarray, shape (n,)
        (p - 1) / (v m + p - 1), of the whole step. [1]

    Raises
    ------
    ValueError
        If a count is below 1.

    References
    ----------
    D. Narayanan et al., "Efficient large-scale language model training on GPU clusters using
    Megatron-LM", SC 2021, sec. 2.2 (which gives it over the ideal time). arXiv:2104.04473
    """
    require_at_least_one(stages=stages, microbatches=microbatches, interleave=interleave)
    p, m, v = (np.asarray(x, dtype=float) for x in (stages, microbatches, interleave))
    return np.asarray((p - 1) / (v * m + p - 1))


def tensor_parallel_traffic(
    tokens: ArrayLike,
    hidden: ArrayLike,
    *,
    devices: ArrayLike,
    element_size: ArrayLike,
    passes: ArrayLike = 2,
) -> Array:
    """Return what each device sends for one layer that is split over tensor-parallel devices.

    Attention and feed-forward end in an all-reduce of the activations each, forward and again
    backward; a ring all-reduce sends 2 (t - 1) / t of them.

    Parameters
    ----------
    tokens : array_like, shape (n,)
        Tokens in the micro-batch. [1]
    hidden : array_like, shape (n,)
        Width of the model. [1]
    devices : array_like, shape (n,)
        Tensor-parallel devices t. [1]
    element_size : array_like, shape (n,)
        Of one activation. [byte]
    passes : array_like, shape (n,)
        2 for training (forward and backward), 1 for inference. [1]

    Returns
    -------
    ndarray, shape (n,)
        Sent by each device, for one layer. [byte]

    Raises
    ------
    ValueError
        If a size is not positive, or there is no device.

    References
    ----------
    M. Shoeybi et al., "Megatron-LM", 2019, sec. 3. arXiv:1909.08053
    """
    require_positive(tokens=tokens, hidden=hidden, element_size=element_size, passes=passes)
    require_at_least_one(devices=devices)
    t = np.asarray(devices, dtype=float)
    activations = np.asarray(tokens, dtype=float) * np.asarray(hidden) * np.asarray(element_size)
    return np.asarray(2 * np.asarray(passes, dtype=float) * activations * 2 * (t - 1) / t)


def expert_dispatch_size(
    tokens: ArrayLike,
    hidden: ArrayLike,
    *,
    experts_per_token: ArrayLike,
    devices: ArrayLike,
    element_size: ArrayLike,
    imbalance: ArrayLike = 1.0,
) -> Array:
    """Return what leaves for other devices when tokens go to their experts, one way.

    Of each token's copies, (e - 1) / e find their expert on another device. Imbalance is the load
    of the busiest expert over the mean: the step waits for it.

    Parameters
    ----------
    tokens : array_like, shape (n,)
        Tokens routed. [1]
    hidden : array_like, shape (n,)
        Width of the model. [1]
    experts_per_token : array_like, shape (n,)
        Experts that each token visits. [1]
    devices : array_like, shape (n,)
        Devices e that the experts are spread over. [1]
    element_size : array_like, shape (n,)
        Of one activation. [byte]
    imbalance : array_like, shape (n,)
        Load of the busiest expert over the mean. [1]

    Returns
    -------
    ndarray, shape (n,)
        Sent, one way. [byte]

    Raises
    ------
    ValueError
        If a size is not positive, or there is no device.

    References
    ----------
    D. Lepikhin et al., "GShard", ICLR 2021, sec. 3. arXiv:2006.16668
    """
    require_positive(
        tokens=tokens,
        hidden=hidden,
        experts_per_token=experts_per_token,
        element_size=element_size,
        imbalance=imbalance,
    )
    require_at_least_one(devices=devices)
    e = np.asarray(devices, dtype=float)
    copies = np.asarray(tokens, dtype=float) * np.asarray(experts_per_token)
    size = copies * np.asarray(hidden) * np.asarray(element_size) * np.asarray(imbalance)
    return np.asarray(size * (e - 1) / e)


def amdahl_speedup(share: ArrayLike, factor: ArrayLike) -> Array:
    """Return how much faster the whole gets when a share of its time is done faster.

    Parameters
    ----------
    share : array_like, shape (n,)
        Share of the time that is sped up, 0 to 1. [1]
    factor : array_like, shape (n,)
        How much faster that share gets; inf gives the bound. [1]

    Returns
    -------
    ndarray, shape (n,)
        1 / ((1 - share) + share / factor). [1]

    Raises
    ------
    ValueError
        If the share lies outside 0 to 1 or the factor is not positive.

    References
    ----------
    G. Amdahl, "Validity of the single processor approach to achieving large scale computing
    capabilities", AFIPS 1967. doi:10.1145/1465482.1465560
    """
    require_fraction(share=share)
    f, s = np.asarray(share, dtype=float), np.asarray(factor, dtype=float)
    if not np.all(s > 0):
        raise ValueError(f"factor must be positive, got {factor!r}")
    with np.errstate(divide="ignore"):  # all of it, infinitely fast: no time is left
        return np.asarray(1 / ((1 - f) + f / s))
