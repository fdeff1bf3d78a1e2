"""The clock on the wall of a course: its pages show and take times in the course's zone."""

from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings
from django.utils import timezone

from courseserver.courses.models import Course


def is_zone(name: str) -> bool:
    """Return whether this names a time zone, as in "Europe/Berlin"."""
    return name in available_timezones()


def zone_of(course: Course) -> ZoneInfo:
    """Return the course's zone, or the server's where it has none."""
    return ZoneInfo(course.time_zone if is_zone(course.time_zone) else settings.TIME_ZONE)


def show_times_of(course: Course) -> None:
    """Let this request's page show and take times in the course's zone."""
    timezone.activate(zone_of(course))
