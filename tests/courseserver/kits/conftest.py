"""A course with alice (teacher), tom (TA), bob, bea (students), charlie (stranger), and kits."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from django.test import Client

from courseserver.common import clock
from courseserver.courses.middleware import SESSION_KEY
from courseserver.courses.models import Course, Enrolment, Identity, Person, Role
from courseserver.kits import services
from courseserver.kits.bridge import command_of
from courseserver.kits.enrolment import kit_create
from courseserver.kits.ingest import Received, Report, ingest
from courseserver.kits.models import Kit, KitJob
from courseserver.kits.requests import TaskRequest
from courseserver.lti.models import Platform
from firmware_specs import tasks as known
from firmware_specs.wire import (
    Ack,
    Birth,
    Energy,
    JobAnswer,
    KitState,
    Message,
    Outcome,
    Result,
    Status,
    TaskInfo,
    encode,
    topics,
)

UP = {kind: channel for channel, kind in topics.UP_TYPES.items()}


class Clock:
    """A clock that moves only when told."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment

    def pass_s(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


class Bench:
    """The course, its people and kits, and short ways to do what tests do."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._numbers = count()
        url = "https://lms.test/x"
        self.platform = Platform.objects.create(
            issuer="https://lms.test", client_id="tool", deployment_id="1",
            auth_url=url, token_url=url, jwks_url=url, approved=True,
        )  # fmt: skip
        self.course = self.new_course("CS 249r")
        self.alice = self.person("Alice Adeyemi", Role.INSTRUCTOR)
        self.tom = self.person("Tom Tan", Role.TEACHING_ASSISTANT)
        self.bob = self.person("Bob Costa", Role.LEARNER)
        self.bea = self.person("Bea Wei", Role.LEARNER)
        self.charlie = self.person("Charlie Stranger", None)

    def new_course(self, title: str) -> Course:
        context = f"context-{next(self._numbers)}"
        return Course.objects.create(platform=self.platform, context_id=context, title=title)

    def person(self, name: str, role: str | None, course: Course | None = None) -> Person:
        person = Person.objects.create()
        Identity.objects.create(
            person=person, platform=self.platform, subject=f"s{next(self._numbers)}", name=name
        )
        if role is not None:
            Enrolment.objects.create(person=person, course=course or self.course, role=role)
        return person

    def client(self, person: Person | None) -> Client:
        client = Client()
        if person is not None:
            session = client.session
            session[SESSION_KEY] = person.id
            session.save()
        return client

    # --- kits -------------------------------------------------------------------------------
    def kit(
        self,
        name: str = "bench-1",
        *,
        course: Course | None = None,
        tasks: Sequence[str] = ("gemm", "triad", "copy_bandwidth"),
        is_there: bool = True,
        owner: Person | None = None,
        board: str = "host-linux",
        holds: str = "",
    ) -> Kit:
        kit, _ = kit_create(name=name, board_id=board, course=course, actor="test", owner=owner)
        if is_there:
            self.hear(kit, self.birth(tasks, holds=holds))
            self.hear(kit, Status(state=KitState.ONLINE, at_utc="now"))
        kit.refresh_from_db()
        return kit

    def birth(
        self, tasks: Sequence[str], *, takes: Sequence[str] | None = None, holds: str = ""
    ) -> Birth:
        """What an agent of today says at birth, or an older one that `takes` less or tells none."""
        infos = tuple(
            TaskInfo(
                task=task,
                available=True,
                board=holds,
                arguments=tuple(known.task(task).arguments if takes is None else takes),
            )
            for task in tasks
        )
        return Birth(
            msg_id=f"birth-{next(self._numbers)}", at_utc="now", agent_version="0.1.0",
            board="host-linux", host={}, tasks=infos, meters=(),
        )  # fmt: skip

    def hear(self, kit: Kit, *messages: Message) -> Report:
        return ingest([self.received(kit, message) for message in messages])

    def received(self, kit: Kit, message: Message) -> Received:
        return Received(topics.up(kit.id, UP[type(message)]), encode(message))

    # --- jobs -------------------------------------------------------------------------------
    def ask(self, person: Person | None = None, *sizes: int, purpose: str = "lab 11") -> KitJob:
        tasks = [
            TaskRequest(id=f"g{n}", task="gemm", arguments={"m": n, "n": n, "k": n})
            for n in sizes or (64, 128)
        ]
        return services.kit_job_request(
            person=person or self.bob, course=self.course, tasks=tasks, purpose=purpose
        )

    def result(self, job: KitJob, request_id: str, /, **changes: Any) -> Result:
        result = Result(
            msg_id=f"{job.id}.{job.attempt}.{request_id}",
            job_id=job.id, attempt=job.attempt, request_id=request_id, task="gemm",
            outcome=Outcome.MEASURED, at_utc="now", value=2e-4, low=1.9e-4, high=2.2e-4,
            unit="s", n=15, energy=Energy(why_not="no meter"),
        )  # fmt: skip
        return replace(result, **changes)

    def answer(self, job: KitJob, answer: JobAnswer, **changes: Any) -> Ack:
        ack = Ack(
            msg_id=f"{job.id}.{job.attempt}.{answer.value}",
            job_id=job.id,
            attempt=job.attempt,
            answer=answer,
        )
        return replace(ack, **changes)

    def now(self, job: KitJob) -> KitJob:
        job.refresh_from_db()
        return job

    def runs_wanted(self, job: KitJob) -> list[str]:
        return [run.request_id for run in command_of(self.now(job)).runs]


@pytest.fixture
def frozen(monkeypatch: pytest.MonkeyPatch) -> Clock:
    frozen = Clock()
    monkeypatch.setattr(clock, "now", frozen.now)
    return frozen


@pytest.fixture
def bench(db: None, frozen: Clock) -> Bench:
    return Bench(frozen)
