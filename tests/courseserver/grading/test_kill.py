"""A real worker, killed while it sends a grade: the grade arrives, once."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.doubles.lti_platform import Answer, Asked, LtiPlatform, lti_platform
from tests.services import LIMIT_S, wait_for
from tests.shell import Shell

SCORES, RESULTS = "/item/scores", "/item/results"
_SUBMIT = """
from courseserver.common import clock
from courseserver.courses.models import Assignment, Course, Enrolment, Identity, Person
from courseserver.grading.services import submission_receive
from courseserver.lti import ags
from courseserver.lti.models import Platform
platform = Platform.objects.create(issuer="https://lms.test", client_id="client-1",
    deployment_id="deployment-1", auth_url="https://lms.test/auth", token_url="{url}/token",
    jwks_url="{url}/jwks", approved=True)
course = Course.objects.create(platform=platform, context_id="c")
assignment = Assignment.objects.create(course=course, resource_link_id="l", lab="a-lab",
    title="A lab", line_item_url="{url}/item", send_mode="live",
    ags_scopes=[ags.SCOPE_SCORE, ags.SCOPE_RESULT])
bob = Person.objects.create()
Identity.objects.create(person=bob, platform=platform, subject="bob")
Enrolment.objects.create(person=bob, course=course, role="learner")
submission_receive(assignment=assignment, person=bob, attempt_id="att_1", lab_slug="a-lab",
    lab_version="1", completion=1.0, challenge=0.5, log_text="A log.", evidence={{}},
    submitted_at=clock.now())
"""
_SWEEP = "from courseserver.grading.tasks import sweep; sweep()"


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {**os.environ, "COURSESERVER_VAR": str(tmp_path / "var"), "GRADING_LEASE_S": "2"}


@pytest.fixture
def workers(environment: dict[str, str]) -> Iterator[list[subprocess.Popen[bytes]]]:
    started: list[subprocess.Popen[bytes]] = []
    yield started
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture
def shell(tmp_path: Path, migrated: Path, environment: dict[str, str]) -> Iterator[Shell]:
    (tmp_path / "var").mkdir()
    shutil.copy(migrated / "courseserver.sqlite3", tmp_path / "var")
    shell = Shell(environment, tmp_path)
    yield shell
    shell.stop()


@pytest.fixture
def lms() -> Iterator[LtiPlatform]:
    with lti_platform() as platform:
        yield platform


def start(environment: dict[str, str]) -> subprocess.Popen[bytes]:
    command = ["-m", "celery", "-A", "courseserver", "worker", "--pool", "solo", "-l", "warning"]
    return subprocess.Popen([sys.executable, *command], env=environment)


def state(tmp_path: Path) -> str:
    with sqlite3.connect(tmp_path / "var" / "courseserver.sqlite3", timeout=LIMIT_S) as connection:
        found = connection.execute("SELECT state FROM grading_gradeoutbox").fetchone()
    return str(found[0]) if found else ""


@pytest.mark.processes
@pytest.mark.parametrize("moment", ["before the request", "after the yes"])
def test_a_grade_survives_kill_9_of_its_sender_and_arrives_once(
    tmp_path: Path,
    shell: Shell,
    environment: dict[str, str],
    workers: list[subprocess.Popen[bytes]],
    lms: LtiPlatform,
    moment: str,
) -> None:
    grades: list[float] = []
    kills: list[int] = []

    def kill() -> Answer:
        kills.append(workers[0].pid)
        os.kill(workers[0].pid, signal.SIGKILL)
        workers[0].wait()
        return Answer(status=0)

    def take(asked: Asked) -> Answer:
        grades.append(asked.json["scoreGiven"])
        return kill() if moment == "after the yes" and not kills else Answer()

    def show(asked: Asked) -> Answer:
        if moment == "before the request" and not kills:
            return kill()
        shown = [{"userId": "bob", "resultScore": grade} for grade in grades[-1:]]
        return Answer(body=[row | {"resultMaximum": 100} for row in shown])

    lms.answer(SCORES, take)
    lms.answer(RESULTS, show)
    workers.append(start(environment))
    shell.ask(_SUBMIT.format(url=lms.url))
    wait_for(lambda: bool(kills), what="the kill")
    assert state(tmp_path) == "sending"

    workers.append(start(environment))
    wait_for(lambda: _swept(shell, tmp_path), what="the grade in the LMS")

    assert grades == [55.0]
    stamps = [asked.json["timestamp"] for asked in lms.requests_to(SCORES)]
    assert len(stamps) == 1


def _swept(shell: Shell, tmp_path: Path) -> bool:
    shell.ask(_SWEEP)
    return state(tmp_path) == "in_lms"
