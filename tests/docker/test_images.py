"""The images without an engine: files linted, and each image's steps run in a bare Debian root."""

import getpass
import re
import subprocess
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest
import yaml

from courseserver.kits.credentials import secret_hash
from tests.services import free_port, program, running, wait_for

OURS = ("web", "worker", "beat", "bridge")


@pytest.fixture(scope="module")
def compose(repository: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((repository / "docker/compose.yaml").read_text())
    return loaded


@pytest.fixture(scope="module")
def targets(repository: Path) -> dict[str, str]:
    """Each target of the Dockerfile with its own lines."""
    text = (repository / "docker/Dockerfile").read_text()
    parts = re.split(r"^FROM \S+ AS (\w+)\n", text, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


@pytest.mark.parametrize("name", [*OURS, "agent"])
def test_every_image_has_a_health_check_and_a_command_in_exec_form(
    targets: dict[str, str], name: str
) -> None:
    assert re.search(r"^HEALTHCHECK .* CMD \[", targets[name], re.MULTILINE)
    assert re.search(r'^CMD \["', targets[name], re.MULTILINE)


@pytest.mark.parametrize("name", ["server", "agent"])
def test_no_image_runs_as_root(targets: dict[str, str], name: str) -> None:
    assert re.findall(r"^USER (\w+)", targets[name], re.MULTILINE)[-1] == "courseserver"


def test_every_service_of_compose_runs_without_root(compose: dict[str, Any]) -> None:
    users = {name: str(service.get("user", "")) for name, service in compose["services"].items()}

    assert {name for name, user in users.items() if user in {"", "0", "root"}} == set()


def test_what_services_wait_for_has_a_health_check(compose: dict[str, Any]) -> None:
    awaited = {
        name
        for service in compose["services"].values()
        for name, rule in service.get("depends_on", {}).items()
        if rule["condition"] == "service_healthy"
    }

    assert awaited == {"postgres", "redis", "mosquitto"}
    assert all("healthcheck" in compose["services"][name] for name in awaited)


def test_compose_holds_no_secret_and_asks_for_each(repository: Path) -> None:
    text = (repository / "docker/compose.yaml").read_text()
    example = (repository / "docker/environment.example").read_text()
    asked = set(re.findall(r"\$\{(\w+):\?", text))

    assert asked == {"POSTGRES_PASSWORD", "REDIS_PASSWORD", "MQTT_BRIDGE_PASSWORD"}
    assert all(re.search(rf"^{name}=$", example, re.MULTILINE) for name in asked)


def test_every_copied_file_exists(repository: Path, targets: dict[str, str]) -> None:
    copied = [
        source
        for lines in targets.values()
        for match in re.findall(r"^COPY (.+)$", lines, re.MULTILINE)
        for source in match.split()[:-1]
    ]

    assert copied
    assert [name for name in copied if not (repository / name).exists()] == []


def test_every_shell_script_passes_shellcheck(repository: Path) -> None:
    checker = program("shellcheck", "apt-get install shellcheck")
    scripts = ["run", "test", ".ci/run", *map(str, repository.glob("docker/**/*.sh"))]

    result = subprocess.run([checker, *scripts], cwd=repository, capture_output=True, text=True)

    assert result.returncode == 0, result.stdout


@pytest.mark.mosquitto
def test_the_broker_reads_new_credentials_while_it_runs(repository: Path, tmp_path: Path) -> None:
    program("mosquitto", "apt-get install mosquitto")
    port = free_port()
    files = tmp_path / "files"
    files.mkdir()
    (tmp_path / "mosquitto.conf").write_text(
        f"user {getpass.getuser()}\nlistener {port} 127.0.0.1\nallow_anonymous false\n"
        f"password_file {files}/passwords\nacl_file {files}/acl\n"
    )
    (files / "acl").write_text("pattern readwrite kit/%u/#\n")
    (files / "passwords").write_text(f"first:{secret_hash('one')}\n")
    script = repository / "docker/mosquitto/run.sh"

    with running(["sh", str(script), str(files), str(tmp_path / "mosquitto.conf")], port):
        assert _may_connect(port, "first", "one")
        assert not _may_connect(port, "second", "two")

        (files / "passwords").write_text(f"second:{secret_hash('two')}\n")

        wait_for(lambda: _may_connect(port, "second", "two"), what="the new user")
        assert not _may_connect(port, "first", "one")


def _may_connect(port: int, user: str, secret: str) -> bool:
    answers: list[bool] = []
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
    client.username_pw_set(user, secret)
    client.on_connect = lambda *a: answers.append(not a[3].is_failure)
    client.connect("127.0.0.1", port)
    wait_for(lambda: client.loop(0.05) is not None and bool(answers), what="the broker's answer")
    client.disconnect()
    return answers[0]
