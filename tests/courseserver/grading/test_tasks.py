"""The thin shells: who is asked to drain, and that no broker's silence loses a grade."""

from datetime import timedelta

import pytest
from kombu.exceptions import OperationalError

from courseserver.courses.models import SendMode
from courseserver.grading import publishing, sender, tasks
from courseserver.grading.models import GradeOutbox, SendState
from tests.courseserver.grading.classroom import Classroom


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    platforms: list[str] = []
    monkeypatch.setattr(tasks, "drain_soon", platforms.append)
    return platforms


def test_the_sweep_asks_for_platforms_with_something_due_only(
    room: Classroom, asked: list[str]
) -> None:
    tasks.sweep()
    assert asked == []

    room.mode(SendMode.LIVE)
    room.submit()
    tasks.sweep()
    assert asked == [room.platform.id]


def test_the_sweep_finds_what_a_dead_sender_left(room: Classroom, asked: list[str]) -> None:
    room.mode(SendMode.LIVE)
    room.submit()
    past = room.clock.now() - timedelta(seconds=1)
    GradeOutbox.objects.update(state=SendState.SENDING, lease_until=past)

    tasks.sweep()

    assert asked == [room.platform.id]


def test_a_long_queue_goes_on_in_a_new_task(
    room: Classroom, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    room.mode(SendMode.LIVE)
    room.submit()
    for handled, expected in [(3, [room.platform.id]), (0, [])]:
        asked.clear()
        monkeypatch.setattr(sender, "lane_drain", lambda *_, n=handled, **__: n)
        tasks.drain(room.platform.id)
        assert asked == expected


def test_a_broker_that_is_down_fails_no_request(
    room: Classroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*_: object, **__: object) -> None:
        raise OperationalError("no broker")

    monkeypatch.setattr(tasks.drain, "apply_async", down)

    publishing.drain_soon(room.platform.id)
