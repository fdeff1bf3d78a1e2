"""Students are forgotten when no course keeps them any more, and not a day before."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command

from courseserver.common import clock
from courseserver.courses.models import Course, Enrolment, Identity, Role
from courseserver.courses.personal import person_erase
from courseserver.courses.retention import people_past, people_past_erase
from courseserver.grading.models import Score, SendState
from courseserver.grading.settings_change import course_change
from tests.courseserver.grading.classroom import Classroom, Clock


@pytest.fixture
def room(db: None, monkeypatch: pytest.MonkeyPatch) -> Classroom:
    """A course that keeps its students for 60 days after the last launch, which is now."""
    stopped = Clock()
    monkeypatch.setattr(clock, "now", stopped.now)
    room = Classroom(stopped)
    Course.objects.filter(pk=room.course.pk).update(keep_days=60)
    Enrolment.objects.update(last_launch_at=stopped.now())
    return room


def test_students_are_erased_after_their_time_and_staff_stay(room: Classroom) -> None:
    room.submit(log_text="My words.")
    day = room.clock.now() + timedelta(days=60)
    assert people_past(day) == []

    assert people_past_erase(day + timedelta(seconds=1)) == 2

    left = set(Identity.objects.values_list("person", flat=True))
    assert left == {room.alice.id, room.tom.id, room.charlie.id}
    assert room.bob.submissions.get().log_text == ""
    assert people_past_erase(day + timedelta(days=1)) == 0


def test_an_erased_students_score_stays_when_others_are_computed_anew(room: Classroom) -> None:
    room.mark(room.submit(), "full")
    room.submit(room.bea)
    person_erase(room.bea.id, actor="system")
    room.assignment.due_at = room.clock.now() - timedelta(days=1)
    room.assignment.save()

    moved = course_change(
        course=room.course, actor=room.alice, reason="x", late_percent_per_day=10.0
    )

    assert moved.rescored == 1
    assert Score.objects.get(person=room.bea).late_percent == 0.0
    assert room.row(room.bea).state == SendState.VOIDED


def test_somebody_in_a_course_that_goes_on_is_kept(room: Classroom) -> None:
    other = room.new_course("Next term")
    Enrolment.objects.create(person=room.bob, course=other, role=Role.LEARNER)

    assert people_past(room.clock.now() + timedelta(days=99)) == [room.bea.id]


def test_a_course_that_sets_no_days_keeps_everybody(room: Classroom) -> None:
    Course.objects.update(keep_days=None)

    assert people_past(room.clock.now() + timedelta(days=9999)) == []


def test_the_command_counts_first(room: Classroom) -> None:
    room.clock.pass_s(61 * 86400)
    said = StringIO()

    call_command("retention", stdout=said)
    assert "2 would be erased" in said.getvalue()
    call_command("retention", "--yes", stdout=said)
    assert "2 erased" in said.getvalue()
