"""A voided attempt: set aside here, untouched in the LMS, until the next one is handed in."""

import pytest
from django.urls import reverse

from courseserver.audit.models import AuditEntry
from courseserver.common.errors import Conflict
from courseserver.courses.models import SendMode
from courseserver.grading import outbox, selectors, services
from courseserver.grading.models import GradeOutbox, SendState
from courseserver.labruntime.models import Attempt
from tests.courseserver.grading.classroom import Classroom


@pytest.fixture(autouse=True)
def live(room: Classroom) -> None:
    room.mode(SendMode.LIVE)


def void(room: Classroom, attempt_id: str) -> None:
    services.submission_void(attempt_id=attempt_id, actor=room.tom)


def test_a_voided_submission_leaves_board_queue_and_scores(room: Classroom) -> None:
    submission = room.submit(attempt_id="att_1")

    void(room, "att_1")

    rows = {row.person_id: row for row in selectors.board(room.assignment).rows}
    assert rows[room.bob.id].score is None
    assert selectors.logs_to_mark(room.assignment) == []
    assert selectors.student_assignments(room.course, room.bob)[0].score is None
    with pytest.raises(Conflict, match="voided"):
        room.mark(submission)
    assert AuditEntry.objects.filter(action="submission.voided", actor=room.tom.id).exists()


def test_a_grade_on_its_way_does_not_leave_any_more(room: Classroom) -> None:
    room.submit(attempt_id="att_1")
    void(room, "att_1")

    outbox.rows_release(GradeOutbox.objects.all(), actor=room.alice.id, now=room.clock.now())
    room.drain()

    assert room.row().state == SendState.VOIDED
    assert room.gradebook.posts == []


def test_voiding_while_it_is_sent_is_harmless(room: Classroom) -> None:
    room.submit(attempt_id="att_1")
    room.gradebook.before_post = lambda: void(room, "att_1")

    room.drain()
    room.gradebook.before_post = None
    assert room.row().state == SendState.VOIDED

    room.clock.pass_s(60)
    room.submit(attempt_id="att_2", challenge=1.0)
    room.drain()
    assert (room.in_lms(), room.row().state) == (70.0, SendState.IN_LMS)


def test_the_next_attempt_replaces_the_voided_grade(room: Classroom) -> None:
    room.submit(attempt_id="att_1", challenge=1.0)
    room.drain()
    void(room, "att_1")
    assert room.in_lms() == 70.0

    room.clock.pass_s(60)
    room.submit(attempt_id="att_2", challenge=0.0)
    room.drain()

    assert (room.in_lms(), room.row().state) == (40.0, SendState.IN_LMS)
    view = selectors.submission_view("att_1")
    assert view is not None
    assert view.counts is False


def test_voiding_the_later_of_two_lets_the_earlier_count_again(room: Classroom) -> None:
    room.submit(attempt_id="att_1", challenge=1.0)
    room.clock.pass_s(60)
    room.submit(attempt_id="att_2", challenge=0.0)

    void(room, "att_2")

    assert room.row().desired_points == 70.0


def test_voiding_what_was_not_handed_in_changes_nothing(room: Classroom) -> None:
    void(room, "att_nothing")

    assert not AuditEntry.objects.exists()


def test_staff_void_an_attempt_from_the_students_history(room: Classroom) -> None:
    attempt = Attempt.objects.create(
        person=room.bob,
        assignment=room.assignment,
        lab=room.assignment.lab,
        lab_version="1",
        track="cloud",
        seed="1",
        started_at=room.clock.now(),
    )
    room.submit(attempt_id=attempt.pk)
    trail = reverse("student-trail", args=[room.course.id, room.bob.id])
    url = reverse("attempt-void", args=[attempt.pk])
    body = {"reason": "Shared a screen"}
    assert url in room.client(room.tom).get(trail).content.decode()

    for stranger, status in [(room.bob, 403), (room.charlie, 404), (None, 403)]:
        assert room.client(stranger).post(url, body).status_code == status
    assert room.client(room.tom).post(url, {"reason": " "}).status_code == 422
    assert room.row().state != SendState.VOIDED

    done = room.client(room.tom).post(url, body, follow=True)

    assert "Attempt voided" in done.content.decode()
    assert room.row().state == SendState.VOIDED
    assert url not in room.client(room.tom).get(trail).content.decode()
