"""Pages of the staff ask the database as often for one student as for many."""

from django.db import connection
from django.test.utils import CaptureQueriesContext

from courseserver.courses.models import Role
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
