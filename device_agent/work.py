"""Running a job in a child process, watched by a thread that reports on the agent's inbox."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from device_agent.boards.find import PORTS
from device_agent.transport import Inbox
from device_agent.worker import ONE_THREAD, PARENT
from firmware_specs.wire import Command, TaskInfo, TaskRun

# Importing what a listing asks for takes a cold, busy bench computer a while.
_LISTING_S = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RunDone:
    """One run's outcome, as the worker wrote it."""

    job_id: str
    attempt: int
    request_id: str
    outcome: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class JobEnded:
    """The worker is gone: `why` is empty when it did all its runs."""

    job_id: str
    attempt: int
    why: str


class Work(Protocol):
    """One job being run."""

    def cancel(self, why: str) -> None:
        """End it now; `JobEnded` follows with that reason."""


class WorkStarter(Protocol):
    def __call__(self, job: Command, runs: Sequence[TaskRun], inbox: Inbox) -> Work: ...


class WorkerProcess:
    """A child `python -m device_agent.worker`, killed when it is cancelled or overdue."""

    def __init__(
        self, job: Command, runs: Sequence[TaskRun], inbox: Inbox, *, ports: str = ""
    ) -> None:
        self._job = job
        self._runs = list(runs)
        self._inbox = inbox
        self._why = ""
        self._process = _spawn([], ports)
        threading.Thread(target=self._watch, name="worker-reader", daemon=True).start()
        self._timer = threading.Timer(
            job.timeout_s, self.cancel, [f"took longer than {job.timeout_s:g} s"]
        )
        self._timer.daemon = True
        self._timer.start()

    def cancel(self, why: str) -> None:
        self._why = self._why or why
        self._process.kill()

    def _watch(self) -> None:
        try:
            self._feed()
            self._read()
        except OSError as error:
            self._why = self._why or f"the worker cannot be talked to: {error}"
        code = self._process.wait()
        self._timer.cancel()
        why = self._why or (f"the worker ended with code {code}" if code else "")
        self._inbox.put(JobEnded(job_id=self._job.job_id, attempt=self._job.attempt, why=why))

    def _feed(self) -> None:
        runs = [{"id": r.request_id, "task": r.task, "arguments": r.arguments} for r in self._runs]
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps({"runs": runs}))
            self._process.stdin.close()
        except BrokenPipeError:
            self._why = self._why or "the worker ended before it took the job"

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            outcome = _parsed(line)
            if outcome is not None:
                self._inbox.put(
                    RunDone(
                        job_id=self._job.job_id,
                        attempt=self._job.attempt,
                        request_id=str(outcome["id"]),
                        outcome=outcome,
                    )
                )


def task_listing(ports: str = "") -> tuple[TaskInfo, ...]:
    """Return what this machine can measure, asked of a worker so that we need no numpy here."""
    process = _spawn(["--list"], ports)
    output, _ = process.communicate(timeout=_LISTING_S)
    return tuple(
        TaskInfo(
            task=row["task"],
            available=row["available"],
            detail=row["detail"],
            arguments=tuple(row["arguments"]),
            board=row["board"],
        )
        for row in json.loads(output)
    )


def run_alone(
    runs: Sequence[tuple[str, str, Mapping[str, Any]]], *, ports: str = ""
) -> Iterator[dict[str, Any]]:
    """Run (id, task, arguments) in a worker, without an agent, and yield each outcome with them."""
    process = _spawn([], ports)
    assert process.stdin is not None
    assert process.stdout is not None
    asked = [{"id": i, "task": task, "arguments": given} for i, task, given in runs]
    process.stdin.write(json.dumps({"runs": asked}))
    process.stdin.close()
    about = {row["id"]: row for row in asked}
    for line in process.stdout:
        outcome = _parsed(line)
        if outcome is not None:
            # A failed run does not repeat what was asked of it.
            yield {**about[str(outcome["id"])], **outcome}
    process.wait()


def _parsed(line: str) -> Mapping[str, Any] | None:
    """Return a worker's line, or None for what a library printed in between."""
    try:
        data = json.loads(line)
    except ValueError:
        return None
    return data if isinstance(data, dict) and "id" in data and "outcome" in data else None


def _spawn(arguments: list[str], ports: str = "") -> "subprocess.Popen[str]":
    named = {PORTS: ports} if ports else {}
    return subprocess.Popen(  # noqa: S603  our own module, no shell
        [sys.executable, "-m", "device_agent.worker", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | ONE_THREAD | named | {PARENT: str(os.getpid())},
    )
