"""How grades and moments print on the staff's pages."""

from datetime import date, datetime

from django import template
from django.utils import timezone
from django.utils.safestring import SafeString

from courseserver.common import clock, moments
from courseserver.grading.said import setting_name, setting_value

register = template.Library()


@register.filter
def points(value: float | None) -> str:
    """Return points with one decimal, two where needed, or a dash where there are none."""
    if value is None:
        return "—"
    text = f"{value:.2f}"
    return text.removesuffix("0")


@register.filter
def plain(value: float | str | None) -> str:
    """Return a number as one would type it, what was typed as it is, nothing for none."""
    if value is None:
        return ""
    return f"{value:g}" if isinstance(value, float) else str(value)


@register.filter
def signed(value: float | None) -> str:
    """Return a change of points with its sign, or a dash where there is none."""
    return "—" if value is None else f"{value:+.2f}".removesuffix("0").replace("-", "−")


@register.filter
def moment(value: datetime | str | None) -> SafeString | str:
    """Return a moment as today's time, or its day and time; a dash where there is none.

    Times are the course's; `zone` says which.
    """
    # A path that leads nowhere in a template arrives as an empty string.
    if not isinstance(value, datetime):
        return "—"
    return moments.in_time_element(value, moments.moment_text(value))


@register.filter
def day(value: date) -> SafeString | str:
    """Return a day as its reader writes it, without the year."""
    return moments.in_language(moments.day_text(value))


@register.simple_tag
def zone() -> str:
    """Return which clock the page shows: "Europe/Berlin"."""
    return timezone.get_current_timezone_name().replace("_", " ")


@register.filter
def ago(value: datetime | None) -> str:
    """Return how long ago something was, in the unit one would say."""
    if value is None:
        return "never"
    seconds = max(0, round((clock.now() - value).total_seconds()))
    for size, word in ((86400, "day"), (3600, "hour"), (60, "min")):
        if seconds >= 2 * size:
            count = seconds // size
            return f"{count} {word}{'s' if word != 'min' else ''} ago"
    return f"{seconds} s ago"


@register.filter
def count_of(value: int, noun: str) -> str:
    """Return "1 log" or "2 logs"."""
    return f"{value} {noun}" if value == 1 else f"{value} {noun}s"


@register.filter
def setting(name: str) -> str:
    """Return what a setting is called."""
    return setting_name(name)


@register.filter
def said(value: object, name: str) -> str:
    """Return a setting's value in words."""
    return setting_value(value, name)


@register.filter
def share(value: float | None) -> str:
    """Return a share of 0 to 1 in whole percent, or a dash where there is none."""
    return "—" if value is None else f"{100 * value:.0f}%"
