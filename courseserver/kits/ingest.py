"""From payloads to rows: each message once, whatever arrives.

A batch is one transaction. What is no message of ours, or none this kit may send, is refused with
a reason that staff can read; nothing a kit sends can raise out of here except a database failure.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import structlog
from django.db import IntegrityError, transaction
from django.db.utils import DataError

from courseserver.common import clock
from courseserver.common.errors import Conflict
from courseserver.kits import agreement, checking, lines, power, queue, reference, requests
from courseserver.kits.models import Kit, KitJob, Measurement
from courseserver.kits.states import FINAL, ON_KIT, JobKind, JobState, KitHealth, Verdict
from firmware_specs import tasks
from firmware_specs.wire import (
    Ack,
    Birth,
    Energy,
    JobAnswer,
    Log,
    Message,
    Outcome,
    Result,
    Sample,
    Scalar,
    Status,
    WireError,
    decode,
    new_msg_id,
    topics,
)

log = structlog.get_logger(__name__)
# An outcome of ours, beside those that kits report: what they measured cannot be.
REJECTED = "rejected"
# The model that came along for the check; it is not kept.
_PIECE = re.compile(r"model_\d+")


class Refused(Exception):
    """A well-formed message that this kit may not send now; it is confirmed all the same."""


class Said(Protocol):
    """A message as it came off the broker."""

    @property
    def topic(self) -> str: ...

    @property
    def payload(self) -> bytes: ...


class Received(NamedTuple):
    """A message by itself."""

    topic: str
    payload: bytes


@dataclass(slots=True)
class Report:
    """What became of a batch: ids to acknowledge by device, and how many were refused."""

    acknowledge: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    stored: int = 0
    refused: int = 0


def ingest(batch: Sequence[Said]) -> Report:
    """Store a batch in one transaction.

    A row that the database cannot hold makes the batch go through one by one, so that it alone is
    refused.
    """
    try:
        with transaction.atomic():
            return _store(batch)
    except (IntegrityError, DataError):
        report = Report()
        for message in batch:
            _store_alone(message, report)
        return report


def _store_alone(message: Said, report: Report) -> None:
    try:
        with transaction.atomic():
            single = _store([message])
    except (IntegrityError, DataError) as error:
        report.refused += 1
        log.warning("kit message refused", topic=message.topic[:120], reason=str(error)[:200])
        return
    report.stored += single.stored
    report.refused += single.refused
    for device_id, ids in single.acknowledge.items():
        report.acknowledge[device_id] += ids


class _Batch:
    """What a batch reads once and writes at its end, so that its cost is not one query a message.

    Log lines wait until the end; results are written at once, for a job's end depends on them.
    """

    def __init__(self) -> None:
        self.report = Report()
        self.now = clock.now()
        self.kits: dict[str, Kit | None] = {}
        self.lines: list[lines.Line] = []
        # Kits that said something of themselves.
        self.introduced: dict[str, Kit] = {}
        self._jobs: dict[str, KitJob | None] = {}

    def read(self, batch: Sequence[Said]) -> list[tuple[Said, Kit, Message]]:
        """Return what kits in service said, well-formed; the rest is refused."""
        parsed: list[tuple[Said, str, Message]] = []
        spoiled: list[tuple[Said, str]] = []
        for received in batch:
            try:
                topic, message = _read(received)
            except WireError as error:
                spoiled.append((received, str(error)))
                continue
            parsed.append((received, topic.device_id, message))
        self._refuse_spoiled(spoiled)
        wanted = {device_id for _, device_id, _ in parsed}
        self.kits = dict.fromkeys(wanted) | Kit.objects.in_bulk(wanted)
        found = []
        for received, device_id, message in parsed:
            kit = self.kits[device_id]
            if kit is None or kit.health == KitHealth.REVOKED:
                self.refuse(received, None, "no kit in service has this id")
                continue
            found.append((received, kit, message))
        return found

    def _refuse_spoiled(self, spoiled: Sequence[tuple[Said, str]]) -> None:
        """Refuse what is no message of ours; staff read it once a minute of each kit."""
        if not spoiled:
            return
        minute = f"{self.now:%Y%m%dT%H%M}"
        names = {received.topic: _speaker(received.topic) for received, _ in spoiled}
        kits = Kit.objects.exclude(health=KitHealth.REVOKED).in_bulk(set(names.values()))
        for received, why in spoiled:
            self.refuse(received, None, why)
            if kit := kits.get(names[received.topic]):
                self.keep_line(kit, f"{kit.pk}.{minute}.spoiled", "refused", why)

    def store(self, received: Said, kit: Kit, message: Message) -> None:
        handle: Callable[[_Batch, Kit, Any], None] = _HANDLERS[type(message)]
        try:
            handle(self, kit, message)
            self.report.stored += 1
        # A move that the table does not allow: raised on, it would come back with every batch.
        except (Refused, Conflict) as error:
            self.refuse(received, kit, str(error))
        # Refused for good is also an answer: the kit may forget it.
        msg_id = getattr(message, "msg_id", "")
        if msg_id:
            self.report.acknowledge[kit.id].append(msg_id)

    def refuse(self, received: Said, kit: Kit | None, why: str) -> None:
        self.report.refused += 1
        log.warning("kit message refused", topic=received.topic[:120], reason=why[:200])
        if kit is not None:
            self.keep_line(kit, new_msg_id(), "refused", why)

    def keep_line(self, kit: Kit, msg_id: str, level: str, text: str, job_id: str = "") -> None:
        self.lines.append((msg_id[:128], kit.pk, job_id[:32], level[:16], text[:400]))

    def job_on(self, kit: Kit, job_id: str) -> KitJob:
        """Return the kit's own job, locked; a kit speaks for no other kit's job."""
        if job_id not in self._jobs:
            rows = KitJob.objects.select_for_update()
            self._jobs[job_id] = rows.filter(pk=job_id).first() if job_id else None
        job = self._jobs[job_id]
        if job is None or job.kit_id != kit.id:
            raise Refused(f"job {job_id[:40]!r} is not on this kit")
        return job

    def write(self) -> None:
        lines.insert(self.lines, at=self.now)
        heard = [kit.pk for kit in self.kits.values() if kit and kit.health != KitHealth.REVOKED]
        Kit.objects.filter(pk__in=heard).update(last_seen_at=self.now)
        for kit in self.introduced.values():
            kit.save(update_fields=["presence", "spool_depth", "birth"])


def _store(messages: Sequence[Said]) -> Report:
    batch = _Batch()
    for received, kit, message in batch.read(messages):
        batch.store(received, kit, message)
    batch.write()
    return batch.report


def _read(received: Said) -> tuple[topics.Topic, Message]:
    topic = topics.parse(received.topic)
    if not isinstance(topic.channel, topics.Up):
        raise WireError("that channel is ours to speak on")
    return topic, decode(received.payload, topics.UP_TYPES[topic.channel])


def _speaker(topic: str) -> str:
    """Return whose topic it is, or nothing: the broker lets each kit speak on its own alone."""
    try:
        return topics.parse(topic).device_id
    except WireError:
        return ""


# --- one handler per message type ---------------------------------------------------------------
def _status(batch: _Batch, kit: Kit, message: Status) -> None:
    batch.introduced[kit.pk] = kit
    kit.presence = message.state.value
    kit.spool_depth = max(0, message.spool_depth)


def _birth(batch: _Batch, kit: Kit, message: Birth) -> None:
    batch.introduced[kit.pk] = kit
    kit.birth = {
        "agent_version": message.agent_version,
        "board": message.board,
        "host": message.host,
        "tasks": [
            {
                "task": t.task,
                "available": t.available,
                "detail": t.detail,
                "arguments": list(t.arguments),
                "board": t.board,
            }
            for t in message.tasks
        ],
        "meters": [
            {"name": m.name, "available": m.available, "detail": m.detail} for m in message.meters
        ],
    }
    if kit.presence == "offline":
        kit.presence = "online"


def _result(batch: _Batch, kit: Kit, message: Result) -> None:
    job = batch.job_on(kit, message.job_id)
    if Measurement.objects.filter(message_id=message.msg_id).exists():
        return
    row = measurement_checked(kit, job, message)
    if row.verdict == Verdict.REJECTED:
        batch.keep_line(kit, f"{message.msg_id[:120]}.check", "refused", row.detail, job.id)
    Measurement.objects.bulk_create([row], ignore_conflicts=True)
    kept = job.measurements.filter(superseded=False)
    job.done = kept.count()
    job.save(update_fields=["done"])
    if job.done >= job.total and job.state not in FINAL:
        _finish(batch, job, kit)


def measurement_checked(kit: Kit, job: KitJob, message: Result) -> Measurement:
    """Return the row of a result, with what the server itself found out about it.

    Raises
    ------
    Refused
        If the job did not ask for it, or it lacks figures or has senseless ones.
    """
    asked = requests.asked(_check_result(job, message))
    row = _measurement(kit, job, message, asked)
    if message.outcome is Outcome.MEASURED:
        finding = checking.check(message, asked=asked, board=kit.board)
        finding = agreement.compared(finding, kit, job, message, asked=asked)
        row.verdict, row.verdict_why = finding.verdict, finding.reason[:400]
        if finding.verdict == Verdict.REJECTED:
            row.outcome, row.detail = REJECTED, finding.reason[:400]
    return row


def _check_result(job: KitJob, message: Result) -> dict[str, Any]:
    """Return what was asked; refuse what was not, what has no figures, and senseless ones."""
    asked: dict[str, Any] | None = {row["id"]: row for row in job.tasks}.get(message.request_id)
    if asked is None or asked["task"] != message.task:
        raise Refused(f"job {job.id} did not ask for {message.task} as {message.request_id!r}")
    if message.outcome is not Outcome.MEASURED:
        return asked
    value, low, high = message.value, message.low, message.high
    if value is None or low is None or high is None or message.n < 1:
        raise Refused(f"result {message.request_id} is measured but lacks value, low, high or n")
    if not 0 < low <= value <= high:
        raise Refused(f"result {message.request_id}: {low:g} ≤ {value:g} ≤ {high:g} must hold")
    if message.unit != tasks.task(message.task).unit:
        raise Refused(f"result {message.request_id} is in {message.unit!r}, not the task's unit")
    return asked


def _measurement(
    kit: Kit, job: KitJob, message: Result, arguments: dict[str, Scalar]
) -> Measurement:
    energy = _energy(message.energy)
    return Measurement(
        message_id=message.msg_id[:128],
        job=job,
        kit=kit,
        request_id=message.request_id,
        attempt=max(0, min(message.attempt, 32767)),
        task=message.task,
        # As asked, whatever the kit echoes.
        arguments=arguments,
        outcome=message.outcome.value,
        value=message.value,
        low=message.low,
        high=message.high,
        n=max(0, min(message.n, 2**31 - 1)),
        unit=message.unit[:32],
        # A kit's word: firmware in an emulator says so itself.
        evidence="emulated" if message.evidence == "emulated" else "measured",
        energy_total_j=energy.total_j,
        energy_dynamic_j=energy.dynamic_j,
        energy_meter=energy.meter[:80],
        energy_why_not=energy.why_not[:400],
        flags=list(message.flags),
        detail=message.detail[:400],
        environment=_environment(message, kit.board),
        elapsed_s=message.elapsed_s,
        measured_utc=message.at_utc[:40],
        received_at=clock.now(),
    )


def _environment(message: Result, board: str) -> dict[str, Scalar]:
    """Return what the kit told about itself, and what is to be doubted in its energy."""
    facts = {k: v for k, v in message.environment.items() if not _PIECE.fullmatch(k)}
    unchecked = power.why_unchecked(message, checking.board_of(message, board))
    doubts = [str(facts["energy_doubt"])] if facts.get("energy_doubt") else []
    return facts | ({"energy_doubt": "; ".join([*doubts, unchecked])} if unchecked else {})


def _energy(told: Energy) -> Energy:
    """Return the energy that a kit told, or why it cannot be one."""
    if told.total_j is None or told.total_j > 0:
        return told
    why = f"{told.meter or 'its meter'} told {told.total_j:.3g} J: no work takes that"
    return Energy(why_not=why)


def _finish(batch: _Batch, job: KitJob, kit: Kit) -> None:
    """Close a job whose runs have all been reported."""
    kept = list(job.measurements.filter(superseded=False))
    measured = [row for row in kept if row.outcome == Outcome.MEASURED.value]
    if any(row.outcome == Outcome.CANCELLED.value for row in kept):
        queue.job_close(job=job, state=JobState.CANCELLED, message="Cancelled")
    elif not measured:
        reference.kit_failed(kit=kit, job=job)
        why = kept[0].detail or "the kit measured nothing"
        if queue.is_another_there(job=job):
            # Nothing of this kit is kept for the next one, not even that it failed.
            job.measurements.update(superseded=True)
            job.done = 0
            queue.job_requeue(job=job, why=f"{kit.name}: {why[:200]}", elsewhere=True)
        else:
            queue.job_close(job=job, state=JobState.FAILED, message=why)
        if job.kind == JobKind.REFERENCE:
            reference.answered(kit, [])
    else:
        queue.kit_worked(kit=kit)
        failed = len(kept) - len(measured)
        message = f"{len(measured)} of {len(kept)} measured" if failed else "All measured"
        queue.job_close(job=job, state=JobState.DONE, message=message)
        if job.kind == JobKind.REFERENCE:
            for line in reference.answered(kit, measured):
                batch.keep_line(kit, new_msg_id(), "warning", line, job.id)


def _ack(batch: _Batch, kit: Kit, message: Ack) -> None:
    job = batch.job_on(kit, message.job_id)
    if job.state not in ON_KIT or message.attempt != job.attempt:
        return
    if message.answer is JobAnswer.REFUSED:
        reference.kit_failed(kit=kit, job=job)
        why = f"{kit.name} refused: {message.detail[:150]}"
        queue.job_requeue(job=job, why=why, elsewhere=True)
    elif message.answer is JobAnswer.CANCELLED:
        queue.job_close(job=job, state=JobState.CANCELLED, message="Cancelled")
    elif message.answer in (JobAnswer.ACCEPTED, JobAnswer.STARTED):
        queue.job_started(job=job)


def _sample(batch: _Batch, kit: Kit, message: Sample) -> None:
    job = batch.job_on(kit, message.job_id)
    if message.name != "progress":
        raise Refused(f"no series called {message.name[:40]!r} is kept")
    if job.state in ON_KIT and 0 <= message.value <= job.total:
        queue.job_started(job=job)
        if message.value > job.done:
            job.done = int(message.value)
            job.save(update_fields=["done"])


def _log(batch: _Batch, kit: Kit, message: Log) -> None:
    batch.keep_line(kit, message.msg_id, message.level, message.text, message.job_id)


_HANDLERS: dict[type[Message], Callable[[_Batch, Kit, Any], None]] = {
    Status: _status,
    Birth: _birth,
    Result: _result,
    Ack: _ack,
    Sample: _sample,
    Log: _log,
}
