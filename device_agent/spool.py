"""What must survive a power cut: jobs received and messages not yet acknowledged.

One SQLite file, written before acting and before sending. A message leaves it only when the
server's application says that it is stored; a job's runs are remembered as done, so that neither
a repeated command nor a restart counts one twice. Used by one thread.
"""

import logging
import sqlite3
import time
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from firmware_specs.wire import Command, WireError, decode, encode

# Three weeks of jobs stay known, far longer than any broker keeps a command.
_REMEMBER_S = 21 * 86400.0
# What may be dropped when the disk or the quota is full: never a result or an answer.
_DROPPABLE = ("sample", "log")
_DROPPABLE_LIMIT = 2000

_SCHEMA = """
CREATE TABLE IF NOT EXISTS outbox (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    msg_id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    topic TEXT NOT NULL,
    payload BLOB NOT NULL,
    created_s REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS job (
    job_id TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    state TEXT NOT NULL,
    payload BLOB NOT NULL,
    received_s REAL NOT NULL,
    starts INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (job_id, attempt)
);
CREATE TABLE IF NOT EXISTS done (
    job_id TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    request_id TEXT NOT NULL,
    PRIMARY KEY (job_id, attempt, request_id)
);
"""


# The disk has no room or fails; what was to be written is still in somebody's hand.
# A card that fails is often made read-only first.
_NO_ROOM = (
    sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN,
)  # fmt: skip
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
log = logging.getLogger(__name__)


class SpoolFull(RuntimeError):
    """Nothing was written, and the same may be tried again when there is room."""


class SpoolUnusable(RuntimeError):
    """The spool can be neither opened nor made: says where, why, and what helps."""


class JobState(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    OVER = "over"


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A message that the server has not acknowledged."""

    msg_id: str
    kind: str
    topic: str
    payload: bytes


class Spool:
    """The agent's memory."""

    def __init__(self, path: Path) -> None:
        """Open the spool; one that is damaged is put aside, and another begun.

        Raises
        ------
        SpoolUnusable
            If nothing can be written there.
        """
        self._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = _opened(path)
        except sqlite3.DatabaseError as error:
            if _code(error) not in _DAMAGED:
                raise _unusable(path, error) from error
            log.error("%s is damaged (%s): kept as %s", path, error, _put_aside(path))
            self._db = _opened(path)
        except OSError as error:
            raise _unusable(path, error) from error

    def close(self) -> None:
        self._db.close()

    # --- messages ---------------------------------------------------------------------------
    def put(self, waiting: Waiting) -> None:
        """Keep a message until it is acknowledged; the same id again changes nothing."""
        with self._transaction():
            self._insert(waiting)

    def waiting(self, *, limit: int, besides: Collection[str] = ()) -> list[Waiting]:
        """Return the oldest messages that are not in `besides`."""
        rows = self._rows(
            "SELECT msg_id, kind, topic, payload FROM outbox ORDER BY seq LIMIT ?",
            limit + len(besides),
        )
        found = [Waiting(msg_id=r[0], kind=r[1], topic=r[2], payload=r[3]) for r in rows]
        return [w for w in found if w.msg_id not in besides][:limit]

    def forget(self, msg_ids: Iterable[str]) -> None:
        """Delete what the server's application has acknowledged."""
        with self._transaction():
            self._db.executemany("DELETE FROM outbox WHERE msg_id = ?", [(i,) for i in msg_ids])

    def depth(self) -> int:
        return int(self._rows("SELECT count(*) FROM outbox")[0][0])

    # --- jobs -------------------------------------------------------------------------------
    def job_receive(self, command: Command, answer: Waiting | None = None) -> bool:
        """Keep a command and our answer to it. Return whether it is new: a repeat changes nothing.

        A newer attempt of a job replaces the older ones, which are not started any more; an older
        one that comes late counts as a repeat.
        """
        with self._transaction():
            newest = self._db.execute(
                "SELECT max(attempt) FROM job WHERE job_id = ?", (command.job_id,)
            ).fetchone()[0]
            if newest is not None and newest > command.attempt:
                return False
            self._db.execute(
                "UPDATE job SET state = 'over' WHERE job_id = ? AND attempt < ?",
                (command.job_id, command.attempt),
            )
            cursor = self._db.execute(
                "INSERT OR IGNORE INTO job (job_id, attempt, state, payload, received_s)"
                " VALUES (?, ?, ?, ?, ?)",
                (
                    command.job_id,
                    command.attempt,
                    JobState.WAITING.value,
                    encode(command),
                    time.time(),
                ),
            )
            is_new = cursor.rowcount == 1
            if is_new and answer is not None:
                self._insert(answer)
            return is_new

    def job_next(self) -> Command | None:
        """Return the job to work on: the one that was running at a crash, else the oldest."""
        rows = self._rows(
            "SELECT job_id, attempt, payload FROM job WHERE state != 'over'"
            " ORDER BY state != 'running', rowid"
        )
        for job_id, attempt, payload in rows:
            try:
                return decode(payload, Command)
            except WireError as error:
                # Kept by another version of us. The server misses it, and asks again.
                log.error("job %s cannot be read any more: %s", job_id, error)
                with self._transaction():
                    self._db.execute(
                        "UPDATE job SET state = 'over' WHERE job_id = ? AND attempt = ?",
                        (job_id, attempt),
                    )
        return None

    def job_start(self, job: Command, answer: Waiting) -> int:
        """Mark a job as running and keep our word on it.

        Return how often it has been started, this time included.
        """
        with self._transaction():
            self._db.execute(
                "UPDATE job SET state = 'running', starts = starts + 1"
                " WHERE job_id = ? AND attempt = ?",
                (job.job_id, job.attempt),
            )
            self._insert(answer)
        found = self._rows(
            "SELECT starts FROM job WHERE job_id = ? AND attempt = ?", job.job_id, job.attempt
        )
        return int(found[0][0])

    def job_is_open(self, job_id: str, attempt: int) -> bool:
        found = self._rows(
            "SELECT state FROM job WHERE job_id = ? AND attempt = ?", job_id, attempt
        )
        return bool(found) and found[0][0] != JobState.OVER.value

    def runs_done(self, job: Command) -> frozenset[str]:
        """Return the request ids of a job whose results are kept or were sent."""
        rows = self._rows(
            "SELECT request_id FROM done WHERE job_id = ? AND attempt = ?",
            job.job_id,
            job.attempt,
        )
        return frozenset(row[0] for row in rows)

    def run_done(self, job_id: str, attempt: int, request_id: str, result: Waiting) -> bool:
        """Keep a run's result, once. Return False where one was kept before."""
        with self._transaction():
            cursor = self._db.execute(
                "INSERT OR IGNORE INTO done VALUES (?, ?, ?)", (job_id, attempt, request_id)
            )
            if cursor.rowcount == 1:
                self._insert(result)
                # Progress was made: only starts without any count against the job.
                self._db.execute(
                    "UPDATE job SET starts = 0 WHERE job_id = ? AND attempt = ?", (job_id, attempt)
                )
            return cursor.rowcount == 1

    def job_over(self, job_id: str, attempt: int, answer: Waiting) -> None:
        """Close a job and keep its last word to the server."""
        with self._transaction():
            self._db.execute(
                "UPDATE job SET state = 'over' WHERE job_id = ? AND attempt = ?", (job_id, attempt)
            )
            self._insert(answer)
            self._prune()

    # --- inside -----------------------------------------------------------------------------
    def _rows(self, query: str, *values: object) -> list[Any]:
        try:
            return self._db.execute(query, values).fetchall()
        except sqlite3.Error as error:
            if _code(error) in _NO_ROOM:
                raise SpoolFull(f"{self._path}: {error}; make room") from error
            raise

    def _insert(self, waiting: Waiting) -> None:
        self._db.execute(
            "INSERT OR IGNORE INTO outbox (msg_id, kind, topic, payload, created_s)"
            " VALUES (?, ?, ?, ?, ?)",
            (waiting.msg_id, waiting.kind, waiting.topic, waiting.payload, time.time()),
        )
        if waiting.kind in _DROPPABLE:
            self._db.execute(
                "DELETE FROM outbox WHERE kind IN (?, ?) AND seq <= (SELECT max(seq) FROM outbox)"
                " - ?",
                (*_DROPPABLE, _DROPPABLE_LIMIT),
            )

    def _prune(self) -> None:
        before = time.time() - _REMEMBER_S
        self._db.execute(
            "DELETE FROM done WHERE (job_id, attempt) IN"
            " (SELECT job_id, attempt FROM job WHERE state = 'over' AND received_s < ?)",
            (before,),
        )
        self._db.execute("DELETE FROM job WHERE state = 'over' AND received_s < ?", (before,))

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            self._db.execute("BEGIN IMMEDIATE")
            yield
            self._db.execute("COMMIT")
        except BaseException as error:
            # SQLite itself rolls back where the disk is full.
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            if isinstance(error, sqlite3.Error) and _code(error) in _NO_ROOM:
                raise SpoolFull(f"{self._path}: {error}; make room") from error
            raise


def _opened(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None, timeout=10)
    try:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        db.executescript(_SCHEMA)
        found = db.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            error = sqlite3.DatabaseError(found)
            error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
            raise error
    except BaseException:
        db.close()
        raise
    return db


def _put_aside(path: Path) -> Path:
    """Move a damaged spool out of the way, its journal with it. Return where to."""
    kept = path.with_name(f"{path.name}.damaged-{time.time_ns()}")
    for ending in ("-wal", "-shm", ""):
        old = path.with_name(path.name + ending)
        if old.exists():
            old.rename(kept.with_name(kept.name + ending))
    return kept


def _unusable(path: Path, error: Exception) -> SpoolUnusable:
    return SpoolUnusable(
        f"the spool {path} cannot be opened or written: {error}; give its folder to this user,"
        " make room, or name another `spool`"
    )


def _code(error: sqlite3.Error) -> int:
    # The lowest byte is the kind, the rest says more about it.
    return getattr(error, "sqlite_errorcode", 0) & 0xFF
