"""The late policy, extensions, and that grades already sent follow them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from courseserver.common.errors import Unprocessable
from courseserver.courses.models import Assignment, Enrolment, Extension, SendMode
from courseserver.grading import more_time, selectors, services, settings_change
from courseserver.grading.late import LatePolicy, lateness
from courseserver.grading.models import Score, SendState
from tests.courseserver.grading.classroom import Classroom, post

HOUR = timedelta(hours=1)

DUE = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
TEN = LatePolicy(grace=timedelta(minutes=15), percent_per_day=10.0, cut_off=timedelta(days=5))


@pytest.mark.parametrize(
    ("late", "percent"),
    [
        (timedelta(hours=-1), 0.0),
        (timedelta(minutes=15), 0.0),
        (timedelta(minutes=16), 10.0),
        (timedelta(days=1), 10.0),
        (timedelta(days=1, seconds=1), 20.0),
        (timedelta(days=5), 50.0),
        (timedelta(days=5, seconds=1), 100.0),
    ],
)
def test_each_day_begun_costs_and_the_cut_off_ends_it(late: timedelta, percent: float) -> None:
    assert lateness(TEN, due_at=DUE, submitted_at=DUE + late).percent == percent


def test_without_a_due_date_or_a_policy_nothing_is_late() -> None:
    late = DUE + timedelta(days=9)
    assert lateness(TEN, due_at=None, submitted_at=late).percent == 0.0
    assert lateness(LatePolicy(), due_at=DUE, submitted_at=late).percent == 0.0
    assert LatePolicy().words == "Late work loses nothing."


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.floats(0, 100))
def test_later_work_never_gets_more(first: int, more: int, per_day: float) -> None:
    policy = LatePolicy(grace=timedelta(minutes=10), percent_per_day=per_day)
    shares = [
        lateness(policy, due_at=DUE, submitted_at=DUE + timedelta(seconds=s)).percent
        for s in (first, first + more)
    ]
    assert 0.0 <= shares[0] <= shares[1] <= 100.0


# --- in a course ------------------------------------------------------------------------------
@pytest.fixture
def late_room(room: Classroom) -> Classroom:
    """Bob handed in a day and an hour late; ten percent a day."""
    room.mode(SendMode.LIVE)
    room.assignment.due_at = room.clock.now() - timedelta(days=1, hours=1)
    room.assignment.save()
    change(room, late_percent_per_day=10.0)
    room.assignment.refresh_from_db()
    room.submit(completion=1.0, challenge=1.0, log_text="")
    room.drain()
    return room


def change(room: Classroom, **wanted: Any) -> settings_change.Moved:
    moved = settings_change.course_change(
        course=room.course, actor=room.alice, reason="As the school asks", **wanted
    )
    room.course.refresh_from_db()
    room.clock.pass_s(2)
    return moved


def extend(room: Classroom, **wanted: Any) -> int:
    count = more_time.extension_give(
        assignment=room.assignment,
        actor=room.alice,
        due_at=room.clock.now(),
        **({"reason": "Ill"} | wanted),
    )
    room.clock.pass_s(2)
    room.drain()
    return count


def test_late_work_loses_points_here_in_the_lms_and_in_words(late_room: Classroom) -> None:
    score = Score.objects.get()

    assert (score.points, score.late_percent) == (56.0, 20.0)
    assert late_room.in_lms() == 56.0
    assert "Late by 1 day 1 h: −20 %" in late_room.gradebook.posts[-1].comment
    view = selectors.submission_view(score.submission.attempt_id)
    assert view is not None
    assert view.score_words == "56 / 100 (late: −20 %)"


@pytest.mark.parametrize(
    ("wanted", "points"),
    [
        ({"late_percent_per_day": 0.0}, 70.0),
        ({"late_percent_per_day": 50.0}, 0.0),
        ({"late_grace_min": 1600}, 70.0),
        ({"late_cut_off_days": 1.0}, 0.0),
    ],
)
def test_a_new_policy_scores_anew_and_sends_again(
    late_room: Classroom, wanted: dict[str, Any], points: float
) -> None:
    moved = change(late_room, **wanted)
    late_room.drain()

    assert (moved.rescored, late_room.in_lms()) == (1, points)
    assert late_room.row().state == SendState.IN_LMS


def test_settings_count_as_they_are_not_as_somebody_read_them_before(late_room: Classroom) -> None:
    read_before = Assignment.objects.select_related("course").get()
    change(late_room, late_percent_per_day=20.0)

    assert services.scores_recompute(read_before, actor=late_room.alice.pk) == 0
    assert services.course_recompute(read_before.course, actor=late_room.alice.pk) == 0
    more_time.extension_give(
        assignment=read_before, actor=late_room.alice, person_id=late_room.bob.pk,
        due_at=late_room.clock.now() - timedelta(hours=2), reason="Ill",
    )  # fmt: skip

    assert Score.objects.get().late_percent == 20.0


def test_an_extension_for_one_person_sends_their_grade_again(late_room: Classroom) -> None:
    assert extend(late_room, person_id=late_room.bob.id, reason="Flu") == 1

    assert late_room.in_lms() == 70.0
    entry = Extension.objects.get()
    assert (entry.reason, entry.given_by) == ("Flu", late_room.alice)


def test_a_section_is_extended_and_an_extension_of_ones_own_counts_before_it(
    late_room: Classroom,
) -> None:
    Enrolment.objects.filter(person=late_room.bob).update(sections=["Monday"])
    assert extend(late_room, section="Tuesday") == 0
    assert extend(late_room, section="Monday") == 1
    assert late_room.in_lms() == 70.0

    own = late_room.assignment.due_at
    assert own is not None
    count = more_time.extension_give(
        assignment=late_room.assignment,
        actor=late_room.alice,
        person_id=late_room.bob.id,
        due_at=own,
        reason="Ill",
    )
    assert count == 1
    assert Score.objects.get().late_percent == 20.0


def test_an_extension_taken_back_counts_no_more(late_room: Classroom) -> None:
    extend(late_room, person_id=late_room.bob.id)

    count = more_time.extension_take(
        extension=Extension.objects.get(), actor=late_room.alice, reason="The wrong Bob"
    )
    assert count == 1
    assert Score.objects.get().late_percent == 20.0


@pytest.mark.parametrize(
    "wrong", [{}, {"person_id": "bob", "section": "A"}, {"person_id": "per_nobody"}]
)
def test_an_extension_is_for_one_person_or_section_of_the_course(
    late_room: Classroom, wrong: dict[str, str]
) -> None:
    with pytest.raises(Unprocessable):
        extend(late_room, **wrong)
    assert not Extension.objects.exists()


def test_an_extension_never_takes_time_away(late_room: Classroom) -> None:
    general = late_room.assignment.due_at
    assert general is not None
    more_time.accommodation_give(
        course=late_room.course, actor=late_room.alice, person_id=late_room.bob.id,
        multiplier=1.0, extra_hours=24, reason="Agreed",
    )  # fmt: skip
    place = {"assignment": late_room.assignment, "actor": late_room.alice, "reason": "Ill"}

    with pytest.raises(Unprocessable, match="before"):
        more_time.extension_give(**place, section="Monday", due_at=general - HOUR)
    with pytest.raises(Unprocessable, match="before"):
        more_time.extension_give(**place, person_id=late_room.bob.id, due_at=general + 23 * HOUR)
    more_time.extension_give(**place, person_id=late_room.bea.id, due_at=general + HOUR)
    form = {"whom": f"person:{late_room.bob.id}", "due_at": "2026-11-01T09:00", "reason": "Ill"}
    page = post(late_room, "extension-give", late_room.assignment.id, **form)
    assert page.status_code == 422
    assert "when it is due without it" in page.content.decode()


def test_work_in_time_is_not_sent_again_by_a_new_policy(room: Classroom) -> None:
    room.mode(SendMode.LIVE)
    room.submit()
    room.drain()

    assert change(room, late_percent_per_day=10.0).rescored == 0
    room.drain()
    assert len(room.gradebook.posts) == 1


def test_a_student_reads_their_own_due_date_the_policy_and_what_it_cost(
    late_room: Classroom,
) -> None:
    late_room.course.time_zone = "Asia/Tokyo"
    late_room.course.save()
    url = reverse("course-home", args=[late_room.course.id])
    before = late_room.client(late_room.bob).get(url).content.decode()
    extend(late_room, person_id=late_room.bob.id)
    after = late_room.client(late_room.bob).get(url).content.decode()

    assert "late −20 %" in before
    assert "loses 10 % for each day begun" in before
    assert "19 Nov, 22:00" in before, "13:00 UTC, in Tokyo"
    assert "19 Nov, 22:00" not in after
    assert "late −" not in after
