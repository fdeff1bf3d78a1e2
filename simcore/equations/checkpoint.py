"""The price of saving and the price of losing: goodput and the best interval of checkpoints.

Failures are exponential with mean time M between them and may strike while computing, saving,
draining or restarting. tau is the useful compute between two saves (not the period), delta the
pause of one save, d the drain until an asynchronous save is durable, R the restart.
"""

import numpy as np
from numpy.typing import ArrayLike

from simcore.equations.arguments import Floats, not_negative, positive, share

NEWTON_STEPS = 12  # quadratic from a bound; 8 reach 1e-15 for delta/M from 1e-12 to 1e3


def goodput(
    interval: ArrayLike,
    save: ArrayLike,
    mtbf: ArrayLike,
    *,
    restart: ArrayLike = 0.0,
    drain: ArrayLike = 0.0,
    slowdown: ArrayLike = 0.0,
) -> Floats:
    """Return the useful compute kept for good per wall-clock time, exactly.

    G = (tau - s d) exp(-d/M) / [M exp(R/M) (exp((tau + delta)/M) - 1)]. With d = 0 this is
    Daly's complete cost function; the factor exp(-d/M) is the price of an unfinished drain.

    Parameters
    ----------
    interval : array_like
        Compute time between two saves, tau. [s]
    save : array_like
        Pause of one save, delta. [s]
    mtbf : array_like
        Mean time between failures of the job, M. [s]
    restart : array_like
        Time from a failure to computing again, R; may itself be hit by a failure. [s]
    drain : array_like
        Time after the pause until the save is durable, d; 0 when the save is synchronous. [s]
    slowdown : array_like
        Share of the compute speed lost while draining, s. [1]

    Returns
    -------
    ndarray
        Goodput. [1]

    Raises
    ------
    ValueError
        If interval or mtbf are not positive, or another argument is negative.

    References
    ----------
    J. T. Daly, "A higher order estimate of the optimum checkpoint interval for restart dumps",
    Future Generation Computer Systems 22(3), 2006. doi:10.1016/j.future.2004.11.016
    """
    tau, delta, m = _inputs(interval, save, mtbf)
    r, d, slower = _overheads(restart, drain, slowdown)
    useful = tau - slower * np.minimum(d, tau)
    with np.errstate(over="ignore"):
        return _array(useful / m * np.exp(-(d + r) / m) / np.expm1((tau + delta) / m))


def goodput_shares(
    interval: ArrayLike,
    save: ArrayLike,
    mtbf: ArrayLike,
    *,
    restart: ArrayLike = 0.0,
    drain: ArrayLike = 0.0,
    slowdown: ArrayLike = 0.0,
) -> dict[str, Floats]:
    """Return where the wall-clock time goes; the shares add up to 1.

    A cycle (compute and its save) counts once the save is durable. What runs after the last such
    moment is lost with the failure and repeated, the broken-off save included.

    Parameters
    ----------
    interval : array_like
        Compute time between two saves, tau. [s]
    save : array_like
        Pause of one save, delta. [s]
    mtbf : array_like
        Mean time between failures of the job, M. [s]
    restart : array_like
        Time from a failure to computing again, R. [s]
    drain : array_like
        Time after the pause until the save is durable, d. [s]
    slowdown : array_like
        Share of the compute speed lost while draining, s. [1]

    Returns
    -------
    dict of ndarray
        `useful` (the goodput), `saving`, `repeated`, `drain` (work lost because its save was not
        yet durable, and the slower compute meanwhile), `restart`. [1]

    Raises
    ------
    ValueError
        If interval or mtbf are not positive, or another argument is negative.

    References
    ----------
    J. T. Daly, "A higher order estimate of the optimum checkpoint interval for restart dumps",
    Future Generation Computer Systems 22(3), 2006. doi:10.1016/j.future.2004.11.016
    """
    tau, delta, m = _inputs(interval, save, mtbf)
    r, d, slower = _overheads(restart, drain, slowdown)
    at_work = np.exp(-r / m)
    with np.errstate(over="ignore"):
        cycles_at_once = at_work / m / np.expm1((tau + delta) / m)
    cycles = cycles_at_once * np.exp(-d / m)
    slowed = slower * np.minimum(d, tau) * cycles
    lost_in_drain = (tau + delta) * (cycles_at_once - cycles)
    shares = {
        "useful": tau * cycles - slowed,
        "saving": delta * cycles,
        "repeated": at_work - (tau + delta) * cycles_at_once,
        "drain": lost_in_drain + slowed,
        "restart": 1 - at_work + 0 * tau,
    }
    return {name: np.asarray(share, dtype=float) for name, share in shares.items()}


def best_interval(save: ArrayLike, mtbf: ArrayLike) -> Floats:
    """Return the compute time between saves with the highest goodput, exactly.

    u = tau/M solves -u - ln(1 - u) = delta/M; neither restart nor drain moves it. Solved by
    Newton for v = -ln(1 - u), where v + exp(-v) - 1 = delta/M is convex, from an upper bound.

    Parameters
    ----------
    save : array_like
        Pause of one save, delta. [s]
    mtbf : array_like
        Mean time between failures of the job, M. [s]

    Returns
    -------
    ndarray
        Best compute time between saves. [s]

    Raises
    ------
    ValueError
        If an argument is not positive.

    References
    ----------
    J. T. Daly, "A higher order estimate of the optimum checkpoint interval for restart dumps",
    Future Generation Computer Systems 22(3), 2006. doi:10.1016/j.future.2004.11.016
    """
    m = positive(mtbf, "mtbf")
    return m * _best_u(positive(save, "save") / m)


def best_goodput(
    save: ArrayLike, mtbf: ArrayLike, *, restart: ArrayLike = 0.0, drain: ArrayLike = 0.0
) -> Floats:
    """Return the goodput at the best interval: exp(-(R + d)/M) (1 - tau*/M).

    Without restart and drain the loss is exactly tau*/M.

    Parameters
    ----------
    save : array_like
        Pause of one save, delta. [s]
    mtbf : array_like
        Mean time between failures of the job, M. [s]
    restart : array_like
        Time from a failure to computing again, R. [s]
    drain : array_like
        Time after the pause until the save is durable, d. [s]

    Returns
    -------
    ndarray
        Goodput at the best interval. [1]

    Raises
    ------
    ValueError
        If save or mtbf are not positive, or another argument is negative.

    References
    ----------
    J. T. Daly, "A higher order estimate of the optimum checkpoint interval for restart dumps",
    Future Generation Computer Systems 22(3), 2006. doi:10.1016/j.future.2004.11.016
    """
    r, d, _ = _overheads(restart, drain, 0.0)
    m = positive(mtbf, "mtbf")
    return _array(np.exp(-(r + d) / m) * (1 - _best_u(positive(save, "save") / m)))


def longest_save(target: ArrayLike, mtbf: ArrayLike, *, restart: ArrayLike = 0.0) -> Floats:
    """Return the longest pause per save that still allows the target goodput.

    The inverse of `best_goodput`: delta = M (ln(1/g) - (1 - g)) with g = G exp(R/M).

    Parameters
    ----------
    target : array_like
        Goodput wanted, G. [1]
    mtbf : array_like
        Mean time between failures of the job, M. [s]
    restart : array_like
        Time from a failure to computing again, R. [s]

    Returns
    -------
    ndarray
        Longest pause; 0 where the restart alone costs too much. [s]

    Raises
    ------
    ValueError
        If the target or mtbf are not positive, or the restart is negative.

    References
    ----------
    J. T. Daly, "A higher order estimate of the optimum checkpoint interval for restart dumps",
    Future Generation Computer Systems 22(3), 2006. doi:10.1016/j.future.2004.11.016
    """
    m = positive(mtbf, "mtbf")
    v = np.maximum(-np.log(positive(target, "target")) - not_negative(restart, "restart") / m, 0.0)
    return _array(m * _v_minus_u(v))


def bandwidth_for_goodput(
    target: ArrayLike, size: ArrayLike, mtbf: ArrayLike, *, restart: ArrayLike = 0.0
) -> Floats:
    """Return the write rate a job needs to reach the target goodput at its best interval.

    Parameters
    ----------
    target : array_like
        Goodput wanted, G. [1]
    size : array_like
        Size of one save. [byte]
    mtbf : array_like
        Mean time between failures of the job, M. [s]
    restart : array_like
        Time from a failure to computing again, R. [s]

    Returns
    -------
    ndarray
        Write rate needed; infinite where no rate is enough. [byte/s]

    Raises
    ------
    ValueError
        If target, size or mtbf are not positive, or the restart is negative.

    References
    ----------
    J. T. Daly, "A higher order estimate of the optimum checkpoint interval for restart dumps",
    Future Generation Computer Systems 22(3), 2006. doi:10.1016/j.future.2004.11.016
    """
    with np.errstate(divide="ignore"):
        return _array(positive(size, "size") / longest_save(target, mtbf, restart=restart))


def young_interval(save: ArrayLike, mtbf: ArrayLike) -> Floats:
    """Return the first-order best interval sqrt(2 delta M); good below delta/M of 0.01.

    Parameters
    ----------
    save : array_like
        Pause of one save, delta. [s]
    mtbf : array_like
        Mean time between failures of the job, M. [s]

    Returns
    -------
    ndarray
        Compute time between saves. [s]

    Raises
    ------
    ValueError
        If an argument is not positive.

    References
    ----------
    J. W. Young, "A first order approximation to the optimum checkpoint interval", CACM 17(9),
    1974. doi:10.1145/361147.361115
    """
    return np.sqrt(2 * positive(save, "save") * positive(mtbf, "mtbf"))


def daly_interval(save: ArrayLike, mtbf: ArrayLike) -> Floats:
    """Return Daly's series for the best interval; M itself from delta = 2 M on.

    Parameters
    ----------
    save : array_like
        Pause of one save, delta. [s]
    mtbf : array_like
        Mean time between failures of the job, M. [s]

    Returns
    -------
    ndarray
        Compute time between saves. [s]

    Raises
    ------
    ValueError
        If an argument is not positive.

    References
    ----------
    J. T. Daly, "A higher order estimate of the optimum checkpoint interval for restart dumps",
    Future Generation Computer Systems 22(3), 2006, eq. 37. doi:10.1016/j.future.2004.11.016
    """
    delta, m = positive(save, "save"), positive(mtbf, "mtbf")
    x = delta / (2 * m)
    series = np.sqrt(2 * delta * m) * (1 + np.sqrt(x) / 3 + x / 9) - delta
    return np.where(delta < 2 * m, series, m)


def loss_first_order(
    interval: ArrayLike, save: ArrayLike, mtbf: ArrayLike, *, restart: ArrayLike = 0.0
) -> Floats:
    """Return the first-order loss delta/tau + tau/(2M) + R/M.

    Good while every term is small; past delta/M of 0.2 it exceeds the truth by far.

    Parameters
    ----------
    interval : array_like
        Compute time between two saves, tau. [s]
    save : array_like
        Pause of one save, delta. [s]
    mtbf : array_like
        Mean time between failures of the job, M. [s]
    restart : array_like
        Time from a failure to computing again, R. [s]

    Returns
    -------
    ndarray
        Share of the time lost; may exceed 1, which is the sign that it does not hold. [1]

    Raises
    ------
    ValueError
        If interval or mtbf are not positive, or another argument is negative.

    References
    ----------
    J. W. Young, "A first order approximation to the optimum checkpoint interval", CACM 17(9),
    1974. doi:10.1145/361147.361115
    """
    tau, delta, m = _inputs(interval, save, mtbf)
    return _array(delta / tau + tau / (2 * m) + not_negative(restart, "restart") / m)


def goodput_without_rework(
    interval: ArrayLike, save: ArrayLike, mtbf: ArrayLike, *, restart: ArrayLike = 0.0
) -> Floats:
    """Return 1 - delta/tau - R/M, a common dashboard figure that never counts repeated work.

    Kept to show the mistake: it rises with the interval for ever, so its best interval is never.

    Parameters
    ----------
    interval : array_like
        Compute time between two saves, tau. [s]
    save : array_like
        Pause of one save, delta. [s]
    mtbf : array_like
        Mean time between failures of the job, M. [s]
    restart : array_like
        Time from a failure to computing again, R. [s]

    Returns
    -------
    ndarray
        What such a dashboard shows; not the goodput. [1]

    Raises
    ------
    ValueError
        If interval or mtbf are not positive, or another argument is negative.

    References
    ----------
    mlsysim 0.3.0, ReliabilityModel (PyPI), whose goodput omits the rework term tau/(2M).
    """
    tau, delta, m = _inputs(interval, save, mtbf)
    return _array(1 - delta / tau - not_negative(restart, "restart") / m)


def older_copy_loss(
    both_lost: ArrayLike, period: ArrayLike, transfer: ArrayLike, mtbf: ArrayLike
) -> Floats:
    """Return the share of the goodput lost to failures that destroy a neighbour's copy as well.

    Such a failure goes back to a far store: half a copy period of work on average, the time that
    copy took to get there, and the time to read it back. First order in that time per M.

    Parameters
    ----------
    both_lost : array_like
        Share of failures that take both copies. [1]
    period : array_like
        Time between two copies to the far store. [s]
    transfer : array_like
        Time of one copy to or from the far store. [s]
    mtbf : array_like
        Mean time between failures of the job, M. [s]

    Returns
    -------
    ndarray
        Share of the goodput lost. [1]

    Raises
    ------
    ValueError
        If the share lies outside 0 to 1, a time is negative, or mtbf is not positive.

    References
    ----------
    Z. Wang et al., "GEMINI: Fast Failure Recovery in Distributed Training with In-Memory
    Checkpoints", SOSP 2023. doi:10.1145/3600006.3613145
    """
    each = not_negative(period, "period") / 2 + 2 * not_negative(transfer, "transfer")
    return _array(share(both_lost, "both_lost") * each / positive(mtbf, "mtbf"))


def _best_u(x: Floats) -> Floats:
    """Return the root u in (0, 1) of -u - ln(1 - u) = x."""
    root = np.sqrt(2 * x)
    with np.errstate(divide="ignore", invalid="ignore"):
        v = np.minimum(np.where(root < 1, -np.log1p(-root), np.inf), x + 1)
    for _ in range(NEWTON_STEPS):
        v = v - (_v_minus_u(v) - x) / -np.expm1(-v)
    return _array(-np.expm1(-v))


def _v_minus_u(v: Floats) -> Floats:
    """Return v + exp(-v) - 1 without cancellation for small v."""
    series = v**2 / 2 * (1 - v / 3 * (1 - v / 4 * (1 - v / 5 * (1 - v / 6))))
    return np.where(v < 1e-2, series, v + np.expm1(-v))


def _inputs(interval: ArrayLike, save: ArrayLike, mtbf: ArrayLike) -> tuple[Floats, Floats, Floats]:
    return positive(interval, "interval"), not_negative(save, "save"), positive(mtbf, "mtbf")


def _overheads(
    restart: ArrayLike, drain: ArrayLike, slowdown: ArrayLike
) -> tuple[Floats, Floats, Floats]:
    return (
        not_negative(restart, "restart"),
        not_negative(drain, "drain"),
        share(slowdown, "slowdown"),
    )


def _array(value: ArrayLike) -> Floats:
    return np.asarray(value, dtype=float)
