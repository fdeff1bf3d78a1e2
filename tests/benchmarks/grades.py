"""Grades to a platform that takes 50 ms for each answer, beside a bare loop of posts."""

import json
import time
from datetime import UTC, datetime, timedelta

import requests

from courseserver.common import clock
from courseserver.courses.models import Assignment, Course, Enrolment, Identity, Person, SendMode
from courseserver.grading import outbox
from courseserver.grading.models import GradeOutbox, SendState
from courseserver.grading.publishing import drain_soon
from courseserver.grading.services import submission_receive
from courseserver.lti import ags
from courseserver.lti.models import Platform
from tests.benchmarks.place import Place
from tests.benchmarks.report import Baseline, Figure
from tests.doubles import lms as doubles
from tests.doubles.lti_platform import Asked, served
from tests.doubles.moodle import Moodle
from tests.services import wait_for

TITLE = "Grades to an LMS with 50 ms latency"
STUDENTS, BARE, LATENCY_S = 200, 60, 0.05


def measure(place: Place) -> list[Figure]:
    with served(Moodle) as lms:
        lms.trouble = _wait
        column = lms.add_column()
        bare = _bare_rate(lms, column)
        assignment = _class_of(lms, lms.column_url(column))
        before = len(lms.asked)
        rows = GradeOutbox.objects.filter(assignment=assignment)
        began = time.perf_counter()
        outbox.rows_release(rows, actor="system", now=clock.now())
        drain_soon(assignment.course.platform_id)
        unsent = rows.exclude(state__in=(SendState.SENT, SendState.IN_LMS))
        wait_for(lambda: not unsent.exists(), timeout_s=120, what="grades to be sent")
        seconds = time.perf_counter() - began
        wait_for(
            lambda: not rows.exclude(state=SendState.IN_LMS).exists(),
            timeout_s=60,
            what="grades to be read back",
        )
        total = time.perf_counter() - began
        asked = len(lms.asked) - before
    return [
        Figure(
            name="scores sent, each looked at before",
            unit="scores/s",
            value=STUDENTS / seconds,
            n=STUDENTS,
            baseline=Baseline(name="bare posts in a loop, one at a time", value=bare),
            counts={
                "s until all are read back": total,
                "requests per score, looks included": asked / STUDENTS,
            },
            note="one worker, one request at a time: platforms throttle parallel ones",
        )
    ]


def _wait(asked: Asked) -> None:
    time.sleep(LATENCY_S)


def _bare_rate(lms: Moodle, column: doubles.Column) -> float:
    """Return posts per second of a loop that does nothing else."""
    lms.tokens["bare"] = doubles.SCOPES
    lms.add("bare")
    url = ags.below(lms.column_url(column), "scores")
    headers = {"Authorization": "Bearer bare", "Content-Type": doubles.SCORE_TYPE}
    start = datetime.now(UTC) - timedelta(days=1)
    began = time.perf_counter()
    with requests.Session() as session:
        for number in range(BARE):
            body = {
                "userId": "bare",
                "timestamp": (start + timedelta(seconds=2 * number)).isoformat(),
                "scoreGiven": 50,
                "scoreMaximum": 100,
                "activityProgress": "Completed",
                "gradingProgress": "FullyGraded",
            }
            reply = session.post(url, data=json.dumps(body), headers=headers, timeout=10)
            reply.raise_for_status()
    return BARE / (time.perf_counter() - began)


def _class_of(lms: Moodle, column_url: str) -> Assignment:
    """Return an assignment whose whole class handed in, its grades held."""
    platform = Platform.objects.create(
        issuer=lms.issuer,
        client_id=lms.client_id,
        deployment_id=lms.deployment_id,
        auth_url=lms.url,
        token_url=lms.token_url,
        jwks_url=lms.url,
        product="moodle",
        approved=True,
    )
    course = Course.objects.create(platform=platform, context_id="bench", title="Bench")
    assignment = Assignment.objects.create(
        course=course,
        resource_link_id="bench",
        lab="v1-11-hardware-roofline",
        title="Bench",
        line_item_url=column_url,
        ags_scopes=[ags.SCOPE_SCORE, ags.SCOPE_RESULT],
        send_mode=SendMode.MANUAL,
    )
    for number in range(STUDENTS):
        person = Person.objects.create()
        subject = str(1000 + number)
        lms.add(subject)
        Identity.objects.create(person=person, platform=platform, subject=subject)
        Enrolment.objects.create(person=person, course=course, role="learner")
        submission_receive(
            assignment=assignment,
            person=person,
            attempt_id=f"bench-{number}",
            lab_slug=assignment.lab,
            lab_version="1",
            completion=1.0,
            challenge=number / STUDENTS,
            log_text="",
            evidence={},
            submitted_at=clock.now(),
        )
    return assignment
