"""Power may fail between any two lines: no result is lost, none is doubled, none runs for ever."""

import json
import os
import random
import sqlite3
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.device_agent.scripted import RUNS

ROOT = Path(__file__).resolve().parents[2]


def run(folder: Path, kill_at: int | str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "tests.device_agent.scripted", str(folder), str(kill_at)],
        cwd=ROOT, capture_output=True, text=True, timeout=60,
    )  # fmt: skip


def stored(folder: Path) -> Counter[str]:
    with sqlite3.connect(folder / "server.sqlite3") as server:
        return Counter(row[0] for row in server.execute("SELECT run FROM result"))


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Which lines of the agent one undisturbed job executes."""
    done = run(tmp_path_factory.mktemp("calm"), 0)
    assert done.returncode == 0, done.stderr
    lines: dict[str, Any] = json.loads(done.stdout)
    return lines


def test_a_command_said_twice_runs_once(tmp_path: Path) -> None:
    done = run(tmp_path, 0)

    assert done.returncode == 0, done.stderr
    assert stored(tmp_path) == Counter(RUNS)
    assert sorted((tmp_path / "executed.log").read_text().split()) == [
        f"kjb_1.1.{name}" for name in RUNS
    ]


def cut_and_restart(folder: Path, kill_at: int | str) -> str:
    """Return what is wrong after a power cut at a line and a restart; empty when all is well."""
    killed = run(folder, kill_at)
    if killed.returncode != -9:
        return f"{kill_at}: not killed: {killed.stdout}{killed.stderr}"
    again = run(folder, 0)
    if again.returncode or stored(folder) != Counter(RUNS):
        return f"{kill_at}: {again.stderr or stored(folder)}"
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
    last = run(tmp_path, 0)

    assert last.returncode == 0, last.stderr
    assert stored(tmp_path) == Counter(RUNS)
