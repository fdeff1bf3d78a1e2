"""Queues in steady state: means, delays and tails under first come, first served.

Notation: `utilisation` is the share of capacity in use (rho), `scv` a squared coefficient of
variation (variance over squared mean; 0 fixed, 1 exponential). A queue at or above full
utilisation has no steady state; its times are infinite.
"""

import numpy as np
from numpy.typing import ArrayLike

from simcore.equations.arguments import Floats, below_one, not_negative, positive, share, whole

MOST_SERVERS = 1_000_000
"""What the recursion in the number of servers is asked to count to."""


def mm1_sojourn_mean(mean_service: ArrayLike, utilisation: ArrayLike) -> Floats:
    """Return the mean time in an M/M/1 station, waiting and service together.

    Parameters
    ----------
    mean_service : array_like, shape (n,)
        Mean of the exponential service time. [s]
    utilisation : array_like, shape (n,)
        Arrival rate times mean service. [1]

    Returns
    -------
    ndarray, shape (n,)
        Mean time in the system; infinite from full utilisation on. [s]

    Raises
    ------
    ValueError
        If a service time is not positive or a utilisation is negative.

    References
    ----------
    L. Kleinrock, Queueing Systems I, Wiley, 1975, section 3.2.
    """
    service, rho = _station(mean_service, utilisation)
    return service * _stretch(rho)


def mm1_sojourn_quantile(
    mean_service: ArrayLike, utilisation: ArrayLike, probability: ArrayLike
) -> Floats:
    """Return the time that a share `probability` of M/M/1 requests stay below.

    The time in the system is exponential with rate (1 - rho) / mean_service, so the 99th percentile
    is ln(100) = 4.6 times the mean at every load.

    Parameters
    ----------
    mean_service : array_like, shape (n,)
        Mean of the exponential service time. [s]
    utilisation : array_like, shape (n,)
        Arrival rate times mean service. [1]
    probability : array_like, shape (n,)
        Share of requests at or below the answer, below 1. [1]

    Returns
    -------
    ndarray, shape (n,)
        Quantile of the time in the system; infinite from full utilisation on. [s]

    Raises
    ------
    ValueError
        If a service time is not positive, a utilisation negative or a probability outside [0, 1).

    References
    ----------
    L. Kleinrock, Queueing Systems I, Wiley, 1975, section 5.12.
    """
    return -np.log1p(-below_one(probability, "probability")) * mm1_sojourn_mean(
        mean_service, utilisation
    )


def mm1_utilisation_limit(
    mean_service: ArrayLike, deadline: ArrayLike, probability: ArrayLike
) -> Floats:
    """Return the utilisation at which the M/M/1 quantile just meets a deadline.

    Parameters
    ----------
    mean_service : array_like, shape (n,)
        Mean of the exponential service time. [s]
    deadline : array_like, shape (n,)
        Time that the share `probability` must stay below. [s]
    probability : array_like, shape (n,)
        Share of requests promised, below 1. [1]

    Returns
    -------
    ndarray, shape (n,)
        Highest utilisation; 0 where even an idle server is too slow. [1]

    Raises
    ------
    ValueError
        If a time is not positive or a probability outside [0, 1).

    References
    ----------
    L. Kleinrock, Queueing Systems I, Wiley, 1975, section 5.12, solved for the load.
    """
    service, limit = positive(mean_service, "mean_service"), positive(deadline, "deadline")
    return np.maximum(0.0, 1.0 + np.log1p(-below_one(probability, "probability")) * service / limit)


def mg1_wait_mean(
    mean_service: ArrayLike, utilisation: ArrayLike, service_scv: ArrayLike
) -> Floats:
    """Return the mean wait of an M/G/1 station, service not included (Pollaczek-Khinchine).

    Parameters
    ----------
    mean_service : array_like, shape (n,)
        Mean service time. [s]
    utilisation : array_like, shape (n,)
        Arrival rate times mean service. [1]
    service_scv : array_like, shape (n,)
        Squared coefficient of variation of the service time. [1]

    Returns
    -------
    ndarray, shape (n,)
        Mean wait; infinite from full utilisation on. [s]

    Raises
    ------
    ValueError
        If a service time is not positive, or a utilisation or variation negative.

    References
    ----------
    L. Kleinrock, Queueing Systems I, Wiley, 1975, section 5.6.
    """
    service, rho = _station(mean_service, utilisation)
    spread = 1.0 + not_negative(service_scv, "service_scv")
    return rho * service * _stretch(rho) * spread / 2.0


def md1_wait_mean(mean_service: ArrayLike, utilisation: ArrayLike) -> Floats:
    """Return the mean wait when every service takes the same time: half of M/M/1's.

    Parameters
    ----------
    mean_service : array_like, shape (n,)
        The fixed service time. [s]
    utilisation : array_like, shape (n,)
        Arrival rate times service time. [1]

    Returns
    -------
    ndarray, shape (n,)
        Mean wait; infinite from full utilisation on. [s]

    Raises
    ------
    ValueError
        If a service time is not positive or a utilisation is negative.

    References
    ----------
    L. Kleinrock, Queueing Systems I, Wiley, 1975, section 5.6, with no variation.
    """
    return mg1_wait_mean(mean_service, utilisation, 0.0)


def erlang_b(servers: ArrayLike, offered_load: ArrayLike) -> Floats:
    """Return the share of arrivals that find all servers busy and are turned away.

    Parameters
    ----------
    servers : array_like, shape (n,)
        Number of servers, whole. [1]
    offered_load : array_like, shape (n,)
        Arrival rate times mean service (Erlang). [1]

    Returns
    -------
    ndarray, shape (n,)
        Blocking probability. [1]

    Raises
    ------
    ValueError
        If a number of servers is not a positive whole number up to a million, or a load is
        negative.

    References
    ----------
    L. Kleinrock, Queueing Systems I, Wiley, 1975, section 3.6; the recursion in the number of
    servers avoids factorials.
    """
    count = whole(servers, "servers")
    if count.size and count.max() > MOST_SERVERS:
        raise ValueError(f"servers must be at most {MOST_SERVERS}, got {count.max():g}")
    load = not_negative(offered_load, "offered_load")
    count, load = np.broadcast_arrays(count, load)
    blocked = np.ones(load.shape)
    for k in range(1, int(count.max(initial=1)) + 1):
        blocked = np.where(k <= count, load * blocked / (k + load * blocked), blocked)
    return blocked


def erlang_c(servers: ArrayLike, utilisation: ArrayLike) -> Floats:
    """Return the share of M/M/c arrivals that must wait.

    Parameters
    ----------
    servers : array_like, shape (n,)
        Number of servers, whole. [1]
    utilisation : array_like, shape (n,)
        Share of the capacity of all servers in use. [1]

    Returns
    -------
    ndarray, shape (n,)
        Probability of waiting; 1 from full utilisation on. [1]

    Raises
    ------
    ValueError
        If a number of servers is not a positive whole number, or a utilisation is negative.

    References
    ----------
    L. Kleinrock, Queueing Systems I, Wiley, 1975, section 3.5.
    """
    count = whole(servers, "servers")
    rho = np.minimum(not_negative(utilisation, "utilisation"), 1.0)
    blocked = erlang_b(count, count * rho)
    return np.minimum(1.0, blocked / (1.0 - rho * (1.0 - blocked)))


def allen_cunneen_wait_mean(
    mean_service: ArrayLike,
    utilisation: ArrayLike,
    servers: ArrayLike,
    arrival_scv: ArrayLike,
    service_scv: ArrayLike,
) -> Floats:
    """Return the approximate mean wait of a G/G/c station.

    Exact for M/M/c and M/G/1; elsewhere a two-moment approximation, usually within ten per cent
    at high load.

    Parameters
    ----------
    mean_service : array_like, shape (n,)
        Mean service time at one server. [s]
    utilisation : array_like, shape (n,)
        Share of the capacity of all servers in use. [1]
    servers : array_like, shape (n,)
        Number of servers, whole. [1]
    arrival_scv : array_like, shape (n,)
        Squared coefficient of variation of the times between arrivals. [1]
    service_scv : array_like, shape (n,)
        Squared coefficient of variation of the service time. [1]

    Returns
    -------
    ndarray, shape (n,)
        Mean wait; infinite from full utilisation on. [s]

    Raises
    ------
    ValueError
        If a service time is not positive, a number of servers not positive and whole, or a
        utilisation or variation negative.

    References
    ----------
    A. O. Allen, Probability, Statistics, and Queueing Theory, 2nd ed., Academic Press, 1990,
    section 5.4.
    """
    service, rho = _station(mean_service, utilisation)
    count = whole(servers, "servers")
    spread = not_negative(arrival_scv, "arrival_scv") + not_negative(service_scv, "service_scv")
    with np.errstate(invalid="ignore"):
        wait = erlang_c(count, rho) * service / count * _stretch(rho) * spread / 2.0
    return np.where(rho < 1.0, wait, np.inf)


def wait_quantile(
    wait_mean: ArrayLike, wait_probability: ArrayLike, probability: ArrayLike
) -> Floats:
    """Return the wait that a share of requests stay below, if waits that occur are exponential.

    Exact for M/M/c, the heavy-traffic limit of every G/G/c.

    Parameters
    ----------
    wait_mean : array_like, shape (n,)
        Mean wait over all requests. [s]
    wait_probability : array_like, shape (n,)
        Share of requests that wait at all. [1]
    probability : array_like, shape (n,)
        Share of requests at or below the answer, below 1. [1]

    Returns
    -------
    ndarray, shape (n,)
        Quantile of the wait; 0 where fewer than 1 - probability wait. [s]

    Raises
    ------
    ValueError
        If a wait is negative or a probability outside its range.

    References
    ----------
    L. Kleinrock, Queueing Systems II, Wiley, 1976, section 2.1 (heavy traffic).
    """
    wait = not_negative(wait_mean, "wait_mean")
    waits = share(wait_probability, "wait_probability")
    late = 1.0 - below_one(probability, "probability")
    with np.errstate(divide="ignore", invalid="ignore"):
        found = wait / waits * np.log(waits / late)
    return np.where(waits > late, found, 0.0)


def mmc_sojourn_tail(
    time: ArrayLike, mean_service: ArrayLike, utilisation: ArrayLike, servers: ArrayLike
) -> Floats:
    """Return the share of M/M/c requests that stay longer than `time`.

    Parameters
    ----------
    time : array_like, shape (n,)
        Time in the system asked about. [s]
    mean_service : array_like, shape (n,)
        Mean of the exponential service time at one server. [s]
    utilisation : array_like, shape (n,)
        Share of the capacity of all servers in use. [1]
    servers : array_like, shape (n,)
        Number of servers, whole. [1]

    Returns
    -------
    ndarray, shape (n,)
        Probability of a longer stay; 1 from full utilisation on. [1]

    Raises
    ------
    ValueError
        If a service time is not positive, a number of servers not positive and whole, or a time
        or utilisation negative.

    References
    ----------
    D. Gross et al., Fundamentals of Queueing Theory, 4th ed., Wiley, 2008, section 2.3.
    """
    service, rho = _station(mean_service, utilisation)
    count = whole(servers, "servers")
    x = not_negative(time, "time") / service
    drain = count * (1.0 - np.minimum(rho, 1.0))
    waits = erlang_c(count, rho)
    gap = drain - 1.0
    # Where waiting and service drain at the same rate the sum of both is a gamma: its limit.
    near = np.abs(gap) < 1e-9
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        both = np.where(
            near,
            (1.0 + x) * np.exp(-x),
            (drain * np.exp(-x) - np.exp(-drain * x)) / np.where(near, 1.0, gap),
        )
    tail = (1.0 - waits) * np.exp(-x) + waits * both
    return np.where(rho >= 1.0, 1.0, np.clip(tail, 0.0, 1.0))


def overload_wait(utilisation: ArrayLike, elapsed: ArrayLike) -> Floats:
    """Return how long a request waits that comes some time after an overload began.

    The work that piled up, in the limit of many requests; the queue starts empty.

    Parameters
    ----------
    utilisation : array_like, shape (n,)
        Work that arrives per time, over what the servers can do. [1]
    elapsed : array_like, shape (n,)
        Time since the overload began. [s]

    Returns
    -------
    ndarray, shape (n,)
        Wait; 0 where the servers keep up. [s]

    Raises
    ------
    ValueError
        If an argument is negative.

    References
    ----------
    L. Kleinrock, Queueing Systems II, Wiley, 1976, section 2.7 (fluid approximation).
    """
    excess = not_negative(utilisation, "utilisation") - 1.0
    return np.maximum(0.0, excess) * not_negative(elapsed, "elapsed")


def _station(mean_service: ArrayLike, utilisation: ArrayLike) -> tuple[Floats, Floats]:
    return positive(mean_service, "mean_service"), not_negative(utilisation, "utilisation")


def _stretch(rho: Floats) -> Floats:
    """How much longer a stay becomes at this load: 1 / (1 - rho), infinite from full load on."""
    with np.errstate(divide="ignore"):
        return np.where(rho < 1.0, 1.0 / (1.0 - np.minimum(rho, 1.0)), np.inf)
