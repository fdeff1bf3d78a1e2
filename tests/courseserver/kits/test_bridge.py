"""The bridge's order of things: commit, then the broker may forget, then the kit may."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from queue import Queue
from typing import Any

import pytest
from django.db import OperationalError
from django.test.utils import CaptureQueriesContext

from courseserver.kits import bridge as bridge_module
from courseserver.kits import services
from courseserver.kits.bridge import Bridge
from courseserver.kits.ingest import Received
from courseserver.kits.models import BridgeBeat, Measurement
from firmware_specs.wire import Ack, Command, CommandKind, JobAnswer, decode, topics
from tests.courseserver.kits.conftest import Bench


@dataclass
class FakeLink:
    """Keeps what was published, and in which order things happened."""

    trail: list[str]
    published: list[tuple[str, bytes]] = field(default_factory=list)
    is_connected: bool = True

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def confirm(self, deliveries: Sequence[Any]) -> None:
        for delivery in deliveries:
            delivery.confirm()

    def publish(
        self, topic: str, payload: bytes, *, retain: bool = False, expires: bool = False
    ) -> bool:
        if self.is_connected:
            self.trail.append(topic.rsplit("/", 1)[1])
            self.published.append((topic, payload))
        return self.is_connected


@dataclass
class FakeDelivery:
    topic: str
    payload: bytes
    trail: list[str]

    def confirm(self) -> None:
        self.trail.append("confirmed")


class Post:
    """A bridge between a fake link and the real database."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.trail: list[str] = []
        self.link = FakeLink(self.trail)
        self.inbox: Queue[Any] = Queue()
        self.bridge = Bridge(self.link, self.inbox, wait=lambda seconds: None)

    def arrive(self, *messages: Received) -> None:
        for message in messages:
            self.inbox.put(FakeDelivery(message.topic, message.payload, self.trail))

    def step(self) -> None:
        self.bridge._round_due_s = self.bridge._beat_due_s = 0.0
        self.bridge.step()

    def commands(self) -> list[Command]:
        channel = topics.Down.CMD.value
        said = [body for topic, body in self.link.published if topic.endswith(f"/{channel}")]
        return [decode(body, Command) for body in said]

    def acknowledged(self) -> list[str]:
        said = [body for topic, body in self.link.published if topic.endswith("/ack")]
        return [msg_id for body in said for msg_id in decode(body, Ack).ids]


@pytest.fixture
def post(bench: Bench) -> Post:
    return Post(bench)


def test_rows_come_before_the_confirmation_and_that_before_the_acknowledgement(
    bench: Bench, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    kit = bench.kit()
    job = bench.ask(bench.bob, 64)
    real = bridge_module.ingest

    def ingest(batch: Any) -> Any:
        report = real(batch)
        post.trail.append("committed")
        return report

    monkeypatch.setattr(bridge_module, "ingest", ingest)
    post.arrive(bench.received(kit, bench.result(job, "g64")))

    post.step()

    assert post.trail[:3] == ["committed", "confirmed", "ack"]
    assert post.acknowledged() == [f"{job.id}.1.g64"]


def test_without_a_database_nothing_is_confirmed_and_the_batch_is_tried_again(
    bench: Bench, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    kit = bench.kit()
    job = bench.ask(bench.bob, 64)
    post.arrive(bench.received(kit, bench.result(job, "g64")))

    def down(batch: Any) -> Any:
        raise OperationalError("the database is away")

    with monkeypatch.context() as patch:
        patch.setattr(bridge_module, "ingest", down)
        for _ in range(2):
            with pytest.raises(OperationalError):
                post.step()
    assert "confirmed" not in post.trail

    post.step()

    assert post.trail[:2] == ["confirmed", "ack"]
    assert Measurement.objects.count() == 1


def test_the_loop_outlives_a_database_that_goes_away(
    bench: Bench, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures = iter([OperationalError("away"), OperationalError("still away"), None])

    def step() -> None:
        failure = next(failures)
        if failure:
            raise failure
        post.bridge.stop()

    monkeypatch.setattr(post.bridge, "step", step)
    monkeypatch.setattr(bridge_module.connection, "close", lambda: None)

    post.bridge.run()

    assert next(failures, "all used") == "all used"


def test_hostile_payloads_are_confirmed_or_they_would_come_for_ever(post: Post) -> None:
    post.arrive(Received("kit/v1/x/up/status", b"\xff"), Received("nonsense", b""))

    post.step()

    assert post.trail == ["confirmed", "confirmed"]


def test_a_rows_command_is_said_until_it_is_answered(bench: Bench, post: Post) -> None:
    kit = bench.kit()
    job = bench.ask(bench.bob, 64)

    post.step()
    post.step()
    bench.clock.pass_s(11)
    post.step()
    bench.hear(kit, bench.answer(job, JobAnswer.ACCEPTED))
    bench.clock.pass_s(11)
    post.step()

    assert [(c.job_id, c.attempt, c.kind) for c in post.commands()] == [
        (job.id, 1, CommandKind.RUN)
    ] * 2


def test_a_cancellation_is_said_though_the_job_was_answered(bench: Bench, post: Post) -> None:
    kit = bench.kit()
    job = bench.ask(bench.bob, 64)
    bench.hear(kit, bench.answer(job, JobAnswer.STARTED))

    services.kit_job_cancel(person=bench.bob, job=job)
    post.step()

    assert [c.kind for c in post.commands()] == [CommandKind.CANCEL]


def test_without_a_connection_a_command_waits_in_its_row(bench: Bench, post: Post) -> None:
    bench.kit()
    job = bench.ask(bench.bob, 64)
    post.link.is_connected = False
    post.step()
    assert bench.now(job).command_at is None

    post.link.is_connected = True
    post.step()

    assert len(post.commands()) == 1


def test_a_waiting_job_is_assigned_and_sent_when_a_kit_comes(bench: Bench, post: Post) -> None:
    job = bench.ask(bench.bob, 64)
    bench.kit()

    post.step()

    assert [c.job_id for c in post.commands()] == [job.id]


def test_a_command_names_no_person(bench: Bench, post: Post) -> None:
    bench.kit()
    bench.ask(bench.bob, 64, purpose="Bob Costa's lab 11")

    post.step()

    body = post.link.published[0][1].decode()
    assert bench.bob.id not in body
    assert "Bob" not in body


def test_many_acknowledgements_go_in_messages_that_fit(bench: Bench, post: Post) -> None:
    kit = bench.kit()

    post.bridge._acknowledge(kit.id, [f"message-{i}" for i in range(1000)])

    assert len(post.link.published) == 4
    assert len(set(post.acknowledged())) == 1000


def test_a_sign_of_life_says_whether_there_is_a_broker(post: Post) -> None:
    post.link.is_connected = False

    post.step()

    assert BridgeBeat.objects.get().is_connected is False


def test_an_idle_bridge_writes_nothing_but_its_sign_of_life(bench: Bench, post: Post) -> None:
    from django.db import connection

    bench.kit()
    post.bridge._beat_due_s = float("inf")

    with CaptureQueriesContext(connection) as queries:
        post.bridge.step()

    verbs = {query["sql"].split()[0] for query in queries.captured_queries}
    assert verbs == {"SELECT"}
