"""Boards filtered and sorted by the address: no scripts, and every view can be linked."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from courseserver.grading.matrix import Choice, section_choices
from courseserver.grading.selectors import BoardRow

SORTS: Mapping[str, Callable[[BoardRow], object]] = {
    "name": lambda row: row.name.casefold(),
    "ours": lambda row: -1.0 if row.points is None else row.points,
    "lms": lambda row: -1.0 if row.lms_points is None else row.lms_points,
    "state": lambda row: row.shown.words,
    "log": lambda row: row.log_state,
    "sent": lambda row: (
        row.outbox.last_sent_at.timestamp() if row.outbox and row.outbox.last_sent_at else 0.0
    ),
    "handed_in": lambda row: row.submission.submitted_at.timestamp() if row.submission else 0.0,
}
FILTERS: Mapping[str, tuple[str, Callable[[BoardRow], bool]]] = {
    "all": ("All", lambda row: True),
    "needs": ("Needs you", lambda row: row.shown.needs_you),
    "log": ("Logs to mark", lambda row: row.log_state == "to mark"),
    "changes": ("Would change in the LMS", lambda row: row.would_change),
    "refused": ("Refused", lambda row: row.shown.tone == "fail"),
    "working": ("Working", lambda row: row.is_working),
    "missing": ("Not handed in", lambda row: row.score is None),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    key: str
    title: str
    url: str
    direction: str  # ascending | descending | none


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    key: str
    title: str
    url: str
    count: int
    is_current: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    rows: tuple[BoardRow, ...]
    columns: Mapping[str, Column]
    filters: tuple[Filter, ...]
    sections: tuple[Choice, ...]
    show: str


_TITLES = {
    "name": "Student",
    "ours": "Here",
    "lms": "In the LMS",
    "state": "State",
    "log": "Decision Log",
    "sent": "Last try",
    "handed_in": "Handed in",
}


def arrange(rows: Sequence[BoardRow], query: Mapping[str, str]) -> Table:
    """Return the rows that `show` lets through, in the order of `sort` ("-name" backwards)."""
    show = query.get("show", "all")
    show = show if show in FILTERS else "all"
    section = query.get("section", "")
    sections = section_choices(rows, section, show)
    if sections and section in {name for row in rows for name in row.sections}:
        rows = [row for row in rows if section in row.sections]
    else:
        section = ""
    sort = query.get("sort", "name")
    key, backwards = sort.removeprefix("-"), sort.startswith("-")
    key = key if key in SORTS else "name"
    kept = [row for row in rows if FILTERS[show][1](row)]
    kept.sort(key=SORTS[key], reverse=backwards)  # type: ignore[arg-type]
    return Table(
        rows=tuple(kept),
        columns={name: _column(name, show, section, key, backwards) for name in SORTS},
        filters=tuple(_filter(name, rows, show, section, sort) for name in FILTERS),
        sections=sections,
        show=show,
    )


def _column(name: str, show: str, section: str, key: str, backwards: bool) -> Column:
    is_current = name == key
    following = f"-{name}" if is_current and not backwards else name
    direction = "none" if not is_current else "descending" if backwards else "ascending"
    url = _url(show, section, following)
    return Column(key=name, title=_TITLES[name], url=url, direction=direction)


def _url(show: str, section: str, sort: str) -> str:
    named = {"section": section} if section else {}
    return "?" + urlencode({"show": show, **named, "sort": sort})


def _filter(name: str, rows: Sequence[BoardRow], show: str, section: str, sort: str) -> Filter:
    title, passes = FILTERS[name]
    return Filter(
        key=name,
        title=title,
        url=_url(name, section, sort),
        count=sum(map(passes, rows)),
        is_current=name == show,
    )
