"""Moodle 4.5.6 as measured: each fact is a behaviour of the double, and our answer to it."""

from collections.abc import Iterator
from datetime import timedelta, timezone
from typing import Any

import pytest

from courseserver.courses.models import SendAs
from courseserver.grading import outbox
from courseserver.grading.models import SendState
from courseserver.lti import ags, line_items, nrps
from courseserver.lti.line_items import Column
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
from tests.doubles.moodle import Moodle

pytestmark = pytest.mark.usefixtures("own_cache")


@pytest.fixture
def lms(stopped_clock: Clock) -> Iterator[Moodle]:
    with serving("moodle", stopped_clock) as moodle:
        yield moodle


@pytest.fixture
def class_(db: None, lms: Moodle, stopped_clock: Clock) -> tuple[Classroom, doubles.Column]:
    return room_at(lms, "moodle", stopped_clock)


@pytest.fixture
def wire(lms: Moodle) -> Wire:
    return Wire(lms)


# --- what Moodle does -------------------------------------------------------------------------
def test_the_scores_path_stands_before_the_query(lms: Moodle, wire: Wire) -> None:
    column = lms.add_column()
    good = ags.below(lms.column_url(column), "results")

    assert wire.get(good, doubles.RESULTS_TYPE).status_code == 200
    wrong = wire.get(f"{lms.column_url(column)}/results", doubles.RESULTS_TYPE)
    assert (wrong.status_code, wrong.reason) == (400, "No handler found for the request")


def test_columns_are_listed_for_their_exact_media_type_only(lms: Moodle, wire: Wire) -> None:
    assert wire.get(lms.line_items_url).status_code == 400
    assert wire.get(lms.line_items_url, doubles.LINE_ITEMS_TYPE).json() == []


def test_the_same_column_twice_is_two_columns(lms: Moodle, wire: Wire) -> None:
    codes = [wire.make_column(resourceId="a", scoreMaximum=0).status_code for _ in range(2)]

    assert (codes, len(lms.columns)) == ([201, 201], 2)


def test_the_next_page_of_columns_is_hidden_from_every_parser(lms: Moodle, wire: Wire) -> None:
    for _ in range(2):
        lms.add_column()

    reply = wire.get(f"{lms.line_items_url}&limit=1", doubles.LINE_ITEMS_TYPE)

    assert "&amp;" in reply.headers["Link"]
    assert len(reply.json()) == 1
    assert reply.links.get("next") is None


@pytest.mark.parametrize(
    ("kind", "status"),
    [("application/json", 400), (f"{doubles.SCORE_TYPE}; charset=utf-8", 200)],
)
def test_a_score_needs_its_media_type(
    lms: Moodle, wire: Wire, stopped_clock: Clock, kind: str, status: int
) -> None:
    lms.add("7")

    reply = wire.score(lms.add_column(), "7", stopped_clock.now(), kind=kind, scoreGiven=1)

    assert (reply.status_code, reply.text) == (status, "")


def test_a_stamp_of_the_same_second_is_refused_and_a_future_one_blocks(
    lms: Moodle, wire: Wire, stopped_clock: Clock
) -> None:
    lms.add("7")
    column, now = lms.add_column(), stopped_clock.now()

    assert wire.score(column, "7", now, scoreGiven=50).status_code == 200
    again = wire.score(column, "7", later(stopped_clock, 0.9), scoreGiven=60)
    assert (again.status_code, again.text) == (409, "[]")
    assert "earlier timestamp" in again.reason
    assert wire.score(column, "7", later(stopped_clock, 3600), scoreGiven=70).status_code == 200
    assert wire.score(column, "7", later(stopped_clock, 60), scoreGiven=80).status_code == 409


@pytest.mark.parametrize("progress", ["PendingManual", "NotReady", "Whatever"])
def test_anything_but_fully_graded_erases_at_the_servers_own_time(
    lms: Moodle, wire: Wire, stopped_clock: Clock, progress: str
) -> None:
    lms.add("7")
    column = lms.add_column()
    wire.score(column, "7", later(stopped_clock, -60), scoreGiven=50)

    stamp = later(stopped_clock, -30)
    reply = wire.score(column, "7", stamp, scoreGiven=60, gradingProgress=progress)

    assert (reply.status_code, lms.shown(column, "7")) == (200, None)
    assert wire.score(column, "7", stopped_clock.now(), scoreGiven=60).status_code == 409


def test_not_ready_without_a_grade_leaves_no_row_and_no_score_clears_one(
    lms: Moodle, wire: Wire, stopped_clock: Clock
) -> None:
    lms.add("7")
    column = lms.add_column()

    fields = {"scoreMaximum": None, "gradingProgress": "NotReady"}
    assert wire.score(column, "7", stopped_clock.now(), **fields).status_code == 200
    assert lms.grades == {}
    wire.score(column, "7", later(stopped_clock, 1), scoreGiven=50)
    wire.score(column, "7", later(stopped_clock, 2), scoreMaximum=None)
    assert lms.shown(column, "7") is None


@pytest.mark.parametrize(
    ("given", "maximum", "points"),
    [(8, 10, 80.0), (120, 100, 100.0), (-1, 100, 0.0), (33.3333333, 100, 33.33333)],
)
def test_scores_are_scaled_capped_and_kept_to_five_decimals(
    lms: Moodle, wire: Wire, stopped_clock: Clock, given: float, maximum: float, points: float
) -> None:
    lms.add("7")
    column = lms.add_column()

    wire.score(column, "7", stopped_clock.now(), scoreGiven=given, scoreMaximum=maximum)

    assert lms.shown(column, "7") == points


def test_comments_are_text_and_zones_and_whole_seconds_are_read(
    lms: Moodle, wire: Wire, stopped_clock: Clock
) -> None:
    lms.add("7")
    column = lms.add_column()
    there = stopped_clock.now().astimezone(timezone(timedelta(hours=2))).replace(microsecond=0)

    reply = wire.score(column, "7", there, scoreGiven=1, comment="<b>well</b>")

    assert reply.status_code == 200
    url = ags.below(lms.column_url(column), "results")
    (row,) = wire.get(url, doubles.RESULTS_TYPE).json()
    assert (row["comment"], row["resultScore"]) == ("<b>well</b>", 1.0)
    assert row["timestamp"]


@pytest.mark.parametrize("subject", ["teacher", "ta", "nobody"])
def test_people_without_a_grade_are_refused_with_our_body_in_the_answer(
    lms: Moodle, wire: Wire, stopped_clock: Clock, subject: str
) -> None:
    lms.add("teacher", roles=("Instructor",), is_student=False)
    lms.add("ta", roles=("Instructor",), is_student=False)

    reply = wire.score(lms.add_column(), subject, stopped_clock.now(), scoreGiven=1)

    assert (reply.status_code, reply.reason) == (400, "Incorrect score received")
    assert subject in reply.text


def test_an_override_stays_while_the_tools_grade_moves_under_it(
    lms: Moodle, wire: Wire, stopped_clock: Clock
) -> None:
    lms.add("7")
    column = lms.add_column()
    wire.score(column, "7", stopped_clock.now(), scoreGiven=50)
    lms.set_by_teacher(column, "7", 55.0)

    assert wire.score(column, "7", later(stopped_clock, 5), scoreGiven=70).status_code == 200
    assert (lms.shown(column, "7"), lms.grade(column, "7").raw) == (55.0, 70.0)


def test_tokens_come_as_text_of_a_page_for_known_scopes_only(lms: Moodle, wire: Wire) -> None:
    again = wire.token(doubles.SCORE, jti="first", aud="https://elsewhere.test")

    assert again.headers["Content-Type"].startswith("text/html")
    assert again.status_code == 200, "neither jti nor aud is looked at"
    refused = wire.token("made-up")
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_scope")


def test_a_second_column_of_a_link_takes_the_first_from_the_launch(lms: Moodle) -> None:
    first = lms.add_column(link_id="5")
    assert lms.ags_claim("5")["lineitem"] == lms.column_url(first)

    second = lms.add_column(link_id="5")
    assert "lineitem" not in lms.ags_claim("5")

    del lms.columns[second.id]
    assert "lineitem" in lms.ags_claim("5")


# --- what we do about it ----------------------------------------------------------------------
def test_part_scores_never_erase_and_full_ones_follow(lms: Moodle, class_: Any) -> None:
    room, column = class_
    submission = room.submit(completion=1.0, challenge=0.5)
    room.drain()
    assert shown(lms, column, room) == 55.0

    room.mark(submission)
    pass_s(room, 2)

    assert shown(lms, column, room) == 85.0
    assert room.row().state == SendState.IN_LMS


def test_two_scores_within_a_second_both_arrive_in_order(lms: Moodle, class_: Any) -> None:
    room, column = class_
    submission = room.submit()
    room.drain()
    room.clock.pass_s(0.2)
    room.mark(submission)
    for _ in range(3):
        pass_s(room, 1)

    assert shown(lms, column, room) == 85.0
    stamps = [int(applied.stamp.timestamp()) for applied in lms.journal]
    assert stamps == sorted(set(stamps))


def test_a_clock_that_ran_ahead_once_blocks_nothing(lms: Moodle, class_: Any) -> None:
    room, column = class_
    submission = room.submit()
    room.clock.pass_s(7200)
    room.drain()
    room.clock.pass_s(-7200)
    room.mark(submission)
    pass_s(room, 2)

    assert shown(lms, column, room) == 85.0


def test_an_override_is_read_back_and_never_written_over(lms: Moodle, class_: Any) -> None:
    room, column = class_
    submission = room.submit()
    room.drain()
    lms.set_by_teacher(column, room.subject(room.bob), 90.0)
    room.clock.pass_s(5)
    room.mark(submission)
    room.drain()
    assert (room.row().state, room.row().lms_score) == (SendState.OVERRIDDEN, 90.0)
    assert len(lms.journal) == 1, "nothing was sent under the override"

    outbox.row_decide(
        room.row().pk, keep=False, reason="Ours is right", actor=room.alice.id, now=room.clock.now()
    )
    for _ in range(3):
        pass_s(room, 6)
    assert (room.row().state, room.row().lms_score) == (SendState.OVERRIDDEN, 90.0)


def test_a_suspended_student_and_a_hidden_course_still_take_the_grade(
    lms: Moodle, class_: Any
) -> None:
    room, column = class_
    lms.people[room.subject(room.bob)].is_suspended = True
    lms.is_hidden = True
    room.submit()

    room.drain()

    assert shown(lms, column, room) == 55.0


def test_a_teacher_there_who_is_a_student_here_is_refused_in_words(
    lms: Moodle, class_: Any
) -> None:
    room, _ = class_
    lms.people[room.subject(room.bob)].is_student = False
    room.submit()

    room.drain()

    assert (room.row().state, room.row().reason_code) == (SendState.REFUSED, "not_a_student")
    assert room.subject(room.bob) not in room.row().detail, "their echo of our body stays out"


def test_our_column_is_found_again_and_a_links_only_column_is_used(
    lms: Moodle, class_: Any
) -> None:
    room, column = class_
    wanted = Column(resource_id="x", label="Lab", maximum=100.0, resource_link_id="link-1")

    url = line_items.line_item_ensure(room.platform, lms.line_items_url, wanted)
    other = Column(resource_id="y", label="Lab", maximum=100.0, resource_link_id="link-2")
    made = line_items.line_item_ensure(room.platform, lms.line_items_url, other)

    assert url == lms.column_url(column)
    assert made != url
    assert len(lms.columns) == 2


def test_percent_of_100_arrives_as_the_columns_points(lms: Moodle, class_: Any) -> None:
    room, column = class_
    column.maximum = 40.0
    room.assignment.points_max = 10.0
    room.assignment.send_as = SendAs.PERCENT
    room.assignment.save()
    room.submit(completion=1.0, challenge=0.5)

    room.drain()

    sent = next(asked.json for asked in lms.asked if asked.path.endswith("/scores"))
    assert (sent["scoreGiven"], sent["scoreMaximum"]) == (55.0, 100.0)
    assert shown(lms, column, room) == 22.0
    assert (room.row().state, room.row().lms_score) == (SendState.IN_LMS, 5.5)


def test_the_roster_is_read_with_its_short_roles_page_by_page(lms: Moodle, class_: Any) -> None:
    room, _ = class_
    for number in range(5):
        lms.add(f"s{number}", name=f"S {number}", login=f"login{number}")
    lms.people["s4"].is_suspended = True

    found = nrps.members(room.platform, f"{lms.memberships_url}?limit=3")

    roles = {member.subject: member.role for member in found}
    assert roles[room.subject(room.alice)] == "instructor"
    assert roles[room.subject(room.tom)] == "learner", "a TA is a student in Moodle's roster"
    assert "s4" not in roles
    assert {m.login for m in found if m.subject == "s1"} == {"login1"}
