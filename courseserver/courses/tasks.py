"""Celery tasks of courses: reading rosters, and forgetting whom no course keeps."""

import structlog
from celery import shared_task
from kombu.exceptions import OperationalError

from courseserver.common import clock
from courseserver.courses import retention, roster

log = structlog.get_logger(__name__)


@shared_task  # type: ignore[untyped-decorator]
def read_roster(course_id: str) -> None:
    """Read one course's roster, if it is still wanted."""
    roster.roster_fetch(course_id)


@shared_task  # type: ignore[untyped-decorator]
def sweep() -> None:
    """Find readings that a broker or a dead worker lost, and forget old ones."""
    for course_id in roster.readings_tidy():
        read_roster_soon(course_id)


@shared_task  # type: ignore[untyped-decorator]
def forget() -> None:
    """Erase students whom no course keeps any more."""
    count = retention.people_past_erase(clock.now())
    if count:
        log.info("students erased, kept long enough", count=count)


def read_roster_soon(course_id: str) -> None:
    """Ask a worker to read a roster; never fails the request that asks."""
    try:
        read_roster.apply_async((course_id,), expires=300)
    except (OperationalError, OSError) as error:
        log.warning("no broker; the sweep will read", course=course_id, error=str(error))
