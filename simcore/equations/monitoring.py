"""Watching models in production: alarms to expect, canaries, errors that grow on their own."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcore.equations.arguments import not_negative, positive, share

Array = NDArray[np.float64]


def false_alarms(
    metrics: ArrayLike, *, check_rate: ArrayLike, false_alarm: ArrayLike, correlated: ArrayLike = 1
) -> Array:
    """Return the alarms that a fleet of monitors raises while nothing is wrong.

    Parameters
    ----------
    metrics : array_like, shape (n,)
        Watched. [1]
    check_rate : array_like, shape (n,)
        Checks of each: 288 a day is 1/300. [1/s]
    false_alarm : array_like, shape (n,)
        Probability that a check alarms without a cause: 0.003 at three standard deviations. [1]
    correlated : array_like, shape (n,)
        Metrics that are folded into one alarm, as a hierarchy does. [1]

    Returns
    -------
    ndarray, shape (n,)
        Alarms. [1/s]

    Raises
    ------
    ValueError
        If a probability lies outside 0 to 1, or a number is out of range.

    References
    ----------
    W. Shewhart, Economic Control of Quality of Manufactured Product, 1931; R. Ewaschuk, in Site
    Reliability Engineering, O'Reilly, 2016, ch. 6.
    """
    groups = not_negative(metrics, "metrics") / positive(correlated, "correlated")
    rate = groups * not_negative(check_rate, "check_rate")
    return np.asarray(rate * share(false_alarm, "false_alarm"))


def decisions_per_alarm(check_rate: ArrayLike, alarm_rate: ArrayLike) -> Array:
    """Return the decisions for each false alarm that somebody tolerates; one over it is the rate.

    Parameters
    ----------
    check_rate : array_like, shape (n,)
        Decisions on what is no event: one a second for 8 h a day is 1/3. [1/s]
    alarm_rate : array_like, shape (n,)
        False alarms tolerated: one in 30 days is 3.9e-7. [1/s]

    Returns
    -------
    ndarray, shape (n,)
        Decisions for each alarm. [1]

    Raises
    ------
    ValueError
        If a rate is not positive.

    References
    ----------
    S. Axelsson, "The base-rate fallacy and the difficulty of intrusion detection", ACM TISSEC
    3(3), 2000. doi:10.1145/357830.357849
    """
    return np.asarray(positive(check_rate, "check_rate") / positive(alarm_rate, "alarm_rate"))


def canary_time(samples: ArrayLike, *, traffic: ArrayLike, canary_share: ArrayLike) -> Array:
    """Return how long a canary runs until it has seen enough.

    Parameters
    ----------
    samples : array_like, shape (n,)
        Requests it must see, such as one arm of an A/B test. [1]
    traffic : array_like, shape (n,)
        Requests of the whole service. [1/s]
    canary_share : array_like, shape (n,)
        Share that goes to the canary, above 0. [1]

    Returns
    -------
    ndarray, shape (n,)
        Time. [s]

    Raises
    ------
    ValueError
        If a number is out of range.

    References
    ----------
    C. Davidovic, B. Beyer, "Canary analysis service", ACM Queue 16(1), 2018.
    doi:10.1145/3194653.3194655
    """
    seen = positive(traffic, "traffic") * positive(share(canary_share, "canary_share"),
                                                   "canary_share")  # fmt: skip
    return np.asarray(not_negative(samples, "samples") / seen)


def compounded(error: ArrayLike, *, factor: ArrayLike, stages: ArrayLike) -> Array:
    """Return an error after stages, or cycles of feedback, that each multiply it.

    Errors in data grow through a pipeline, bias through a model that makes its own training data;
    a factor above 1 is a loop that runs away.

    Parameters
    ----------
    error : array_like, shape (n,)
        At the start. [1]
    factor : array_like, shape (n,)
        Of each stage. [1]
    stages : array_like, shape (n,)
        How many. [1]

    Returns
    -------
    ndarray, shape (n,)
        Error, at most 1. [1]

    Raises
    ------
    ValueError
        If a number is negative.

    References
    ----------
    N. Sambasivan et al., "Data cascades in high-stakes AI", CHI 2021.
    doi:10.1145/3411764.3445518; D. Ensign et al., "Runaway feedback loops in predictive policing",
    FAT* 2018. arXiv:1706.09847
    """
    growth = not_negative(factor, "factor") ** not_negative(stages, "stages")
    return np.asarray(np.minimum(not_negative(error, "error") * growth, 1.0))


def undetected_loss(
    request_rate: ArrayLike, *, value: ArrayLike, drop: ArrayLike, unnoticed: ArrayLike
) -> Array:
    """Return what a small drop of quality costs until somebody notices.

    Parameters
    ----------
    request_rate : array_like, shape (n,)
        Requests. [1/s]
    value : array_like, shape (n,)
        Of one request. [USD]
    drop : array_like, shape (n,)
        Share of that value which is lost. [1]
    unnoticed : array_like, shape (n,)
        Time until it is noticed and undone. [s]

    Returns
    -------
    ndarray, shape (n,)
        Loss. [USD]

    Raises
    ------
    ValueError
        If the share lies outside 0 to 1, or another number is negative.

    References
    ----------
    D. Sculley et al., "Hidden technical debt in machine learning systems", NeurIPS 2015, sec. 7.
    """
    earned = not_negative(request_rate, "request_rate") * not_negative(value, "value")
    return np.asarray(earned * share(drop, "drop") * not_negative(unnoticed, "unnoticed"))


class WatchTerms(NamedTuple):
    """What watching and repairing a model costs, each of shape (n,). [USD/s]"""

    training: Array
    staleness: Array
    events: Array
    labels: Array
    alarms: Array

    @property
    def total(self) -> Array:
        """All together. [USD/s]"""
        return np.asarray(sum(self))


def watching_cost(
    interval: ArrayLike,
    label_rate: ArrayLike,
    *,
    training: ArrayLike,
    decay: ArrayLike,
    event_rate: ArrayLike,
    event_loss: ArrayLike,
    labels_needed: ArrayLike,
    label_price: ArrayLike,
    false_alarm: ArrayLike,
    alarm_price: ArrayLike,
) -> WatchTerms:
    """Return what a plan of retraining and of labelled checks costs.

    C / T + d T / 2 for the drift, as `drift.retraining_cost`. An event costs s a second until it
    is noticed, which takes N / n seconds of labels or half an interval, whichever is less. A test
    falls due every N / n seconds and alarms in vain with probability alpha.

    Parameters
    ----------
    interval : array_like, shape (n,)
        Time between trainings, T. [s]
    label_rate : array_like, shape (n,)
        Labelled checks, n; 0 for none. [1/s]
    training : array_like, shape (n,)
        Cost of one training and its release, C. [USD]
    decay : array_like, shape (n,)
        Growth of the rate at which a stale model loses money, d. [USD/s^2]
    event_rate : array_like, shape (n,)
        Sudden events. [1/s]
    event_loss : array_like, shape (n,)
        Loss while one of them lasts, s. [USD/s]
    labels_needed : array_like, shape (n,)
        Labels of one test, N. [1]
    label_price : array_like, shape (n,)
        Of one label. [USD]
    false_alarm : array_like, shape (n,)
        Probability alpha that a test alarms without a cause. [1]
    alarm_price : array_like, shape (n,)
        Of answering an alarm. [USD]

    Returns
    -------
    WatchTerms
        Training, staleness, events, labels and alarms, for each second. [USD/s]

    Raises
    ------
    ValueError
        If the interval or the labels of a test are not positive, a probability lies outside 0 to
        1, or another number is negative.

    References
    ----------
    E. Page, "Continuous inspection schemes", Biometrika 41, 1954. doi:10.1093/biomet/41.1-2.100;
    A. Duncan, "The economic design of X charts", JASA 51, 1956. doi:10.1080/01621459.1956.10501322
    """
    time, rate = positive(interval, "interval"), not_negative(label_rate, "label_rate")
    tests = rate / positive(labels_needed, "labels_needed")
    with np.errstate(divide="ignore"):  # without labels only the next training ends an event
        delay = np.minimum(1.0 / tests, time / 2.0)
    lost = not_negative(event_rate, "event_rate") * not_negative(event_loss, "event_loss")
    in_vain = tests * share(false_alarm, "false_alarm")
    terms = np.broadcast_arrays(
        not_negative(training, "training") / time,
        not_negative(decay, "decay") * time / 2.0,
        lost * delay,
        not_negative(label_price, "label_price") * rate,
        not_negative(alarm_price, "alarm_price") * in_vain,
    )
    return WatchTerms(*terms)
