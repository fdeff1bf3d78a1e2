"""Private instances of real programs on free ports: PostgreSQL, Redis, Mosquitto.

Each is a context manager that yields its URL and stops what it started. A missing program skips
the test with its one install line (in CI that skip is a failure, see `conftest.py`).
"""

import getpass
import os
import random
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import pytest

# How long anything may take on the slowest of machines; where all is well it costs nothing.
LIMIT_S = 300.0
Found = TypeVar("Found")


# Names that this process holds as long as it lives: one for each port it was given.
_CLAIMS: list[socket.socket] = []


def free_port() -> int:
    """Return a port that stays free until it is used.

    It is none of those that the system gives to outgoing connections, and no other process that
    asks here gets it.
    """
    # Chromium opens no page at some ports up to 10080.
    low, high = map(int, Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split())
    ports = [port for port in range(11_000, 65_536) if not low <= port <= high]
    random.SystemRandom().shuffle(ports)
    return next(port for port in ports if _claim(port))


def _claim(port: int) -> bool:
    claim = socket.socket(socket.AF_UNIX)
    try:
        claim.bind(f"\0courseserver-tests-port-{port}")
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", port))
    except OSError:
        claim.close()
        return False
    _CLAIMS.append(claim)
    return True


def program(name: str, install: str, folders: Sequence[str] = ("/usr/sbin",)) -> str:
    """Return a program's path, or skip with the line that installs it."""
    path = shutil.which(name, path=os.pathsep.join([*folders, os.environ.get("PATH", "")]))
    if path is None:
        pytest.skip(f"{name} is not installed: {install}")
    return path


def wait_for(
    condition: Callable[[], Found], *, timeout_s: float = LIMIT_S, what: str = ""
) -> Found:
    """Wait on a condition with a deadline; return its first true value.

    Raises
    ------
    TimeoutError
        If it does not hold in time, naming what was awaited.
    """
    deadline = time.monotonic() + timeout_s
    while not (found := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {timeout_s} s for {what or condition}")
        time.sleep(0.05)
    return found


def accepts_connections(port: int) -> bool:
    with socket.socket() as client:
        client.settimeout(1)
        return client.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def running(command: Sequence[str], port: int, **options: object) -> Iterator[None]:
    """Run a server until the block ends; ready when its port accepts."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, **options)  # type: ignore[call-overload]

    def is_ready() -> bool:
        assert process.poll() is None, f"{command} ended with {process.returncode}"
        return accepts_connections(port)

    try:
        wait_for(is_ready, what=f"{command[0]} on port {port}")
        yield
    finally:
        process.terminate()
        process.wait(timeout=LIMIT_S)


@contextmanager
def redis_server(folder: Path) -> Iterator[str]:
    path = program("redis-server", "apt-get install redis-server")
    port = free_port()
    command = [path, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    with running(command, port):
        yield f"redis://127.0.0.1:{port}/0"


@contextmanager
def postgres_server(folder: Path, *, durable: bool = False) -> Iterator[str]:
    """Yield a URL of an empty database in a cluster of its own.

    What is to count for a measurement or a loss of power must be `durable`, written through to the
    disk; a killed process loses nothing either way.
    """
    binaries = [str(path) for path in sorted(Path("/usr/lib/postgresql").glob("*/bin"))]
    install = "apt-get install postgresql"
    initdb = program("initdb", install, binaries)
    server = str(Path(initdb).with_name("postgres"))
    data = folder / "postgres"
    data.mkdir()
    # PostgreSQL refuses to run as root.
    user = "postgres" if getpass.getuser() == "root" else None
    if user:
        _let_others_pass(folder)
        shutil.chown(data, user)
    subprocess.run(
        [initdb, "-D", str(data), "-U", "courseserver", "-A", "trust", "--no-sync"],
        check=True, stdout=subprocess.DEVNULL, user=user, cwd=data,
    )  # fmt: skip
    port = free_port()
    command = [server, "-D", str(data), "-p", str(port), "-k", str(data), "-h", "127.0.0.1"]
    command += ["-c", f"fsync={'on' if durable else 'off'}"]
    with running(command, port, user=user, cwd=data, stderr=subprocess.DEVNULL):
        yield f"postgres://courseserver@127.0.0.1:{port}/postgres"


def _let_others_pass(folder: Path) -> None:
    """Let another user reach `folder` through pytest's private folders above it."""
    for parent in [folder, *folder.parents]:
        if parent == Path("/tmp"):
            return
        parent.chmod(parent.stat().st_mode | 0o011)


@contextmanager
def mosquitto_broker(
    folder: Path, extra: str = "allow_anonymous true", *, port: int = 0
) -> Iterator[int]:
    """Yield the port of a broker with the given configuration lines added."""
    path = program("mosquitto", "apt-get install mosquitto")
    port = port or free_port()
    config = folder / "mosquitto.conf"
    # Started as root it would become another user, who cannot read this folder.
    config.write_text(f"user {getpass.getuser()}\nlistener {port} 127.0.0.1\n{extra}\n")
    with running([path, "-c", str(config)], port, stderr=subprocess.DEVNULL):
        yield port
