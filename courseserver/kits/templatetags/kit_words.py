"""How moments and counts print on the bench's pages."""

from datetime import datetime

from django import template

from courseserver.common import clock

register = template.Library()


@register.filter
def since(value: datetime | None) -> str:
    """Return how long ago something was, in the unit one would say."""
    if value is None:
        return "never"
    seconds = max(0, round((clock.now() - value).total_seconds()))
    if seconds < 120:
        return f"{seconds} s ago"
    if seconds < 7200:
        return f"{seconds // 60} min ago"
    if seconds < 172800:
        return f"{seconds // 3600} h ago"
    return f"{seconds // 86400} days ago"


@register.filter
def figure(value: float | None) -> str:
    """Return a number to four digits, as `1.234e-05` where it is far from one."""
    return "" if value is None else f"{value:.4g}"
