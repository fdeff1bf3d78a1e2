"""The one clock of the server, so that tests can stop it."""

from datetime import UTC, datetime


def now() -> datetime:
    return datetime.now(UTC)


def is_usable(moment: datetime) -> bool:
    """Return whether a moment can be shown in any zone: the ends of the calendar cannot."""
    return 1970 <= moment.year < 2200
