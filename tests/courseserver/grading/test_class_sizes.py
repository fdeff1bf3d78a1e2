"""Pages of the staff ask the database as often for one student as for many."""

from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext

from courseserver.courses.models import Role, SendMode
from courseserver.grading import services, settings_change
from courseserver.grading.models import Score
from tests.courseserver.grading.classroom import Classroom, get

OF_COURSE = ("course-home", "course-grades", "course-roster", "course-regrades", "course-log")
OF_LAB = ("assignment-staff", "sync-board", "grades-preview", "leaders", "rubric")


def queries(room: Classroom) -> dict[str, int]:
    """Return how often each page asks the database."""
    found = {}
    for name in (*OF_COURSE, *OF_LAB):
        key = room.course.pk if name in OF_COURSE else room.assignment.pk
        with CaptureQueriesContext(connection) as asked:
            assert get(room, name, key).status_code == 200
        found[name] = len(asked)
    return found


def test_a_page_asks_as_often_for_many_students_as_for_few(room: Classroom) -> None:
    room.assignment.shows_leaders = True
    room.assignment.save()
    room.mark(room.submit(), "part")
    queries(room)
    few = queries(room)

    for number in range(4):
        room.mark(room.submit(room.person(f"Student {number}", Role.LEARNER)), "full")

    assert queries(room) == few


def test_what_moves_no_score_asks_as_often_for_many_students_as_for_few(room: Classroom) -> None:
    labs = [room.assignment, room.new_assignment(room.course)]

    def asked() -> int:
        with CaptureQueriesContext(connection) as found:
            assert services.course_recompute(room.course, actor=room.alice.pk) == 0
        return len(found)

    def hand_in(number: int) -> None:
        student = room.person(f"Student {number}", Role.LEARNER)
        for lab in labs:
            room.submit(student, assignment=lab)

    hand_in(0)
    few = asked()
    for number in range(1, 5):
        hand_in(number)

    assert asked() == few


def test_a_change_of_many_scores_asks_a_worker_once(room: Classroom, published: list[str]) -> None:
    room.mode(SendMode.LIVE)
    room.assignment.due_at = room.clock.now()
    room.assignment.save()
    room.clock.pass_s(60)
    for number in range(3):
        room.submit(room.person(f"Student {number}", Role.LEARNER))
    published.clear()

    with TestCase.captureOnCommitCallbacks(execute=True):
        moved = settings_change.course_change(
            course=room.course, actor=room.alice, reason="x", late_percent_per_day=10.0
        )

    assert moved.rescored == Score.objects.filter(late_percent=10.0).count() == 3
    assert published == [room.platform.pk]
