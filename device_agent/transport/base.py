"""The port between agent and broker: two transports, one contract."""

from collections.abc import Callable
from dataclasses import dataclass
from queue import Queue
from typing import Any, Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected:
    """The broker let us in; subscriptions are asked for."""

    protocol: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Disconnected:
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """A message for us. Call `done` after it is kept: only then the broker may forget it."""

    topic: str
    payload: bytes
    done: Callable[[], None]


Event = Connected | Disconnected | Incoming
# The agent's one queue: transports and workers put, the agent's loop takes.
Inbox = Queue[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Will:
    """What the broker says in our name when we vanish; retained."""

    topic: str
    payload: bytes


class Transport(Protocol):
    """At-least-once delivery of small messages. Nothing here raises for a network's sake."""

    def start(self) -> None:
        """Connect, and stay connected until `stop`."""

    def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> bool:
        """Hand a message over; False when there is no connection (nothing is queued)."""

    def stop(self, farewell: Will | None = None) -> None:
        """Say farewell, since a clean disconnect cancels the will, and end."""
