"""Which replica a request goes to, decided when it arrives.

A routing that compares replicas needs them at the time of arrival. A replica is moved on only when
what is compared may have changed since it was looked at, so that a large pool costs little.
"""

import math
from collections.abc import Sequence
from enum import StrEnum
from heapq import heappop, heappush
from typing import Protocol

import numpy as np

from simcore.stochastic.serving_replica import Replica


class Routing(StrEnum):
    """Which replica a request goes to."""

    RANDOM = "random"
    ROUND_ROBIN = "round_robin"
    SHORTEST = "shortest"
    """The one with the fewest requests, waiting and running."""
    TWO_CHOICES = "two_choices"
    """The shorter of two drawn at random."""
    MOST_FREE_MEMORY = "most_free_memory"
    """The one with the least cache in use and promised to its queue."""


class Router(Protocol):
    """A routing at work."""

    def choose(self, request: int, time: float) -> int:
        """Return the place of the replica that a request goes to."""

    def placed(self, index: int) -> None:
        """Take note that a request has been put there."""


def router_of(
    routing: Routing,
    pool: Sequence[Replica],
    *,
    requests: int,
    seed: np.random.SeedSequence | None,
) -> Router:
    """Return the router of a pool.

    Raises
    ------
    ValueError
        If the routing draws and there is no seed.
    """
    count = len(pool)
    if routing is Routing.ROUND_ROBIN or count == 1:
        return _Listed([request % count for request in range(requests)])
    if routing is Routing.RANDOM:
        return _Listed(_drawn(seed, requests, count))
    if routing is Routing.TWO_CHOICES:
        first = _drawn(seed, requests, count)
        step = _drawn(seed, requests, count - 1, stream=1)
        return _TwoChoices(pool, [(a, (a + 1 + s) % count)
                                  for a, s in zip(first, step, strict=True)])  # fmt: skip
    return _Shortest(pool) if routing is Routing.SHORTEST else _MostFreeMemory(pool)


class _Listed:
    """Decided before the run."""

    def __init__(self, places: list[int]) -> None:
        self._places = places

    def choose(self, request: int, time: float) -> int:
        return self._places[request]

    def placed(self, index: int) -> None:
        """Nothing depends on it."""


class _TwoChoices:
    """The shorter of a pair drawn for each request."""

    def __init__(self, pool: Sequence[Replica], pairs: list[tuple[int, int]]) -> None:
        self._pool, self._pairs = pool, pairs

    def choose(self, request: int, time: float) -> int:
        left, right = self._pairs[request]
        one, other = self._pool[left], self._pool[right]
        one.advance(time)
        other.advance(time)
        return left if one.load <= other.load else right

    def placed(self, index: int) -> None:
        """Nothing depends on it."""


class _Least:
    """The replica with the least of something, the first of those that tie.

    `_due` is a heap of replicas with the time from which what is compared may be less; an entry
    other than the replica's last is stale.
    """

    def __init__(self, pool: Sequence[Replica]) -> None:
        self._pool = pool
        self._amounts = [0] * len(pool)
        self._due: list[tuple[float, int]] = []
        self._last = [math.inf] * len(pool)

    def choose(self, request: int, time: float) -> int:
        due, amounts = self._due, self._amounts
        while due and due[0][0] < time:
            when, index = heappop(due)
            if when == self._last[index]:
                replica = self._pool[index]
                replica.advance(time)
                amounts[index] = self._amount(replica)
                self._note(index, self._next(replica))
        return amounts.index(min(amounts))

    def placed(self, index: int) -> None:
        replica = self._pool[index]
        self._amounts[index] = self._amount(replica)
        self._note(index, replica.now)

    def _note(self, index: int, when: float) -> None:
        self._last[index] = when
        if self._pool[index].load:
            heappush(self._due, (when, index))

    def _amount(self, replica: Replica) -> int:
        raise NotImplementedError

    def _next(self, replica: Replica) -> float:
        raise NotImplementedError


class _Shortest(_Least):
    def _amount(self, replica: Replica) -> int:
        return replica.load

    def _next(self, replica: Replica) -> float:
        return replica.unchanged_until()


class _MostFreeMemory(_Least):
    def _amount(self, replica: Replica) -> int:
        return replica.memory

    def _next(self, replica: Replica) -> float:
        return replica.now if replica.is_paged else replica.unchanged_until()


def _drawn(
    seed: np.random.SeedSequence | None, requests: int, count: int, stream: int = 0
) -> list[int]:
    if seed is None:
        raise ValueError("this routing draws at random: give it a seed")
    child = np.random.SeedSequence(entropy=seed.entropy, spawn_key=(*seed.spawn_key, 7, stream))
    found: list[int] = np.random.default_rng(child).integers(count, size=(requests,)).tolist()
    return found
