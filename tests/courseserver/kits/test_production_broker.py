"""Mosquitto as in production: TLS with a private CA, a password and topics for every kit."""

import sqlite3
import tomllib
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from queue import Queue
from typing import Any

import pytest

from device_agent import config
from device_agent.transport import Connected, Disconnected, Will
from device_agent.transport.mqtt import Broker, MqttTransport
from tests.courseserver.kits.installation import Installation, write_certificates
from tests.services import LIMIT_S, wait_for

pytestmark = [pytest.mark.processes, pytest.mark.mosquitto]

_STORED = "SELECT count(*) FROM kits_measurement"


@pytest.fixture(scope="module")
def installation(
    tmp_path_factory: pytest.TempPathFactory, migrated: Path
) -> Iterator[Installation]:
    folder = tmp_path_factory.mktemp("production")
    installation = Installation(var=folder, mosquitto=True, tls=True)
    installation.prepare(migrated)
    for name in ("broker", "bridge"):
        installation.start(name)
    yield installation
    installation.stop()


def settings_of(installation: Installation) -> config.Settings:
    return config.Settings(**tomllib.loads((installation.var / "kit" / "agent.toml").read_text()))


Connect = Callable[..., tuple[MqttTransport, "Queue[Any]"]]


@pytest.fixture
def connect(installation: Installation) -> Iterator[Connect]:
    """Connect as the kit, or as something slightly else."""
    started: list[MqttTransport] = []

    def connect(**changes: Any) -> tuple[MqttTransport, "Queue[Any]"]:
        settings = settings_of(installation)
        inbox: Queue[Any] = Queue()
        device_id = settings.device_id
        transport = MqttTransport(
            Broker.from_url(settings.mqtt_url, changes.get("ca_file", settings.ca_path)),
            device_id=device_id,
            secret=changes.get("secret", settings.secret),
            subscribe=f"kit/v1/{device_id}/down/+",
            will=Will(topic=f"kit/v1/{device_id}/up/log", payload=b"gone"),
            inbox=inbox,
        )
        transport.start()
        started.append(transport)
        return transport, inbox

    yield connect
    for transport in started:
        transport.stop()


def connected(inbox: "Queue[Any]") -> Connected:
    """Return the first success: the broker may still be starting, a transport tries again."""
    while not isinstance(event := inbox.get(timeout=LIMIT_S), Connected):
        pass
    return event


def until_told(inbox: "Queue[Any]", words: str) -> list[Any]:
    """Wait until a failure is told with these words; return what came before it."""
    earlier = []
    while True:
        event = inbox.get(timeout=LIMIT_S)
        if isinstance(event, Disconnected) and words in event.reason:
            return earlier
        earlier.append(event)


def was_let_in(events: list[Any]) -> bool:
    return any(isinstance(event, Connected) for event in events)


def test_the_kits_settings_name_the_tls_address_and_the_ca(installation: Installation) -> None:
    settings = settings_of(installation)

    assert settings.mqtt_url == f"mqtts://127.0.0.1:{installation.port}"
    assert settings.ca_path == installation.var / "ca.pem"


def test_a_kit_with_its_secret_is_let_in_over_tls(connect: Connect) -> None:
    _, inbox = connect()

    assert connected(inbox) == Connected(protocol="5")


def test_a_kit_with_a_wrong_secret_is_not(connect: Connect) -> None:
    _, inbox = connect(secret="a guess")

    assert not was_let_in(until_told(inbox, "the broker refused"))


def test_a_broker_with_another_cas_certificate_is_not_trusted(
    connect: Connect, tmp_path: Path
) -> None:
    write_certificates(tmp_path)

    _, inbox = connect(ca_file=tmp_path / "ca.pem")

    assert not was_let_in(until_told(inbox, "certificate verify failed"))


def test_a_job_goes_through_tls_and_a_revoked_kit_is_thrown_out(
    installation: Installation, connect: Connect
) -> None:
    from tests.courseserver.kits.test_processes import ask, ended

    installation.start("agent")
    job = ask(installation, 32)

    assert ended(installation, job) == "done: All measured"
    with closing(sqlite3.connect(installation.database)) as database:
        assert database.execute(_STORED).fetchone() == (1,)
    installation.processes.pop("agent").terminate()

    _, inbox = connect()
    connected(inbox)
    installation.ask(
        "from courseserver.kits import enrolment\nfrom courseserver.kits.models import Kit\n"
        "enrolment.kit_revoke(kit=Kit.objects.get(), actor='test')\nanswer = True"
    )
    pid_file = installation.var / "mosquitto.pid"
    wait_for(pid_file.exists, what="Mosquitto's pid file")
    installation.manage(
        "mqtt_credentials", "--folder", str(installation.var), "--pid-file", str(pid_file)
    )

    until_told(inbox, "the broker refused")
