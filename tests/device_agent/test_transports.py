"""One contract, three brokers: memory, amqtt (MQTT 3.1.1), Mosquitto (MQTT 5)."""

import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, Queue
from typing import Any, Protocol

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from device_agent.transport import Connected, Disconnected, Incoming, Transport, Will
from device_agent.transport import mqtt as mqtt_module
from device_agent.transport.memory import MemoryBroker, MemoryTransport
from device_agent.transport.mqtt import Broker, BrokerAddressError, MqttTransport
from tests.courseserver.kits.installation import Installation
from tests.services import LIMIT_S, accepts_connections, mosquitto_broker, wait_for

DEVICE, SECRET = "kit_contract", "secret-of-the-kit"
STATUS = f"kit/v1/{DEVICE}/up/status"
RESULT = f"kit/v1/{DEVICE}/up/result"
COMMAND = f"kit/v1/{DEVICE}/down/cmd"
WILL = Will(topic=STATUS, payload=b"offline by will")


class Place(Protocol):
    """A broker and the server's side of it, as the contract needs them."""

    device_id: str
    protocol: str

    def transport(self, inbox: "Queue[Any]") -> Transport: ...

    def heard(self) -> list[tuple[str, bytes]]: ...

    def say(self, topic: str, payload: bytes) -> None: ...

    def cut(self, transport: Transport) -> None: ...


class MemoryPlace:
    device_id = DEVICE
    protocol = "memory"

    def __init__(self) -> None:
        self.broker = MemoryBroker()

    def transport(self, inbox: "Queue[Any]") -> Transport:
        return MemoryTransport(self.broker, device_id=DEVICE, will=WILL, inbox=inbox)

    def heard(self) -> list[tuple[str, bytes]]:
        return self.broker.published

    def say(self, topic: str, payload: bytes) -> None:
        self.broker.say(DEVICE, topic, payload)

    def cut(self, transport: Transport) -> None:
        assert isinstance(transport, MemoryTransport)
        transport.lose()


class MqttPlace:
    """The server's side by a plain paho client, connected as the bridge."""

    def __init__(
        self, port: int, device_id: str, secret: str, user: str, password: str, *, protocol: str
    ) -> None:
        self.protocol = protocol
        self.port, self.device_id, self.secret = port, device_id, secret
        self._heard: list[tuple[str, bytes]] = []
        subscribed = threading.Event()
        self._server = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=user)
        self._server.username_pw_set(user, password)
        self._server.on_message = lambda c, u, m: self._heard.append((m.topic, bytes(m.payload)))
        self._server.on_subscribe = lambda *_: subscribed.set()
        self._server.connect("127.0.0.1", port)
        self._server.subscribe("kit/v1/+/up/+", qos=1)
        self._server.loop_start()
        assert subscribed.wait(LIMIT_S)

    def transport(self, inbox: "Queue[Any]") -> Transport:
        topic = STATUS.replace(DEVICE, self.device_id)
        return MqttTransport(
            Broker.from_url(f"mqtt://127.0.0.1:{self.port}"),
            device_id=self.device_id,
            secret=self.secret,
            subscribe=f"kit/v1/{self.device_id}/down/+",
            will=Will(topic=topic, payload=WILL.payload),
            inbox=inbox,
        )

    def heard(self) -> list[tuple[str, bytes]]:
        return [(topic.replace(self.device_id, DEVICE), body) for topic, body in self._heard]

    def say(self, topic: str, payload: bytes) -> None:
        topic = topic.replace(DEVICE, self.device_id)
        self._server.publish(topic, payload, qos=1).wait_for_publish(LIMIT_S)

    def cut(self, transport: Transport) -> None:
        assert isinstance(transport, MqttTransport)
        client = transport._client
        assert client is not None
        sock = client.socket()
        assert sock is not None
        sock.close()  # type: ignore[union-attr]

    def close(self) -> None:
        self._server.disconnect()
        self._server.loop_stop()


@contextmanager
def memory(folder: Path, migrated: Path) -> Iterator[Place]:
    yield MemoryPlace()


@contextmanager
def amqtt(folder: Path, migrated: Path) -> Iterator[Place]:
    import tomllib

    installation = Installation(var=folder, mosquitto=False)
    installation.prepare(migrated)
    kit = tomllib.loads((folder / "kit" / "agent.toml").read_text())
    bridge = installation.ask(
        "from courseserver.kits.credentials import bridge_secret, bridge_user\n"
        "answer = [bridge_user(), bridge_secret()]"
    )
    installation.start("broker")
    try:
        wait_for(lambda: accepts_connections(installation.port), what="the embedded broker")
        place = MqttPlace(
            installation.port, kit["device_id"], kit["secret"], *bridge, protocol="3.1.1"
        )
        yield place
        place.close()
    finally:
        installation.stop()


@contextmanager
def mosquitto(folder: Path, migrated: Path) -> Iterator[Place]:
    passwords = folder / "passwords"
    for user, secret in ((DEVICE, SECRET), ("bridge", "secret-of-the-bridge")):
        created = "-c" if not passwords.exists() else ""
        command = ["mosquitto_passwd", "-b", *filter(None, [created]), str(passwords), user, secret]
        subprocess.run(command, check=True)
    lines = ("allow_anonymous false", f"password_file {passwords}")
    with mosquitto_broker(folder, "\n".join(lines)) as port:
        place = MqttPlace(port, DEVICE, SECRET, "bridge", "secret-of-the-bridge", protocol="5")
        yield place
        place.close()


PLACES: list[Any] = [
    pytest.param(memory),
    pytest.param(amqtt, marks=pytest.mark.processes),
    pytest.param(mosquitto, marks=[pytest.mark.processes, pytest.mark.mosquitto]),
]


@pytest.fixture(scope="module", params=PLACES, ids=["memory", "amqtt", "mosquitto"])
def shared_place(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, migrated: Path
) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("broker")
    folder.chmod(0o755)
    with request.param(folder, migrated) as place:
        yield place


@pytest.fixture
def place(shared_place: Place) -> Place:
    shared_place.heard().clear()
    if isinstance(shared_place, MqttPlace):
        shared_place._heard.clear()
    return shared_place


def own(place: Place, topic: str) -> str:
    return topic.replace(DEVICE, place.device_id)


Take = Callable[[type[Any]], Any]


@pytest.fixture
def side(place: Place) -> Iterator[tuple[Transport, Take]]:
    """A started transport, connected, and a way to take its next event of a type."""
    yield from _side(place)


@pytest.fixture(params=[PLACES[0], PLACES[2]], ids=["memory", "mosquitto"])
def strict_side(
    request: pytest.FixtureRequest, tmp_path: Path, migrated: Path
) -> Iterator[tuple[Place, Transport, Take]]:
    """The same before a broker that keeps what was not confirmed."""
    with request.param(tmp_path, migrated) as strict:
        for transport, take in _side(strict):
            yield strict, transport, take


def _side(place: Place) -> Iterator[tuple[Transport, Take]]:
    inbox: Queue[Any] = Queue()
    transport = place.transport(inbox)
    transport.start()

    def take(kind: type[Any]) -> Any:
        return _first(inbox, kind)

    take(Connected)
    yield transport, take
    transport.stop()


def _first(inbox: "Queue[Any]", kind: type[Any]) -> Any:
    """Return the next event of a type."""
    try:
        while True:
            event = inbox.get(timeout=LIMIT_S)
            if isinstance(event, kind):
                return event
    except Empty:
        raise AssertionError(f"no {kind.__name__} came") from None


def _payloads(inbox: "Queue[Any]") -> list[bytes]:
    """Take every message that has come, confirming each."""
    found = []
    while not inbox.empty():
        event = inbox.get()
        if isinstance(event, Incoming):
            event.done()
            found.append(event.payload)
    return found


def test_the_newest_protocol_that_the_broker_knows_is_spoken(place: Place) -> None:
    inbox: Queue[Any] = Queue()
    transport = place.transport(inbox)
    transport.start()

    greeted = _first(inbox, Connected)
    transport.stop()

    assert greeted.protocol == place.protocol


@pytest.mark.processes
@pytest.mark.mosquitto
def test_a_network_thread_that_dies_in_silence_is_replaced(
    tmp_path: Path, migrated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox: Queue[Any] = Queue()
    with mosquitto(tmp_path, migrated) as place:
        transport = place.transport(inbox)
        transport.start()
        _first(inbox, Connected)

        with monkeypatch.context() as patch:
            patch.setattr(mqtt_module, "_network_thread_lives", lambda client: False)
            reason = _first(inbox, Disconnected).reason
        _first(inbox, Connected)
        transport.stop()

    assert reason == "the network thread died"


def test_what_is_published_arrives(place: Place, side: tuple[Transport, Take]) -> None:
    transport, _ = side

    assert transport.publish(own(place, RESULT), b"42")

    wait_for(lambda: (RESULT, b"42") in place.heard(), what="the result")


def test_what_is_said_to_the_device_comes_in(place: Place, side: tuple[Transport, Take]) -> None:
    _, take = side

    place.say(COMMAND, b"measure")

    message = take(Incoming)
    assert message.payload == b"measure"
    message.done()


def test_what_is_said_while_a_device_is_away_waits_for_it(
    place: Place, side: tuple[Transport, Take]
) -> None:
    transport, _ = side
    transport.stop()

    place.say(COMMAND, b"while away")

    inbox: Queue[Any] = Queue()
    later = place.transport(inbox)
    later.start()
    try:
        wait_for(lambda: b"while away" in _payloads(inbox), what="the message from before")
    finally:
        later.stop()


def come_back(transport: Transport, take: Take) -> None:
    """Wait until a connection that was cut is there again."""
    if isinstance(transport, MemoryTransport):
        transport.start()
    take(Connected)


def test_a_message_not_confirmed_comes_again_with_the_next_connection(
    strict_side: tuple[Place, Transport, Take],
) -> None:
    # amqtt forgets what was in flight; there the server's row says the command again.
    place, transport, take = strict_side
    place.say(COMMAND, b"once more")
    assert take(Incoming).payload == b"once more"

    place.cut(transport)
    take(Disconnected)
    come_back(transport, take)

    message = take(Incoming)
    assert message.payload == b"once more"
    message.done()


def test_a_lost_device_is_announced_by_its_will(place: Place, side: tuple[Transport, Take]) -> None:
    transport, take = side

    place.cut(transport)
    take(Disconnected)

    wait_for(lambda: (STATUS, WILL.payload) in place.heard(), what="the will")
    # Stopped while it connects, it might be announced once more, to the next test.
    come_back(transport, take)


def test_a_farewell_is_heard_instead_of_the_will(place: Place) -> None:
    inbox: Queue[Any] = Queue()
    transport = place.transport(inbox)
    transport.start()
    wait_for(lambda: transport.publish(own(place, RESULT), b"hello"), what="the connection")

    transport.stop(Will(topic=own(place, STATUS), payload=b"offline by choice"))

    wait_for(lambda: (STATUS, b"offline by choice") in place.heard(), what="the farewell")
    assert (STATUS, WILL.payload) not in place.heard()


def test_without_a_connection_nothing_is_taken_and_nothing_raised(place: Place) -> None:
    transport = place.transport(Queue())

    assert not transport.publish(own(place, RESULT), b"nobody hears this")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://127.0.0.1", "not mqtt"),
        ("mqtt://broker.example", "in the clear"),
        ("mqtt://10.0.0.7:1883", "in the clear"),
        ("mqtt://", "not mqtt"),
    ],
)
def test_an_address_that_would_leak_the_secret_is_refused(url: str, words: str) -> None:
    with pytest.raises(BrokerAddressError, match=words):
        Broker.from_url(url)


def test_off_this_machine_tls_is_the_way() -> None:
    broker = Broker.from_url("mqtts://broker.example")

    assert (broker.tls, broker.port) == (True, 8883)
