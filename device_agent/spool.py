"""What must survive a power cut: jobs received and messages not yet acknowledged.

One SQLite file, written before acting and before sending. A message leaves it only when the
server's application says that it is stored; a job's runs are remembered as done, so that neither
a repeated command nor a restart counts one twice. Used by one thread.
"""

import sqlite3
import time
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from firmware_specs.wire import Command, decode, encode

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
_NO_ROOM = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_NOMEM)


class SpoolFull(RuntimeError):
    """Nothing was written, and the same may be tried again when there is room."""


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
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._db = sqlite3.connect(path, isolation_level=None, timeout=10)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        self._db.close()

    # --- messages ---------------------------------------------------------------------------
    def put(self, waiting: Waiting) -> None:
        """Keep a message until it is acknowledged; the same id again changes nothing."""
        with self._transaction():
            self._insert(waiting)

    def waiting(self, *, limit: int, besides: Collection[str] = ()) -> list[Waiting]:
        """Return the oldest messages that are not in `besides`."""
        rows = self._db.execute(
            "SELECT msg_id, kind, topic, payload FROM outbox ORDER BY seq LIMIT ?",
            (limit + len(besides),),
        ).fetchall()
        found = [Waiting(msg_id=r[0], kind=r[1], topic=r[2], payload=r[3]) for r in rows]
        return [w for w in found if w.msg_id not in besides][:limit]

    def forget(self, msg_ids: Iterable[str]) -> None:
        """Delete what the server's application has acknowledged."""
        with self._transaction():
            self._db.executemany("DELETE FROM outbox WHERE msg_id = ?", [(i,) for i in msg_ids])

    def depth(self) -> int:
        return int(self._db.execute("SELECT count(*) FROM outbox").fetchone()[0])

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
        row = self._db.execute(
            "SELECT payload FROM job WHERE state != 'over' ORDER BY state != 'running', rowid"
        ).fetchone()
        return decode(row[0], Command) if row else None

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
        row = self._db.execute(
            "SELECT starts FROM job WHERE job_id = ? AND attempt = ?", (job.job_id, job.attempt)
        ).fetchone()
        return int(row[0])

    def job_is_open(self, job_id: str, attempt: int) -> bool:
        row = self._db.execute(
            "SELECT state FROM job WHERE job_id = ? AND attempt = ?", (job_id, attempt)
        ).fetchone()
        return row is not None and row[0] != JobState.OVER.value

    def runs_done(self, job: Command) -> frozenset[str]:
        """Return the request ids of a job whose results are kept or were sent."""
        rows = self._db.execute(
            "SELECT request_id FROM done WHERE job_id = ? AND attempt = ?",
            (job.job_id, job.attempt),
        ).fetchall()
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
            if isinstance(error, sqlite3.Error) and _is_no_room(error):
                raise SpoolFull(f"{self._path}: {error}; make room") from error
            raise


def _is_no_room(error: sqlite3.Error) -> bool:
    # The lowest byte is the kind, the rest says more about it.
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _NO_ROOM
