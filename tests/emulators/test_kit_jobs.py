"""A kit job from the server's queue over MQTT to an emulated board and back, energy included."""

import json
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from tests.courseserver.kits.installation import Installation, wait_until
from tests.emulators import machines
from tests.emulators.machines import Machine

pytestmark = [pytest.mark.processes, pytest.mark.mosquitto]

_ACTIVE_W, _IDLE_W = 0.25, 0.15
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
_COLUMNS = ("outcome", "value", "evidence", "energy_total_j", "energy_dynamic_j", "energy_meter",
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

    def answer(self, job: str) -> dict[str, Any]:
        def final() -> tuple[str, str] | None:
            query = "SELECT state, message FROM kits_kitjob WHERE id = ?"
            state, message = self._rows(query, job)[0]
            return (state, message) if state in ("done", "failed", "cancelled") else None

        state, message = wait_until(final, within_s=120, what=f"job {job} to end")
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
        with closing(sqlite3.connect(self.installation.database, timeout=10)) as database:
            return database.execute(query, values).fetchall()


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("bench")
    rows = "".join(f"{i * 5e-5:.6f},{_IDLE_W},{_ACTIVE_W}\n" for i in range(20))
    (folder / "trace.csv").write_text("time_s,idle_w,active_w\n" + rows)
    with ExitStack() as stack:
        bench = Bench(folder, stack)
        bench.installation.prepare()
        port = f"{bench.uno.url};edges={bench.uno.edges};trace={folder / 'trace.csv'}"
        with (folder / "kit" / "agent.toml").open("a") as settings:
            settings.write(f"ports = {json.dumps(port)}\n")
        stack.callback(bench.installation.stop)
        for name in ("broker", "bridge", "agent"):
            bench.installation.start(name)
        yield bench


def test_a_job_comes_back_from_the_board_with_time_accuracy_and_energy(bench: Bench) -> None:
    job = bench.request(
        ("mac8", {"size": 256, "window_s": 0.05}),
        ("digits", {"width": 8, "images": 5, "window_s": 0.05}),
    )

    answer = bench.answer(job)

    assert (answer["state"], answer["message"]) == ("done", "All measured")
    kernel, digits = answer["rows"]
    assert {row["evidence"] for row in answer["rows"]} == {"emulated"}
    assert kernel["environment"]["board"] == "arduino-uno-r3"
    # About 20 cycles a product at 16 MHz.
    assert 15 < kernel["value"] * 16e6 / 256 < 30
    assert digits["environment"]["accuracy"] >= 0.6
    assert digits["environment"]["macs"] == 64 * 8 + 8 * 10
    # The emulator's own log of the pin, not the agent's clock, says how long it worked.
    assert bench.uno.edges is not None
    windows = sorted(machines.windows_cycles(bench.uno.edges)[-5:])
    run_s = windows[2] / 16e6 / digits["environment"]["runs_per_window"]
    assert digits["energy_meter"] == "replayed trace"
    assert digits["energy_total_j"] == pytest.approx(_ACTIVE_W * run_s, rel=0.005)
    assert digits["energy_dynamic_j"] == pytest.approx((_ACTIVE_W - _IDLE_W) * run_s, rel=0.01)


def test_a_board_unplugged_within_a_job_is_told_and_the_next_job_finds_it_again(
    bench: Bench,
) -> None:
    job = bench.request(("mac8", {"window_s": 30.0}), ("mac8", {"window_s": 0.01}))
    wait_until(lambda: _is_working(bench), what="the board to be in its window")

    bench.unplug()

    answer = bench.answer(job)
    assert answer["state"] == "failed"
    assert [row["outcome"] for row in answer["rows"]] == ["failed", "unavailable"]
    assert "gone" in answer["rows"][0]["detail"]

    bench.plug_in()
    again = bench.answer(bench.request(("mac8", {"window_s": 0.01})))
    assert [row["outcome"] for row in again["rows"]] == ["measured"]


def _is_working(bench: Bench) -> bool:
    assert bench.uno.edges is not None
    return bench.uno.edges.read_text().rstrip().endswith(" 1")
