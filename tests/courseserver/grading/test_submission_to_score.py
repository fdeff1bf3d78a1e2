from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from courseserver.audit.models import AuditEntry
from courseserver.common.errors import Conflict, Unprocessable
from courseserver.courses.models import SendMode
from courseserver.grading.models import GradeOutbox, Score, SendState, Submission
from courseserver.grading.scoring import total
from labs.schemes import Level, load_scheme
from tests.courseserver.grading.classroom import Classroom


def test_a_submission_scores_at_once_what_needs_no_marker(room: Classroom) -> None:
    room.submit(completion=0.75, challenge=0.9)

    score = Score.objects.get(person=room.bob)
    assert score.points == pytest.approx(0.75 * 40 + 0.9 * 30)
    assert score.is_full is False
    assert score.components["decision_log"] == {"points": None, "points_max": 30}


def test_score_audit_row_and_outbox_row_go_together_or_not_at_all(
    room: Classroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    def power_fails(*_: Any, **__: Any) -> None:
        raise RuntimeError("power fails")

    monkeypatch.setattr("courseserver.grading.outbox.scores_desire", power_fails)
    with pytest.raises(RuntimeError, match="power fails"):
        room.submit()
    assert not Submission.objects.exists()
    assert not Score.objects.exists()
    assert not AuditEntry.objects.exists()

    monkeypatch.undo()
    room.submit()
    assert GradeOutbox.objects.count() == 1
    assert set(AuditEntry.objects.values_list("action", flat=True)) == {
        "submission.received",
        "score.changed",
    }


def test_the_same_attempt_again_changes_nothing(room: Classroom) -> None:
    first = room.submit(attempt_id="att_1", completion=1.0)
    again = room.submit(attempt_id="att_1", completion=0.1)

    assert again == first
    assert Submission.objects.get().completion == 1.0
    assert Score.objects.get().version == 1


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan"), float("inf")])
def test_a_share_outside_its_range_is_refused(room: Classroom, share: float) -> None:
    with pytest.raises(ValueError, match="give a share from 0 to 1"):
        room.submit(completion=share)
    with pytest.raises(ValueError, match="give a share from 0 to 1"):
        room.submit(challenge=share)
    assert not Submission.objects.exists()


def test_marks_add_up_and_keep_their_history(room: Classroom) -> None:
    submission = room.submit(challenge=1.0)

    room.mark(submission, "part")
    room.mark(submission, "full", marker=room.alice, comment="Now I see the trade-off.")

    score = Score.objects.get()
    assert (score.points, score.is_full) == (100.0, True)
    history = list(submission.log_marks.values_list("number", "marker", "points"))
    assert history == [(1, room.tom.id, 18.0), (2, room.alice.id, 30.0)]


def test_two_markers_of_one_log_do_not_overwrite_each_other(room: Classroom) -> None:
    submission = room.submit()
    room.mark(submission, "part")

    with pytest.raises(Conflict):
        room.mark(submission, "none", seen_number=0)
    assert submission.log_marks.count() == 1


@pytest.mark.parametrize("levels", [{}, {"numbers": Level.FULL}, {"style": Level.FULL}])
def test_a_mark_needs_every_criterion(room: Classroom, levels: dict[str, Level]) -> None:
    with pytest.raises(Unprocessable):
        room.mark(room.submit(), levels=levels)
    assert Score.objects.get().is_full is False


def test_an_empty_log_needs_no_marker_and_earns_nothing(room: Classroom) -> None:
    room.submit(log_text="  \n", completion=1.0, challenge=1.0)

    score = Score.objects.get()
    assert (score.points, score.is_full) == (70.0, True)


def test_a_lab_without_a_challenge_is_still_worth_all_points(room: Classroom) -> None:
    room.mark(room.submit(challenge=None, completion=1.0), "full")

    score = Score.objects.get()
    assert score.points == 100.0
    assert "challenge" not in score.components


@given(
    completion=st.floats(0, 1), challenge=st.one_of(st.none(), st.floats(0, 1)),
    log_points=st.sampled_from([None, 6.0, 18.0, 26.0, 30.0]),
)  # fmt: skip
def test_the_sections_shown_add_up_to_the_score_shown(
    completion: float, challenge: float | None, log_points: float | None
) -> None:
    found = total(
        load_scheme("lab"),
        completion=completion,
        challenge=challenge,
        log_text="A log.",
        log_points=log_points,
        points_max=100.0,
    )

    assert 0 <= found.points <= 100
    if challenge is not None:
        assert found.points == pytest.approx(sum(s.points or 0 for s in found.sections))


@pytest.mark.parametrize(("points_max", "points"), [(100.0, 66.7), (10.0, 6.67), (1.0, 0.667)])
def test_a_score_has_no_digit_finer_than_a_thousandth(points_max: float, points: float) -> None:
    found = total(
        load_scheme("lab"),
        completion=0.91675,
        challenge=0.0,
        log_text="A log.",
        log_points=30.0,
        points_max=points_max,
    )

    assert found.points == points


def test_points_follow_the_assignments_maximum(room: Classroom) -> None:
    room.assignment.points_max = 10.0
    room.assignment.save()
    room.mark(room.submit(completion=1.0, challenge=0.5), "full")

    assert Score.objects.get().points == pytest.approx(8.5)


def test_the_attempt_handed_in_last_counts_however_late_the_other_arrives(room: Classroom) -> None:
    early = room.clock.now()
    room.clock.pass_s(3600)
    room.submit(attempt_id="att_new", completion=1.0, challenge=1.0)
    room.submit(attempt_id="att_old", completion=0.0, challenge=0.0, submitted_at=early)

    assert Score.objects.get().points == 70.0
    assert room.row().desired_points == 70.0


@pytest.mark.parametrize(
    ("mode", "before", "after"),
    [
        (SendMode.LIVE, SendState.QUEUED, SendState.QUEUED),
        (SendMode.WHEN_MARKED, SendState.HELD, SendState.QUEUED),
        (SendMode.MANUAL, SendState.HELD, SendState.HELD),
    ],
)
def test_the_mode_decides_when_a_score_may_leave(
    room: Classroom, mode: SendMode, before: SendState, after: SendState
) -> None:
    room.mode(mode)
    submission = room.submit()
    assert room.row().state == before

    room.mark(submission)
    assert room.row().state == after


def test_a_worker_is_asked_only_after_the_commit_and_only_when_something_may_leave(
    room: Classroom, published: list[str], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        submission = room.submit()
        assert published == []
    assert published == [], "a held grade asks nobody"

    with django_capture_on_commit_callbacks(execute=True):
        room.mark(submission)
        assert published == []
    assert published == [room.platform.id]


def test_people_who_teach_have_a_score_here_and_no_grade_in_the_lms(room: Classroom) -> None:
    room.submit(room.tom)

    assert Score.objects.filter(person=room.tom).exists()
    assert not GradeOutbox.objects.filter(person=room.tom).exists()
