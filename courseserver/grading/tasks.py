"""Celery tasks: thin shells around services."""

import random

from celery import shared_task

from courseserver.common import clock
from courseserver.grading import outbox, sender
from courseserver.grading.gradebooks import LtiGradebook
from courseserver.grading.publishing import drain_soon


@shared_task  # type: ignore[untyped-decorator]
def drain(platform_id: str) -> int:
    """Send and read back what is due on one platform; a long queue goes on in a new task."""
    handled = sender.lane_drain(platform_id, LtiGradebook(), rng=random.SystemRandom())
    if handled and platform_id in sender.platforms_due(clock.now()):
        drain_soon(platform_id)
    return handled


@shared_task  # type: ignore[untyped-decorator]
def sweep() -> None:
    """Find what a broker or a dead worker lost, and what became due."""
    now = clock.now()
    outbox.rows_settle(now=now)
    for platform_id in sorted(sender.platforms_due(now)):
        drain_soon(platform_id)
