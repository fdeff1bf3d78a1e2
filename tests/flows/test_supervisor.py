"""The demo's supervisor: restarts what ends, stops everything, says why it cannot."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from courseserver.demo import supervisor as module
from courseserver.demo.supervisor import DemoError, Process, Supervisor
from tests.services import wait_for

SLEEPER = [sys.executable, "-c", "import time; time.sleep(600)"]


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    supervisor = Supervisor(tmp_path / "logs")
    yield supervisor
    supervisor.stop()


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_killed_child_is_started_again(supervisor: Supervisor) -> None:
    supervisor.start(Process(name="sleeper", command=SLEEPER))
    supervisor.watch()

    first = supervisor.kill("sleeper")

    wait_for(lambda: not _alive(first), what="the first to be reaped")
    wait_for(lambda: supervisor.is_running("sleeper"), what="the restart")


def test_a_child_that_keeps_ending_is_given_up_for_a_while(
    supervisor: Supervisor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A minute may be over before a slow machine has begun it six times.
    monkeypatch.setattr(module, "_WITHIN_S", 3600.0)
    marks = tmp_path / "marks"
    code = f"open({str(marks)!r}, 'a').write('x')"
    supervisor.launch(Process(name="quitter", command=[sys.executable, "-c", code]))
    supervisor.watch()

    wait_for(lambda: marks.exists() and len(marks.read_text()) == 6, what="six starts")
    seen = len(marks.read_text())

    with pytest.raises(TimeoutError):
        wait_for(lambda: len(marks.read_text()) > seen, timeout_s=4)


def test_stopping_leaves_no_grandchild_behind(supervisor: Supervisor, tmp_path: Path) -> None:
    pid_file = tmp_path / "grandchild"
    code = (
        "import subprocess, sys, time\n"
        f"child = subprocess.Popen({SLEEPER!r})\n"
        f"open({str(pid_file)!r}, 'w').write(str(child.pid))\n"
        "time.sleep(600)"
    )
    supervisor.start(Process(name="parent", command=[sys.executable, "-c", code]))
    wait_for(lambda: pid_file.exists() and pid_file.read_text() != "", what="the grandchild")
    grandchild = int(pid_file.read_text())

    supervisor.stop()

    wait_for(lambda: not _alive(grandchild), what="the grandchild's end")


def test_a_child_that_never_gets_ready_is_reported_with_its_last_words(
    supervisor: Supervisor,
) -> None:
    command = [sys.executable, "-c", "print('the disk is full'); raise SystemExit(3)"]

    with pytest.raises(DemoError, match="the disk is full"):
        supervisor.start(Process(name="broken", command=command, ready=lambda: False))


def test_children_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    pid_file = tmp_path / "child"
    code = (
        "import pathlib, time\n"
        "from courseserver.demo.supervisor import Process, Supervisor\n"
        f"s = Supervisor(pathlib.Path({str(tmp_path)!r}))\n"
        f"s.launch(Process(name='sleeper', command={SLEEPER!r}))\n"
        f"open({str(pid_file)!r}, 'w').write(str(s._children['sleeper'].popen.pid))\n"
        "time.sleep(600)"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    parent = os.spawnve(os.P_NOWAIT, sys.executable, [sys.executable, "-c", code], environment)
    wait_for(lambda: pid_file.exists() and pid_file.read_text() != "", what="the child")

    os.kill(parent, signal.SIGKILL)
    os.waitpid(parent, 0)

    child = int(pid_file.read_text())
    wait_for(lambda: not _alive(child), what="the child's end")
