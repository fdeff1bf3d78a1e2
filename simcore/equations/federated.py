"""Federated training: traffic of a round, the wait for its slowest client, rounds to a goal."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcore.equations.arguments import not_negative, positive, whole

Array = NDArray[np.float64]


class RoundTerms(NamedTuple):
    """One round of a client, each of shape (n,). [s]"""

    download: Array
    compute: Array
    upload: Array

    @property
    def time(self) -> Array:
        """All three, one after the other. [s]"""
        return np.asarray(self.download + self.compute + self.upload)


def client_round(
    model: ArrayLike,
    *,
    update_ratio: ArrayLike = 1.0,
    download_rate: ArrayLike,
    upload_rate: ArrayLike,
    flop: ArrayLike,
    flop_rate: ArrayLike,
) -> RoundTerms:
    """Return the time of a client's round: fetch the model, train on its data, send the update.

    Parameters
    ----------
    model : array_like, shape (n,)
        Size of the model. [byte]
    update_ratio : array_like, shape (n,)
        Size of the update over that of the model: 0.25 for 8 bits of 32. [1]
    download_rate, upload_rate : array_like, shape (n,)
        Of the client's link; upload is often a tenth. [byte/s]
    flop : array_like, shape (n,)
        Arithmetic of the local steps. [FLOP]
    flop_rate : array_like, shape (n,)
        That the client really reaches. [FLOP/s]

    Returns
    -------
    RoundTerms
        Download, compute, upload. [s]

    Raises
    ------
    ValueError
        If a rate is not positive, or an amount negative.

    References
    ----------
    B. McMahan et al., "Communication-efficient learning of deep networks from decentralized data",
    AISTATS 2017. arXiv:1602.05629
    """
    size = positive(model, "model")
    terms = np.broadcast_arrays(
        size / positive(download_rate, "download_rate"),
        not_negative(flop, "flop") / positive(flop_rate, "flop_rate"),
        size * positive(update_ratio, "update_ratio") / positive(upload_rate, "upload_rate"),
    )
    return RoundTerms(*terms)


def slowest_of(clients: ArrayLike, *, mean: ArrayLike) -> Array:
    """Return the mean wait for the slowest of some clients with exponential times: mean H_n.

    H_n = 1 + 1/2 + ... + 1/n: a hundred clients are waited for five times as long as one.

    Parameters
    ----------
    clients : array_like, shape (n,)
        How many, whole. [1]
    mean : array_like, shape (n,)
        Mean time of one. [s]

    Returns
    -------
    ndarray, shape (n,)
        Mean of the longest. [s]

    Raises
    ------
    ValueError
        If the clients are no positive whole number, or the mean negative.

    References
    ----------
    A. Renyi, "On the theory of order statistics", Acta Math. Acad. Sci. Hung. 4, 1953.
    doi:10.1007/BF02127580
    """
    n = whole(clients, "clients")
    sums = np.concatenate(([0.0], np.cumsum(1.0 / np.arange(1.0, n.max() + 1.0))))
    return np.asarray(not_negative(mean, "mean") * sums[n.astype(int)])


def rounds_to_gap(
    gap: ArrayLike,
    *,
    local_steps: ArrayLike,
    clients: ArrayLike,
    smoothness: ArrayLike,
    convexity: ArrayLike,
    gradient: ArrayLike,
    noise: ArrayLike = 0.0,
    heterogeneity: ArrayLike = 0.0,
    distance: ArrayLike = 1.0,
) -> Array:
    """Return the rounds of federated averaging after which the loss is surely this close.

    With few local steps rounds are many; with many, clients drift apart and rounds are many again:
    a U. Heterogeneity (how far the clients' optima lie below the common one) adds rounds. A
    bound for strongly convex losses; deep networks take fewer or more.

    Parameters
    ----------
    gap : array_like, shape (n,)
        Loss above the optimum to reach. [1]
    local_steps : array_like, shape (n,)
        Steps E of a client in one round. [1]
    clients : array_like, shape (n,)
        Clients K of a round, drawn from many. [1]
    smoothness, convexity : array_like, shape (n,)
        Largest curvature L of the loss, and least mu, at most L. [1]
    gradient : array_like, shape (n,)
        Bound G of a stochastic gradient's norm. [1]
    noise : array_like, shape (n,)
        Variance of the clients' gradients, in their weighted mean. [1]
    heterogeneity : array_like, shape (n,)
        Gamma: loss at the common optimum minus the mean of the clients' least losses. [1]
    distance : array_like, shape (n,)
        From the start to the optimum, in parameters. [1]

    Returns
    -------
    ndarray, shape (n,)
        Rounds, at least 1. [1]

    Raises
    ------
    ValueError
        If a number has no meaning, or mu exceeds L.

    References
    ----------
    X. Li et al., "On the convergence of FedAvg on non-IID data", ICLR 2020, theorem 2.
    arXiv:1907.02189
    """
    steps, few = positive(local_steps, "local_steps"), positive(clients, "clients")
    most, least = positive(smoothness, "smoothness"), positive(convexity, "convexity")
    if np.any(least > most):
        raise ValueError(f"convexity must not exceed smoothness, got {convexity!r}, {smoothness!r}")
    squared = positive(gradient, "gradient") ** 2
    kappa = most / least
    gamma = np.maximum(8.0 * kappa, steps)
    b = not_negative(noise, "noise") + 6.0 * most * not_negative(heterogeneity, "heterogeneity")
    b = b + 8.0 * (steps - 1.0) ** 2 * squared
    c = 4.0 / few * steps**2 * squared
    start = least * gamma / 2.0 * not_negative(distance, "distance") ** 2
    total = kappa / positive(gap, "gap") * (2.0 * (b + c) / least + start) - gamma + 1.0
    return np.asarray(np.maximum(total / steps, 1.0))
