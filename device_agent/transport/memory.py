"""A broker in memory, for tests and for running an agent without a network."""

import threading
from collections import defaultdict
from dataclasses import dataclass, field

from device_agent.transport.base import Connected, Disconnected, Inbox, Incoming, Will


@dataclass(slots=True)
class MemoryBroker:
    """Keeps what was published, and for each device what it has not confirmed."""

    published: list[tuple[str, bytes]] = field(default_factory=list)
    retained: dict[str, bytes] = field(default_factory=dict)
    is_up: bool = True
    _devices: dict[str, "MemoryTransport"] = field(default_factory=dict)
    _unconfirmed: dict[str, list[tuple[str, bytes]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def say(self, device_id: str, topic: str, payload: bytes) -> None:
        """Send a message to a device; an absent device gets it when it comes back."""
        with self._lock:
            self._unconfirmed[device_id].append((topic, payload))
            if device_id in self._devices:
                self._deliver(device_id, topic, payload)

    def attach(self, device_id: str, transport: "MemoryTransport") -> None:
        with self._lock:
            self._devices[device_id] = transport
            transport.inbox.put(Connected(protocol="memory"))
            for topic, payload in list(self._unconfirmed[device_id]):
                self._deliver(device_id, topic, payload)

    def detach(self, device_id: str, *, will: Will | None) -> None:
        with self._lock:
            gone = self._devices.pop(device_id, None)
            if gone is not None and will is not None:
                self.accept(will.topic, will.payload, retain=True)

    def accept(self, topic: str, payload: bytes, *, retain: bool) -> None:
        with self._lock:
            self.published.append((topic, payload))
            if retain:
                self.retained[topic] = payload

    def _deliver(self, device_id: str, topic: str, payload: bytes) -> None:
        def confirm() -> None:
            with self._lock:
                if (topic, payload) in self._unconfirmed[device_id]:
                    self._unconfirmed[device_id].remove((topic, payload))

        inbox = self._devices[device_id].inbox
        inbox.put(Incoming(topic=topic, payload=payload, done=confirm))


class MemoryTransport:
    """The same port as MQTT, without a network."""

    def __init__(self, broker: MemoryBroker, *, device_id: str, will: Will, inbox: Inbox) -> None:
        self._broker = broker
        self._device_id = device_id
        self._will = will
        self._is_attached = False
        self.inbox = inbox

    def start(self) -> None:
        self._broker.attach(self._device_id, self)
        self._is_attached = True

    def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> bool:
        if not (self._is_attached and self._broker.is_up):
            return False
        self._broker.accept(topic, payload, retain=retain)
        return True

    def lose(self) -> None:
        """Break the connection as a network does: the broker speaks the will."""
        self._is_attached = False
        self._broker.detach(self._device_id, will=self._will)
        self.inbox.put(Disconnected(reason="lost"))

    def stop(self, farewell: Will | None = None) -> None:
        if farewell is not None:
            self.publish(farewell.topic, farewell.payload, retain=True)
        self._is_attached = False
        self._broker.detach(self._device_id, will=None)
