"""Two transactions at once, on PostgreSQL alone (`conftest.py`): SQLite has one writer."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from threading import Event
from typing import Any

import pytest
from django.db import connection

from courseserver.courses.models import SendMode
from courseserver.grading import services, settings_change
from courseserver.grading.models import Score, SendState
from tests.courseserver.grading.classroom import Classroom
from tests.services import wait_for

LIMIT_S = 60.0
pytestmark = pytest.mark.django_db(transaction=True)


def late_by_a_new_date(room: Classroom) -> None:
    due_at = room.clock.now() - timedelta(hours=36)
    settings_change.settings_change(
        assignment=room.assignment, actor=room.alice, due_at=due_at, reason="As agreed"
    )


def release(room: Classroom) -> None:
    settings_change.grades_release(assignment=room.assignment, actor=room.alice)


@pytest.mark.parametrize("change", [late_by_a_new_date, release])
def test_work_that_is_handed_in_beside_a_change_follows_the_change(
    room: Classroom,
    monkeypatch: pytest.MonkeyPatch,
    published: list[str],
    change: Callable[[Classroom], None],
) -> None:
    room.course.late_percent_per_day = 10
    room.course.save()
    room.mode(SendMode.ON_RELEASE)
    monkeypatch.setattr(settings_change, "drain_soon", published.append)
    is_settled, may_commit = Event(), Event()
    settle = services._settle

    def settle_and_wait(*given: Any, **named: Any) -> int:
        count = settle(*given, **named)
        if not is_settled.is_set():
            is_settled.set()
            assert may_commit.wait(LIMIT_S)
        return count

    monkeypatch.setattr(services, "_settle", settle_and_wait)
    with ThreadPoolExecutor(2) as pool:
        handed_in = beside(pool, room.submit)
        assert is_settled.wait(LIMIT_S)
        changed = beside(pool, lambda: change(room))
        try:
            wait_for(lambda: changed.done() or somebody_waits(), timeout_s=LIMIT_S)
        finally:
            may_commit.set()
        handed_in.result(LIMIT_S)
        changed.result(LIMIT_S)

    is_late = change is late_by_a_new_date
    assert Score.objects.get(person=room.bob).late_percent == (20 if is_late else 0)
    assert room.row().state == (SendState.HELD if is_late else SendState.QUEUED)


def beside(pool: ThreadPoolExecutor, act: Callable[[], object]) -> Future[None]:
    """Do something on a connection of its own."""

    def run() -> None:
        try:
            act()
        finally:
            connection.close()

    return pool.submit(run)


def somebody_waits() -> bool:
    """Return whether a transaction of this database waits for another's lock."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return bool(cursor.fetchone()[0])
