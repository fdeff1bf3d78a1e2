"""Canvas as documented: each fact is a behaviour of the double, and our answer to it."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from courseserver.courses.models import Enrolment
from courseserver.grading import states
from courseserver.grading.models import SendState
from courseserver.lti import ags, nrps, service
from courseserver.lti.faults import FaultKind, PlatformFault
from courseserver.lti.models import Platform
from tests.courseserver.grading.classroom import Classroom, Clock
from tests.courseserver.grading.dialects import (
    Wire,
    later,
    pass_s,
    room_at,
    serving,
    shown,
)
from tests.doubles import lms as doubles
from tests.doubles.canvas import BUCKET, PREFLIGHT, SUBMISSION, Canvas
from tests.doubles.lti_platform import Answer
from tests.services import LIMIT_S

pytestmark = pytest.mark.usefixtures("own_cache")


@pytest.fixture
def lms(stopped_clock: Clock) -> Iterator[Canvas]:
    with serving("canvas", stopped_clock) as canvas:
        yield canvas


@pytest.fixture
def class_(db: None, lms: Canvas, stopped_clock: Clock) -> tuple[Classroom, doubles.Column]:
    return room_at(lms, "canvas", stopped_clock)


@pytest.fixture
def wire(lms: Canvas) -> Wire:
    return Wire(lms)


# --- what Canvas does -------------------------------------------------------------------------
def test_an_older_stamp_is_400_and_an_equal_one_is_taken(
    lms: Canvas, wire: Wire, stopped_clock: Clock
) -> None:
    lms.add("7")
    column, now = lms.add_column(), stopped_clock.now()

    assert wire.score(column, "7", now, scoreGiven=50).status_code == 200
    assert wire.score(column, "7", now, scoreGiven=60).status_code == 200
    older = wire.score(column, "7", later(stopped_clock, -1), scoreGiven=70)
    assert older.status_code == 400
    assert "timestamp" in older.text
    assert lms.shown(column, "7") == 60.0


@pytest.mark.parametrize("case", ["unknown", "teacher", "unpublished", "no maximum"])
def test_what_cannot_be_graded_is_422(
    lms: Canvas, wire: Wire, stopped_clock: Clock, case: str
) -> None:
    lms.add("7")
    lms.add("teacher", is_student=False)
    lms.is_published = case != "unpublished"
    subject = {"unknown": "nobody", "teacher": "teacher"}.get(case, "7")
    fields = {"scoreGiven": 1, "scoreMaximum": None if case == "no maximum" else 100}

    reply = wire.score(lms.add_column(), subject, stopped_clock.now(), **fields)

    assert reply.status_code == 422


@pytest.mark.parametrize("progress", ["NotReady", "Failed", "Pending"])
def test_an_unfinished_score_clears_the_grade_unless_it_is_preserved(
    lms: Canvas, wire: Wire, stopped_clock: Clock, progress: str
) -> None:
    lms.add("7")
    column = lms.add_column()
    wire.score(column, "7", stopped_clock.now(), scoreGiven=50)

    fields = {"scoreGiven": 60, "gradingProgress": progress}
    kept = {SUBMISSION: {"preserve_score": True}}
    wire.score(column, "7", later(stopped_clock, 1), **fields, **kept)
    assert lms.shown(column, "7") == 50.0
    wire.score(column, "7", later(stopped_clock, 2), **fields)
    assert lms.shown(column, "7") is None


def test_each_score_is_a_new_attempt_made_now_unless_told_otherwise(
    lms: Canvas, wire: Wire, stopped_clock: Clock
) -> None:
    lms.add("7")
    column = lms.add_column()
    at = later(stopped_clock, -3600)

    first = {"submission": {"submittedAt": at.isoformat()}}
    wire.score(column, "7", stopped_clock.now(), scoreGiven=50, **first)
    grade = lms.grade(column, "7")
    assert (grade.attempts, grade.submitted_at) == (1, at)
    wire.score(
        column,
        "7",
        later(stopped_clock, 1),
        scoreGiven=60,
        **{SUBMISSION: {"new_submission": False}},
    )
    assert (grade.attempts, grade.submitted_at) == (1, at)
    wire.score(column, "7", later(stopped_clock, 2), scoreGiven=70)
    assert (grade.attempts, grade.submitted_at) == (2, stopped_clock.now())


def test_no_attempt_left_is_422_and_a_submission_in_the_future_400(
    lms: Canvas, wire: Wire, stopped_clock: Clock
) -> None:
    lms.add("7")
    lms.attempts_max = 1
    column, now = lms.add_column(), stopped_clock.now()

    future = {SUBMISSION: {"submitted_at": later(stopped_clock, 300).isoformat()}}
    assert wire.score(column, "7", now, scoreGiven=1, **future).status_code == 400
    assert wire.score(column, "7", now, scoreGiven=1).status_code == 200
    assert wire.score(column, "7", now, scoreGiven=1).status_code == 422


def test_a_teachers_grade_wins_only_where_the_tool_lets_it(
    lms: Canvas, wire: Wire, stopped_clock: Clock
) -> None:
    lms.add("7")
    column = lms.add_column()
    lms.set_by_teacher(column, "7", 90.0)

    polite = {SUBMISSION: {"prioritize_non_tool_grade": True}}
    wire.score(column, "7", later(stopped_clock, 1), scoreGiven=50, **polite)
    assert lms.shown(column, "7") == 90.0
    wire.score(column, "7", later(stopped_clock, 2), scoreGiven=50)
    assert lms.shown(column, "7") == 50.0


def test_the_score_names_its_result_and_an_assignments_column_cannot_be_deleted(
    lms: Canvas, wire: Wire, stopped_clock: Clock
) -> None:
    lms.add("7")
    column = lms.add_column(is_coupled=True)

    reply = wire.score(column, "7", stopped_clock.now(), scoreGiven=1)
    assert reply.json()["resultUrl"].endswith("/results/7")
    gone = requests.delete(lms.column_url(column), headers=wire.bearer, timeout=LIMIT_S)
    assert (gone.status_code, column.id in lms.columns) == (401, True)


def test_a_page_holds_fifty_at_most_and_its_token_keeps_its_case(lms: Canvas, wire: Wire) -> None:
    for number in range(120):
        lms.add(str(number))

    first = wire.get(f"{lms.memberships_url}?limit=500")
    url = first.links["next"]["url"]
    page = parse_qs(urlsplit(url).query)["page"][0]

    assert len(first.json()["members"]) == 50
    assert page != page.lower()
    assert len(wire.get(url).json()["members"]) == 50
    assert wire.get(url.replace(page, page.lower())).status_code == 400


def test_with_a_link_the_roster_tells_each_members_variables(lms: Canvas, wire: Wire) -> None:
    lms.add("7", sections=("Monday",), login="bob")

    (plain,) = wire.get(lms.memberships_url).json()["members"]
    (full,) = wire.get(f"{lms.memberships_url}?rlid=link-1").json()["members"]

    assert "message" not in plain
    (message,) = full["message"]
    assert message["https://purl.imsglobal.org/spec/lti/claim/custom"]["sections"] == '["Monday"]'


def test_parallel_requests_pay_ahead_and_one_at_a_time_never_waits(lms: Canvas, wire: Wire) -> None:
    token = wire.bearer["Authorization"]
    for _ in range(30):
        assert wire.get(lms.line_items_url).status_code == 200
    left = float(wire.get(lms.line_items_url).headers["X-Rate-Limit-Remaining"])
    assert left > BUCKET / 2

    lms._pay(token, BUCKET - PREFLIGHT / 2)  # as if a dozen were under way
    hurried = wire.get(lms.line_items_url)
    assert hurried.status_code == 403
    assert "Rate Limit Exceeded" in hurried.text
    assert float(hurried.headers["X-Rate-Limit-Remaining"]) == 0.0


def test_a_token_wants_its_own_audience_and_a_fresh_jti(lms: Canvas, wire: Wire) -> None:
    assert wire.token(doubles.SCORE, jti="first").status_code == 400
    assert wire.token(doubles.SCORE, jti="b", aud="https://elsewhere.test").status_code == 400
    assert wire.token(doubles.SCORE, jti="c").status_code == 200


# --- what we do about it ----------------------------------------------------------------------
def test_a_score_counts_as_one_attempt_at_the_students_own_time(lms: Canvas, class_: Any) -> None:
    room, column = class_
    lms.attempts_max = 1
    at = room.clock.now()
    submission = room.submit()
    room.clock.pass_s(86_400)
    room.drain()
    room.mark(submission)
    pass_s(room, 2)

    grade = lms.grade(column, room.subject(room.bob))
    assert (grade.attempts, grade.submitted_at, grade.shown) == (1, at, 85.0)
    assert room.row().state == SendState.IN_LMS


def test_a_first_request_that_got_lost_still_leaves_an_attempt(lms: Canvas, class_: Any) -> None:
    room, column = class_
    lost = iter([True])
    lms.trouble = lambda asked: (
        Answer(status=0) if asked.path.endswith("/scores") and next(lost, False) else None
    )
    room.submit()
    room.drain()
    pass_s(room, 60)

    assert lms.grade(column, room.subject(room.bob)).attempts == 1
    assert shown(lms, column, room) == 55.0


def test_a_part_score_is_shown_and_waits_for_a_marker(lms: Canvas, class_: Any) -> None:
    room, column = class_
    room.submit()
    room.drain()

    grade = lms.grade(column, room.subject(room.bob))
    assert (grade.shown, grade.progress) == (55.0, "PendingManual")


def test_a_teachers_grade_is_safe_even_between_our_look_and_our_score(
    lms: Canvas, class_: Any
) -> None:
    room, column = class_
    subject = room.subject(room.bob)

    def teacher_is_quicker(asked: Any) -> None:
        if asked.path.endswith("/scores"):
            lms.trouble = None
            lms.set_by_teacher(column, subject, 90.0)
            room.clock.pass_s(1)

    lms.trouble = teacher_is_quicker
    room.submit()
    room.drain()
    for _ in range(3):
        pass_s(room, 60)

    assert shown(lms, column, room) == 90.0
    assert (room.row().state, room.row().lms_score) == (SendState.OVERRIDDEN, 90.0)


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        ({"is_published": False}, "not_a_student"),
        ({"attempts_max": 0}, "attempts_used"),
    ],
)
def test_each_422_has_words_of_its_own(
    lms: Canvas, class_: Any, trouble: dict[str, Any], reason: str
) -> None:
    room, _ = class_
    for name, value in trouble.items():
        setattr(lms, name, value)
    room.submit()
    room.drain()

    row = room.row()
    assert (row.state, row.reason_code, row.http_status) == (SendState.REFUSED, reason, 422)
    said = states.shown(row, mode="live", lane=None, now=room.clock.now())
    assert said.remedy


def test_the_test_student_gets_a_grade_like_others(lms: Canvas, class_: Any) -> None:
    room, column = class_
    Enrolment.objects.filter(person=room.bob).update(is_test_student=True)
    room.submit()
    room.drain()

    assert shown(lms, column, room) == 55.0


def test_a_rate_limit_rests_the_lane_and_costs_no_grade(lms: Canvas, class_: Any) -> None:
    room, column = class_
    room.submit()
    hurried = iter(range(3))
    lms.trouble = lambda asked: (
        Answer(status=403, body="Rate Limit Exceeded", headers={"X-Rate-Limit-Remaining": "0"})
        if "token" not in asked.path and next(hurried, None) is not None
        else None
    )
    for _ in range(5):
        pass_s(room, 60)

    assert shown(lms, column, room) == 55.0
    assert room.row().state == SendState.IN_LMS


def test_a_late_policy_there_is_seen_and_said(lms: Canvas, class_: Any) -> None:
    room, column = class_
    lms.late_percent_per_day = 10.0
    column.due_at = room.clock.now() - timedelta(hours=1)
    room.submit(completion=1.0, challenge=1.0)
    room.drain()
    for _ in range(3):
        pass_s(room, 60)

    row = room.row()
    assert (row.state, row.lms_score) == (SendState.OVERRIDDEN, 63.0)
    said = states.shown(row, mode="live", lane=None, now=room.clock.now())
    assert "late policy" in said.remedy


def test_the_roster_is_read_through_all_pages(lms: Canvas, class_: Any) -> None:
    room, _ = class_
    for number in range(130):
        lms.add(f"s{number}", sections=("A",), sis_id=f"sis{number}", login=f"l{number}")

    found = nrps.members(room.platform, lms.memberships_url, link_id="link-1")

    member = {m.subject: m for m in found}["s129"]
    assert len(found) == 134
    assert (member.sis_id, member.login, member.sections) == ("sis129", "l129", ("A",))


def test_a_long_column_is_read_through_all_pages(lms: Canvas, class_: Any) -> None:
    room, column = class_
    for number in range(120):
        lms.grade(column, f"s{number}").shown = float(number)

    found = ags.results_read(room.platform, lms.column_url(column))

    assert {result.subject: result.score for result in found}["s119"] == 119.0
    assert len(found) == 120


def test_two_schools_of_one_issuer_are_told_apart_by_their_client(lms: Canvas, class_: Any) -> None:
    room, _ = class_
    other = Platform.objects.create(
        issuer=room.platform.issuer,
        client_id="10000000000099",
        deployment_id="9:x",
        auth_url="https://x.test",
        token_url=lms.token_url,
        jwks_url="https://x.test",
        product="canvas",
        approved=True,
    )

    assert service.access_token(room.platform, frozenset({ags.SCOPE_SCORE}))
    with pytest.raises(PlatformFault) as refused:
        service.access_token(other, frozenset({ags.SCOPE_SCORE}))
    assert refused.value.kind is FaultKind.REGISTRATION
