"""Rooms whose LMS is a double of a real product, and raw requests to it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import jwt
import requests

from courseserver.courses.models import Person, SendMode
from courseserver.grading.gradebooks import LtiGradebook
from courseserver.lti import ags
from tests.courseserver.grading.classroom import Classroom, Clock
from tests.doubles import lms as doubles
from tests.doubles.canvas import Canvas
from tests.doubles.lms import Column, Lms
from tests.doubles.lti_platform import served
from tests.doubles.moodle import Moodle
from tests.services import LIMIT_S

SCOPES = [ags.SCOPE_LINE_ITEM, ags.SCOPE_SCORE, ags.SCOPE_RESULT]
PRODUCTS = {"canvas": Canvas, "moodle": Moodle}


@dataclass
class Wire:
    """Requests written by hand, to show what the double itself answers."""

    lms: Any

    def __post_init__(self) -> None:
        reply = self.token(" ".join(sorted(doubles.SCOPES)))
        self.bearer = {"Authorization": f"Bearer {reply.json()['access_token']}"}

    def token(self, scope: str, jti: str = "first", aud: str = "") -> requests.Response:
        claims = {
            "iss": self.lms.client_id,
            "sub": self.lms.client_id,
            "aud": aud or self.lms.token_url,
            "jti": jti,
        }
        form = {
            "grant_type": "client_credentials",
            "client_assertion": jwt.encode(claims, "x" * 32, algorithm="HS256"),
            "scope": scope,
        }
        return requests.post(self.lms.token_url, data=form, timeout=LIMIT_S)

    def get(self, url: str, accept: str = "*/*") -> requests.Response:
        return requests.get(url, headers={**self.bearer, "Accept": accept}, timeout=LIMIT_S)

    def score(
        self, column: Column, subject: str, stamp: datetime, *, kind: str = "", **fields: Any
    ) -> requests.Response:
        body = {
            "userId": subject,
            "timestamp": stamp.isoformat(),
            "activityProgress": "Completed",
            "gradingProgress": "FullyGraded",
            "scoreMaximum": 100,
            **fields,
        }
        body = {name: value for name, value in body.items() if value is not None}
        headers = {**self.bearer, "Content-Type": kind or doubles.SCORE_TYPE}
        url = ags.below(self.lms.column_url(column), "scores")
        return requests.post(url, headers=headers, data=json.dumps(body), timeout=LIMIT_S)

    def make_column(self, **fields: Any) -> requests.Response:
        body = {"label": "Lab", "scoreMaximum": 100, **fields}
        headers = {**self.bearer, "Content-Type": doubles.LINE_ITEM_TYPE}
        url = self.lms.line_items_url
        return requests.post(url, headers=headers, data=json.dumps(body), timeout=LIMIT_S)


@contextmanager
def serving(product: str, clock: Clock) -> Iterator[Any]:
    with served(PRODUCTS[product]) as lms:
        lms.now = clock.now
        yield lms


def room_at(lms: Lms, product: str, clock: Clock) -> tuple[Classroom, Column]:
    """Return a course whose people and column stand in the double, sending live."""
    room = Classroom(clock)
    room.platform.product = product
    room.platform.client_id = lms.client_id
    room.platform.token_url = lms.token_url
    room.platform.save()
    column = lms.add_column(label="The hardware roofline", link_id="link-1")
    room.assignment.line_item_url = lms.column_url(column)  # type: ignore[attr-defined]
    room.assignment.line_items_url = lms.line_items_url  # type: ignore[attr-defined]
    room.assignment.ags_scopes = SCOPES
    room.mode(SendMode.LIVE)
    room.course.memberships_url = lms.memberships_url  # type: ignore[attr-defined]
    room.course.save()
    room.gradebook = LtiGradebook()  # type: ignore[assignment]
    for person in (room.bob, room.bea):
        lms.add(room.subject(person), name=room.name(person))
    lms.add(room.subject(room.alice), roles=("Instructor",), is_student=False)
    lms.add(room.subject(room.tom), roles=("TeachingAssistant",), is_student=False)
    return room, column


def pass_s(room: Classroom, seconds: float) -> None:
    room.clock.pass_s(seconds)
    room.drain()


def later(clock: Clock, seconds: float) -> datetime:
    return clock.now() + timedelta(seconds=seconds)


def shown(lms: Lms, column: Column, room: Classroom, person: Person | None = None) -> Any:
    return lms.shown(column, room.subject(person or room.bob))
