"""A server, a broker, an agent and an emulated Uno as one installation, for tests and soak."""

import json
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

from tests.courseserver.kits.installation import Installation
from tests.emulators import machines
from tests.emulators.machines import Machine
from tests.services import LIMIT_S, wait_for

ACTIVE_W, IDLE_W = 0.25, 0.15
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
tasks = [services.TaskRequest(id=str(i), task=task, arguments=arguments)
         for i, (task, arguments) in enumerate({tasks})]
answer = services.kit_job_request(person=person, course=course, tasks=tasks, purpose="test").id
"""
_ENTER = """
from django.contrib.sessions.backends.db import SessionStore
from courseserver.courses.models import Course, Enrolment, Person
from courseserver.lti.models import Platform
url = "https://lms.example/x"
platform = Platform.objects.create(issuer="https://lms.example", client_id="web",
    deployment_id="d", auth_url=url, token_url=url, jwks_url=url, approved=True)
course = Course.objects.create(platform=platform, context_id="web", title="ML Systems")
person = Person.objects.create()
Enrolment.objects.create(person=person, course=course, role="learner")
session = SessionStore()
session["person"] = person.pk
session.save()
answer = [course.pk, session.session_key]
"""
_COLUMNS = ("outcome", "value", "evidence", "verdict", "energy_total_j", "energy_dynamic_j",
            "energy_meter",
            "environment", "detail")  # fmt: skip


class Bench:
    """A server, a broker, an agent, and an Uno that can be unplugged and plugged in again."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder = folder
        self._stack = stack
        self._plugs = 0
        self.installation = Installation(var=folder, mosquitto=True)
        self.uno = self.plug_in()

    def plug_in(self) -> Machine:
        self._plugs += 1
        running = machines.machine("uno", machines.images(), self.folder)
        self.uno = self._stack.enter_context(running)
        return self.uno

    def unplug(self) -> None:
        self.uno.process.send_signal(signal.SIGKILL)
        self.uno.process.wait()
        Path(self.uno.url).unlink()

    def request(self, *tasks: tuple[str, dict[str, Any]]) -> str:
        return str(self.installation.ask(_REQUEST.format(tasks=list(tasks))))

    def enter(self) -> tuple[str, str]:
        """Return a course, and the session of a student who was let into it."""
        course, session = self.installation.ask(_ENTER)
        return str(course), str(session)

    def latest_job(self) -> str:
        ((job,),) = self._rows("SELECT id FROM kits_kitjob ORDER BY queued_at DESC LIMIT 1")
        return str(job)

    def answer(self, job: str) -> dict[str, Any]:
        def final() -> tuple[str, str] | None:
            query = "SELECT state, message FROM kits_kitjob WHERE id = ?"
            state, message = self._rows(query, job)[0]
            return (state, message) if state in ("done", "failed", "cancelled") else None

        state, message = wait_for(final, what=f"job {job} to end")
        query = (
            f"SELECT {', '.join(_COLUMNS)} FROM kits_measurement"
            " WHERE job_id = ? AND NOT superseded ORDER BY request_id"
        )
        found = [dict(zip(_COLUMNS, row, strict=True)) for row in self._rows(query, job)]
        for row in found:
            row["environment"] = json.loads(row["environment"])
        return {"state": state, "message": message, "rows": found}

    def _rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Read the server's database from beside: a Django process for each look is slow."""
        with closing(sqlite3.connect(self.installation.database, timeout=LIMIT_S)) as database:
            return database.execute(query, values).fetchall()


@contextmanager
def bench_in(folder: Path, installed: Path | None = None) -> Iterator[Bench]:
    """Run an installation with its board, and a meter that replays a trace of two levels.

    It begins from a copy of what `installed` holds.
    """
    rows = "".join(f"{i * 5e-5:.6f},{IDLE_W},{ACTIVE_W}\n" for i in range(20))
    (folder / "trace.csv").write_text("time_s,idle_w,active_w\n" + rows)
    with ExitStack() as stack:
        bench = Bench(folder, stack)
        bench.installation.prepare(installed)
        port = f"{bench.uno.url};edges={bench.uno.edges};trace={folder / 'trace.csv'}"
        with (folder / "kit" / "agent.toml").open("a") as settings:
            settings.write(f"ports = {json.dumps(port)}\n")
        stack.callback(bench.installation.stop)
        for name in ("broker", "bridge", "agent"):
            bench.installation.start(name)
        yield bench
