"""The bridge between broker and rows: stores what kits say, tells them what rows want.

Order matters: rows are committed, then the broker may forget, then the kit may. A crash between
any two leads to a repeat, and a repeat changes nothing.
"""

import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from queue import Empty, Queue
from typing import Protocol

import structlog
from django.conf import settings
from django.db import Error as DatabaseFailure
from django.db import close_old_connections, connection

from courseserver.common import clock
from courseserver.kits import queue, requests
from courseserver.kits.ingest import Report, ingest
from courseserver.kits.models import BridgeBeat, KitJob
from courseserver.kits.states import ON_KIT
from firmware_specs.wire import Ack, Command, CommandKind, TaskRun, encode, topics

log = structlog.get_logger(__name__)
NAME = "bridge"
_BEAT_FILE = "bridge-heartbeat"
# A batch ends when it is full, when nothing more comes for a moment, or after its time.
_BATCH, _QUIET_S, _BATCH_S = 500, 0.002, 0.02
_ROUND_S = 0.1
_BEAT_S = 3.0
# A command whose answer does not come is said again; the kit knows repeats.
_REPEAT_AFTER = timedelta(seconds=10)
_DATABASE_PAUSE_S = 1.0
_ACK_IDS = 256


class Line(Protocol):
    """What the bridge needs of its connection; `link.Link` is the real one."""

    @property
    def is_connected(self) -> bool: ...

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def confirm(self, deliveries: Sequence["Delivery"]) -> None: ...

    def publish(
        self, topic: str, payload: bytes, *, retain: bool = False, expires: bool = False
    ) -> bool: ...


class Delivery(Protocol):
    """A message that the broker keeps until its line confirms it."""

    @property
    def topic(self) -> str: ...

    @property
    def payload(self) -> bytes: ...


class Bridge:
    """One process's loop; `step` does one round of it."""

    def __init__(
        self,
        link: "Line",
        inbox: "Queue[Delivery]",
        *,
        wait: Callable[[float], object] = time.sleep,
    ) -> None:
        self._link = link
        self._inbox = inbox
        self._wait = wait
        self._held: list[Delivery] = []
        self._totals = Report()
        self._round_due_s = self._beat_due_s = 0.0
        self._is_stopping = False

    def run(self) -> None:
        self._link.start()
        while not self._is_stopping:
            try:
                self.step()
            except DatabaseFailure as error:
                # Nothing was confirmed, so nothing is lost; the held batch is tried again.
                log.error("database unavailable", reason=str(error)[:200])
                connection.close()
                self._wait(_DATABASE_PAUSE_S)
        self._link.stop()

    def stop(self) -> None:
        self._is_stopping = True

    def step(self) -> None:
        """Store what has arrived; now and then send commands and give a sign of life."""
        self._held = self._held or self._collect()
        if self._held:
            self._store(self._held)
            self._held = []
        now = time.monotonic()
        if now >= self._round_due_s:
            self._round_due_s = now + _ROUND_S
            close_old_connections()
            queue.jobs_assign()
            self._send_commands()
        if now >= self._beat_due_s:
            self._beat_due_s = now + _BEAT_S
            self._beat()

    # --- up ---------------------------------------------------------------------------------
    def _collect(self) -> list[Delivery]:
        """Return up to a batch of deliveries, waiting a moment for the first."""
        try:
            left_s = self._round_due_s - time.monotonic()
            found = [self._inbox.get(timeout=max(_QUIET_S, left_s))]
        except Empty:
            return []
        deadline = time.monotonic() + _BATCH_S
        while len(found) < _BATCH and time.monotonic() < deadline:
            try:
                found.append(self._inbox.get(timeout=_QUIET_S))
            except Empty:
                break
        return found

    def _store(self, deliveries: list[Delivery]) -> None:
        report = ingest(deliveries)
        self._link.confirm(deliveries)
        for device_id, ids in report.acknowledge.items():
            self._acknowledge(device_id, ids)
        self._totals.stored += report.stored
        self._totals.refused += report.refused

    def _acknowledge(self, device_id: str, ids: list[str]) -> None:
        topic = topics.down(device_id, topics.Down.ACK)
        for start in range(0, len(ids), _ACK_IDS):
            ack = Ack(ids=tuple(ids[start : start + _ACK_IDS]))
            # Lost with the connection, it is said again when the kit repeats its message.
            self._link.publish(topic, encode(ack))

    # --- down -------------------------------------------------------------------------------
    def _send_commands(self) -> None:
        """Say each command that its row still wants said."""
        if not self._link.is_connected:
            return
        now = clock.now()
        for job in KitJob.objects.filter(state__in=ON_KIT).select_related("kit"):
            if job.answered_at and not job.cancel_asked_at:
                continue
            if job.command_at and job.command_at > now - _REPEAT_AFTER:
                continue
            assert job.kit_id is not None
            topic = topics.down(job.kit_id, topics.Down.CMD)
            if self._link.publish(topic, encode(command_of(job)), expires=True):
                KitJob.objects.filter(pk=job.pk).update(command_at=now)

    def _beat(self) -> None:
        """Give a sign of life: a row for the staff page, a file for the container's probe."""
        (settings.VAR_DIR / _BEAT_FILE).touch()
        BridgeBeat.objects.update_or_create(
            name=NAME,
            defaults={
                "at": clock.now(),
                "is_connected": self._link.is_connected,
                "stored": self._totals.stored,
                "refused": self._totals.refused,
            },
        )


def command_of(job: KitJob) -> Command:
    """Return what a job's row wants said to its kit: run what is missing, or cancel."""
    kept = set(job.measurements.filter(superseded=False).values_list("request_id", flat=True))
    kind = CommandKind.CANCEL if job.cancel_asked_at else CommandKind.RUN
    return Command(
        kind=kind,
        job_id=job.id,
        attempt=job.attempt,
        issued_utc=clock.now().isoformat(timespec="seconds"),
        runs=tuple(
            TaskRun(request_id=row["id"], task=row["task"], arguments=requests.sent(row))
            for row in job.tasks
            if kind is CommandKind.RUN and row["id"] not in kept
        ),
        timeout_s=queue.estimate_s(job) * 3 + 60,
    )
