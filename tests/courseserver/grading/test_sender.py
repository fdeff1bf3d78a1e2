import random
from datetime import timedelta

import pytest

from courseserver.audit.models import AuditEntry
from courseserver.common import clock
from courseserver.courses.models import Identity, SendMode
from courseserver.grading import lanes, outbox, sender
from courseserver.grading.faults import GradebookFault, Reach
from courseserver.grading.models import GradeOutbox, PlatformLane, SendState
from tests.courseserver.grading.classroom import Classroom
from tests.doubles.gradebook import Killed


@pytest.fixture(autouse=True)
def live(room: Classroom) -> None:
    room.mode(SendMode.LIVE)


def busy(retry_after_s: float | None = None) -> GradebookFault:
    return GradebookFault("busy", Reach.PASSES, status=503, retry_after_s=retry_after_s)


def test_a_score_arrives_and_is_read_back(room: Classroom) -> None:
    room.submit(completion=1.0, challenge=0.5)

    room.drain()

    row = room.row()
    assert room.in_lms() == 55.0
    assert (row.state, row.lms_score, row.last_sent_version) == (SendState.IN_LMS, 55.0, 1)
    assert row.read_at == room.clock.now()
    assert AuditEntry.objects.filter(action="grade.sent", actor="system").count() == 1


def test_a_held_score_does_not_leave(room: Classroom) -> None:
    room.mode(SendMode.MANUAL)
    room.submit()

    assert room.drain() == 0
    assert room.in_lms() is None


def test_nothing_is_sent_twice(room: Classroom) -> None:
    room.submit()

    room.drain()
    room.clock.pass_s(3600)
    room.drain()

    assert len(room.gradebook.posts) == 1


def test_newer_scores_coalesce_and_only_the_newest_leaves(room: Classroom) -> None:
    submission = room.submit()
    room.mark(submission, "none")
    room.mark(submission, "full")

    room.drain()

    assert [post.points for post in room.gradebook.posts] == [85.0]
    assert room.row().last_sent_version == 3


def test_a_score_that_changes_while_one_is_sent_follows_with_a_later_stamp(room: Classroom) -> None:
    submission = room.submit()

    def somebody_marks() -> None:
        room.gradebook.before_post = None
        room.mark(submission)

    room.gradebook.before_post = somebody_marks
    room.drain()
    room.clock.pass_s(1)
    room.drain()

    first, second = room.gradebook.posts
    assert (first.points, second.points) == (55.0, 85.0)
    assert second.stamp - first.stamp >= timedelta(seconds=1)
    assert room.row().state == SendState.IN_LMS


def test_stamps_grow_even_when_the_clock_goes_back(room: Classroom) -> None:
    submission = room.submit()
    room.drain()
    room.clock.pass_s(-86_400)
    room.mark(submission)
    room.clock.pass_s(2)
    GradeOutbox.objects.update(next_try_at=room.clock.now())

    room.drain()

    first, second = room.gradebook.posts
    assert second.stamp > first.stamp
    assert room.in_lms() == 85.0


def test_a_busy_platform_is_tried_again_later_and_later(room: Classroom) -> None:
    room.submit()
    room.gradebook.faults = [busy(), busy()]

    waits = []
    for _ in range(2):
        room.drain()
        row = room.row()
        assert row.state == SendState.RETRYING
        waits.append((row.next_try_at - room.clock.now()).total_seconds())
        room.clock.pass_s(waits[-1] + 0.01)
    assert waits[1] > 2 * waits[0]

    room.drain()
    assert room.row().state == SendState.IN_LMS


def test_before_its_time_a_retry_does_not_leave(room: Classroom) -> None:
    room.submit()
    room.gradebook.faults = [busy()]

    room.drain()
    room.drain()

    assert room.gradebook.posts == []


def test_retry_after_is_honoured_and_pauses_the_whole_lane(room: Classroom) -> None:
    room.submit(room.bob)
    room.submit(room.bea)
    room.gradebook.faults = [busy(retry_after_s=120)]

    room.drain()
    room.clock.pass_s(119)
    room.drain()
    assert room.gradebook.posts == []

    room.clock.pass_s(2)
    room.drain()
    assert {room.in_lms(room.bob), room.in_lms(room.bea)} == {55.0}


def test_a_platform_that_keeps_failing_gets_a_rest(room: Classroom) -> None:
    people = [room.person(f"S{n} X", "learner") for n in range(8)]
    for person in people:
        room.submit(person)
    room.gradebook.faults = [busy() for _ in people]

    room.drain()

    assert len(room.gradebook.faults) == len(people) - lanes.FAULTS_MAX
    assert PlatformLane.objects.get().reason_code == "busy"


def test_after_too_many_tries_a_person_is_asked_and_can_retry_all(room: Classroom) -> None:
    room.submit()
    room.gradebook.faults = [busy() for _ in range(sender.TRIES_MAX)]
    for _ in range(sender.TRIES_MAX):
        room.drain()
        room.clock.pass_s(2 * sender.BACKOFF_CAP_S)
    assert room.row().state == SendState.REFUSED
    assert room.drain() == 0

    outbox.rows_retry(GradeOutbox.objects.all(), actor=room.alice.id, now=room.clock.now())
    room.drain()
    assert room.row().state == SendState.IN_LMS


@pytest.mark.parametrize("code", ["not_a_student", "column_gone", "no_permission"])
def test_a_fault_that_stays_is_not_tried_again(room: Classroom, code: str) -> None:
    room.submit()
    room.gradebook.faults = [GradebookFault(code, Reach.STAYS, status=422)]

    room.drain()
    room.clock.pass_s(86_400)
    room.drain()

    row = room.row()
    assert (row.state, row.reason_code, row.http_status) == (SendState.REFUSED, code, 422)
    assert room.gradebook.posts == []


def test_one_refused_student_does_not_hold_up_the_others(room: Classroom) -> None:
    room.submit(room.bob)
    room.clock.pass_s(1)
    room.submit(room.bea)
    room.gradebook.faults = [GradebookFault("not_a_student", Reach.STAYS, status=400)]

    room.drain()

    assert room.row(room.bob).state == SendState.REFUSED
    assert room.row(room.bea).state == SendState.IN_LMS


def test_a_broken_registration_stops_the_lane_and_costs_no_try(room: Classroom) -> None:
    room.submit(room.bob)
    room.submit(room.bea)
    room.gradebook.faults = [GradebookFault("registration", Reach.WHOLE_PLATFORM, status=401)]

    room.drain()
    assert room.gradebook.posts == []
    assert {row.attempts for row in GradeOutbox.objects.all()} == {0}
    assert {row.state for row in GradeOutbox.objects.all()} == {SendState.QUEUED}

    room.clock.pass_s(lanes.PAUSE_MAX_S + 1)
    room.drain()
    assert len(room.gradebook.posts) == 2


def test_a_stale_stamp_is_renewed_at_once(room: Classroom) -> None:
    room.submit()
    room.gradebook.faults = [GradebookFault("stale", Reach.STALE, status=409)]

    room.drain()
    room.clock.pass_s(1.1)
    room.drain()

    assert room.row().state == SendState.IN_LMS


def test_an_assignment_without_a_column_waits_until_the_lms_names_one(room: Classroom) -> None:
    column = room.assignment.line_item_url
    room.assignment.line_item_url = ""
    room.assignment.save()
    room.submit()
    room.drain()
    assert room.row().reason_code == "no_column"

    room.assignment.line_item_url = column
    room.assignment.save()
    outbox.rows_settle(now=clock.now())
    room.drain()
    assert room.in_lms() == 55.0


def test_a_person_the_platform_never_named_is_refused_in_words(room: Classroom) -> None:
    Identity.objects.filter(person=room.bob).delete()
    room.submit()

    room.drain()

    assert room.row().reason_code == "no_identity"


# --- kill -9 ----------------------------------------------------------------------------------
def test_a_sender_that_dies_after_the_yes_loses_nothing_and_sends_nothing_twice(
    room: Classroom,
) -> None:
    room.submit()
    room.gradebook.dies_after_post = True
    with pytest.raises(Killed):
        room.drain()
    assert room.row().state == SendState.SENDING

    room.clock.pass_s(31)
    room.drain()

    assert len(room.gradebook.posts) == 1
    assert room.row().state == SendState.IN_LMS


def test_a_sender_that_dies_before_the_request_is_replaced_after_its_lease(room: Classroom) -> None:
    def die() -> None:
        room.gradebook.before_post = None
        raise Killed

    room.submit()
    room.gradebook.before_post = die
    with pytest.raises(Killed):
        room.drain()

    assert room.drain() == 0, "the lease is not over"
    room.clock.pass_s(31)
    room.drain()
    assert room.in_lms() == 55.0


def test_where_the_lms_cannot_be_read_a_lost_reply_is_sent_again_with_a_later_stamp(
    room: Classroom,
) -> None:
    room.gradebook.can_be_read = False
    room.gradebook.loses_reply = True
    room.submit()
    room.drain()
    room.clock.pass_s(10)
    room.drain()

    first, second = room.gradebook.posts
    assert second.stamp > first.stamp
    assert room.row().state == SendState.SENT
    assert room.row().lms_score is None


def test_two_senders_never_hold_one_lane_or_one_row(room: Classroom) -> None:
    room.submit()
    now = clock.now()

    lane = lanes.lane_claim(room.platform.id, now=now)
    assert lane is not None
    assert lanes.lane_claim(room.platform.id, now=now) is None
    assert outbox.row_claim(room.platform.id, now=now) is not None
    assert outbox.row_claim(room.platform.id, now=now) is None


def test_a_sender_whose_lease_was_taken_over_changes_nothing(room: Classroom) -> None:
    room.submit()
    slow = outbox.row_claim(room.platform.id, now=clock.now())
    assert slow is not None
    room.clock.pass_s(31)
    quick = outbox.row_claim(room.platform.id, now=clock.now())
    assert quick is not None

    assert outbox.parcel_pack(slow, now=clock.now()) is None
    assert outbox.row_accepted(slow, 1, now=clock.now()) is None
    assert room.row().last_sent_version == 0


# --- whose grade is it ------------------------------------------------------------------------
def test_a_grade_the_teacher_changed_in_the_lms_is_never_written_over(room: Classroom) -> None:
    submission = room.submit()
    room.drain()
    room.set_in_lms(90.0)
    room.clock.pass_s(2)
    room.mark(submission)

    room.drain()

    row = room.row()
    assert room.in_lms() == 90.0
    assert (row.state, row.lms_score) == (SendState.OVERRIDDEN, 90.0)


def test_a_grade_that_stood_there_before_our_first_is_not_written_over(room: Classroom) -> None:
    room.set_in_lms(90.0)
    room.submit()

    room.drain()

    assert room.in_lms() == 90.0
    assert room.row().state == SendState.OVERRIDDEN


def test_an_instructor_may_push_ours_over_it(room: Classroom) -> None:
    room.set_in_lms(90.0)
    room.submit()
    room.drain()

    assert outbox.row_decide(
        room.row().pk, keep=False, reason="Ours is right", actor=room.alice.id, now=clock.now()
    )
    room.drain()

    assert room.in_lms() == 55.0
    assert room.row().state == SendState.IN_LMS
    assert room.row().push_over is False, "the permission was for once"


def test_an_instructor_may_keep_theirs_until_our_score_changes(room: Classroom) -> None:
    room.set_in_lms(90.0)
    submission = room.submit()
    room.drain()

    assert outbox.row_decide(room.row().pk, keep=True, actor=room.alice.id, now=clock.now())
    room.drain()
    assert room.row().state == SendState.KEPT

    room.mark(submission)
    room.drain()
    assert room.in_lms() == 90.0
    assert room.row().state == SendState.OVERRIDDEN


def test_a_gradebook_that_says_yes_and_keeps_its_grade_is_shown_as_overridden(
    room: Classroom,
) -> None:
    room.set_in_lms(90.0)
    room.gradebook.locked.add((room.assignment.id, room.subject(room.bob)))
    room.submit()
    room.drain()
    outbox.row_decide(
        room.row().pk, keep=False, reason="Ours is right", actor=room.alice.id, now=clock.now()
    )

    room.drain()
    room.clock.pass_s(6)
    room.drain()

    assert room.row().state == SendState.OVERRIDDEN
    assert room.row().lms_score == 90.0


def test_a_gradebook_that_shows_scores_late_is_looked_at_again(room: Classroom) -> None:
    room.gradebook.locked.add((room.assignment.id, room.subject(room.bob)))
    room.submit()
    room.drain()
    assert room.row().state == SendState.SENT

    room.set_in_lms(55.0)
    room.clock.pass_s(6)
    room.drain()
    assert room.row().state == SendState.IN_LMS


def test_a_read_back_that_fails_does_not_lose_the_sent_state(room: Classroom) -> None:
    room.submit()
    room.drain()
    GradeOutbox.objects.update(state=SendState.SENT, next_read_at=clock.now())
    room.gradebook.read_faults = [busy()]

    room.drain()
    assert room.row().state == SendState.SENT
    room.clock.pass_s(60)
    room.drain()
    assert room.row().state == SendState.IN_LMS


def test_a_gradebook_that_cannot_be_read_for_hours_is_looked_at_until_it_can(
    room: Classroom,
) -> None:
    room.submit()
    room.drain()
    GradeOutbox.objects.update(state=SendState.SENT, next_read_at=clock.now())
    room.gradebook.read_faults = [busy() for _ in range(8)]

    for _ in range(9):
        room.drain()
        room.clock.pass_s(2 * sender.BACKOFF_CAP_S)

    assert room.row().state == SendState.IN_LMS


def test_a_grade_changed_in_the_lms_is_noticed_within_a_day_without_a_press(
    room: Classroom,
) -> None:
    room.submit()
    room.drain()
    room.set_in_lms(90.0)

    room.clock.pass_s(86_401)
    assert sender.platforms_due(clock.now()) == {room.platform.id}
    room.drain()

    assert (room.row().state, room.row().lms_score) == (SendState.OVERRIDDEN, 90.0)


def test_old_grades_are_left_alone(room: Classroom) -> None:
    room.submit()
    room.drain()
    for _ in range(16):
        room.clock.pass_s(86_401)
        room.drain()

    assert sender.platforms_due(clock.now()) == set()


def test_back_off_grows_threefold_to_an_hour_with_a_spread_of_a_fifth() -> None:
    rng = random.Random(7)
    for attempts, middle in [(0, 2.0), (1, 6.0), (3, 54.0), (30, 3600.0)]:
        waits = [sender.backoff_s(attempts, rng) for _ in range(200)]
        assert min(waits) >= 0.8 * middle
        assert max(waits) <= 1.2 * middle
        assert max(waits) > min(waits)
