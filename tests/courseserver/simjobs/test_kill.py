"""A real worker process, killed in the middle of a run: nothing lost, nothing doubled."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from labs.loader import load_folder
from tests.services import LIMIT_S, wait_for

FIXTURE = Path(__file__).resolve().parents[2] / "labs" / "fixture_lab"

_ASK = """
from courseserver.courses.models import Person
from courseserver.simjobs.services import job_request
from labs.loader import load_lab
lab = load_lab("fixture-moving-bytes")
inputs = {"size": 1e6, "loss": 0.1, "packets": 6_000_000}
model = lab.parts[1].model.job
print(job_request(person=Person.objects.create(), lab=lab, part_id="b", model=model, inputs=inputs))
"""
# As beat does, again and again: what a broker loses is published once more.
_SWEEP = """
from time import sleep
from courseserver.simjobs.services import jobs_sweep
while True:
    jobs_sweep()
    sleep(1)
"""


@pytest.fixture
def var(tmp_path: Path) -> Path:
    return tmp_path / "var"


@pytest.fixture
def environment(var: Path) -> dict[str, str]:
    return {
        **os.environ,
        "COURSESERVER_VAR": str(var),
        "LABS_PATH": str(FIXTURE),
        # Long enough for a worker that lives on a busy machine to keep it.
        "SIMJOBS_LEASE_S": "8",
    }


@pytest.fixture
def processes(environment: dict[str, str]) -> Iterator[list[subprocess.Popen[bytes]]]:
    started: list[subprocess.Popen[bytes]] = []
    yield started
    for process in started:
        process.kill()
        process.wait()


def start(environment: dict[str, str], *command: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, *command], env=environment)


def worker(environment: dict[str, str]) -> subprocess.Popen[bytes]:
    options = ["worker", "--pool", "solo", "-l", "warning"]
    return start(environment, "-m", "celery", "-A", "courseserver", *options)


def sweeper(environment: dict[str, str]) -> subprocess.Popen[bytes]:
    return start(environment, "manage.py", "shell", "-v0", "-c", _SWEEP)


def row(var: Path) -> sqlite3.Row:
    with sqlite3.connect(var / "courseserver.sqlite3", timeout=LIMIT_S) as connection:
        connection.row_factory = sqlite3.Row
        found: sqlite3.Row = connection.execute("SELECT * FROM simjobs_job").fetchone()
        return found


def units(var: Path) -> dict[int, str]:
    with sqlite3.connect(var / "courseserver.sqlite3", timeout=LIMIT_S) as connection:
        return dict(connection.execute("SELECT number, result FROM simjobs_jobunit").fetchall())


@pytest.mark.processes
def test_a_job_survives_kill_9_of_its_worker(
    var: Path,
    installed: Path,
    environment: dict[str, str],
    processes: list[subprocess.Popen[bytes]],
) -> None:
    var.mkdir()
    shutil.copy(installed / "courseserver.sqlite3", var)
    asked = start(environment, "manage.py", "shell", "-v0", "-c", _ASK)
    assert asked.wait() == 0
    processes.append(worker(environment))
    wait_for(lambda: len(units(var)) >= 2, what="two units")

    os.kill(processes[0].pid, signal.SIGKILL)
    processes[0].wait()
    kept = units(var)
    assert row(var)["state"] == "running"
    assert len(kept) < row(var)["units_total"]

    processes += [worker(environment), sweeper(environment)]
    wait_for(lambda: row(var)["state"] == "done", what="the result")
    assert row(var)["losses"] >= 1

    after = units(var)
    assert {number: after[number] for number in kept} == kept
    model = load_folder(FIXTURE).parts[1].model.job
    assert model is not None
    whole = model.combine({}, [json.loads(after[number]) for number in sorted(after)])
    assert json.loads(row(var)["result"])["values"]["tries"]["value"] == pytest.approx(
        whole.values["tries"].value
    )
    assert len(after) == row(var)["units_total"]
