"""A language-model service simulated request by request: arrivals, routing, replicas, memory.

A trace (arrival times, prompts, answers) is drawn from a seed or given; each request is routed to
a replica on arrival and stays there. Continuous batching, cache admission and prefill are the
replica's (`serving_replica`).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simcore.checks import require_positive
from simcore.stochastic.laws import ServiceLaw, draw_times
from simcore.stochastic.serving_engine import Engine
from simcore.stochastic.serving_replica import Replica
from simcore.stochastic.serving_routing import Routing, router_of

__all__ = ["Lengths", "Routing", "ServingRun", "Trace", "draw_trace", "serving_run"]

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lengths:
    """How token counts spread: a law of times used for counts, rounded up to whole tokens.

    Attributes
    ----------
    mean : float
        Mean before rounding. [1]
    law : ServiceLaw
        Family.
    scv : float
        Squared coefficient of variation. [1]
    """

    mean: float
    law: ServiceLaw = ServiceLaw.LOG_NORMAL
    scv: float = 1.0

    def draw(self, rng: np.random.Generator, count: int) -> Counts:
        """Return whole token counts of at least 1, shape (count,)."""
        drawn = draw_times(rng, count, mean=self.mean, law=self.law, scv=self.scv)
        return np.maximum(1, np.ceil(drawn)).astype(np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """Requests in order of arrival; arrays of shape (n,).

    Attributes
    ----------
    arrivals : ndarray
        Arrival times, ascending. [s]
    prompts, answers : ndarray
        Tokens of each prompt and of each answer, at least 1. [1]
    """

    arrivals: Floats
    prompts: Counts
    answers: Counts

    def __post_init__(self) -> None:
        shapes = {self.arrivals.shape, self.prompts.shape, self.answers.shape}
        if len(shapes) != 1 or self.arrivals.ndim != 1 or not self.arrivals.size:
            raise ValueError(f"a trace needs three arrays of one length, got {shapes}")
        if np.any(np.diff(self.arrivals) < 0):
            raise ValueError("arrival times must not decrease")
        if self.prompts.min() < 1 or self.answers.min() < 1:
            raise ValueError("every prompt and every answer needs at least one token")


def draw_trace(
    seed: np.random.SeedSequence,
    *,
    requests: int,
    arrival_rate: float,
    prompts: Lengths,
    answers: Lengths,
) -> Trace:
    """Return a trace of random (Poisson) arrivals.

    Parameters
    ----------
    seed : numpy.random.SeedSequence
        Decides everything random.
    requests : int
        How many. [1]
    arrival_rate : float
        Requests per time. [1/s]
    prompts, answers : Lengths
        How token counts spread.

    Returns
    -------
    Trace

    Raises
    ------
    ValueError
        If a rate or a number is not positive.
    """
    require_positive(requests=requests, arrival_rate=arrival_rate)
    gaps, prompt_stream, answer_stream = (np.random.Generator(np.random.SFC64(s))
                                          for s in seed.spawn(3))  # fmt: skip
    return Trace(
        arrivals=np.cumsum(gaps.standard_exponential(requests) / arrival_rate),
        prompts=prompts.draw(prompt_stream, requests),
        answers=answers.draw(answer_stream, requests),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ServingRun:
    """What happened to each request, in order of arrival; arrays of shape (n,).

    Attributes
    ----------
    trace : Trace
        What was served.
    first : ndarray
        When the first token was ready. [s]
    finish : ndarray
        When the last token was ready. [s]
    replica : ndarray
        Which replica served it. [1]
    preemptions : int
        How often a request was pushed out of memory. [1]
    events : int
        Arrivals, admissions, jumps of the decoding batch and push-outs processed. [1]
    """

    trace: Trace
    first: Floats
    finish: Floats
    replica: Counts
    preemptions: int
    events: int

    @property
    def time_to_first_token(self) -> Floats:
        """Arrival to first token. [s]"""
        return self.first - self.trace.arrivals

    @property
    def stay(self) -> Floats:
        """Arrival to last token. [s]"""
        return self.finish - self.trace.arrivals

    @property
    def time_per_token(self) -> Floats:
        """Mean gap between an answer's tokens; undefined for answers of one token. [s]"""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(
                self.trace.answers > 1,
                (self.finish - self.first) / (self.trace.answers - 1),
                np.nan,
            )

    @property
    def tokens_per_second(self) -> float:
        """Answer tokens over the whole run's time. [1/s]"""
        return float(self.trace.answers.sum() / (self.finish.max() - self.trace.arrivals[0]))


def serving_run(
    engine: Engine,
    trace: Trace,
    *,
    replicas: int = 1,
    routing: Routing = Routing.SHORTEST,
    seed: np.random.SeedSequence | None = None,
) -> ServingRun:
    """Return what happens to the requests of a trace.

    Parameters
    ----------
    engine : Engine
        Each replica's limits and costs.
    trace : Trace
        Requests in order of arrival.
    replicas : int
        How many, all alike. [1]
    routing : Routing
        Which replica a request goes to, decided on arrival.
    seed : numpy.random.SeedSequence, optional
        For routings that draw; the same seed gives the same run.

    Returns
    -------
    ServingRun

    Raises
    ------
    ValueError
        If there is no replica, a routing that draws has no seed, or a request alone is larger
        than a replica's memory.

    References
    ----------
    G.-I. Yu et al., "Orca", OSDI 2022 (batching by iteration); W. Kwon et al., "PagedAttention",
    SOSP 2023. doi:10.1145/3600006.3613165
    """
    if replicas < 1:
        raise ValueError(f"need at least one replica: {replicas=}")
    largest = int((trace.prompts + trace.answers).max())
    if largest > engine.kv_tokens:
        raise ValueError(
            f"a request of {largest} tokens does not fit into a cache of {engine.kv_tokens:g}; "
            "shorten it or give the replica more memory"
        )
    first, finish = [0.0] * trace.arrivals.size, [0.0] * trace.arrivals.size
    prompts, answers = trace.prompts.tolist(), trace.answers.tolist()
    pool = [Replica(engine, prompts, answers, first, finish) for _ in range(replicas)]
    router = router_of(routing, pool, requests=trace.arrivals.size, seed=seed)
    choose, placed = router.choose, router.placed
    chosen = []
    for request, time in enumerate(trace.arrivals.tolist()):
        index = choose(request, time)
        replica = pool[index]
        replica.advance(time)
        replica.arrive(request, time)
        placed(index)
        chosen.append(index)
    for replica in pool:
        replica.advance(float("inf"))
    return ServingRun(
        trace=trace,
        first=np.asarray(first),
        finish=np.asarray(finish),
        replica=np.asarray(chosen, dtype=np.int64),
        preemptions=sum(replica.preemptions for replica in pool),
        events=sum(replica.events for replica in pool),
    )
