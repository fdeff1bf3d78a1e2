"""The practice LMS's one SQLite file: its tables, and transactions on them."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

SCHEMA = """
CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS link (
    id INTEGER PRIMARY KEY, title TEXT NOT NULL, text TEXT NOT NULL,
    url TEXT NOT NULL, custom TEXT NOT NULL, ends_at TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS line_item (
    id INTEGER PRIMARY KEY AUTOINCREMENT, label TEXT NOT NULL, maximum REAL NOT NULL,
    link_id INTEGER REFERENCES link(id), resource_id TEXT NOT NULL, tag TEXT NOT NULL,
    extra TEXT NOT NULL DEFAULT '{}'
);
CREATE TABLE IF NOT EXISTS score (
    line_item INTEGER NOT NULL REFERENCES line_item(id) ON DELETE CASCADE,
    subject TEXT NOT NULL, given REAL, maximum REAL, comment TEXT NOT NULL,
    activity TEXT NOT NULL, grading TEXT NOT NULL, stamp TEXT NOT NULL,
    submitted_at TEXT NOT NULL, received_at TEXT NOT NULL, posts INTEGER NOT NULL,
    PRIMARY KEY (line_item, subject)
);
CREATE TABLE IF NOT EXISTS override (
    line_item INTEGER NOT NULL REFERENCES line_item(id) ON DELETE CASCADE,
    subject TEXT NOT NULL, points REAL NOT NULL, at TEXT NOT NULL,
    PRIMARY KEY (line_item, subject)
);
CREATE TABLE IF NOT EXISTS token (
    hash TEXT PRIMARY KEY, scopes TEXT NOT NULL, expires REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS assertion (jti TEXT PRIMARY KEY, expires REAL NOT NULL);
CREATE TABLE IF NOT EXISTS deep_link (nonce TEXT PRIMARY KEY, expires REAL NOT NULL);
CREATE TABLE IF NOT EXISTS fault (
    id INTEGER PRIMARY KEY, place TEXT NOT NULL, kind TEXT NOT NULL,
    value REAL NOT NULL, times INTEGER NOT NULL
);
"""


@contextmanager
def reading() -> Iterator[sqlite3.Connection]:
    path: Path = settings.STORE  # type: ignore[misc]  # of this project's own settings
    connection = sqlite3.connect(path, timeout=20, isolation_level=None)
    connection.row_factory = sqlite3.Row
    try:
        connection.execute("PRAGMA foreign_keys = ON")
        yield connection
    finally:
        connection.close()


@contextmanager
def writing() -> Iterator[sqlite3.Connection]:
    """One transaction that no other writer shares: read, decide, write."""
    with reading() as connection:
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")


def make_tables() -> None:
    with reading() as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(SCHEMA)


def setting_read(name: str) -> str:
    """Return a setting, empty where it was never set."""
    with reading() as connection:
        row = connection.execute("SELECT value FROM setting WHERE name = ?", (name,)).fetchone()
    return str(row["value"]) if row else ""


def setting_write(name: str, value: str) -> None:
    with writing() as connection:
        connection.execute("REPLACE INTO setting (name, value) VALUES (?, ?)", (name, value))
