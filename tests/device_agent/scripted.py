"""An agent, a server double and scripted work in one process that can be killed at any line.

It works until the server double has stored every result and the spool is empty. `kill_at` is where
it kills itself as a power cut would: `17`, before the 17th executed line of the agent's own code;
`spool.py:120`, before that line is executed first; `0`, never. An undisturbed run writes what was
executed to `executed.json`. The server double keeps what it stored in `server.sqlite3`, as
courseserver does: unique by message id, acknowledged after commit.
"""

import json
import os
import signal
import sqlite3
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from queue import Queue
from types import FrameType
from typing import Any

from device_agent.agent import About, Agent, will_of
from device_agent.jobs import Jobs
from device_agent.spool import Spool
from device_agent.transport.memory import MemoryBroker, MemoryTransport
from device_agent.work import JobEnded, RunDone, Work
from firmware_specs.wire import (
    Ack,
    Command,
    CommandKind,
    Result,
    TaskRun,
    decode,
    encode,
    topics,
)

DEVICE = "kit_test"
RUNS = ("a", "b", "c")
_TRACED = ("spool.py", "jobs.py", "outbox.py", "agent.py")


class _Nothing:
    def cancel(self, why: str) -> None: ...


def scripted_work(log: Path) -> Any:
    """Return a work starter that does every run at once and notes each execution."""

    def start(job: Command, runs: Sequence[TaskRun], inbox: Any) -> Work:
        for run in runs:
            with log.open("a") as file:
                file.write(f"{job.job_id}.{job.attempt}.{run.request_id}\n")
            outcome = {"outcome": "measured", "value": 1.0, "low": 0.9, "high": 1.1, "n": 9}
            inbox.put(
                RunDone(
                    job_id=job.job_id,
                    attempt=job.attempt,
                    request_id=run.request_id,
                    outcome={**outcome, "unit": "s"},
                )
            )
        inbox.put(JobEnded(job_id=job.job_id, attempt=job.attempt, why=""))
        return _Nothing()

    return start


def command(job_id: str = "kjb_1", attempt: int = 1) -> Command:
    runs = tuple(TaskRun(request_id=name, task="call_overhead") for name in RUNS)
    return Command(
        kind=CommandKind.RUN, job_id=job_id, attempt=attempt, issued_utc="now", runs=runs
    )


class ServerDouble:
    """Stores results once by message id; acknowledges after the commit."""

    def __init__(self, path: Path, broker: MemoryBroker) -> None:
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.execute("CREATE TABLE IF NOT EXISTS result (msg_id TEXT PRIMARY KEY, run TEXT)")
        self._broker = broker
        self._read = 0

    def step(self) -> None:
        published = self._broker.published[self._read :]
        self._read += len(published)
        for topic, payload in published:
            self._take(topic, payload)

    def _take(self, topic: str, payload: bytes) -> None:
        channel = topics.parse(topic).channel
        assert isinstance(channel, topics.Up)
        message = decode(payload, topics.UP_TYPES[channel])
        if isinstance(message, Result):
            self._db.execute(
                "INSERT OR IGNORE INTO result VALUES (?, ?)", (message.msg_id, message.request_id)
            )
        msg_id = getattr(message, "msg_id", "")
        if msg_id:
            ack = encode(Ack(ids=(msg_id,)))
            self._broker.say(DEVICE, topics.down(DEVICE, topics.Down.ACK), ack)

    def runs(self) -> list[str]:
        return [row[0] for row in self._db.execute("SELECT run FROM result")]


def main(folder: Path, kill_at: str) -> None:
    broker, inbox = MemoryBroker(), Queue[Any]()
    spool = Spool(folder / "spool.sqlite3")
    transport = MemoryTransport(broker, device_id=DEVICE, will=will_of(DEVICE), inbox=inbox)
    start_work = scripted_work(folder / "executed.log")
    agent = Agent(
        device_id=DEVICE,
        spool=spool,
        transport=transport,
        inbox=inbox,
        jobs=Jobs(DEVICE, spool, transport, inbox, start_work=start_work),
        about=About(board="host-linux", tasks=(), meters=()),
    )
    server = ServerDouble(folder / "server.sqlite3", broker)
    # The server's row still wants the job done, so it says the command again, twice.
    for _ in range(2):
        broker.say(DEVICE, topics.down(DEVICE, topics.Down.CMD), encode(command()))
    executed = _kill_at(kill_at)
    transport.start()
    deadline = time.monotonic() + 300
    while len(server.runs()) < len(RUNS) or spool.depth():
        agent.step(0.001)
        server.step()
        if time.monotonic() > deadline:
            raise SystemExit(f"stuck: {server.runs()} stored, {spool.depth()} spooled")
    sys.settrace(None)
    places = sorted(set(executed))
    (folder / "executed.json").write_text(json.dumps({"count": len(executed), "places": places}))


def _kill_at(kill_at: str) -> list[str]:
    """Note executed lines of the agent's modules, and die before the given one."""
    executed: list[str] = []

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        name = Path(frame.f_code.co_filename).name
        if name not in _TRACED:
            return None
        if event == "line":
            executed.append(f"{name}:{frame.f_lineno}")
            if kill_at in (executed[-1], str(len(executed))):
                os.kill(os.getpid(), signal.SIGKILL)
        return trace

    sys.settrace(trace)
    return executed
