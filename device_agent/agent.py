"""The agent's loop: one thread takes events from one inbox and owns the spool.

Network callbacks and the worker's reader only put events; everything that is decided, written or
sent happens here, so no two things happen at once. Each step may be the last before a power cut:
the spool is written before anything is acknowledged, started or sent.
"""

import logging
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from queue import Empty

from device_agent import __version__
from device_agent.environment import host_facts
from device_agent.jobs import Jobs
from device_agent.notify import Notifier
from device_agent.outbox import Outbox
from device_agent.spool import Spool, SpoolFull
from device_agent.transport import Connected, Disconnected, Inbox, Incoming, Transport, Will
from device_agent.work import JobEnded, RunDone
from firmware_specs.wire import (
    Ack,
    Birth,
    Command,
    Config,
    KitState,
    MeterInfo,
    Status,
    TaskInfo,
    WireError,
    decode,
    encode,
    new_msg_id,
    topics,
)

log = logging.getLogger(__name__)
_STEP_S = 0.5
_LOOK_EVERY_S = 5.0
_COMPLAIN_EVERY_S = 60.0
# A kit that says less is taken for gone.
_STATUS_MOST_S = 60.0


def utc_now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def will_of(device_id: str) -> Will:
    """Return what the broker says when the agent vanishes."""
    status = Status(state=KitState.OFFLINE, at_utc=utc_now())
    return Will(topic=topics.up(device_id, topics.Up.STATUS), payload=encode(status))


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What the kit says of itself at birth."""

    board: str
    tasks: tuple[TaskInfo, ...]
    meters: tuple[MeterInfo, ...]


@dataclass(slots=True, kw_only=True)
class Agent:
    """The kit's mind; `run` until `stop`."""

    device_id: str
    spool: Spool
    transport: Transport
    inbox: Inbox
    jobs: Jobs
    about: About
    # Says what can be measured where that has changed, else None; asked while no job runs.
    look: Callable[[], tuple[TaskInfo, ...] | None] = lambda: None
    notifier: Notifier = field(default_factory=Notifier)
    clock: Callable[[], float] = time.monotonic
    outbox: Outbox = field(init=False)
    _config: Config = field(default_factory=Config)
    _is_stopping: bool = False
    _status_due_s: float = 0.0
    _look_due_s: float = 0.0
    _complain_due_s: float = 0.0
    _in_line: deque[object] = field(default_factory=deque)

    def __post_init__(self) -> None:
        self.outbox = Outbox(self.spool, self.transport, clock=self.clock)

    def run(self) -> None:
        """Work until asked to stop, then say goodbye."""
        self.transport.start()
        self.jobs.resume()
        self.notifier.ready()
        while not self._is_stopping:
            self.step(_STEP_S)
            self.notifier.alive()
        self.notifier.stopping()
        self.jobs.interrupt()
        farewell = Status(state=KitState.OFFLINE, at_utc=utc_now(), spool_depth=self.spool.depth())
        topic = topics.up(self.device_id, topics.Up.STATUS)
        self.transport.stop(Will(topic=topic, payload=encode(farewell)))

    def stop(self) -> None:
        self._is_stopping = True

    def step(self, wait_s: float) -> None:
        """Take one event, if any comes within `wait_s`, then do what is due."""
        with suppress(Empty):
            self._take(self.inbox.get(timeout=wait_s))
        try:
            self._work_off()
            self.jobs.start_next()
        except SpoolFull as error:
            self._complain(error)
        try:
            self._look()
            self.outbox.drain()
            if self.clock() >= self._status_due_s:
                self._say_status()
        except SpoolFull as error:
            self._complain(error)

    # --- events -----------------------------------------------------------------------------
    def _take(self, event: object) -> None:
        """Put an event in line. What makes room, or needs none, goes before what waits for it."""
        if not self._is_urgent(event):
            self._in_line.append(event)
            return
        try:
            self._handle(event)
        except SpoolFull as error:
            # An acknowledgement: the message is sent again, and acknowledged again.
            self._complain(error)

    def _work_off(self) -> None:
        """Handle what is in line; what cannot be written stays in line, and all behind it."""
        while self._in_line:
            self._handle(self._in_line[0])
            self._in_line.popleft()

    def _is_urgent(self, event: object) -> bool:
        if isinstance(event, Incoming):
            return not event.topic.endswith(f"/{topics.Down.CMD.value}")
        return isinstance(event, Connected | Disconnected)

    def _complain(self, error: SpoolFull) -> None:
        if self.clock() >= self._complain_due_s:
            self._complain_due_s = self.clock() + _COMPLAIN_EVERY_S
            log.error("nothing is lost, but nothing can be written: %s", error)

    def _handle(self, event: object) -> None:
        if isinstance(event, Incoming):
            self._receive(event)
        elif isinstance(event, Connected):
            log.info("connected by MQTT %s", event.protocol)
            self.outbox.resend_all()
            self._say_birth()
            self._status_due_s = self.clock()
        elif isinstance(event, Disconnected):
            log.warning("no connection: %s", event.reason)
        elif isinstance(event, RunDone):
            self.jobs.run_done(event)
        elif isinstance(event, JobEnded):
            self.jobs.ended(event)
            self._status_due_s = self.clock()

    def _receive(self, message: Incoming) -> None:
        """Obey a message; whatever it holds, confirm it, or the broker would repeat it for ever."""
        try:
            topic = topics.parse(message.topic)
            if topic.device_id == self.device_id:
                self._obey(topic.channel, message.payload)
        except WireError as error:
            log.warning("refused a message on %s: %s", message.topic, error)
        message.done()

    def _obey(self, channel: topics.Up | topics.Down, payload: bytes) -> None:
        if channel is topics.Down.CMD:
            self.jobs.command(decode(payload, Command))
            self._status_due_s = self.clock()
        elif channel is topics.Down.ACK:
            self.outbox.acknowledged(decode(payload, Ack).ids)
        elif channel is topics.Down.CONFIG:
            self._config = decode(payload, Config)

    def _look(self) -> None:
        """Say a new birth where boards came or went; never beside a job, which holds the port."""
        if self.jobs.current_id or self.clock() < self._look_due_s:
            return
        self._look_due_s = self.clock() + _LOOK_EVERY_S
        tasks = self.look()
        if tasks is not None:
            log.info("boards changed: %d tasks can be measured", sum(t.available for t in tasks))
            self.about = replace(self.about, tasks=tasks)
            self._say_birth()

    # --- saying -----------------------------------------------------------------------------
    def _say_status(self) -> None:
        every_s = min(_STATUS_MOST_S, max(1.0, self._config.status_every_s))
        self._status_due_s = self.clock() + every_s
        job_id = self.jobs.current_id
        status = Status(
            state=KitState.BUSY if job_id else KitState.ONLINE,
            at_utc=utc_now(),
            job_id=job_id,
            spool_depth=self.spool.depth(),
        )
        topic = topics.up(self.device_id, topics.Up.STATUS)
        self.transport.publish(topic, encode(status), retain=True)

    def _say_birth(self) -> None:
        birth = Birth(
            msg_id=new_msg_id(),
            at_utc=utc_now(),
            agent_version=__version__,
            board=self.about.board,
            host=host_facts(),
            tasks=self.about.tasks,
            meters=self.about.meters,
            spool_depth=self.spool.depth(),
        )
        # Not spooled: the next connection says it again. Retained: the bridge may come later.
        topic = topics.up(self.device_id, topics.Up.BIRTH)
        self.transport.publish(topic, encode(birth), retain=True)
