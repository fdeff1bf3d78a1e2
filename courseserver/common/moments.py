"""Days and times of day, written as the reader of a page writes them.

An LMS tells a reader's locale at launch. It decides how days and times read; the texts are
English in every locale, and numbers keep the point that answers are typed with.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime, timedelta

from django.utils import formats, timezone, translation
from django.utils.html import format_html
from django.utils.safestring import SafeString

from courseserver.common import clock

SESSION_LOCALE = "locale"
_NEAR = timedelta(days=180)
_reader: ContextVar[str] = ContextVar("reader", default="")


def known_locale(tag: str) -> str:
    """Return the locale in which we can write days for `de-DE` or `pt_BR`; empty: in none."""
    try:
        return translation.get_supported_language_variant(tag.replace("_", "-").lower())
    except (LookupError, ValueError):
        return ""


@contextmanager
def reader(locale: str) -> Iterator[None]:
    """Write days and times for this locale until the block ends; empty is our own way."""
    before = _reader.set(locale)
    try:
        yield
    finally:
        _reader.reset(before)


def time_text(moment: datetime) -> str:
    """Return a time of day on the page's clock: "14:00", "2 p.m."."""
    return _written(timezone.localtime(moment), "TIME_FORMAT", "%H:%M")


def day_text(day: date) -> str:
    """Return a day without its year: "20 November", "November 20", "20. November"."""
    return _written(day, "MONTH_DAY_FORMAT", "%-d %B")


def date_text(day: date) -> str:
    """Return a day with its year."""
    return _written(day, "DATE_FORMAT", "%-d %B %Y")


def moment_text(moment: datetime) -> str:
    """Return a moment as today's time, or as its day and time; far away with its year.

    A due date in the wrong year, typed by mistake, must not read like one of this term.
    """
    local = timezone.localtime(moment)
    if local.date() == timezone.localtime(clock.now()).date():
        return time_text(moment)
    is_near = abs(moment - clock.now()) < _NEAR
    form = ("MONTH_DAY_FORMAT", "%-d %b") if is_near else ("DATE_FORMAT", "%-d %b %Y")
    return f"{_written(local, *form)}, {time_text(moment)}"


def in_time_element(value: datetime, text: str) -> SafeString:
    return format_html('<time datetime="{}">{}</time>', value.isoformat(), in_language(text))


def in_language(text: str) -> SafeString | str:
    """Return a written day or time, marked with its language where that is not the page's."""
    language = _reader.get()
    if not language or language.startswith("en"):
        return text
    return format_html('<span lang="{}">{}</span>', language, text)


def _written(value: date, name: str, ours: str) -> str:
    language = _reader.get()
    if not language:
        return f"{value:{ours}}"
    with translation.override(language):
        return formats.date_format(value, name)
