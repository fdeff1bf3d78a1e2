"""Keeps a handful of processes alive: starts, probes, restarts with back-off, stops them all.

Each child leads a process group of its own and dies with us even if we are killed.
"""

import ctypes
import os
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

Probe = Callable[[], bool]

_ROOT = Path(__file__).resolve().parent.parent.parent

_PR_SET_PDEATHSIG = 1
_RESTARTS, _WITHIN_S = 6, 60.0
# Who is slow is waited for; who ends is reported at once.
_READY_S = 300.0
_GRACE_S = 8.0


class DemoError(Exception):
    """Something the person at the keyboard must know, in one sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """One program: its name, command, environment on top of ours, and how to see it is ready."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    folder: Path = _ROOT
    ready: Probe = lambda: True


@dataclass(slots=True)
class _Child:
    process: Process
    popen: subprocess.Popen[bytes]
    started: list[float]


class Supervisor:
    """Runs processes until `stop`; a child that ends is started again, at most six times a minute.

    Parameters
    ----------
    log_dir : Path
        Each child's output goes to `<name>.log` here.
    """

    def __init__(self, log_dir: Path) -> None:
        log_dir.mkdir(parents=True, exist_ok=True)
        self.log_dir = log_dir
        self._children: dict[str, _Child] = {}
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._watcher: threading.Thread | None = None

    def start(self, process: Process, *, timeout_s: float = _READY_S) -> None:
        """Start one process and wait until it is ready.

        Raises
        ------
        DemoError
            If it ends or stays silent, with the last lines of its log.
        """
        self.launch(process)
        self.wait_ready(process, timeout_s=timeout_s)

    def launch(self, process: Process) -> None:
        """Start one process without waiting for it."""
        with self._lock:
            self._children[process.name] = _Child(process, self._spawn(process), [time.monotonic()])

    def wait_ready(self, process: Process, *, timeout_s: float = _READY_S) -> None:
        deadline = time.monotonic() + timeout_s
        while not process.ready():
            child = self._children[process.name]
            if child.popen.poll() is not None and not self._watcher:
                raise DemoError(f"{process.name} ended at once.\n{self._tail(process.name)}")
            if time.monotonic() > deadline:
                raise DemoError(
                    f"{process.name} was not ready after {timeout_s:.0f} s.\n"
                    f"{self._tail(process.name)}"
                )
            self._stopping.wait(0.05)

    def watch(self) -> None:
        """Begin restarting children that end."""
        self._watcher = threading.Thread(target=self._keep_alive, daemon=True)
        self._watcher.start()

    def kill(self, name: str) -> int:
        """Send SIGKILL to a child's whole group, as a power cut would; return its pid."""
        with self._lock:
            popen = self._children[name].popen
        _signal_group(popen, signal.SIGKILL)
        return popen.pid

    def is_running(self, name: str) -> bool:
        return self._children[name].popen.poll() is None

    def stop(self) -> None:
        """Stop every child in reverse order: SIGTERM to it, then SIGKILL to its group."""
        self._stopping.set()
        if self._watcher:
            self._watcher.join(timeout=5)
        with self._lock:
            children = list(reversed(self._children.values()))
        for child in children:
            child.popen.terminate()
        deadline = time.monotonic() + _GRACE_S
        for child in children:
            _wait(child.popen, deadline)
            _signal_group(child.popen, signal.SIGKILL)
            child.popen.wait()

    def _spawn(self, process: Process) -> subprocess.Popen[bytes]:
        with (self.log_dir / f"{process.name}.log").open("ab") as log:
            return subprocess.Popen(  # noqa: S603
                list(process.command),
                cwd=process.folder,
                env={**os.environ, **process.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_die_with_parent,
            )

    def _keep_alive(self) -> None:
        while not self._stopping.wait(0.2):
            with self._lock:
                ended = [c for c in self._children.values() if c.popen.poll() is not None]
                for child in ended:
                    self._restart(child)

    def _restart(self, child: _Child) -> None:
        now = time.monotonic()
        recent = [moment for moment in child.started if now - moment < _WITHIN_S]
        if len(recent) >= _RESTARTS:
            return
        if now - child.started[-1] < 0.5 * len(recent):
            return
        child.popen = self._spawn(child.process)
        child.started = [*recent, now]

    def _tail(self, name: str, lines: int = 15) -> str:
        path = self.log_dir / f"{name}.log"
        text = path.read_text(errors="replace") if path.exists() else ""
        return "\n".join(text.splitlines()[-lines:])


def http_ready(url: str) -> Probe:
    """Return a probe: does this address answer, whatever the status below 500?"""

    def probe() -> bool:
        try:
            with urllib.request.urlopen(url, timeout=20) as response:  # noqa: S310
                return bool(response.status < 500)
        except urllib.error.HTTPError as error:
            return error.code < 500
        except OSError:
            return False

    return probe


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _signal_group(popen: subprocess.Popen[bytes], number: signal.Signals) -> None:
    try:
        os.killpg(popen.pid, number)
    except ProcessLookupError:
        return


def _wait(popen: subprocess.Popen[bytes], deadline: float) -> None:
    try:
        popen.wait(timeout=max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        return
