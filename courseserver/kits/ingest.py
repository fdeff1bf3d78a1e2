"""From payloads to rows: each message once, whatever arrives.

A batch is one transaction. What is no message of ours, or none this kit may send, is refused with
a reason that staff can read; nothing a kit sends can raise out of here except a database failure.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog
from django.db import IntegrityError, transaction
from django.db.utils import DataError

from courseserver.common import clock
from courseserver.kits import queue
from courseserver.kits.models import Kit, KitJob, KitLog, Measurement
from courseserver.kits.states import FINAL, ON_KIT, JobState, KitHealth
from firmware_specs import tasks
from firmware_specs.wire import (
    Ack,
    Birth,
    JobAnswer,
    Log,
    Message,
    Outcome,
    Result,
    Sample,
    Status,
    WireError,
    decode,
    new_msg_id,
    topics,
)

log = structlog.get_logger(__name__)


class Refused(Exception):
    """A well-formed message that this kit may not send now; it is confirmed all the same."""


@dataclass(frozen=True, slots=True)
class Received:
    """A message as it came off the broker."""

    topic: str
    payload: bytes


@dataclass(slots=True)
class Report:
    """What became of a batch: ids to acknowledge by device, and how many were refused."""

    acknowledge: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    stored: int = 0
    refused: int = 0


def ingest(batch: Sequence[Received]) -> Report:
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


def _store_alone(message: Received, report: Report) -> None:
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


def _store(batch: Sequence[Received]) -> Report:
    report = Report()
    kits: dict[str, Kit | None] = {}
    for received in batch:
        try:
            topic, message = _read(received)
        except WireError as error:
            _refuse(report, received, None, str(error))
            continue
        if topic.device_id not in kits:
            kits[topic.device_id] = Kit.objects.filter(pk=topic.device_id).first()
        kit = kits[topic.device_id]
        if kit is None or kit.health == KitHealth.REVOKED:
            _refuse(report, received, None, "no kit in service has this id")
            continue
        _store_one(report, received, kit, message)
    for kit in filter(None, kits.values()):
        _seen(kit)
    return report


def _read(received: Received) -> tuple[topics.Topic, Message]:
    topic = topics.parse(received.topic)
    if not isinstance(topic.channel, topics.Up):
        raise WireError("that channel is ours to speak on")
    return topic, decode(received.payload, topics.UP_TYPES[topic.channel])


def _store_one(report: Report, received: Received, kit: Kit, message: Message) -> None:
    handle: Callable[[Kit, Any], None] = _HANDLERS[type(message)]
    try:
        handle(kit, message)
        report.stored += 1
    except Refused as error:
        _refuse(report, received, kit, str(error))
    # Refused for good is also an answer: the kit may forget it.
    msg_id = getattr(message, "msg_id", "")
    if msg_id:
        report.acknowledge[kit.id].append(msg_id)


def _refuse(report: Report, received: Received, kit: Kit | None, why: str) -> None:
    report.refused += 1
    log.warning("kit message refused", topic=received.topic[:120], reason=why[:200])
    if kit is not None:
        _keep_line(kit, new_msg_id(), "refused", why)


def _seen(kit: Kit) -> None:
    kit.last_seen_at = clock.now()
    kit.save(update_fields=["last_seen_at", "presence", "spool_depth", "birth"])


# --- one handler per message type ---------------------------------------------------------------
def _status(kit: Kit, message: Status) -> None:
    kit.presence = message.state.value
    kit.spool_depth = max(0, message.spool_depth)


def _birth(kit: Kit, message: Birth) -> None:
    kit.birth = {
        "agent_version": message.agent_version,
        "board": message.board,
        "host": message.host,
        "tasks": [
            {"task": t.task, "available": t.available, "detail": t.detail} for t in message.tasks
        ],
        "meters": [
            {"name": m.name, "available": m.available, "detail": m.detail} for m in message.meters
        ],
    }
    if kit.presence == "offline":
        kit.presence = "online"


def _result(kit: Kit, message: Result) -> None:
    job = _job_on(kit, message.job_id)
    if Measurement.objects.filter(message_id=message.msg_id).exists():
        return
    _check_result(job, message)
    Measurement.objects.bulk_create([_measurement(kit, job, message)], ignore_conflicts=True)
    kept = job.measurements.filter(superseded=False)
    job.done = kept.count()
    job.save(update_fields=["done"])
    if job.done >= job.total and job.state not in FINAL:
        _finish(job, kit)


def _check_result(job: KitJob, message: Result) -> None:
    """Refuse what was not asked, what has no figures, and figures that cannot be."""
    asked = {row["id"]: row for row in job.tasks}.get(message.request_id)
    if asked is None or asked["task"] != message.task:
        raise Refused(f"job {job.id} did not ask for {message.task} as {message.request_id!r}")
    if message.outcome is not Outcome.MEASURED:
        return
    value, low, high = message.value, message.low, message.high
    if value is None or low is None or high is None or message.n < 1:
        raise Refused(f"result {message.request_id} is measured but lacks value, low, high or n")
    if not 0 < low <= value <= high:
        raise Refused(f"result {message.request_id}: {low:g} ≤ {value:g} ≤ {high:g} must hold")
    if message.unit != tasks.task(message.task).unit:
        raise Refused(f"result {message.request_id} is in {message.unit!r}, not the task's unit")


def _measurement(kit: Kit, job: KitJob, message: Result) -> Measurement:
    return Measurement(
        message_id=message.msg_id[:128],
        job=job,
        kit=kit,
        request_id=message.request_id,
        attempt=max(0, min(message.attempt, 32767)),
        task=message.task,
        arguments=message.arguments,
        outcome=message.outcome.value,
        value=message.value,
        low=message.low,
        high=message.high,
        n=max(0, min(message.n, 2**31 - 1)),
        unit=message.unit[:32],
        # A kit's word: firmware in an emulator says so itself.
        evidence="emulated" if message.evidence == "emulated" else "measured",
        energy_total_j=message.energy.total_j,
        energy_dynamic_j=message.energy.dynamic_j,
        energy_meter=message.energy.meter[:80],
        energy_why_not=message.energy.why_not[:400],
        flags=list(message.flags),
        detail=message.detail[:400],
        environment=message.environment,
        elapsed_s=message.elapsed_s,
        measured_utc=message.at_utc[:40],
        received_at=clock.now(),
    )


def _finish(job: KitJob, kit: Kit) -> None:
    """Close a job whose runs have all been reported."""
    kept = list(job.measurements.filter(superseded=False))
    measured = [row for row in kept if row.outcome == Outcome.MEASURED.value]
    if any(row.outcome == Outcome.CANCELLED.value for row in kept):
        queue.job_close(job=job, state=JobState.CANCELLED, message="Cancelled")
    elif not measured:
        queue.kit_failed(kit=kit)
        why = kept[0].detail or "the kit measured nothing"
        queue.job_close(job=job, state=JobState.FAILED, message=why)
    else:
        queue.kit_worked(kit=kit)
        failed = len(kept) - len(measured)
        message = f"{len(measured)} of {len(kept)} measured" if failed else "All measured"
        queue.job_close(job=job, state=JobState.DONE, message=message)


def _ack(kit: Kit, message: Ack) -> None:
    job = _job_on(kit, message.job_id)
    if job.state not in ON_KIT or message.attempt != job.attempt:
        return
    if message.answer is JobAnswer.REFUSED:
        queue.kit_failed(kit=kit)
        queue.job_requeue(job=job, why=f"{kit.name} refused: {message.detail[:150]}")
    elif message.answer is JobAnswer.CANCELLED:
        queue.job_close(job=job, state=JobState.CANCELLED, message="Cancelled")
    elif message.answer in (JobAnswer.ACCEPTED, JobAnswer.STARTED):
        queue.job_started(job=job)


def _sample(kit: Kit, message: Sample) -> None:
    job = _job_on(kit, message.job_id)
    if message.name != "progress":
        raise Refused(f"no series called {message.name[:40]!r} is kept")
    if job.state in ON_KIT and 0 <= message.value <= job.total:
        queue.job_started(job=job)
        job.done = max(job.done, int(message.value))
        job.save(update_fields=["done"])


def _log(kit: Kit, message: Log) -> None:
    _keep_line(kit, message.msg_id, message.level, message.text, message.job_id)


def _keep_line(kit: Kit, msg_id: str, level: str, text: str, job_id: str = "") -> None:
    line = KitLog(
        message_id=msg_id[:128],
        kit=kit,
        job_id=job_id[:32],
        level=level[:16],
        text=text[:400],
        at=clock.now(),
    )
    KitLog.objects.bulk_create([line], ignore_conflicts=True)


def _job_on(kit: Kit, job_id: str) -> KitJob:
    """Return the kit's own job, locked; a kit speaks for no other kit's job."""
    job = KitJob.objects.select_for_update().filter(pk=job_id).first() if job_id else None
    if job is None or job.kit_id != kit.id:
        raise Refused(f"job {job_id[:40]!r} is not on this kit")
    return job


_HANDLERS: dict[type[Message], Callable[[Kit, Any], None]] = {
    Status: _status,
    Birth: _birth,
    Result: _result,
    Ack: _ack,
    Sample: _sample,
    Log: _log,
}
