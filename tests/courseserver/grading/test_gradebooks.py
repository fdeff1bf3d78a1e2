"""Between our sender and the LTI services: words, ratios, and what each product forgives."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from courseserver.courses.models import SendMode
from courseserver.grading import outbox
from courseserver.grading.faults import GradebookFault, Reach, words
from courseserver.grading.gradebooks import LtiGradebook, grading_progress
from courseserver.lti import ags
from courseserver.lti.faults import FaultKind, PlatformFault
from tests.courseserver.grading.classroom import Classroom

MOMENT = datetime(2026, 11, 20, 14, 0, tzinfo=UTC)


def parcel(room: Classroom, **changes: Any) -> outbox.Parcel:
    values: dict[str, Any] = {
        "assignment": room.assignment,
        "subject": "bob",
        "points": 55.0,
        "points_max": 100.0,
        "is_full": False,
        "version": 1,
        "comment": "Part score",
        "submitted_at": MOMENT,
        "stamp": MOMENT,
        "is_first": True,
    }
    return outbox.Parcel(**(values | changes))


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[ags.Score]:
    scores: list[ags.Score] = []
    monkeypatch.setattr(ags, "score_send", lambda _platform, _url, score: scores.append(score))
    return scores


@pytest.mark.parametrize("product", ["moodle", "", "courseserver-practice", "sakai", "blackboard"])
def test_a_part_score_is_called_fully_graded_where_anything_else_may_erase_it(
    product: str,
) -> None:
    assert grading_progress(product, is_full=False) == "FullyGraded"


def test_canvas_keeps_a_part_score_that_says_so() -> None:
    assert grading_progress("canvas", is_full=False) == "PendingManual"
    assert grading_progress("canvas", is_full=True) == "FullyGraded"


def test_a_score_carries_stamp_comment_and_the_students_own_time(
    room: Classroom, sent: list[ags.Score]
) -> None:
    LtiGradebook().send(parcel(room))

    (score,) = sent
    assert (score.subject, score.given, score.maximum) == ("bob", 55.0, 100.0)
    assert (score.timestamp, score.submitted_at, score.comment) == (MOMENT, MOMENT, "Part score")
    assert (score.activity_progress, score.is_new_submission) == ("Submitted", True)


def test_without_the_scope_nothing_is_sent(room: Classroom, sent: list[ags.Score]) -> None:
    room.assignment.ags_scopes = []

    with pytest.raises(GradebookFault) as refused:
        LtiGradebook().send(parcel(room))

    assert (refused.value.code, refused.value.reach) == ("no_permission", Reach.STAYS)
    assert sent == []


@pytest.mark.parametrize(
    ("kind", "status", "code", "reach"),
    [
        (FaultKind.RETRY, 503, "busy", Reach.PASSES),
        (FaultKind.RETRY, None, "unreachable", Reach.PASSES),
        (FaultKind.STALE, 409, "stale", Reach.STALE),
        (FaultKind.PERSON, 422, "not_a_student", Reach.STAYS),
        (FaultKind.ITEM, 404, "column_gone", Reach.STAYS),
        (FaultKind.REGISTRATION, 401, "registration", Reach.WHOLE_PLATFORM),
    ],
)
def test_every_kind_of_fault_has_a_reach_and_words(
    room: Classroom,
    monkeypatch: pytest.MonkeyPatch,
    kind: FaultKind,
    status: int | None,
    code: str,
    reach: Reach,
) -> None:
    def refuse(*_: Any) -> None:
        raise PlatformFault(kind, "why", status=status, retry_after_s=7.0)

    monkeypatch.setattr(ags, "score_send", refuse)
    monkeypatch.setattr(ags, "result_read", refuse)
    asks: list[Callable[[], object]] = [
        lambda: LtiGradebook().send(parcel(room)),
        lambda: LtiGradebook().read(room.assignment, "bob", 100.0),
    ]
    for ask in asks:
        with pytest.raises(GradebookFault) as fault:
            ask()
        assert (fault.value.code, fault.value.reach) == (code, reach)
        assert (fault.value.status, fault.value.retry_after_s) == (status, 7.0)
    assert words(code).what
    assert words(code).remedy


@pytest.mark.parametrize(
    ("score", "maximum", "points"),
    [(8.6, 10.0, 86.0), (86.0, None, 86.0), (86.0, 0.0, 86.0), (None, 100.0, None)],
)
def test_a_result_is_read_in_our_points(
    room: Classroom,
    monkeypatch: pytest.MonkeyPatch,
    score: float | None,
    maximum: float | None,
    points: float | None,
) -> None:
    result = ags.Result(subject="bob", score=score, maximum=maximum, comment="")
    monkeypatch.setattr(ags, "result_read", lambda *_: result)

    reading = LtiGradebook().read(room.assignment, "bob", 100.0)

    assert reading is not None
    assert reading.points == points


def test_without_the_scope_nothing_is_read_and_the_grade_counts_as_accepted(
    room: Classroom, sent: list[ags.Score], monkeypatch: pytest.MonkeyPatch
) -> None:
    room.assignment.ags_scopes = [ags.SCOPE_SCORE]
    room.mode(SendMode.LIVE)
    monkeypatch.setattr(room, "gradebook", LtiGradebook())
    room.submit()

    room.drain()

    assert len(sent) == 1
    assert room.row().state == "sent"
    assert room.row().next_read_at is None
