"""The clock on the wall of a course: its pages show and take times in the course's zone."""

from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings
from django.utils import timezone

from courseserver.courses.models import Course


@cache
def zones() -> frozenset[str]:
    """Return the names of all time zones; hundreds of files are opened for them, once."""
    return frozenset(available_timezones())


def is_zone(name: str) -> bool:
    """Return whether this names a time zone, as in "Europe/Berlin"."""
    return name in zones()


def zone_of(course: Course) -> ZoneInfo:
    """Return the course's zone, or the server's where it has none."""
    return ZoneInfo(course.time_zone if is_zone(course.time_zone) else settings.TIME_ZONE)


def show_times_of(course: Course) -> None:
    """Let this request's page show and take times in the course's zone."""
    timezone.activate(zone_of(course))
