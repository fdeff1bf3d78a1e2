"""The work around models: what late discoveries cost, what many tries find, how far a step grows.

How work grows from stage to stage, and by how much a release may grow, are numbers of one's own
organisation: they are asked for, never assumed here.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcore.equations.arguments import not_negative, positive, whole

Array = NDArray[np.float64]


def redone_work(growth: ArrayLike, *, found: ArrayLike, bound: ArrayLike = 1) -> Array:
    """Return the work to do again when a constraint is found late, over stage 1's work.

    All work spent by the end of stage n is g^(n - 1) times that of stage 1; everything since the
    stage whose choice the constraint binds is done again. Waiting costs nothing here.

    Parameters
    ----------
    growth : array_like, shape (n,)
        Work spent by the end of a stage, over that by the end of the stage before, above 1. [1]
    found : array_like, shape (n,)
        Stage at whose end it is found, from 1. [1]
    bound : array_like, shape (n,)
        Stage whose choice it binds, from 1. [1]

    Returns
    -------
    ndarray, shape (n,)
        Work over stage 1's; 0 where the constraint is found before the stage it binds. [1]

    Raises
    ------
    ValueError
        If the growth is not above 1, or a stage is no positive whole number.

    References
    ----------
    B. Boehm, V. Basili, "Software defect reduction top 10 list", Computer 34(1), 2001 (late
    faults cost up to 100 times, 5 in small projects). doi:10.1109/2.962984; T. Menzies et al.,
    "Are delayed issues harder to resolve?", Empir. Softw. Eng. 22, 2017 (in 171 projects they
    were not). doi:10.1007/s10664-016-9469-x
    """
    g = positive(growth, "growth")
    if np.any(g <= 1):
        raise ValueError(f"growth must be above 1, got {growth!r}: work only ever adds up")
    last, first = whole(found, "found"), whole(bound, "bound")
    before = np.where(first > 1, g ** (first - 2.0), 0.0)
    return np.asarray(np.maximum(g ** (last - 1.0) - before, 0.0))


def best_of(results: ArrayLike, trials: ArrayLike) -> Array:
    """Return the best result to expect of several tries, each drawn from these as likely.

    E[max] = sum over the ordered results of x_i ((i / N)^n - ((i - 1) / N)^n), exact for draws
    with replacement.

    Parameters
    ----------
    results : array_like, shape (k,)
        Results of k tries, in any order. [any]
    trials : array_like, shape (n,)
        Tries, above 0. [1]

    Returns
    -------
    ndarray, shape (n,)
        Expected best. [any]

    Raises
    ------
    ValueError
        If there are no results, or the tries are not positive.

    References
    ----------
    J. Dodge et al., "Show your work: improved reporting of experimental results", EMNLP 2019,
    sec. 3. arXiv:1909.03004
    """
    ordered = np.sort(np.asarray(results, dtype=float).ravel())
    if not ordered.size:
        raise ValueError("results must hold at least one number")
    n = positive(trials, "trials")[..., np.newaxis]
    at_most = (np.arange(ordered.size + 1) / ordered.size) ** n
    return np.asarray(np.sum(np.diff(at_most, axis=-1) * ordered, axis=-1))


def growth_steps(start: ArrayLike, end: ArrayLike, *, factor: ArrayLike) -> Array:
    """Return how many steps grow from start to end when each multiplies by a factor at most.

    Parameters
    ----------
    start, end : array_like, shape (n,)
        Sites at first and at last. [1]
    factor : array_like, shape (n,)
        By which one step may grow, above 1. [1]

    Returns
    -------
    ndarray, shape (n,)
        Steps, whole; 0 where the end is reached already. [1]

    Raises
    ------
    ValueError
        If a number is not positive, or the factor not above 1.

    References
    ----------
    J. Humble, D. Farley, Continuous Delivery, Addison-Wesley, 2010, ch. 10 (releases that grow).
    """
    ratio = positive(end, "end") / positive(start, "start")
    times = positive(factor, "factor")
    if np.any(times <= 1):
        raise ValueError(f"factor must be above 1, got {factor!r}: a step has to grow")
    # 8 = 2^3 in three steps, whatever the logarithms round to.
    steps = np.ceil(np.log(ratio) / np.log(times) - 1e-9)
    return np.asarray(np.maximum(steps, 0.0))


class RolloutStep(NamedTuple):
    """One step of a release, each of shape (n,)."""

    time: Array
    """Until its verdict. [s]"""
    exposed: Array
    """Cases decided at new sites before the verdict. [1]"""


def rollout_step(
    before: ArrayLike,
    after: ArrayLike,
    *,
    rate: ArrayLike,
    needed: ArrayLike,
    pause: ArrayLike = 0.0,
) -> RolloutStep:
    """Return one step of a release: how long until its verdict, and how many it meets by then.

    All sites together gather the cases that the verdict needs; then people decide.

    Parameters
    ----------
    before, after : array_like, shape (n,)
        Sites before and after the step. [1]
    rate : array_like, shape (n,)
        Cases of one site. [1/s]
    needed : array_like, shape (n,)
        Cases that the verdict needs. [1]
    pause : array_like, shape (n,)
        Collecting, checking, deciding, releasing. [s]

    Returns
    -------
    RolloutStep
        Time and cases exposed. [any]

    Raises
    ------
    ValueError
        If sites or rate are not positive, or an amount is negative.

    References
    ----------
    C. Davidovic, B. Beyer, "Canary analysis service", ACM Queue 16(1), 2018.
    doi:10.1145/3194653.3194655
    """
    sites, each = positive(after, "after"), positive(rate, "rate")
    time = not_negative(needed, "needed") / (sites * each) + not_negative(pause, "pause")
    new = np.maximum(sites - not_negative(before, "before"), 0.0)
    return RolloutStep(*np.broadcast_arrays(time, new * each * time))
