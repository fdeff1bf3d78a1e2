"""What crosses the broker: one frozen dataclass per message.

Every message may arrive twice and in any order. `msg_id` names one message for ever: the server
stores it once, the agent deletes it from its spool only after the server's `Ack` of that id.
Names end in the unit. No message names a person.
"""

from dataclasses import dataclass, field
from enum import StrEnum


class KitState(StrEnum):
    """What a kit says of itself; `offline` is also its last will."""

    ONLINE = "online"
    BUSY = "busy"
    OFFLINE = "offline"


class Outcome(StrEnum):
    """How one run of a job ended."""

    MEASURED = "measured"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    CANCELLED = "cancelled"
    # The kit lacks what the task needs, for example LiteRT.
    UNAVAILABLE = "unavailable"


class JobAnswer(StrEnum):
    """What a kit answers to a command."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    STARTED = "started"
    FINISHED = "finished"
    CANCELLED = "cancelled"


class CommandKind(StrEnum):
    RUN = "run"
    CANCEL = "cancel"


Scalar = int | float | str | bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """Anything that travels as JSON, alone or inside another message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim(Message):
    """A new agent asks to be adopted; it travels by HTTPS, before any credentials exist."""

    name: str
    board: str
    agent_version: str
    host: dict[str, Scalar] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Status(Message):
    """Retained: whether the kit is there. The last will says `offline`."""

    state: KitState
    at_utc: str
    job_id: str = ""
    spool_depth: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterInfo(Message):
    """A power meter the kit found, or the reason why there is none."""

    name: str
    available: bool
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskInfo(Message):
    """A benchmark task the kit knows, and why it cannot run it where it cannot."""

    task: str
    available: bool
    detail: str = ""
    # Which arguments it takes. Older agents say none: they refuse those that they do not know.
    arguments: tuple[str, ...] = ()
    # Which attached board would do it; empty where the kit itself does, and of older agents.
    board: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Birth(Message):
    """What a kit is: said at each start of the agent."""

    msg_id: str
    at_utc: str
    agent_version: str
    board: str
    host: dict[str, Scalar]
    tasks: tuple[TaskInfo, ...]
    meters: tuple[MeterInfo, ...]
    spool_depth: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRun(Message):
    """One measurement asked for: `request_id` names it within its job."""

    request_id: str
    task: str
    arguments: dict[str, Scalar] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Command(Message):
    """The server asks a kit to run or cancel a job. The pair (job_id, attempt) names it."""

    kind: CommandKind
    job_id: str
    attempt: int
    issued_utc: str
    runs: tuple[TaskRun, ...] = ()
    # From the moment the kit starts it, by the kit's own monotonic clock.
    timeout_s: float = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Energy(Message):
    """Energy of one call. [J] Either both figures or a reason why there are none."""

    total_j: float | None = None
    dynamic_j: float | None = None
    meter: str = ""
    why_not: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result(Message):
    """One run's outcome. `value` is a median; `low` and `high` are the 10th and 90th percentile."""

    msg_id: str
    job_id: str
    attempt: int
    request_id: str
    task: str
    outcome: Outcome
    at_utc: str
    arguments: dict[str, Scalar] = field(default_factory=dict)
    value: float | None = None
    low: float | None = None
    high: float | None = None
    unit: str = ""
    n: int = 0
    evidence: str = "measured"
    energy: Energy = field(default_factory=Energy)
    # Words for a person: why it failed, or what to doubt ("spread 22% exceeds 15%").
    detail: str = ""
    flags: tuple[str, ...] = ()
    environment: dict[str, Scalar] = field(default_factory=dict)
    elapsed_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample(Message):
    """One point of a series: sensor data, power, or a job's progress (`name="progress"`)."""

    msg_id: str
    job_id: str
    name: str
    at_utc: str
    value: float
    unit: str = ""
    # For progress: `value` runs of `total` are done.
    total: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Log(Message):
    """A line for people who watch the bench."""

    msg_id: str
    at_utc: str
    level: str
    text: str
    job_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ack(Message):
    """Down: the server keeps the messages `ids`. Up: what became of a command (`answer`)."""

    ids: tuple[str, ...] = ()
    msg_id: str = ""
    job_id: str = ""
    attempt: int = 0
    answer: JobAnswer | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Config(Message):
    """Down, retained: settings a kit follows at once."""

    status_every_s: float = 30.0
