"""Everything that goes wrong on a bench, round by round, in one process.

A round is one job of three runs on firmware in Python behind a real pty, asked of a real agent over
a broker in memory and stored by a double of the server. One thing is done to it: the board is
unplugged and comes back as another port; noise comes on the line; the disk is full; the clock jumps
by years; messages are doubled, reordered, cut and made up; the agent dies. The board's counter of
32 bits often wraps within the round. Whatever happens, the server has one row for each run, right
or with a reason in words, and the spool is empty.
"""

import json
import os
import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from queue import Queue
from typing import Any
from unittest.mock import patch

from device_agent import worker
from device_agent.agent import About, Agent, will_of
from device_agent.boards import find
from device_agent.jobs import Jobs
from device_agent.spool import Spool, Waiting
from device_agent.transport.memory import MemoryBroker, MemoryTransport
from device_agent.work import JobEnded, RunDone
from firmware_specs.wire import (
    Ack,
    Command,
    CommandKind,
    Log,
    Outcome,
    Result,
    TaskRun,
    decode,
    encode,
    new_msg_id,
    topics,
)
from tests.doubles.fake_board import DutFirmware, Faults, PtyBoard

DEVICE = "kit_lines"
HARMS = ("unplugged", "full disk", "clock jump", "noise", "messages", "agent killed")
RUNS = ("a", "b", "c")
RUN_US = 2500
_WRAP = 1 << 32
_PAGES_MOST = 1 << 30
_PATIENCE_S = 300.0


@dataclass(slots=True)
class LineRound:
    """One job, what was done to it, and what is wrong with its end."""

    number: int
    harm: str
    seconds: float = 0.0
    outcomes: tuple[str, ...] = ()
    restarts: int = 0
    wrong: list[str] = field(default_factory=list)


def play_line_round(folder: Path, rng: random.Random, number: int, harm: str) -> LineRound:
    """Play one round in a folder of its own and return what became of it."""
    round_ = LineRound(number=number, harm=harm)
    began = time.monotonic()
    with _bench(folder, rng) as bench:
        bench.ask(f"kjb_{number}")
        _HARM[harm](bench, rng)
        bench.work_until_done()
        round_.wrong = list(bench.faults(may_fail=harm == "unplugged"))
        round_.outcomes = tuple(bench.rows[run].outcome.value for run in RUNS if run in bench.rows)
        round_.restarts = bench.restarts
    round_.seconds = time.monotonic() - began
    return round_


# --- what is done to it -------------------------------------------------------------------------
def _unplug(bench: "LineBench", rng: random.Random) -> None:
    bench.board.pull_at(rng.randrange(3, 12), back_after_s=rng.uniform(0.0, 0.3))


def _fill_disk(bench: "LineBench", rng: random.Random) -> None:
    bench.step_some(rng.randrange(0, 12))
    # Without a connection what is measured stays, so that there is something to fill it with.
    bench.broker.is_up = False
    bench.is_disk_full = True
    bench.fill_disk()
    ends = time.monotonic() + rng.uniform(0.5, 1.5)
    while time.monotonic() < ends:
        bench.step()
    bench.broker.is_up = True
    bench.make_room()
    if rng.random() < 0.5:
        bench.restart()


def _jump(bench: "LineBench", rng: random.Random) -> None:
    bench.step_some(rng.randrange(0, 12))
    bench.offset_s = rng.choice((-1, 1)) * rng.uniform(1, 50) * 365 * 86400.0


def _make_noise(bench: "LineBench", rng: random.Random) -> None:
    for _ in range(rng.randrange(1, 6)):
        bench.board.noise.append(rng.randbytes(rng.randrange(1, 400)) + b"\r\n")


def _spoil_messages(bench: "LineBench", rng: random.Random) -> None:
    bench.spoils = rng
    for _ in range(rng.randrange(5, 30)):
        bench.say(rng.choice(list(topics.Down)), _hostile(bench, rng))


def _kill(bench: "LineBench", rng: random.Random) -> None:
    bench.step_some(rng.randrange(0, 30))
    bench.restart()


_HARM: dict[str, Callable[["LineBench", random.Random], None]] = {
    "unplugged": _unplug,
    "full disk": _fill_disk,
    "clock jump": _jump,
    "noise": _make_noise,
    "messages": _spoil_messages,
    "agent killed": _kill,
}


def _hostile(bench: "LineBench", rng: random.Random) -> bytes:
    """Return what no server says, or says at another time."""
    whole = encode(bench.command)
    body = json.loads(whole)
    body[rng.choice(sorted(body))] = rng.choice([None, -1, "x" * 5000, [], {"a": [1]}, 1e308])
    return rng.choice([
        rng.randbytes(rng.randrange(200)), whole[: rng.randrange(len(whole))], whole,
        json.dumps(body).encode(), b"[" * 3000, b'{"v":1,"type":"command"}',
    ])  # fmt: skip


# --- the bench ----------------------------------------------------------------------------------
class PullableBoard:
    """Firmware behind a pty with a name that stays, pulled while it takes its n-th command."""

    def __init__(self, link: Path, clock_us: int) -> None:
        self.link = link
        self.noise: list[bytes] = []
        self._clock_us = clock_us
        self._pull_at = -1
        self._back_after_s = 0.0
        self._heard = 0
        self._pulling: threading.Thread | None = None
        self.plug_in()

    def plug_in(self) -> None:
        self._pty = PtyBoard(self, Faults())
        self._firmware = DutFirmware(run_us=RUN_US, clock_us=self._clock_us)
        fresh = self.link.with_suffix(".new")
        fresh.symlink_to(self._pty.path)
        fresh.replace(self.link)

    def pull_at(self, command: int, *, back_after_s: float) -> None:
        self._pull_at, self._back_after_s = self._heard + command, back_after_s

    def receive(self, data: bytes) -> bytes:
        self._heard += 1
        if self._heard == self._pull_at:
            self._pulling = threading.Thread(target=self._pull)
            self._pulling.start()
            return b"m-"
        answer = self._firmware.receive(data)
        return self.noise.pop() + answer if self.noise and data == b"name%" else answer

    def stop(self) -> None:
        if self._pulling is not None:
            self._pulling.join()
        self._pty.unplug()

    def _pull(self) -> None:
        self._pty.unplug()
        self.link.unlink()
        time.sleep(self._back_after_s)
        self.plug_in()


class ThreadWork:
    """A job's runs, one after another on a thread, as the worker process does them."""

    def __init__(self, job: Command, runs: Sequence[TaskRun], inbox: Any) -> None:
        self._job, self._runs, self._inbox = job, runs, inbox
        self._why = ""
        self.thread = threading.Thread(target=self._work, daemon=True)
        self.thread.start()

    def cancel(self, why: str) -> None:
        self._why = self._why or why

    def _work(self) -> None:
        about = {"job_id": self._job.job_id, "attempt": self._job.attempt}
        for run in self._runs:
            if not self._why:
                outcome = worker.run_one(run.task, run.arguments)
                self._inbox.put(RunDone(**about, request_id=run.request_id, outcome=outcome))
        self._inbox.put(JobEnded(**about, why=self._why))


class LineBench:
    """An agent with its board, and a server that stores each message once."""

    def __init__(self, folder: Path, rng: random.Random) -> None:
        self._folder = folder
        # Half of the rounds begin just before the board's counter wraps.
        clock_us = _WRAP - rng.randrange(2_000_000) if rng.random() < 0.5 else 0
        self.board = PullableBoard(folder / "tty", clock_us)
        self.broker = MemoryBroker()
        self.rows: dict[str, Result] = {}
        self.spoils: random.Random | None = None
        self.offset_s = 0.0
        self.restarts = 0
        self.is_disk_full = False
        self._strange: list[str] = []
        self._read = 0
        self._works: list[ThreadWork] = []
        self.command = _command("kjb_none")
        self._start()

    # --- the agent ------------------------------------------------------------------------------
    def _start(self) -> None:
        inbox: Queue[Any] = Queue()
        self._spool = Spool(self._folder / "spool.sqlite3")
        self._transport = MemoryTransport(
            self.broker, device_id=DEVICE, will=will_of(DEVICE), inbox=inbox
        )

        def start_work(job: Command, runs: Sequence[TaskRun], inbox: Any) -> ThreadWork:
            self._works.append(ThreadWork(job, runs, inbox))
            return self._works[-1]

        self._agent = Agent(
            device_id=DEVICE,
            spool=self._spool,
            transport=self._transport,
            inbox=inbox,
            jobs=Jobs(DEVICE, self._spool, self._transport, inbox, start_work=start_work),
            about=About(board="host-linux", tasks=(), meters=()),
        )
        self._transport.start()
        if self.is_disk_full:
            self._leave_no_page()

    def restart(self) -> None:
        """Die without a word, and start again with what the spool holds."""
        self.restarts += 1
        self._transport.lose()
        self._spool.close()
        for work in self._works:
            work.cancel("killed")
            work.thread.join()
        self._start()

    def fill_disk(self) -> None:
        """Leave the database not a page more, as a disk without room does, and little in those."""
        for _ in range(4):
            line = Log(msg_id=new_msg_id(), at_utc="now", level="info", text="x" * 800)
            self._spool.put(
                Waiting(
                    msg_id=line.msg_id,
                    kind="log",
                    topic=topics.up(DEVICE, topics.Up.LOG),
                    payload=encode(line),
                )
            )
        self._leave_no_page()

    def make_room(self) -> None:
        self.is_disk_full = False
        self._spool._db.execute(f"PRAGMA max_page_count={_PAGES_MOST}")

    def _leave_no_page(self) -> None:
        pages = self._spool._db.execute("PRAGMA page_count").fetchone()[0]
        self._spool._db.execute(f"PRAGMA max_page_count={pages}")

    def step(self) -> None:
        self._agent.step(0.005)
        self._serve()

    def step_some(self, count: int) -> None:
        for _ in range(count):
            self.step()

    # --- the server -----------------------------------------------------------------------------
    def ask(self, job_id: str) -> None:
        self.command = _command(job_id)
        self.say(topics.Down.CMD, encode(self.command))

    def say(self, channel: topics.Down, payload: bytes) -> None:
        self.broker.say(DEVICE, topics.down(DEVICE, channel), payload)

    def _serve(self) -> None:
        fresh = self.broker.published[self._read :]
        self._read += len(fresh)
        if self.spoils is not None:
            # At least once, in any order; and some acknowledgements never arrive.
            fresh = [*fresh, *self.spoils.sample(fresh, len(fresh) // 2)]
            self.spoils.shuffle(fresh)
        for topic, payload in fresh:
            self._store(topic, payload)

    def _store(self, topic: str, payload: bytes) -> None:
        channel = topics.parse(topic).channel
        assert isinstance(channel, topics.Up)
        message = decode(payload, topics.UP_TYPES[channel])
        if isinstance(message, Result) and message.job_id == self.command.job_id:
            self.rows.setdefault(message.request_id, message)
        msg_id = getattr(message, "msg_id", "")
        if msg_id and not (self.spoils and self.spoils.random() < 0.2):
            self.say(topics.Down.ACK, encode(Ack(ids=(msg_id,))))

    def work_until_done(self) -> None:
        # Real time: the jump of the round moves only what the agent may not rely on.
        ends = time.monotonic() + _PATIENCE_S
        while len(self.rows) < len(RUNS) or self._spool.depth():
            self.step()
            if self._is_waiting_for_repeat():
                self._agent.outbox.resend_all()
            if time.monotonic() > ends:
                self._strange.append(f"{len(self.rows)} rows, {self._spool.depth()} spooled")
                return

    def _is_waiting_for_repeat(self) -> bool:
        """Return whether only lost acknowledgements are missing: the agent asks after 10 s."""
        return len(self.rows) == len(RUNS) and self.spoils is not None

    def faults(self, *, may_fail: bool) -> Iterator[str]:
        yield from self._strange
        for run in RUNS:
            row = self.rows.get(run)
            if row is None:
                yield f"{run}: no row"
            elif row.outcome is Outcome.MEASURED:
                if row.value is None or abs(row.value - RUN_US * 1e-6) > 1e-9:
                    yield f"{run}: {row.value} s"
            elif not (may_fail and row.detail):
                yield f"{run}: {row.outcome.value}, {row.detail or 'no reason'}"

    def close(self) -> None:
        for work in self._works:
            work.cancel("over")
            work.thread.join()
        find.detach()
        self._spool.close()
        self.board.stop()


def _command(job_id: str) -> Command:
    runs = tuple(TaskRun(request_id=name, task="kws", arguments={"window_s": 0.5}) for name in RUNS)
    return Command(kind=CommandKind.RUN, job_id=job_id, attempt=1, issued_utc="now", runs=runs)


@contextmanager
def _bench(folder: Path, rng: random.Random) -> Iterator[LineBench]:
    real_time, real_ns = time.time, time.time_ns
    find.detach()
    bench = LineBench(folder, rng)
    ports = {find.PORTS: f"{bench.board.link};dialect=dut"}
    with (
        patch.dict(os.environ, ports),
        patch("time.time", lambda: real_time() + bench.offset_s),
        patch("time.time_ns", lambda: real_ns() + int(bench.offset_s * 1e9)),
    ):
        try:
            yield bench
        finally:
            bench.close()
