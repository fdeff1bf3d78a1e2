"""A job through real processes: row, broker, agent, spool, bridge, row; and any of them killed."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.courseserver.kits.installation import Installation
from tests.services import LIMIT_S, wait_for

pytestmark = pytest.mark.processes

_REQUEST = """
from courseserver.courses.models import Course, Enrolment, Person
from courseserver.lti.models import Platform
from courseserver.kits import services
url = "https://lms.example/x"
platform, _ = Platform.objects.get_or_create(issuer="https://lms.example", client_id="c",
    deployment_id="d", defaults=dict(auth_url=url, token_url=url, jwks_url=url, approved=True))
course, _ = Course.objects.get_or_create(platform=platform, context_id="1")
person = Person.objects.create()
Enrolment.objects.create(person=person, course=course, role="learner")
tasks = [services.TaskRequest(id=f"g{{n}}", task="gemm", arguments=dict(m=n, n=n, k=n))
         for n in {sizes}]
answer = services.kit_job_request(person=person, course=course, tasks=tasks, purpose="test").id
"""
BROKERS = [
    pytest.param(False, id="amqtt"),
    pytest.param(True, id="mosquitto", marks=pytest.mark.mosquitto),
]


@pytest.fixture(scope="module", params=BROKERS)
def installation(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, migrated: Path
) -> Iterator[Installation]:
    folder = tmp_path_factory.mktemp("installation")
    installation = Installation(var=folder, mosquitto=request.param, rehearses=True)
    installation.prepare(migrated)
    for name in ("broker", "bridge", "agent"):
        installation.start(name)
    yield installation
    installation.stop()


def ask(installation: Installation, *sizes: int) -> str:
    return str(installation.ask(_REQUEST.format(sizes=list(sizes))))


def rows(path: Path, query: str, *values: object) -> list[tuple[Any, ...]]:
    """Read a process's database from beside; a read takes no lock that it would notice."""
    with closing(sqlite3.connect(path, timeout=LIMIT_S)) as database:
        return database.execute(query, values).fetchall()


def done(installation: Installation, job: str) -> int:
    found = rows(installation.database, "SELECT done FROM kits_kitjob WHERE id = ?", job)
    return int(found[0][0])


def ended(installation: Installation, job: str) -> str:
    """Wait for a job's end and return its state and message."""

    def final() -> str | None:
        query = "SELECT state, message FROM kits_kitjob WHERE id = ?"
        state, message = rows(installation.database, query, job)[0]
        return f"{state}: {message}" if state in ("done", "failed", "cancelled") else None

    return str(wait_for(final, what=f"job {job} to end"))


def measured(installation: Installation, job: str) -> dict[str, tuple[Any, ...]]:
    """Return what is stored, by request; two rows for one request fail here."""
    query = (
        "SELECT request_id, low, value, high, unit, evidence, outcome FROM kits_measurement"
        " WHERE job_id = ? AND NOT superseded"
    )
    found = rows(installation.database, query, job)
    assert len({row[0] for row in found}) == len(found)
    return {row[0]: row[1:] for row in found}


def spooled(installation: Installation) -> int:
    path = installation.var / "kit" / "spool.sqlite3"
    return int(rows(path, "SELECT count(*) FROM outbox")[0][0])


def presence(installation: Installation) -> str:
    return str(rows(installation.database, "SELECT presence FROM kits_kit")[0][0])


def test_a_job_is_measured_stored_once_and_forgotten_by_the_agent(
    installation: Installation,
) -> None:
    job = ask(installation, 32, 64)

    assert ended(installation, job) == "done: All measured"
    stored = measured(installation, job)
    assert set(stored) == {"g32", "g64"}
    for low, value, high, unit, evidence, outcome in stored.values():
        assert 0 < low <= value <= high
        assert (unit, evidence, outcome) == ("s", "measured", "measured")
    wait_for(lambda: spooled(installation) == 0, what="the agent to forget")
    refused = rows(installation.database, "SELECT text FROM kits_kitlog WHERE level = 'refused'")
    assert refused == []


def test_a_stopped_agent_says_goodbye_and_a_killed_one_is_announced_by_its_will(
    installation: Installation,
) -> None:
    wait_for(lambda: presence(installation) == "online", what="the kit to come")
    installation.processes["agent"].terminate()
    wait_for(lambda: presence(installation) == "offline", what="the farewell")
    installation.processes.pop("agent").wait()
    installation.start("agent")
    wait_for(lambda: presence(installation) == "online", what="the kit to come back")

    installation.kill("agent")

    wait_for(lambda: presence(installation) == "offline", what="the will")
    installation.start("agent")


@pytest.mark.parametrize("victims", [["agent", "bridge"], ["broker", "agent"]])
def test_processes_killed_in_the_middle_of_a_job_cost_no_measurement_and_double_none(
    installation: Installation, victims: list[str]
) -> None:
    sizes = (32, 48, 64, 80, 96, 112, 128, 160, 192, 256)
    job = ask(installation, *sizes)
    wait_for(lambda: done(installation, job) >= 2, what="progress")

    for victim in victims:
        installation.kill(victim)
    for victim in victims:
        installation.start(victim)

    assert ended(installation, job) == "done: All measured"
    stored = measured(installation, job)
    assert set(stored) == {f"g{n}" for n in sizes}
    assert {row[5] for row in stored.values()} == {"measured"}
    wait_for(lambda: spooled(installation) == 0, what="the agent to forget")
