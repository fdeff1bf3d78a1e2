"""A grade on a real socket: through LTI services to a platform, and back."""

from collections.abc import Iterator
from typing import Any

import pytest

from courseserver.courses.models import SendMode
from courseserver.grading.gradebooks import LtiGradebook
from courseserver.grading.models import SendState
from tests.courseserver.grading.classroom import Classroom, Clock
from tests.doubles.lti_platform import Answer, Asked, LtiPlatform, lti_platform

SCORES, RESULTS = "/item/scores", "/item/results"


@pytest.fixture
def lms() -> Iterator[LtiPlatform]:
    with lti_platform() as platform:
        yield platform


@pytest.fixture
def room(
    db: None, stopped_clock: Clock, lms: LtiPlatform, settings: Any, request: Any
) -> Classroom:
    backend = "django.core.cache.backends.locmem.LocMemCache"
    settings.CACHES = {"default": {"BACKEND": backend, "LOCATION": request.node.nodeid}}
    room = Classroom(stopped_clock)
    room.platform.token_url = lms.token_url
    room.platform.save()
    room.assignment.line_item_url = f"{lms.url}/item?type_id=1"
    room.mode(SendMode.LIVE)
    room.gradebook = LtiGradebook()  # type: ignore[assignment]
    return room


def keep_scores(lms: LtiPlatform) -> None:
    """Answer as a plain gradebook: keeps the newest score, shows it as the result."""
    grades: dict[str, float] = {}

    def take(asked: Asked) -> Answer:
        score = asked.json
        grades[score["userId"]] = 100 * score["scoreGiven"] / score["scoreMaximum"]
        return Answer()

    def show(asked: Asked) -> Answer:
        user = asked.query["user_id"]
        shown = [grades[user]] if user in grades else []
        rows = [{"userId": user, "resultScore": x, "resultMaximum": 100} for x in shown]
        return Answer(body=rows)

    lms.answer(SCORES, take)
    lms.answer(RESULTS, show)


def test_a_score_travels_to_the_platform_and_is_read_back(
    room: Classroom, lms: LtiPlatform
) -> None:
    keep_scores(lms)
    room.submit(completion=1.0, challenge=0.5)

    room.drain()

    (post,) = lms.requests_to(SCORES)
    assert post.query == {"type_id": "1"}, "the address keeps its query behind the path"
    assert post.json["scoreGiven"] == 55.0
    assert post.json["timestamp"] == "2026-11-20T14:00:00.000Z"
    assert "Decision Log" in post.json["comment"]
    assert "Your work: http" in post.json["comment"]
    assert (room.row().state, room.row().lms_score) == (SendState.IN_LMS, 55.0)


def test_moodles_stale_answer_is_stamped_anew(room: Classroom, lms: LtiPlatform) -> None:
    room.platform.product = "moodle"
    room.platform.save()
    keep_scores(lms)
    accept = lms.scripts[SCORES][0]
    lms.answer(SCORES, Answer(status=409, body="[]"), accept)
    room.submit()

    room.drain()
    room.clock.pass_s(1.5)
    room.drain()

    first, second = (asked.json["timestamp"] for asked in lms.requests_to(SCORES))
    assert second > first
    assert room.row().state == SendState.IN_LMS


def test_a_platform_in_a_hurry_is_left_alone_as_long_as_it_asks(
    room: Classroom, lms: LtiPlatform
) -> None:
    keep_scores(lms)
    accept = lms.scripts[SCORES][0]
    lms.answer(SCORES, Answer(status=429, headers={"Retry-After": "90"}), accept)
    room.submit()

    room.drain()
    room.clock.pass_s(89)
    room.drain()
    assert len(lms.requests_to(SCORES)) == 1

    room.clock.pass_s(2)
    room.drain()
    assert room.row().state == SendState.IN_LMS


@pytest.mark.parametrize(
    ("product", "status", "body", "reason"),
    [
        ("moodle", 400, "Incorrect score received", "not_a_student"),
        ("canvas", 422, "User not found in course or is not a student", "not_a_student"),
        ("", 404, "gone", "column_gone"),
    ],
)
def test_a_refusal_is_told_in_words_and_not_repeated(
    room: Classroom, lms: LtiPlatform, product: str, status: int, body: str, reason: str
) -> None:
    room.platform.product = product
    room.platform.save()
    keep_scores(lms)
    lms.answer(SCORES, Answer(status=status, body=body))
    room.submit()

    room.drain()
    room.clock.pass_s(86_400)
    room.drain()

    assert (room.row().state, room.row().reason_code) == (SendState.REFUSED, reason)
    assert len(lms.requests_to(SCORES)) == 1


def test_a_lost_yes_is_not_sent_again_when_the_grade_is_there(
    room: Classroom, lms: LtiPlatform
) -> None:
    keep_scores(lms)
    accept = lms.scripts[SCORES][0]

    def accept_and_hang_up(asked: Asked) -> Answer:
        accept(asked)
        return Answer(status=0)

    lms.answer(SCORES, accept_and_hang_up)
    room.submit()
    room.drain()
    assert room.row().state == SendState.RETRYING

    room.clock.pass_s(60)
    room.drain()

    assert len(lms.requests_to(SCORES)) == 1
    assert room.row().state == SendState.IN_LMS
