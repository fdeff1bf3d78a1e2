"""A language-model service over independent replications: what users see, with 95% intervals."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simcore.stochastic.intervals import Interval, mean_interval
from simcore.stochastic.serving import Lengths, Routing, ServingRun, draw_trace, serving_run
from simcore.stochastic.serving_engine import Engine


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What arrives: Poisson requests with random prompts and answers.

    Attributes
    ----------
    arrival_rate : float
        Requests per time, all replicas together. [1/s]
    prompts, answers : Lengths
        How token counts spread.
    """

    arrival_rate: float
    prompts: Lengths
    answers: Lengths


@dataclass(frozen=True, slots=True, kw_only=True)
class ServingResult:
    """Intervals over replications; a tuple has one for each probability asked for.

    Attributes
    ----------
    first_token, token_gap, stay : tuple of Interval
        Quantiles of arrival to first token, of the mean gap between an answer's tokens, and of
        arrival to last token. [s]
    tokens_per_second : Interval
        Answer tokens over the whole run's time. [1/s]
    preemptions : Interval
        Push-outs of memory for each request. [1]
    """

    first_token: tuple[Interval, ...]
    token_gap: tuple[Interval, ...]
    stay: tuple[Interval, ...]
    tokens_per_second: Interval
    preemptions: Interval


def serving_simulation(
    engine: Engine,
    load: Load,
    seed: int | np.random.SeedSequence,
    *,
    requests: int,
    replications: int,
    replicas: int = 1,
    routing: Routing = Routing.SHORTEST,
    probabilities: Sequence[float] = (0.5, 0.95, 0.99),
    warm_up: float = 0.1,
) -> ServingResult:
    """Return what users of a service see, with 95% intervals.

    Parameters
    ----------
    engine : Engine
        Each replica's limits and costs.
    load : Load
        What arrives.
    seed : int or numpy.random.SeedSequence
        Root seed; each replication gets children of its own for its trace and its routing.
    requests : int
        Arrivals in each replication. [1]
    replications : int
        Independent runs, at least 2. [1]
    replicas : int
        How many, all alike. [1]
    routing : Routing
        Which replica a request goes to, decided on arrival.
    probabilities : sequence of float
        Quantiles wanted. [1]
    warm_up : float
        Share of each replication's requests, from the start, that is left out. [1]

    Returns
    -------
    ServingResult

    Raises
    ------
    ValueError
        If there are fewer than 2 replications, nothing to simulate, or a request is larger than a
        replica's memory.

    References
    ----------
    A. M. Law, Simulation Modeling and Analysis, 5th ed., McGraw-Hill, 2015, section 9.5.2.
    """
    if not 0 <= warm_up < 1:
        raise ValueError(f"warm_up must lie from 0 to below 1, got {warm_up:g}")
    root = seed if isinstance(seed, np.random.SeedSequence) else np.random.SeedSequence(seed)
    runs = []
    for child in root.spawn(replications):
        arrivals, choices = child.spawn(2)
        trace = draw_trace(
            arrivals,
            requests=requests,
            arrival_rate=load.arrival_rate,
            prompts=load.prompts,
            answers=load.answers,
        )
        runs.append(serving_run(engine, trace, replicas=replicas, routing=routing, seed=choices))
    return serving_result(runs, probabilities, skipped=int(warm_up * requests))


def serving_result(
    runs: Sequence[ServingRun], probabilities: Sequence[float], *, skipped: int = 0
) -> ServingResult:
    """Return the intervals over independent runs, the first requests of each left out.

    Raises
    ------
    ValueError
        If there are fewer than 2 runs.
    """
    return ServingResult(
        first_token=_quantiles([run.time_to_first_token[skipped:] for run in runs], probabilities),
        token_gap=_quantiles([run.time_per_token[skipped:] for run in runs], probabilities),
        stay=_quantiles([run.stay[skipped:] for run in runs], probabilities),
        tokens_per_second=mean_interval([run.tokens_per_second for run in runs]),
        preemptions=mean_interval([run.preemptions / run.first.size for run in runs]),
    )


def _quantiles(
    times: Sequence[NDArray[np.float64]], probabilities: Sequence[float]
) -> tuple[Interval, ...]:
    each = np.array([np.nanquantile(one, list(probabilities)) for one in times])
    return tuple(mean_interval(column) for column in each.T)
