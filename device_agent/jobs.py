"""From a command to its results: accept once, run, keep each result, answer."""

import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from device_agent.spool import Spool, Waiting
from device_agent.transport import Inbox, Transport
from device_agent.work import JobEnded, RunDone, Work, WorkerProcess, WorkStarter
from firmware_specs import tasks
from firmware_specs.wire import (
    Ack,
    Command,
    CommandKind,
    Energy,
    JobAnswer,
    Log,
    Message,
    Outcome,
    Result,
    Sample,
    Scalar,
    TaskRun,
    decode,
    encode,
    new_msg_id,
    result_msg_id,
    topics,
)

log = logging.getLogger(__name__)
# Starts without a single finished run: a job that kills the agent would kill it again.
_STARTS_MOST = 3


class Jobs:
    """One job at a time, oldest first; the spool is the memory, so a restart continues here."""

    def __init__(
        self,
        device_id: str,
        spool: Spool,
        transport: Transport,
        inbox: Inbox,
        *,
        start_work: WorkStarter = WorkerProcess,
        clock_facts: Callable[[], Mapping[str, Scalar]] = dict,
    ) -> None:
        self._device_id = device_id
        self._spool = spool
        self._transport = transport
        self._inbox = inbox
        self._start_work = start_work
        self._clock_facts = clock_facts
        self._job: Command | None = None
        self._work: Work | None = None

    @property
    def current_id(self) -> str:
        return self._job.job_id if self._job else ""

    # --- commands ---------------------------------------------------------------------------
    def command(self, command: Command) -> None:
        """Keep a new job, or cancel one; a repeat changes nothing."""
        if command.kind is CommandKind.CANCEL:
            self._cancel(command)
            return
        if self._job is not None and self._job.job_id == command.job_id:
            self._replace(command)
        why = self._refusal(command)
        accepted = None if why else self._answer(command, JobAnswer.ACCEPTED)
        if not self._spool.job_receive(command, accepted):
            log.info("job %s attempt %d is known", command.job_id, command.attempt)
        elif why:
            self._close(command, JobAnswer.REFUSED, why)

    def _replace(self, command: Command) -> None:
        """Drop the running attempt of a job when the server has begun a newer one."""
        if self._job is not None and self._job.attempt < command.attempt:
            if self._work is not None:
                self._work.cancel("replaced by a newer attempt")
            self._job = self._work = None

    def _refusal(self, command: Command) -> str:
        """Return why a job cannot be taken, in words, or an empty string."""
        if not command.runs:
            return "the command asks for nothing"
        if len({run.request_id for run in command.runs}) < len(command.runs):
            return "two runs have the same request id"
        for run in command.runs:
            try:
                tasks.task(run.task).check(run.arguments)
            except tasks.SpecError as error:
                return f"{run.request_id}: {error}"
        return ""

    def _cancel(self, command: Command) -> None:
        if self._work is not None and self._job is not None and _same(self._job, command):
            self._work.cancel("cancelled")
        elif self._spool.job_is_open(command.job_id, command.attempt):
            self._close(command, JobAnswer.CANCELLED, "cancelled before it started")

    # --- running ----------------------------------------------------------------------------
    def resume(self) -> None:
        """Note what a crash or a stop left open; `start_next` runs what is missing."""
        job = self._spool.job_next()
        if job is not None:
            log.info("job %s is waiting from before", job.job_id)

    def start_next(self) -> None:
        """Start the next job when none is running."""
        if self._job is not None:
            return
        job = self._spool.job_next()
        if job is None:
            return
        starts = self._spool.job_start(job, self._answer(job, JobAnswer.STARTED))
        missing = self._missing(job)
        if starts > _STARTS_MOST:
            self._give_up(job, missing, f"interrupted {starts - 1} times; not started again")
            return
        self._job = job
        self._work = self._start_work(job, missing, self._inbox)
        self._progress(job)
        self._say(job, "info", f"job started, {len(missing)} of {len(job.runs)} runs to do")

    def run_done(self, event: RunDone) -> None:
        """Keep one run's result."""
        job = self._job
        if job is None or (job.job_id, job.attempt) != (event.job_id, event.attempt):
            return
        run = next((r for r in job.runs if r.request_id == event.request_id), None)
        if run is not None:
            self._keep_result(job, run, event.outcome)
            self._progress(job)

    def ended(self, event: JobEnded) -> None:
        """Close the job: what the worker left undone is reported with the reason."""
        job = self._job
        if job is None or (job.job_id, job.attempt) != (event.job_id, event.attempt):
            return
        missing = self._missing(job)
        if event.why == "cancelled":
            self._report(job, missing, Outcome.CANCELLED, event.why)
            self._close(job, JobAnswer.CANCELLED, event.why)
        elif missing:
            self._give_up(job, missing, event.why or "the worker ended early")
        else:
            self._close(job, JobAnswer.FINISHED, "")
        # Only now: where the disk was full, all of this is said again.
        self._job = self._work = None

    def interrupt(self) -> None:
        """Stop working because the agent stops; the job stays open and continues next time."""
        if self._work is not None:
            self._work.cancel("the agent stops")

    # --- reporting --------------------------------------------------------------------------
    def _missing(self, job: Command) -> list[TaskRun]:
        done = self._spool.runs_done(job)
        return [run for run in job.runs if run.request_id not in done]

    def _give_up(self, job: Command, missing: list[TaskRun], why: str) -> None:
        self._report(job, missing, Outcome.INTERRUPTED, why)
        self._close(job, JobAnswer.FINISHED, why)

    def _report(self, job: Command, runs: list[TaskRun], outcome: Outcome, why: str) -> None:
        for run in runs:
            self._keep_result(job, run, {"outcome": outcome.value, "detail": why})

    def _keep_result(self, job: Command, run: TaskRun, outcome: Mapping[str, Any]) -> None:
        told = {**outcome.get("environment", {}), **self._clock_facts()}
        result = result_told(job.job_id, job.attempt, run, {**outcome, "environment": told})
        waiting = self._waiting(topics.Up.RESULT, result.msg_id, result)
        self._spool.run_done(job.job_id, job.attempt, run.request_id, waiting)

    def _close(self, job: Command, answer: JobAnswer, detail: str) -> None:
        if detail:
            self._say(job, "warning", detail)
        self._spool.job_over(job.job_id, job.attempt, self._answer(job, answer, detail))

    def _progress(self, job: Command) -> None:
        """Say how far we are; not spooled, since the results themselves tell the truth."""
        sample = Sample(
            msg_id=new_msg_id(),
            job_id=job.job_id,
            name="progress",
            at_utc=_utc_now(),
            value=float(len(job.runs) - len(self._missing(job))),
            total=float(len(job.runs)),
        )
        topic = topics.up(self._device_id, topics.Up.SAMPLE)
        self._transport.publish(topic, encode(sample), qos=0)

    def _say(self, job: Command, level: str, text: str) -> None:
        line = Log(
            msg_id=new_msg_id(), at_utc=_utc_now(), level=level, text=text, job_id=job.job_id
        )
        self._keep(self._waiting(topics.Up.LOG, line.msg_id, line))

    def _answer(self, job: Command, answer: JobAnswer, detail: str = "") -> Waiting:
        # The same words for the same event: a repeat after a crash is the same message.
        msg_id = f"{job.job_id}.{job.attempt}.{answer.value}"
        ack = Ack(
            msg_id=msg_id, job_id=job.job_id, attempt=job.attempt, answer=answer, detail=detail
        )
        return self._waiting(topics.Up.ACK, msg_id, ack)

    def _waiting(self, channel: topics.Up, msg_id: str, message: Message) -> Waiting:
        return Waiting(
            msg_id=msg_id,
            kind=channel.value,
            topic=topics.up(self._device_id, channel),
            payload=encode(message),
        )

    def _keep(self, waiting: Waiting) -> None:
        self._spool.put(waiting)


def _same(a: Command, b: Command) -> bool:
    return (a.job_id, a.attempt) == (b.job_id, b.attempt)


def _utc_now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def result_told(job_id: str, attempt: int, run: TaskRun, outcome: Mapping[str, Any]) -> Result:
    """Return the message of an outcome; what no message can say fails the run in words.

    A meter of somebody's may tell NaN, a runtime name itself in characters that are none.
    """
    try:
        result = result_of(job_id, attempt, run, outcome)
        decode(encode(result), Result)
    except (ValueError, TypeError) as error:
        why = f"what was measured cannot be told: {str(error)[:300]}"
        failed = {"outcome": Outcome.FAILED.value, "detail": why}
        return result_of(job_id, attempt, run, failed)
    return result


def result_of(job_id: str, attempt: int, run: TaskRun, outcome: Mapping[str, Any]) -> Result:
    """Return the wire message of what a worker wrote."""
    return Result(
        msg_id=result_msg_id(job_id, attempt, run.request_id),
        job_id=job_id,
        attempt=attempt,
        request_id=run.request_id,
        task=run.task,
        outcome=Outcome(outcome["outcome"]),
        at_utc=_utc_now(),
        arguments=dict(outcome.get("arguments", run.arguments)),
        value=outcome.get("value"),
        low=outcome.get("low"),
        high=outcome.get("high"),
        unit=str(outcome.get("unit", "")),
        n=int(outcome.get("n", 0)),
        evidence=str(outcome.get("evidence", "measured")),
        energy=Energy(**outcome.get("energy", {})),
        detail=str(outcome.get("detail", "")),
        flags=tuple(outcome.get("flags", ())),
        environment=dict(outcome.get("environment", {})),
        elapsed_s=float(outcome.get("elapsed_s", 0.0)),
    )
