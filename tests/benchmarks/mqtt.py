"""From a kit's message to its stored row, beside a bare subscriber on the same broker.

Both answer each message on the kit's acknowledgement topic, so both make the same two hops; the
bridge answers after its rows are committed.
"""

import json
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from courseserver.common import clock
from courseserver.courses.models import Course
from courseserver.demo.supervisor import Process
from courseserver.kits import enrolment
from courseserver.kits.credentials import bridge_secret, bridge_user
from courseserver.kits.models import Kit, KitLog
from firmware_specs.wire import Log, encode, new_msg_id, topics
from tests.benchmarks.place import Place
from tests.benchmarks.report import Baseline, Figure, percentile, timed
from tests.services import accepts_connections, free_port, mosquitto_broker, wait_for

TITLE = "MQTT: message to stored row"
PACED, PACE_S, BURST = 60, 0.05, 600
IN_FLIGHT = 100
# As in `docker/mosquitto`, but anybody may connect.
_OPEN = "allow_anonymous true\nset_tcp_nodelay true"


@dataclass(slots=True)
class Speaker:
    """A kit's connection: publishes log lines and notes when each was acknowledged."""

    kit_id: str
    client: mqtt.Client
    sent: dict[str, float] = field(default_factory=dict)
    answered: dict[str, float] = field(default_factory=dict)

    def say(self) -> None:
        msg_id = new_msg_id()
        line = Log(msg_id=msg_id, at_utc=clock.now().isoformat(), level="info", text="benchmark")
        self.sent[msg_id] = time.perf_counter()
        self.client.publish(topics.up(self.kit_id, topics.Up.LOG), encode(line), qos=1)

    def hear(self, client: mqtt.Client, userdata: object, message: mqtt.MQTTMessage) -> None:
        now = time.perf_counter()
        for msg_id in ids_of(message.payload):
            self.answered.setdefault(msg_id, now)

    def latencies_ms(self) -> list[float]:
        return [1e3 * (self.answered[msg_id] - at) for msg_id, at in self.sent.items()]

    def forget(self) -> None:
        self.sent, self.answered = {}, {}

    @property
    def is_answered(self) -> bool:
        return self.sent.keys() <= self.answered.keys()


def ids_of(payload: bytes | bytearray) -> list[str]:
    """Return the messages that an answer names: an acknowledgement's, or an echoed message's."""
    body: dict[str, Any] = json.loads(payload)
    return list(body.get("ids") or [body["msg_id"]])


def measure(place: Place) -> list[Figure]:
    with ExitStack() as stack:
        port, broker = _broker(place, stack)
        kit, secret = enrolment.kit_create(
            name="Benchmark", board_id="host-linux", course=Course.objects.first(), actor="system"
        )
        speaker = stack.enter_context(_speaking(port, kit, secret))
        with _bare_subscriber(port):
            bare_ms, bare_rate = _latencies(speaker), _rate(speaker)
        stack.enter_context(_bridge(place, port, speaker))
        ours_ms, ours_rate = _latencies(speaker), _rate(speaker)
        stored = KitLog.objects.filter(kit=kit, message_id__in=list(speaker.sent)).count()
    assert stored == BURST, f"{stored} rows of {BURST} messages"
    bare = "a bare paho subscriber that answers"
    return [
        timed(
            f"latency, one message every {1e3 * PACE_S:.0f} ms",
            ours_ms,
            Baseline(name=bare, value=percentile(bare_ms, 0.5)),
            note=f"{broker}; the bridge gathers messages for 50 ms before it commits",
        ),
        Figure(
            name="throughput, all at once",
            unit="messages/s",
            value=ours_rate,
            n=BURST,
            baseline=Baseline(name=bare, value=bare_rate),
            note=f"all {stored} messages have their row",
        ),
    ]


def _latencies(speaker: Speaker) -> list[float]:
    speaker.forget()
    for _ in range(PACED):
        speaker.say()
        time.sleep(PACE_S)
    _until_answered(speaker)
    return speaker.latencies_ms()


def _rate(speaker: Speaker) -> float:
    speaker.forget()
    began = time.perf_counter()
    for _ in range(BURST):
        speaker.say()
    _until_answered(speaker)
    return BURST / (max(speaker.answered.values()) - began)


def _until_answered(speaker: Speaker) -> None:
    wait_for(lambda: speaker.is_answered, timeout_s=60, what="acknowledgements")


# --- broker, bridge, clients --------------------------------------------------------------------
def _broker(place: Place, stack: ExitStack) -> tuple[int, str]:
    """Start a broker of our own: Mosquitto, or the embedded one where it is not installed."""
    folder = place.folder / "mqtt"
    folder.mkdir()
    try:
        return stack.enter_context(mosquitto_broker(folder, extra=_OPEN)), "Mosquitto"
    except pytest.skip.Exception as missing:
        port = free_port()
        process = Process(
            name="bench-broker",
            command=[sys.executable, "manage.py", "mqtt_broker"],
            environment=_told(place, port),
            ready=lambda: accepts_connections(port),
        )
        place.supervisor.start(process)
        return port, f"the embedded broker ({missing})"


@contextmanager
def _bridge(place: Place, port: int, speaker: Speaker) -> Iterator[None]:
    """Run a bridge of the installation's database at our broker; ready when it answers."""
    speaker.forget()

    def answers() -> bool:
        speaker.say()
        time.sleep(0.3)
        return bool(speaker.answered)

    process = Process(
        name="bench-bridge",
        command=[sys.executable, "manage.py", "mqtt_bridge"],
        environment=_told(place, port),
        ready=answers,
    )
    place.supervisor.start(process)
    yield


def _told(place: Place, port: int) -> dict[str, str]:
    return {**place.site.environment(), "MQTT_URL": f"mqtt://127.0.0.1:{port}"}


@contextmanager
def _speaking(port: int, kit: Kit, secret: str) -> Iterator[Speaker]:
    with _connected(port, kit.pk, secret, topics.all_down(kit.pk)) as client:
        speaker = Speaker(kit_id=kit.pk, client=client)
        client.on_message = speaker.hear
        yield speaker


@contextmanager
def _bare_subscriber(port: int) -> Iterator[None]:
    """Subscribe as the bridge does, and answer each message with itself."""

    def answer(client: mqtt.Client, userdata: object, message: mqtt.MQTTMessage) -> None:
        kit_id = topics.parse(message.topic).device_id
        client.publish(topics.down(kit_id, topics.Down.ACK), message.payload, qos=1)

    with _connected(port, bridge_user(), bridge_secret(), topics.all_up()) as client:
        client.on_message = answer
        yield


@contextmanager
def _connected(port: int, user: str, secret: str, topic: str) -> Iterator[mqtt.Client]:
    client = mqtt.Client(
        CallbackAPIVersion.VERSION2, client_id=user, protocol=MQTTProtocolVersion.MQTTv311
    )
    subscribed = threading.Event()
    client.username_pw_set(user, secret)
    client.max_inflight_messages_set(IN_FLIGHT)
    client.on_subscribe = lambda *_: subscribed.set()
    client.connect("127.0.0.1", port)
    client.subscribe(topic, qos=1)
    client.loop_start()
    try:
        assert subscribed.wait(10), f"no subscription to {topic}"
        yield client
    finally:
        client.disconnect()
        client.loop_stop()
