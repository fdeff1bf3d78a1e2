"""The agent over the memory transport: jobs, answers, restarts, refusals."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from queue import Queue
from typing import Any

import pytest

from device_agent.agent import About, Agent, will_of
from device_agent.jobs import Jobs
from device_agent.spool import Spool, SpoolFull, Waiting
from device_agent.transport.memory import MemoryBroker, MemoryTransport
from device_agent.work import JobEnded, RunDone, Work
from firmware_specs.wire import (
    Ack,
    Birth,
    Command,
    CommandKind,
    Config,
    JobAnswer,
    KitState,
    Message,
    Outcome,
    Result,
    Sample,
    Status,
    TaskInfo,
    TaskRun,
    decode,
    encode,
    topics,
)
from tests.device_agent.scripted import DEVICE, RUNS, command


class Bench:
    """An agent whose work is done by hand, before a memory broker."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.broker = MemoryBroker()
        self.now = 0.0
        self.started: list[tuple[Command, list[str]]] = []
        self.cancelled: list[str] = []
        self.boot()

    def boot(self) -> None:
        """Start an agent on the same spool, as after a power cut."""
        self.inbox: Queue[Any] = Queue()
        self.spool = Spool(self.folder / "spool.sqlite3")
        self.transport = MemoryTransport(
            self.broker, device_id=DEVICE, will=will_of(DEVICE), inbox=self.inbox
        )
        jobs = Jobs(DEVICE, self.spool, self.transport, self.inbox, start_work=self._start)
        self.agent = Agent(
            device_id=DEVICE, spool=self.spool, transport=self.transport, inbox=self.inbox,
            jobs=jobs, clock=lambda: self.now,
            about=About(
                board="host-linux", meters=(), tasks=(TaskInfo(task="gemm", available=True),)
            ),
        )  # fmt: skip
        self.transport.start()
        self.settle()

    def _start(self, job: Command, runs: Sequence[TaskRun], inbox: Any) -> Work:
        self.started.append((job, [run.request_id for run in runs]))
        return self

    def cancel(self, why: str) -> None:
        self.cancelled.append(why)

    def settle(self) -> None:
        self.agent.step(0.001)
        while not self.inbox.empty():
            self.agent.step(0.001)

    def tell(self, message: Message) -> None:
        channel = topics.Down[{Command: "CMD", Ack: "ACK", Config: "CONFIG"}[type(message)]]
        self.broker.say(DEVICE, topics.down(DEVICE, channel), encode(message))
        self.settle()

    def finish(self, *names: str, job: Command | None = None) -> None:
        job = job or command()
        for name in names:
            outcome = {"outcome": "measured", "value": 2.0, "low": 1.9, "high": 2.2, "n": 5}
            self.inbox.put(
                RunDone(
                    job_id=job.job_id, attempt=job.attempt, request_id=name,
                    outcome={**outcome, "unit": "s"},
                )
            )  # fmt: skip
        self.settle()

    def end(self, why: str = "", job: Command | None = None) -> None:
        job = job or command()
        self.inbox.put(JobEnded(job_id=job.job_id, attempt=job.attempt, why=why))
        self.settle()

    def said(self, kind: type[Any]) -> list[Any]:
        """Return what the agent published of one type."""
        found = []
        for topic, payload in self.broker.published:
            channel = topics.parse(topic).channel
            assert isinstance(channel, topics.Up)
            if topics.UP_TYPES[channel] is kind:
                found.append(decode(payload, kind))
        return found

    def answers(self) -> list[JobAnswer]:
        return [ack.answer for ack in self.said(Ack)]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_a_job_is_accepted_run_reported_and_finished(bench: Bench) -> None:
    bench.tell(command())
    bench.finish(*RUNS)
    bench.end()

    results = bench.said(Result)
    assert [(r.request_id, r.outcome, r.value) for r in results] == [
        (name, Outcome.MEASURED, 2.0) for name in RUNS
    ]
    assert bench.answers() == [JobAnswer.ACCEPTED, JobAnswer.STARTED, JobAnswer.FINISHED]


def test_a_board_plugged_in_later_is_told_once_and_never_within_a_job(bench: Bench) -> None:
    news = [(TaskInfo(task="mac8", available=True),)]
    bench.tell(command())
    bench.agent.look = lambda: news.pop() if news else None
    bench.agent._look_due_s = 0.0
    before = len(bench.said(Birth))

    bench.settle()
    during = len(bench.said(Birth))
    bench.finish(*RUNS)
    bench.end()
    for _ in range(3):
        bench.settle()

    births = bench.said(Birth)
    assert (during, len(births)) == (before, before + 1)
    assert [task.task for task in births[-1].tasks] == ["mac8"]


def test_progress_is_said_while_a_job_runs(bench: Bench) -> None:
    bench.tell(command())
    bench.finish("a", "b")

    assert [(s.value, s.total) for s in bench.said(Sample)] == [(0, 3), (1, 3), (2, 3)]


def test_nothing_leaves_the_spool_before_the_servers_word(bench: Bench) -> None:
    bench.tell(command())
    bench.finish(*RUNS)
    bench.end()
    kept = {w.msg_id for w in bench.spool.waiting(limit=100)}

    bench.tell(Ack(ids=("kjb_1.1.a",)))

    assert {"kjb_1.1.a", "kjb_1.1.b", "kjb_1.1.finished"} <= kept
    assert {w.msg_id for w in bench.spool.waiting(limit=100)} == kept - {"kjb_1.1.a"}


def test_what_is_not_acknowledged_is_said_again_after_a_while(bench: Bench) -> None:
    bench.tell(command())
    bench.finish("a")
    said = [r.msg_id for r in bench.said(Result)]

    bench.now += 11
    bench.settle()

    assert [r.msg_id for r in bench.said(Result)] == said * 2


def test_without_a_connection_results_wait_and_leave_with_the_next(bench: Bench) -> None:
    bench.tell(command())
    bench.transport.lose()
    bench.finish("a")
    assert bench.said(Result) == []

    bench.transport.start()
    bench.settle()

    assert [r.request_id for r in bench.said(Result)] == ["a"]


def test_a_restart_runs_only_what_is_missing(bench: Bench) -> None:
    bench.tell(command())
    bench.finish("a")

    bench.boot()

    assert [names for _, names in bench.started] == [list(RUNS), ["b", "c"]]


def test_a_finished_job_said_again_is_not_run_again_even_after_a_restart(bench: Bench) -> None:
    bench.tell(command())
    bench.finish(*RUNS)
    bench.end()

    bench.boot()
    bench.tell(command())

    assert len(bench.started) == 1


def test_a_job_that_never_gets_anywhere_is_reported_as_interrupted(bench: Bench) -> None:
    bench.tell(command())
    for _ in range(3):
        bench.boot()

    results = bench.said(Result)
    assert {(r.request_id, r.outcome) for r in results} == {
        (name, Outcome.INTERRUPTED) for name in RUNS
    }
    assert "interrupted 3 times" in results[0].detail
    assert bench.answers()[-1] is JobAnswer.FINISHED


def test_a_job_that_gets_on_is_never_given_up(bench: Bench) -> None:
    many = replace(
        command(),
        runs=tuple(TaskRun(request_id=f"r{i}", task="call_overhead") for i in range(8)),
    )
    bench.tell(many)

    for i in range(7):
        bench.finish(f"r{i}", job=many)
        bench.boot()
    bench.finish("r7", job=many)
    bench.end(job=many)

    assert {r.outcome for r in bench.said(Result)} == {Outcome.MEASURED}


def test_a_worker_that_dies_leaves_its_reason_with_each_missing_run(bench: Bench) -> None:
    bench.tell(command())
    bench.finish("a")
    bench.end("took longer than 600 s")

    late = {r.request_id: r for r in bench.said(Result) if r.outcome is Outcome.INTERRUPTED}
    assert set(late) == {"b", "c"}
    assert late["b"].detail == "took longer than 600 s"


def test_a_cancelled_job_ends_its_work_and_says_so(bench: Bench) -> None:
    bench.tell(command())
    bench.tell(replace(command(), kind=CommandKind.CANCEL, runs=()))
    assert bench.cancelled == ["cancelled"]

    bench.end("cancelled")

    assert {r.outcome for r in bench.said(Result)} == {Outcome.CANCELLED}
    assert bench.answers()[-1] is JobAnswer.CANCELLED


def test_a_job_cancelled_before_it_starts_is_never_started(bench: Bench) -> None:
    bench.tell(command("kjb_1"))
    bench.tell(command("kjb_2"))
    bench.tell(replace(command("kjb_2"), kind=CommandKind.CANCEL, runs=()))

    bench.finish(*RUNS, job=command("kjb_1"))
    bench.end(job=command("kjb_1"))

    assert [job.job_id for job, _ in bench.started] == ["kjb_1"]


def test_a_newer_attempt_replaces_the_running_one(bench: Bench) -> None:
    bench.tell(command(attempt=1))
    bench.tell(command(attempt=2))
    bench.end("replaced by a newer attempt", job=command(attempt=1))

    assert bench.cancelled == ["replaced by a newer attempt"]
    assert [job.attempt for job, _ in bench.started] == [1, 2]


def test_an_older_attempt_that_comes_late_is_not_started(bench: Bench) -> None:
    bench.tell(command(attempt=2))
    bench.finish(*RUNS, job=command(attempt=2))
    bench.end(job=command(attempt=2))

    bench.tell(command(attempt=1))

    assert [job.attempt for job, _ in bench.started] == [2]


@pytest.mark.parametrize(
    ("runs", "words"),
    [
        ((), "asks for nothing"),
        ((TaskRun(request_id="x", task="mine_bitcoin"),), "mine_bitcoin"),
        ((TaskRun(request_id="x", task="gemm", arguments={"m": 0}),), "below 1"),
        ((TaskRun(request_id="x", task="triad"), TaskRun(request_id="x", task="triad")), "same"),
    ],
)
def test_a_command_no_spec_allows_is_refused_with_words(
    bench: Bench, runs: tuple[TaskRun, ...], words: str
) -> None:
    bench.tell(replace(command(), runs=runs))

    assert bench.started == []
    assert bench.said(Ack)[-1].answer is JobAnswer.REFUSED
    assert words in bench.said(Ack)[-1].detail


@pytest.mark.parametrize("payload", [b"", b"{}", b"\xff", b'{"v":9,"type":"command"}'])
def test_a_hostile_command_is_confirmed_and_ignored(bench: Bench, payload: bytes) -> None:
    bench.broker.say(DEVICE, topics.down(DEVICE, topics.Down.CMD), payload)
    bench.settle()

    bench.boot()
    bench.tell(command())

    assert [job.job_id for job, _ in bench.started] == ["kjb_1"]


def test_birth_says_what_can_be_measured(bench: Bench) -> None:
    birth = bench.said(Birth)[0]

    assert birth.board == "host-linux"
    assert birth.tasks == (TaskInfo(task="gemm", available=True),)


def test_status_follows_the_job_and_the_will_says_offline(bench: Bench) -> None:
    bench.tell(command())
    bench.settle()
    assert (bench.said(Status)[-1].state, bench.said(Status)[-1].job_id) == (
        KitState.BUSY, "kjb_1",
    )  # fmt: skip

    bench.transport.lose()

    retained = bench.broker.retained[topics.up(DEVICE, topics.Up.STATUS)]
    assert decode(retained, Status).state is KitState.OFFLINE


def test_status_comes_as_often_as_the_server_asks(bench: Bench) -> None:
    bench.tell(Config(status_every_s=5.0))
    before = len(bench.said(Status))

    bench.now += 31
    bench.settle()
    bench.now += 6
    bench.settle()

    assert len(bench.said(Status)) == before + 2


# --- a full disk --------------------------------------------------------------------------------
def put_all(spool: Spool, messages: list[Waiting]) -> None:
    for message in messages:
        spool.put(message)


def test_a_full_disk_refuses_in_words_and_spoils_nothing(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool.sqlite3")
    waiting = [
        Waiting(msg_id=f"m{n}", kind="result", topic="t", payload=b"x" * 3000) for n in range(9)
    ]
    pages = spool._db.execute("PRAGMA page_count").fetchone()[0]
    spool._db.execute(f"PRAGMA max_page_count={pages}")

    with pytest.raises(SpoolFull, match="database or disk is full; make room"):
        put_all(spool, waiting)
    kept = spool.depth()
    assert kept < 9
    assert [w.msg_id for w in spool.waiting(limit=20)] == [w.msg_id for w in waiting[:kept]]

    spool._db.execute("PRAGMA max_page_count=100000")
    put_all(spool, waiting)
    assert spool.depth() == 9
