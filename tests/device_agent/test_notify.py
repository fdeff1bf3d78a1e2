"""systemd hears that we are ready and alive; the unit is one it accepts."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import device_agent
from device_agent.notify import Notifier
from tests.services import LIMIT_S, program

UNIT = Path(device_agent.__file__).parent / "systemd" / "device-agent.service"


@pytest.fixture
def heard(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.bind(str(tmp_path / "notify"))
        line.settimeout(LIMIT_S)
        yield line


def listening(line: socket.socket, **more: str) -> dict[str, str]:
    return {"NOTIFY_SOCKET": str(line.getsockname()), **more}


def test_it_says_ready_alive_a_few_times_an_interval_and_stopping(heard: socket.socket) -> None:
    now = [0.0]
    environ = listening(heard, WATCHDOG_USEC="3000000", WATCHDOG_PID=str(os.getpid()))
    notifier = Notifier(environ, clock=lambda: now[0])

    notifier.ready()
    for now[0] in (0.0, 0.5, 0.9, 1.1, 1.5):
        notifier.alive()
    notifier.stopping()

    said = [heard.recv(200).decode() for _ in range(4)]
    assert said == ["READY=1\nSTATUS=Waiting for work", "WATCHDOG=1", "WATCHDOG=1", "STOPPING=1"]


@pytest.mark.parametrize(
    "environ", [{}, {"WATCHDOG_USEC": "1", "WATCHDOG_PID": "1"}, {"WATCHDOG_USEC": "0"}]
)
def test_without_a_watchdog_of_its_own_it_feeds_none(
    heard: socket.socket, environ: dict[str, str]
) -> None:
    notifier = Notifier(listening(heard, **environ))
    notifier.alive()
    notifier.stopping()

    assert heard.recv(200) == b"STOPPING=1"


def test_a_name_without_a_file_is_reached() -> None:
    name = f"device-agent-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.bind("\0" + name)
        line.settimeout(LIMIT_S)
        Notifier({"NOTIFY_SOCKET": "@" + name}).ready()

        assert line.recv(200).startswith(b"READY=1")


def test_nobody_listening_is_no_error(tmp_path: Path) -> None:
    for environ in ({}, {"NOTIFY_SOCKET": str(tmp_path / "gone")}):
        notifier = Notifier(environ)
        notifier.ready()
        notifier.stopping()


def test_the_unit_is_hardened_and_sees_its_devices() -> None:
    text = UNIT.read_text()

    watched = ("Type=notify", "WatchdogSec=180", "Restart=always")
    kept_out = ("NoNewPrivileges=yes", "ProtectSystem=strict", "CapabilityBoundingSet=")
    for line in (*watched, *kept_out, "User=device-agent"):
        assert f"\n{line}\n" in text
    # Options that would hide the very devices it is for.
    settings = [line for line in text.splitlines() if not line.startswith("#")]
    assert not [line for line in settings if line.startswith(("PrivateDevices", "ProtectClock"))]


def test_systemd_has_no_complaint_of_the_unit(tmp_path: Path) -> None:
    systemd = program("systemd-analyze", "apt-get install systemd")
    here = tmp_path / UNIT.name
    here.write_text(UNIT.read_text().replace("/opt/device-agent/bin/python", sys.executable))

    done = subprocess.run(
        [systemd, "verify", "--man=no", str(here)], capture_output=True, text=True
    )

    assert [line for line in done.stderr.splitlines() if UNIT.name in line] == []
