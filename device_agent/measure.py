"""Timing one call honestly: warm-up, repeats, a median with its spread.

Standard library only, so that any driver can use it.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

# A repeat lasts at least this long, ten thousand times the clock's resolution.
_REPEAT_S = 0.01
_WARM_UP_S = 0.1
_REPEATS = 15
_REPEATS_LEAST = 5
SPREAD_LIMIT = 0.15


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Time of one call [s]: median, 10th and 90th percentile of n repeats."""

    median_s: float
    low_s: float
    high_s: float
    n: int
    calls_per_repeat: int
    elapsed_s: float

    @property
    def spread(self) -> float:
        """Return (p90 - p10) over the median."""
        return (self.high_s - self.low_s) / self.median_s

    @property
    def calls(self) -> int:
        return self.n * self.calls_per_repeat


def percentile(ordered: Sequence[float], share: float) -> float:
    """Return the value below which that share of the ordered values lies, interpolated."""
    position = share * (len(ordered) - 1)
    below = int(position)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (position - below)


def timing_of(
    call: Callable[[], object],
    *,
    budget_s: float = 3.0,
    repeats: int = _REPEATS,
    scale: float = 1.0,
    clock: Callable[[], float] = time.perf_counter,
) -> Timing:
    """Return how long one call takes, measured within about `budget_s`.

    Parameters
    ----------
    call
        What is timed; it must do the same work each time.
    budget_s
        Repeats end early, but not before five, once this much time has gone.
    scale
        Below 1, warm-up, repeats and budget are shorter by that factor: a rehearsal.
    """
    began = clock()
    once_s = _warm_up(call, _WARM_UP_S * scale, clock)
    inner = max(1, round(_REPEAT_S * scale / once_s)) if once_s > 0 else 1000
    times: list[float] = []
    while len(times) < repeats:
        times.append(_repeat(call, inner, clock))
        if len(times) >= _REPEATS_LEAST and clock() - began > budget_s * scale:
            break
    return timing_from(times, calls=inner * len(times), elapsed_s=clock() - began)


def timing_from(times_s: Sequence[float], *, calls: int, elapsed_s: float = 0.0) -> Timing:
    """Return the timing of repeats that each took so long per call. [s]"""
    ordered = sorted(times_s)
    return Timing(
        median_s=percentile(ordered, 0.5),
        low_s=percentile(ordered, 0.1),
        high_s=percentile(ordered, 0.9),
        n=len(ordered),
        calls_per_repeat=calls // len(ordered),
        elapsed_s=elapsed_s,
    )


def steady_timing_of(
    call: Callable[[], object],
    *,
    budget_s: float = 3.0,
    clock: Callable[[], float] = time.perf_counter,
) -> Timing:
    """Return a timing; where its spread exceeds the limit, the steadier of two tries."""
    first = timing_of(call, budget_s=budget_s, clock=clock)
    if first.spread <= SPREAD_LIMIT:
        return first
    second = timing_of(call, budget_s=budget_s, repeats=2 * _REPEATS, clock=clock)
    return min(first, second, key=lambda timing: timing.spread)


def _warm_up(call: Callable[[], object], lasting_s: float, clock: Callable[[], float]) -> float:
    """Fill caches and frequency governor. Return the shortest time of one call. [s]"""
    began = clock()
    fastest = float("inf")
    for count in range(1, 10_000):
        start = clock()
        call()
        fastest = min(fastest, clock() - start)
        if count >= 2 and clock() - began > lasting_s:
            break
    return fastest


def _repeat(call: Callable[[], object], inner: int, clock: Callable[[], float]) -> float:
    start = clock()
    for _ in range(inner):
        call()
    return (clock() - start) / inner
