"""Links of the course page that open the tool."""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from courseserver.practice_lms import store


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    id: int
    title: str
    text: str
    url: str
    custom: Mapping[str, str]
    ends_at: str

    @property
    def due_at(self) -> datetime | None:
        return datetime.fromisoformat(self.ends_at) if self.ends_at else None


def read(link_id: int) -> Link | None:
    with store.reading() as db:
        row = db.execute("SELECT * FROM link WHERE id = ?", (link_id,)).fetchone()
    return _link(row) if row else None


def read_all() -> list[Link]:
    with store.reading() as db:
        return [_link(row) for row in db.execute("SELECT * FROM link ORDER BY id")]


def link_add(
    db: sqlite3.Connection,
    *,
    title: str,
    text: str,
    url: str,
    custom: Mapping[str, str],
    ends_at: str = "",
) -> int:
    """Add a link inside the caller's transaction; return its id."""
    cursor = db.execute(
        "INSERT INTO link (title, text, url, custom, ends_at) VALUES (?, ?, ?, ?, ?)",
        (title, text, url, json.dumps(dict(custom)), ends_at),
    )
    return int(cursor.lastrowid or 0)


def _link(row: sqlite3.Row) -> Link:
    return Link(
        id=row["id"],
        title=row["title"],
        text=row["text"],
        url=row["url"],
        custom=json.loads(row["custom"]),
        ends_at=row["ends_at"],
    )
