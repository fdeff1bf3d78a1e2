"""Two transactions at once, on PostgreSQL alone (`conftest.py`): SQLite has one writer."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier, Event
from typing import Any

import pytest
from django.db import connection

from courseserver.common.errors import Conflict
from courseserver.courses.models import SendMode
from courseserver.grading import more_time, services, settings_change
from courseserver.grading.models import LogMark, Score, SendState
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


def test_two_markers_of_one_log_at_once_leave_one_mark_and_one_who_is_told(
    room: Classroom, published: list[str]
) -> None:
    sent = room.submit()
    before = {"seen_number": 0}

    outcomes = together(
        lambda: room.mark(sent, "full", marker=room.tom, **before),
        lambda: room.mark(sent, "part", marker=room.alice, **before),
    )

    assert [type(outcome) for outcome in outcomes if outcome] == [Conflict]
    (mark,) = LogMark.objects.all()
    assert Score.objects.get().points == {30.0: 85.0, 18.0: 73.0}[mark.points]


def test_an_attempt_voided_beside_a_release_leaves_nothing_to_send(
    room: Classroom, monkeypatch: pytest.MonkeyPatch, published: list[str]
) -> None:
    monkeypatch.setattr(settings_change, "drain_soon", published.append)
    room.mode(SendMode.ON_RELEASE)
    sent = room.submit(log_text="")
    other = room.submit(room.bea, log_text="")

    outcomes = together(
        lambda: services.submission_void(attempt_id=sent.attempt_id, actor=room.tom),
        lambda: release(room),
    )

    assert outcomes == [None, None]
    assert room.row().state == SendState.VOIDED
    assert room.row(room.bea).state == SendState.QUEUED
    assert not Score.objects.get(submission=other).is_voided
    room.drain()
    assert (room.in_lms(), room.in_lms(room.bea)) == (None, 55.0)


def test_more_time_and_a_new_policy_at_once_end_as_one_after_the_other(
    room: Classroom, monkeypatch: pytest.MonkeyPatch, published: list[str]
) -> None:
    monkeypatch.setattr(settings_change, "drain_soon", published.append)
    room.assignment.due_at = room.clock.now() - timedelta(hours=36)
    room.assignment.save()
    room.submit()

    outcomes = together(
        lambda: settings_change.course_change(
            course=room.course, actor=room.alice, reason="x", late_percent_per_day=10.0
        ),
        lambda: more_time.extension_give(
            assignment=room.assignment, actor=room.alice, person_id=room.bob.pk,
            due_at=room.clock.now() - timedelta(hours=12), reason="Ill",
        ),
        lambda: more_time.accommodation_give(
            course=room.course, actor=room.alice, person_id=room.bea.pk, multiplier=2.0,
            extra_hours=0, reason="Agreed",
        ),
    )  # fmt: skip

    assert outcomes == [None, None, None]
    assert Score.objects.get().late_percent == 10.0


def together(*acts: Callable[[], object]) -> list[BaseException | None]:
    """Do things at one moment, each on a connection of its own; return how each ended."""
    start = Barrier(len(acts))

    def begun(act: Callable[[], object]) -> Callable[[], object]:
        def run() -> None:
            start.wait(LIMIT_S)
            act()

        return run

    with ThreadPoolExecutor(len(acts)) as pool:
        running = [beside(pool, begun(act)) for act in acts]
        return [done.exception(LIMIT_S) for done in running]


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
