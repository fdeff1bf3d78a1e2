"""Power may fail between any two lines: no result is lost, none is doubled, none runs for ever."""

import json
import multiprocessing
import os
import random
import signal
import sqlite3
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

import pytest

from tests.device_agent import scripted
from tests.device_agent.scripted import RUNS
from tests.services import LIMIT_S

# A server that has imported the agent forks each process to be killed.
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["tests.device_agent.scripted"])
_ASKING = threading.Lock()


def run(folder: Path, kill_at: int | str) -> int | None:
    """Play the scripted job in a process of its own; return its exit code."""
    process = FORKS.Process(target=scripted.main, args=(folder, str(kill_at)))
    # Whoever starts a process asks all others for their exit code, which can be read but once.
    with _ASKING:
        process.start()
    wait([process.sentinel], LIMIT_S)
    with _ASKING:
        process.join(0)
    return process.exitcode


def stored(folder: Path) -> Counter[str]:
    with sqlite3.connect(folder / "server.sqlite3") as server:
        return Counter(row[0] for row in server.execute("SELECT run FROM result"))


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Which lines of the agent one undisturbed job executes."""
    folder = tmp_path_factory.mktemp("calm")
    assert run(folder, 0) == 0
    lines: dict[str, Any] = json.loads((folder / "executed.json").read_text())
    return lines


def test_a_command_said_twice_runs_once(tmp_path: Path) -> None:
    assert run(tmp_path, 0) == 0
    assert stored(tmp_path) == Counter(RUNS)
    assert sorted((tmp_path / "executed.log").read_text().split()) == [
        f"kjb_1.1.{name}" for name in RUNS
    ]


def cut_and_restart(folder: Path, kill_at: int | str) -> str:
    """Return what is wrong after a power cut at a line and a restart; empty when all is well."""
    killed = run(folder, kill_at)
    if killed != -signal.SIGKILL:
        return f"{kill_at}: not killed, exit code {killed}"
    again = run(folder, 0)
    if again or stored(folder) != Counter(RUNS):
        return f"{kill_at}: exit code {again}, {stored(folder)}"
    return ""


def test_power_may_fail_before_every_line_that_touches_the_spool(
    tmp_path: Path, calm: dict[str, Any]
) -> None:
    places = [place for place in calm["places"] if place.startswith("spool.py:")]
    assert len(places) > 40

    def cut(i: int) -> str:
        folder = tmp_path / str(i)
        folder.mkdir()
        return cut_and_restart(folder, places[i])

    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        faults = [fault for fault in pool.map(cut, range(len(places))) if fault]

    assert faults == []


@pytest.mark.parametrize("share", [0.2, 0.4, 0.6, 0.8, 0.95])
def test_killed_anywhere_the_job_is_finished_once_after_a_restart(
    tmp_path: Path, calm: dict[str, Any], share: float
) -> None:
    at = round(calm["count"] * share) + random.Random(share).randint(-5, 5)

    assert cut_and_restart(tmp_path, at) == ""


def test_killed_again_and_again_each_run_is_stored_once(
    tmp_path: Path, calm: dict[str, Any]
) -> None:
    rng = random.Random(7)

    for _ in range(6):
        run(tmp_path, rng.randint(1, calm["count"]))

    assert run(tmp_path, 0) == 0
    assert stored(tmp_path) == Counter(RUNS)
