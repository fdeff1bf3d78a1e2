"""When many parts must work at once: survival, failure clocks, k of n, spares."""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcore.equations.arguments import Floats, not_negative, positive, share
from simcore.equations.queueing import erlang_b

RENEWAL_STEPS = 400


def series_mtbf(part_mttf: ArrayLike, parts: ArrayLike) -> Floats:
    """Return the mean time between failures of a job that stops when any one part fails.

    Rates add up: n equal parts fail n times as often as one.

    Parameters
    ----------
    part_mttf : array_like
        Mean time to failure of one part. [s]
    parts : array_like
        Parts that must all work. [1]

    Returns
    -------
    ndarray
        Mean time between failures of the whole job. [s]

    Raises
    ------
    ValueError
        If the mean time or the number of parts is not positive.

    References
    ----------
    R. E. Barlow, F. Proschan, "Mathematical Theory of Reliability", Wiley, 1965, ch. 2.
    """
    return positive(part_mttf, "part_mttf") / positive(parts, "parts")


def series_survival(duration: ArrayLike, part_mttf: ArrayLike, parts: ArrayLike) -> Floats:
    """Return the probability that no part fails in the time: exp(-N T / theta).

    Exact for independent parts with a constant failure rate; their age does not matter then.

    Parameters
    ----------
    duration : array_like
        Time to survive. [s]
    part_mttf : array_like
        Mean time to failure of one part. [s]
    parts : array_like
        Parts that must all work. [1]

    Returns
    -------
    ndarray
        Probability that the job has not stopped. [1]

    Raises
    ------
    ValueError
        If a duration is negative or another argument is not positive.

    References
    ----------
    R. E. Barlow, F. Proschan, "Mathematical Theory of Reliability", Wiley, 1965, ch. 2.
    """
    return np.exp(-not_negative(duration, "duration") / series_mtbf(part_mttf, parts))


def weibull_scale(mttf: ArrayLike, shape: ArrayLike) -> Floats:
    """Return the Weibull scale lambda that gives this mean: lambda = mean / Gamma(1 + 1/k).

    Parameters
    ----------
    mttf : array_like
        Mean time to failure. [s]
    shape : array_like
        Weibull shape k; below 1 the hazard falls with age. [1]

    Returns
    -------
    ndarray
        Weibull scale. [s]

    Raises
    ------
    ValueError
        If an argument is not positive.

    References
    ----------
    W. Weibull, "A Statistical Distribution Function of Wide Applicability", J. Appl. Mech. 18,
    1951. doi:10.1115/1.4010337
    """
    gamma = np.vectorize(math.gamma, otypes=[float])(1 + 1 / positive(shape, "shape"))
    return np.asarray(positive(mttf, "mttf") / gamma, dtype=float)


def series_survival_weibull_new(
    duration: ArrayLike, part_mttf: ArrayLike, parts: ArrayLike, *, shape: ArrayLike
) -> Floats:
    """Return the probability that no part fails when all start new with Weibull lives.

    With shape 1 this is `series_survival`; below 1 new parts fail more often than their mean life
    suggests (infant mortality). It holds for the first stop only: later parts have mixed ages.

    Parameters
    ----------
    duration : array_like
        Time to survive, from new. [s]
    part_mttf : array_like
        Mean life of one part. [s]
    parts : array_like
        Parts that must all work. [1]
    shape : array_like
        Weibull shape k; 0.7 to 0.8 fits logs of large machines. [1]

    Returns
    -------
    ndarray
        Probability that the job has not stopped. [1]

    Raises
    ------
    ValueError
        If a duration is negative or another argument is not positive.

    References
    ----------
    B. Schroeder, G. A. Gibson, "A large-scale study of failures in high-performance computing
    systems", DSN 2006. doi:10.1109/DSN.2006.5
    """
    return np.asarray(np.exp(-early_failures(duration, part_mttf, parts, shape=shape)), dtype=float)


def early_failures(
    duration: ArrayLike, part_mttf: ArrayLike, parts: ArrayLike, *, shape: ArrayLike
) -> Floats:
    """Return the failures expected of parts that all start new: N (T/lambda)^k.

    Each part's first life only, so it holds while the time is short against the mean life;
    replacements, new as well, add a little. With shape 1 it is N T / theta.

    Parameters
    ----------
    duration : array_like
        Time since all parts were new, T. [s]
    part_mttf : array_like
        Mean life of one part, theta. [s]
    parts : array_like
        Number of parts, N. [1]
    shape : array_like
        Weibull shape k. [1]

    Returns
    -------
    ndarray
        Expected failures. [1]

    Raises
    ------
    ValueError
        If a duration is negative or another argument is not positive.

    References
    ----------
    B. Schroeder, G. A. Gibson, "A large-scale study of failures in high-performance computing
    systems", DSN 2006. doi:10.1109/DSN.2006.5
    """
    age = not_negative(duration, "duration") / weibull_scale(part_mttf, shape)
    each = age ** positive(shape, "shape")
    return np.asarray(positive(parts, "parts") * each, dtype=float)


def expected_renewals(duration: ArrayLike, part_mttf: ArrayLike, *, shape: ArrayLike) -> Floats:
    """Return how often one part fails in the time when it and each replacement start new.

    Solves the renewal equation m(t) = F(t) + integral of m(t - s) dF(s) for Weibull lives by a
    midpoint rule on 400 steps; errors stay below 0.1% for shapes from 0.7 to 3 and times up to ten
    mean lives. In the long run it approaches t / theta.

    Parameters
    ----------
    duration : array_like
        Time since the part was new. [s]
    part_mttf : array_like
        Mean life of one part, theta. [s]
    shape : array_like
        Weibull shape k. [1]

    Returns
    -------
    ndarray
        Expected failures of one part and its replacements. [1]

    Raises
    ------
    ValueError
        If an argument is not positive.

    References
    ----------
    M. Xie, "On the solution of renewal-type integral equations", Communications in Statistics:
    Simulation and Computation 18(1), 1989. doi:10.1080/03610918908812760
    """
    t, scale, k = np.broadcast_arrays(
        positive(duration, "duration"), weibull_scale(part_mttf, shape), positive(shape, "shape")
    )
    # Only ages of whole and half steps occur, so both laws are tabled once.
    half_steps = np.arange(2 * RENEWAL_STEPS + 1) / (2 * RENEWAL_STEPS)
    law = -np.expm1(-((half_steps * (t / scale)[..., np.newaxis]) ** k[..., np.newaxis]))
    whole, half = law[..., ::2], law[..., 1::2]
    m = np.zeros_like(whole)
    for i in range(1, RENEWAL_STEPS + 1):
        grown = np.diff(m[..., :i], axis=-1)
        earlier = np.sum(half[..., i - 1 : 0 : -1] * grown, axis=-1)
        first = half[..., 0]
        m[..., i] = (whole[..., i] + earlier - first * m[..., i - 1]) / (1 - first)
    return np.asarray(m[..., -1], dtype=float)


def short_of_a_node(spares: ArrayLike, repair: ArrayLike, mtbf: ArrayLike) -> Floats:
    """Return the share of time a job waits because more nodes are in repair than it has spares.

    A failed node goes to repair and a hot spare takes its place. With s spares the job stands
    still while s + 1 nodes are away, and while it stands nothing fails: an Erlang loss system
    with s + 1 servers.

    Parameters
    ----------
    spares : array_like of int
        Hot spare nodes. [1]
    repair : array_like
        Mean time one node is in repair. [s]
    mtbf : array_like
        Mean time between failures of the whole job while it runs. [s]

    Returns
    -------
    ndarray
        Share of time spent waiting for a node. [1]

    Raises
    ------
    ValueError
        If spares or repair are negative, or the mean time is not positive.

    References
    ----------
    B. A. Sevastyanov, "An ergodic theorem for Markov processes and its application to telephone
    systems with refusals", Theory Probab. Appl. 2, 1957. doi:10.1137/1102005
    """
    away = not_negative(repair, "repair") / positive(mtbf, "mtbf")
    return erlang_b(not_negative(spares, "spares") + 1, away)


def at_least_k_of_n(k: ArrayLike, n: ArrayLike, availability: ArrayLike) -> Floats:
    """Return the probability that at least k of n independent units are up.

    Parameters
    ----------
    k : array_like of int
        Units needed. [1]
    n : array_like of int
        Units owned. [1]
    availability : array_like
        Share of time one unit is up. [1]

    Returns
    -------
    ndarray
        Probability that k or more are up; 0 where n is below k. [1]

    Raises
    ------
    ValueError
        If a count is negative or the availability is outside 0 to 1.

    References
    ----------
    K. S. Trivedi, "Probability and Statistics with Reliability, Queuing, and Computer Science
    Applications", 2nd ed., Wiley, 2001, ch. 3.
    """
    return 1 - fewer_than_k_of_n(k, n, availability)


def fewer_than_k_of_n(k: ArrayLike, n: ArrayLike, availability: ArrayLike) -> Floats:
    """Return the probability that fewer than k of n independent units are up.

    The complement of `at_least_k_of_n`, summed directly so that small values keep their digits.

    Parameters
    ----------
    k : array_like of int
        Units needed. [1]
    n : array_like of int
        Units owned. [1]
    availability : array_like
        Share of time one unit is up. [1]

    Returns
    -------
    ndarray
        Probability that fewer than k are up; 1 where n is below k. [1]

    Raises
    ------
    ValueError
        If a count is negative or the availability is outside 0 to 1.

    References
    ----------
    K. S. Trivedi, "Probability and Statistics with Reliability, Queuing, and Computer Science
    Applications", 2nd ed., Wiley, 2001, ch. 3.
    """
    need, own, up = np.broadcast_arrays(
        not_negative(k, "k").astype(int),
        not_negative(n, "n").astype(int),
        share(availability, "availability"),
    )
    total = np.zeros(up.shape)
    for i in range(int(need.max(initial=0))):
        counted = (i < need) & (i <= own)
        rest = np.where(counted, own - i, 0)
        ways = np.exp(_log_choose(np.where(counted, own, i), i))
        total = total + np.where(counted, ways * up**i * (1 - up) ** rest, 0.0)
    return np.where(own < need, 1.0, np.minimum(total, 1.0))


def units_for_k(k: ArrayLike, availability: ArrayLike, target: ArrayLike) -> NDArray[np.int64]:
    """Return the fewest units to own so that at least k are up with the target probability.

    Parameters
    ----------
    k : array_like of int
        Units needed at work. [1]
    availability : array_like
        Share of time one unit is up; above 0. [1]
    target : array_like
        Probability wanted, below 1. [1]

    Returns
    -------
    ndarray of int
        Units to own. [1]

    Raises
    ------
    ValueError
        If the target is not below 1, the availability is not above 0, or no number up to
        4 k + 1,000 reaches the target.

    References
    ----------
    K. S. Trivedi, "Probability and Statistics with Reliability, Queuing, and Computer Science
    Applications", 2nd ed., Wiley, 2001, ch. 3.
    """
    need, up, wanted = np.broadcast_arrays(
        not_negative(k, "k"), positive(availability, "availability"), np.asarray(target, float)
    )
    if np.any(wanted >= 1) or np.any(np.isnan(wanted)):
        raise ValueError(f"the target must lie below 1, got {np.max(wanted):g}")
    owned = need.astype(np.int64)
    for _ in range(int(3 * need.max(initial=0)) + 1_001):
        missing = fewer_than_k_of_n(need, owned, up) > 1 - wanted
        if not np.any(missing):
            return owned
        owned = owned + missing
    raise ValueError(
        f"no number of units reaches {np.max(wanted):g} when each is up {np.min(up):g}"
    )


def _log_choose(n: ArrayLike, k: ArrayLike) -> Floats:
    top, bottom = np.broadcast_arrays(np.asarray(n, dtype=int), np.asarray(k, dtype=int))
    table = np.concatenate(([0.0], np.cumsum(np.log(np.arange(1, top.max(initial=0) + 1)))))
    return np.asarray(table[top] - table[bottom] - table[top - bottom], dtype=float)
