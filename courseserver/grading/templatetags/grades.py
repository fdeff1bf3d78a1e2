"""How grades and moments print on the staff's pages."""

from datetime import datetime

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from courseserver.common import clock

register = template.Library()


@register.filter
def points(value: float | None) -> str:
    """Return points with one decimal, two where needed, or a dash where there are none."""
    if value is None:
        return "—"
    text = f"{value:.2f}"
    return text.removesuffix("0")


@register.filter
def moment(value: datetime | str | None) -> SafeString | str:
    """Return a moment as today's time, or its day and time (UTC); a dash where there is none."""
    # A path that leads nowhere in a template arrives as an empty string.
    if not isinstance(value, datetime):
        return "—"
    is_today = value.date() == clock.now().date()
    text = f"{value:%H:%M}" if is_today else f"{value.day} {value:%b, %H:%M}"
    return format_html('<time datetime="{}">{}</time>', value.isoformat(), text)


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
