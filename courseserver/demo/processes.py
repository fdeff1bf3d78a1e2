"""Which processes make the whole service, on either profile, with their environment."""

import fcntl
import os
import secrets
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from courseserver.demo.supervisor import DemoError, Process, Supervisor, http_ready

ROOT = Path(__file__).resolve().parent.parent.parent
_PYTHON = sys.executable
_LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where everything of one installation lives and listens.

    `backing` names PostgreSQL, Redis and Mosquitto by environment URLs; empty means the embedded
    profile, whose broker is one of the processes.
    """

    var: Path
    web_port: int = 8000
    lms_port: int = 8001
    mqtt_port: int = 8883
    backing: Mapping[str, str] = field(default_factory=dict)

    @property
    def tool_url(self) -> str:
        return f"http://{_LOOPBACK}:{self.web_port}"

    @property
    def lms_url(self) -> str:
        return f"http://{_LOOPBACK}:{self.lms_port}"

    @property
    def is_embedded(self) -> bool:
        return not self.backing

    def environment(self) -> dict[str, str]:
        """Return what every process of this installation is told."""
        return {
            "COURSESERVER_VAR": str(self.var),
            "COURSESERVER_DEVELOPMENT": "1",
            "PUBLIC_URL": self.tool_url,
            "MQTT_URL": f"mqtt://{_LOOPBACK}:{self.mqtt_port}",
            "OPENBLAS_NUM_THREADS": "1",
            "PYTHONPATH": str(ROOT),
            # Seven processes that start cold: let them keep their bytecode.
            "PYTHONDONTWRITEBYTECODE": "",
            **self.backing,
        }

    def full_environment(self) -> dict[str, str]:
        """Return this process's environment with the installation's on top."""
        return {**os.environ, **self.environment()}


def check_ports(site: Site) -> None:
    """Refuse a busy port, or one for two, before anything starts.

    Raises
    ------
    DemoError
        Naming the port and the option that chooses another.
    """
    ports = {"--port": site.web_port, "--lms-port": site.lms_port}
    if site.is_embedded:
        ports["--mqtt-port"] = site.mqtt_port
    if len({*ports.values()}) < len(ports):
        raise DemoError(f"{', '.join(ports)} name one port twice. Choose one for each.")
    for option, port in ports.items():
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((_LOOPBACK, port))
            except OSError as error:
                raise DemoError(
                    f"Port {port} is in use. Stop what uses it, or choose another: "
                    f"./run {option} {port + 100}"
                ) from error


def prepare_folder(var: Path) -> None:
    """Make the folder of the installation's state.

    Raises
    ------
    DemoError
        If it cannot be written.
    """
    try:
        var.mkdir(parents=True, exist_ok=True)
        probe = var / f".probe-{secrets.token_hex(4)}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise DemoError(
            f"{var} cannot be written ({error.strerror}). Choose another: ./run --var FOLDER"
        ) from error


def hold_folder(var: Path) -> IO[str]:
    """Return the open lock of a folder of state; it is let go with its process.

    Raises
    ------
    DemoError
        If another installation runs there: each would send the other's launches to its own ports.
    """
    lock = (var / "run.lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        lock.close()
        raise DemoError(
            f"Another ./run keeps its state in {var}. Stop it, or give this one its own folder "
            "and ports: ./run --var FOLDER --port 8100 --lms-port 8101 --mqtt-port 18930"
        ) from error
    return lock


LMS_SETTINGS = "courseserver.practice_lms.settings"


def install(site: Site) -> None:
    """Migrate, gather static files, and introduce tool, practice LMS and demo kit to one another.

    Raises
    ------
    DemoError
        If a step fails, with its last words.
    """
    printed = _run(site, LMS_SETTINGS, "manage.py", "practice_setup", "--json",
                   "--tool", site.tool_url, "--lms", site.lms_url)  # fmt: skip
    _run(site, "courseserver.settings", "-m", "courseserver.demo.install", printed.strip(),
         str(agent_settings(site)))  # fmt: skip


def _run(site: Site, settings: str, *arguments: str) -> str:
    result = subprocess.run(  # noqa: S603
        [_PYTHON, *arguments],
        env={**site.full_environment(), "DJANGO_SETTINGS_MODULE": settings},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode:
        words = (result.stderr or result.stdout).strip().splitlines()[-8:]
        raise DemoError(f"{' '.join(arguments[:3])} failed:\n" + "\n".join(words))
    return result.stdout


def agent_settings(site: Site) -> Path:
    return site.var / "agent" / "agent.toml"


def processes(site: Site) -> list[Process]:
    """Return every process of the service, in the order in which they should start."""
    environment = site.environment()
    granian = [_PYTHON, "-m", "granian", "--interface", "wsgi", "--host", _LOOPBACK]
    celery = [_PYTHON, "-m", "celery", "-A", "courseserver"]
    agent = {
        **environment,
        "DEVICE_AGENT_CONFIG": str(agent_settings(site)),
        "DEVICE_AGENT_SPOOL": str(site.var / "agent" / "spool.sqlite3"),
        "DEVICE_AGENT_MQTT_URL": f"mqtt://{_LOOPBACK}:{site.mqtt_port}",
    }
    broker = Process(
        name="broker",
        command=[_PYTHON, "manage.py", "mqtt_broker"],
        environment=environment,
        ready=lambda: _accepts(site.mqtt_port),
    )
    services = [
        Process(
            name="web",
            command=[*granian, "--port", str(site.web_port), "--workers", "2",
                     "--blocking-threads", "4", "courseserver.wsgi:application"],
            environment=environment,
            ready=http_ready(f"{site.tool_url}/healthz/"),
        ),
        Process(
            name="practice-lms",
            command=[*granian, "--port", str(site.lms_port), "--workers", "1",
                     "courseserver.practice_lms.wsgi:application"],
            environment={**environment, "DJANGO_SETTINGS_MODULE": LMS_SETTINGS},
            ready=http_ready(f"{site.lms_url}/"),
        ),
        Process(
            name="worker",
            command=[*celery, "worker", "--loglevel", "INFO", "--concurrency", "2"],
            environment=environment,
        ),
        Process(
            name="beat",
            command=[*celery, "beat", "--loglevel", "WARNING",
                     "--pidfile", "", "--schedule", str(site.var / "beat-schedule")],
            environment=environment,
        ),
        Process(
            name="bridge", command=[_PYTHON, "manage.py", "mqtt_bridge"], environment=environment
        ),
        Process(
            name="agent", command=[_PYTHON, "-m", "device_agent", "run"], environment=agent
        ),
    ]  # fmt: skip
    return [broker, *services] if site.is_embedded else services


def start_all(supervisor: Supervisor, site: Site) -> None:
    """Start everything at once, then wait until each is ready."""
    everything = processes(site)
    for process in everything:
        supervisor.launch(process)
    for process in everything:
        supervisor.wait_ready(process)
    supervisor.watch()


def _accepts(port: int) -> bool:
    with socket.socket() as client:
        client.settimeout(1)
        return client.connect_ex((_LOOPBACK, port)) == 0
