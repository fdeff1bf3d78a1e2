"""When a course's weeks begin and end, and what is due when. Dates only, nothing stored."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from courseserver.common.errors import Unprocessable

_WEEK = timedelta(days=7)
BREAKS_MAX = 20
# A slip of the finger is none of these.
_YEARS = (2000, 2100)
# Days of a teaching week, as `due_day` counts them.
DAYS = ("first", "second", "third", "fourth", "fifth", "sixth", "last")


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """The shape of a term.

    Parameters
    ----------
    starts_on
        First day of the first week.
    breaks
        First days of weeks without teaching; later weeks move back by a week each.
    due_day
        Day of a teaching week on which work is due, 0 for its first.
    due_time
        Time of that day, in `zone`.
    """

    starts_on: date
    breaks: frozenset[date]
    due_day: int
    due_time: time
    zone: ZoneInfo
    period_days: int = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One teaching week: its first and its last day, and when its work is due."""

    number: int
    starts_on: date
    ends_on: date
    due_at: datetime


def spans(calendar: Calendar, count: int) -> list[Span]:
    """Return the teaching weeks of a term in order, breaks left out.

    Raises
    ------
    Unprocessable
        If a break is not the first day of a week of this term, or no term is in such a year.
    """
    if not _YEARS[0] <= calendar.starts_on.year <= _YEARS[1]:
        raise Unprocessable(
            f"No term begins in the year {calendar.starts_on.year}.",
            remedy=f"Choose a day from {_YEARS[0]} to {_YEARS[1]}.",
        )
    length = timedelta(days=calendar.period_days)
    made: list[Span] = []
    used: set[date] = set()
    day = calendar.starts_on
    while len(made) < count:
        if day in calendar.breaks:
            used.add(day)
        else:
            made.append(_span(calendar, len(made) + 1, day, length))
        day += length
    idle = sorted(calendar.breaks - used)
    if idle:
        raise Unprocessable(
            f"{idle[0]:%d %B %Y} begins no week of this term.",
            remedy=f"A break is the first day of a week: weeks begin on {_weekdays(calendar)}.",
        )
    return made


def _weekdays(calendar: Calendar) -> str:
    if calendar.period_days != _WEEK.days:
        return "any day of the term"
    return f"{calendar.starts_on:%A}s from {calendar.starts_on.day} {calendar.starts_on:%B}"


def _span(calendar: Calendar, number: int, day: date, length: timedelta) -> Span:
    due_on = day + timedelta(days=min(calendar.due_day, calendar.period_days - 1))
    due = datetime.combine(due_on, calendar.due_time, tzinfo=calendar.zone)
    return Span(
        number=number,
        starts_on=day,
        ends_on=day + length - timedelta(days=1),
        due_at=due.astimezone(UTC),
    )


def current(weeks: Collection[Span], today: date) -> Span | None:
    """Return the week one is in: in a break the one to come, before the term the first."""
    return next((week for week in weeks if today <= week.ends_on), None)
