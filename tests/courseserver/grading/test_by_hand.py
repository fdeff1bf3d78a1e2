"""Points given where nothing is handed in: oral examinations, excuses, absences."""

from datetime import timedelta
from typing import Any

import pytest

from courseserver.courses.models import SendMode
from courseserver.grading import decisions, services, settings_change
from courseserver.grading.models import Override, Score, SendState
from tests.courseserver.grading.classroom import Classroom, Clock, get, post
from tests.courseserver.grading.dialects import pass_s, room_at, serving


@pytest.fixture
def room(room: Classroom) -> Classroom:
    room.mode(SendMode.LIVE)
    return room


def give(room: Classroom, points: str = "42") -> Any:
    reason = "Oral examination"
    return post(room, "cell-set", room.assignment.id, room.bob.id, points=points, reason=reason)


def take_back(room: Classroom) -> Any:
    return post(room, "cell-set", room.assignment.id, room.bob.id, action="take", reason="A slip")


def test_points_without_work_reach_the_lms_and_leave_it_when_taken_back(room: Classroom) -> None:
    give(room)
    room.drain()

    assert room.in_lms() == 42.0
    (parcel,) = room.gradebook.posts
    assert (parcel.submitted_at, parcel.is_full) == (None, True)
    assert parcel.comment == "Set to 42 by your instructor."
    assert room.row().state == SendState.IN_LMS

    room.clock.pass_s(2)
    take_back(room)
    assert "Taken back: queued" in get(room, "sync-board", room.assignment.id).content.decode()
    room.drain()
    assert room.in_lms() is None
    assert room.row().state == SendState.IN_LMS
    page = get(room, "sync-board", room.assignment.id).content.decode()
    assert "Taken back" not in page
    history = get(room, "grade-cell", room.assignment.id, room.bob.id).content.decode()
    assert "Cleared in the LMS" in history

    room.clock.pass_s(2)
    room.submit()
    room.drain()
    assert room.in_lms() == 55.0


def test_points_taken_back_before_they_left_are_never_sent(room: Classroom) -> None:
    give(room)
    take_back(room)
    room.drain()

    assert room.gradebook.posts == []
    assert room.row().state == SendState.VOIDED


def test_a_grade_that_someone_set_there_meanwhile_is_not_cleared(room: Classroom) -> None:
    give(room)
    room.drain()
    room.clock.pass_s(2)
    room.set_in_lms(77.0)
    take_back(room)
    room.drain()

    assert room.in_lms() == 77.0
    page = get(room, "sync-board", room.assignment.id).content.decode()
    assert "Taken back: overridden in the LMS" in page

    room.clock.pass_s(2)
    post(
        room,
        "grade-decide",
        room.assignment.id,
        person=room.bob.pk,
        decision="push",
        reason="Excused",
    )
    room.drain()
    assert room.in_lms() is None


def test_a_grade_set_there_after_the_clearing_is_theirs(room: Classroom) -> None:
    give(room)
    room.drain()
    room.clock.pass_s(2)
    take_back(room)
    room.drain()
    room.set_in_lms(77.0)
    post(room, "grades-read", room.assignment.id)
    room.drain()

    assert room.row().state == SendState.IN_LMS


def test_no_late_policy_applies_and_no_late_hour_is_spent(room: Classroom) -> None:
    room.assignment.due_at = room.clock.now() - timedelta(days=9)
    room.assignment.save()
    settings_change.course_change(
        course=room.course, actor=room.alice, late_percent_per_day=50.0, late_bank_hours=24
    )
    give(room)

    score = Score.objects.get()
    assert (score.points, score.late_percent, score.banked_h) == (42.0, 0.0, 0)


def test_what_is_handed_in_later_counts_once_the_points_are_taken_back(room: Classroom) -> None:
    give(room)
    room.submit()
    assert Score.objects.get().points == 42.0
    take_back(room)
    assert Score.objects.get().points == 55.0


def test_points_by_hand_outlast_a_voided_attempt(room: Classroom) -> None:
    sent = room.submit()
    give(room)
    services.submission_void(attempt_id=sent.attempt_id, actor=room.tom)

    score = Score.objects.get()
    assert (score.points, score.submission, score.is_voided) == (42.0, None, False)


def test_the_student_reads_them_and_before_a_release_nothing(room: Classroom) -> None:
    give(room)
    page = get(room, "my-grade", room.assignment.id, who="bob").content.decode()
    assert "42 / 100 (set by your instructor)" in page
    assert "Oral examination" not in page
    assert get(room, "my-grade", room.assignment.id, who="bea").status_code == 404

    settings_change.settings_change(
        assignment=room.assignment, actor=room.alice, send_mode=SendMode.ON_RELEASE
    )
    assert get(room, "my-grade", room.assignment.id, who="bob").status_code == 404
    home = get(room, "course-home", room.course.id, who="bob").content.decode()
    # An address may hold these digits by chance; a grade stands in an element of its own.
    assert ">42" not in home.split("</nav>")[-1]


def test_every_page_of_the_staff_holds_a_score_without_work(room: Classroom) -> None:
    give(room)
    for name, args in (
        ("course-grades", [room.course.id]),
        ("assignment-staff", [room.assignment.id]),
        ("sync-board", [room.assignment.id]),
        ("grades-preview", [room.assignment.id]),
        ("student-trail", [room.course.id, room.bob.id]),
        ("log-queue", [room.assignment.id]),
    ):
        assert get(room, name, *args).status_code == 200
    cell = get(room, "grade-cell", room.assignment.id, room.bob.id).content.decode()
    assert "the late policy does not apply" in cell
    assert "Set by hand: Oral examination" in cell


@pytest.mark.parametrize(("who", "status"), [("tom", 403), ("bob", 403), ("charlie", 404)])
def test_nobody_but_instructors_gives_points(room: Classroom, who: str, status: int) -> None:
    place = (room.assignment.id, room.bob.id)

    answer = post(room, "cell-set", *place, who=who, points="42", reason="x")

    assert answer.status_code == status
    assert not Override.objects.exists()


def test_only_a_student_of_the_course_gets_points(room: Classroom) -> None:
    place = {"assignment": room.assignment, "points": 1.0, "reason": "x", "actor": room.alice}
    for person in (room.tom, room.charlie):
        with pytest.raises(decisions.Unprocessable, match="no student"):
            decisions.override_set(person=person, **place)


@pytest.mark.usefixtures("own_cache")
@pytest.mark.parametrize("product", ["canvas", "moodle"])
def test_both_products_show_them_and_then_nothing(
    db: None, stopped_clock: Clock, product: str
) -> None:
    with serving(product, stopped_clock) as lms:
        room, column = room_at(lms, product, stopped_clock)
        give(room)
        room.drain()
        assert lms.shown(column, room.subject(room.bob)) == 42.0
        assert lms.grade(column, room.subject(room.bob)).submitted_at is None
        pass_s(room, 2)
        take_back(room)
        pass_s(room, 2)
        assert lms.shown(column, room.subject(room.bob)) is None
        assert room.row().state == SendState.IN_LMS
