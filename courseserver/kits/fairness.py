"""Whose turn it is: a pure order over waiting jobs.

Staff come before students and people before routine checks; then whoever had less lately; then
who waits longer. Whoever has waited longer than `PATIENCE_S` comes before all of them, in the
order of asking: neither busy staff nor a stream of newcomers keeps anybody waiting for ever.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

PATIENCE_S = 1200.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A job as the queue sees it. `queued_s` is when it was asked. [s]"""

    id: str
    person: str
    priority: int
    queued_s: float


def in_order(
    waiting: Iterable[Waiting], *, served: Mapping[str, int], now_s: float
) -> list[Waiting]:
    """Return waiting jobs, the next one first.

    Parameters
    ----------
    served
        How many jobs each person had on a kit lately. [1]
    now_s
        The present, on the clock of `queued_s`. [s]
    """
    return sorted(waiting, key=lambda job: _turn(job, served, now_s))


def _turn(
    job: Waiting, served: Mapping[str, int], now_s: float
) -> tuple[bool, int, int, float, str]:
    if now_s - job.queued_s > PATIENCE_S:
        return (False, 0, 0, job.queued_s, job.id)
    return (True, -job.priority, served.get(job.person, 0), job.queued_s, job.id)
