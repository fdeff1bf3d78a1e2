"""The one clock of the server, so that tests can stop it."""

from datetime import UTC, datetime


def now() -> datetime:
    return datetime.now(UTC)


def is_usable(moment: datetime) -> bool:
    """Return whether a moment can be shown in any zone: the ends of the calendar cannot."""
    return 1970 <= moment.year < 2200


def is_same_minute(one: datetime | None, other: datetime) -> bool:
    """Return whether two moments read the same where pages show minutes."""
    return one is not None and _minute(one) == _minute(other)


def _minute(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(second=0, microsecond=0)
