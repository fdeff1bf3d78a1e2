"""The tool against platforms that none of us wrote, over real sockets on both sides."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import requests

from courseserver.common import clock
from courseserver.courses.models import Assignment, Course, Enrolment, Identity
from courseserver.demo.browser import Browser, Page, StoryError
from courseserver.lti import ags, nrps, service
from courseserver.lti.faults import PlatformFault
from courseserver.lti.line_items import Column, line_item_ensure
from courseserver.lti.models import Platform
from labs import loader
from tests.browser.conftest import FIXTURE_LABS
from tests.outside.environments import HERE, python_of
from tests.services import free_port, running

pytestmark = [
    pytest.mark.processes,
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
]
LAB = "fixture-moving-bytes"
PLATFORMS = ("lti1p3platform", "openedx")
SCORE = {"given": 86.5, "maximum": 100.0, "comment": "Well decided"}


@dataclass(frozen=True, kw_only=True)
class Outside:
    """A running platform: where it answers, and how it calls the people whom it launches."""

    name: str
    url: str

    def get(self, path: str) -> Any:
        return requests.get(f"{self.url}{path}", timeout=30).json()

    def subject(self, person: str) -> str:
        return f"ext-{person}" if self.name == "openedx" else person


@pytest.fixture(scope="module", params=PLATFORMS)
def process(
    request: pytest.FixtureRequest, live_server: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Outside]:
    port = free_port()
    site = HERE / "sites" / f"{request.param}_site.py"
    command = [str(python_of(request.param)), str(site), str(port), live_server.url]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("DJANGO")}
    log = (tmp_path_factory.mktemp("outside") / f"{request.param}.log").open("w")
    with log, running(command, port, env=clean, cwd=site.parent, stderr=log):
        yield Outside(name=request.param, url=f"http://127.0.0.1:{port}")


@pytest.fixture
def outside(
    process: Outside, live_server: Any, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> Outside:
    settings.PUBLIC_URL = live_server.url
    settings.CSRF_TRUSTED_ORIGINS = [live_server.url]
    monkeypatch.setattr(loader, "roots", lambda: (FIXTURE_LABS,))
    loader.forget()
    Platform.objects.create(approved=True, **process.get("/about/"))
    return process


def open_lab(outside: Outside, person: str) -> Page:
    browser = Browser()
    browser.get(f"{outside.url}/open/?as={person}&lab={LAB}")
    return browser.settle()


def choose(browser: Browser, outside: Outside, person: str) -> Page:
    browser.get(f"{outside.url}/choose/?as={person}")
    return browser.settle()


def column_of(outside: Outside) -> tuple[Platform, str]:
    """Launch a student; return the platform and the address of a column made for the lab."""
    open_lab(outside, "student-1")
    assignment = Assignment.objects.get()
    column = Column(resource_id=LAB, tag="grade", label="Moving bytes", maximum=100.0)
    platform = assignment.course.platform
    return platform, line_item_ensure(platform, assignment.line_items_url, column)


def score(outside: Outside, person: str, **changes: Any) -> ags.Score:
    values = {"subject": outside.subject(person), "timestamp": clock.now(), **SCORE, **changes}
    return ags.Score(**values)


def test_a_student_and_a_teacher_arrive_where_they_belong(outside: Outside) -> None:
    student, teacher = open_lab(outside, "student-1"), open_lab(outside, "teacher")

    assert "Moving bytes" in student.text
    assert "/labs/" in student.url
    assert "/grading/" in teacher.url
    roles = {e.person.identities.get().subject: e.role for e in Enrolment.objects.all()}
    assert roles == {
        outside.subject("student-1"): "learner",
        outside.subject("teacher"): "instructor",
    }
    assert Course.objects.get().title == "Machine learning"
    assert Assignment.objects.get().due_at is None


def test_the_head_of_a_course_teaches_it(outside: Outside) -> None:
    """Open edX's course instructors are administrators of the context."""
    head = open_lab(outside, "head")

    assert "/grading/" in head.url
    assert Enrolment.objects.get().role == "instructor"


def test_chosen_labs_are_kept_by_the_platform(outside: Outside) -> None:
    browser = Browser()
    picker = choose(browser, outside, "teacher").form(having="lab")

    browser.submit(picker, lab=LAB, points="40", action="add")
    browser.settle()

    (link,) = outside.get("/kept/")["links"]
    assert "aved" in browser.page.text, browser.page.text
    assert link["title"] == "Moving bytes"
    assert link["custom"]["lab"] == LAB
    assert link["lineItem"]["scoreMaximum"] == 40


def test_a_student_cannot_choose(outside: Outside) -> None:
    browser = Browser()

    with pytest.raises(StoryError, match="403"):
        choose(browser, outside, "student-1")

    assert browser.page.status == 403


def test_a_score_arrives_is_read_back_and_is_never_replaced_by_an_older_one(
    outside: Outside,
) -> None:
    platform, url = column_of(outside)
    first = score(outside, "student-1")
    ags.score_send(platform, url, first)
    better = score(outside, "student-1", given=91.0, timestamp=clock.now() + timedelta(seconds=1))
    ags.score_send(platform, url, better)

    with pytest.raises(PlatformFault) as refused:
        ags.score_send(platform, url, first)

    read = ags.result_read(platform, url, outside.subject("student-1"))
    assert read is not None
    assert (read.score, read.maximum, read.comment) == (91.0, 100.0, "Well decided")
    assert refused.value.status in (400, 409)
    assert refused.value.kind.name == "STALE"


def test_a_column_is_made_once_and_kept_with_its_fields(outside: Outside) -> None:
    platform, url = column_of(outside)
    before = len(outside.get("/kept/")["items"])

    again = column_of(outside)[1]

    assert again == url
    assert len(outside.get("/kept/")["items"]) == before
    reply = service.call(
        platform, "GET", url, what="a column", scopes=[ags.SCOPE_LINE_ITEM], accept=ags.LINE_ITEM
    )
    assert ags.json_object(reply, "a column")["resourceId"] == LAB


def test_results_of_a_class_are_read_over_all_pages(outside: Outside) -> None:
    platform, url = column_of(outside)
    people = [f"student-{number}" for number in range(1, 6)]
    for place, person in enumerate(people):
        ags.score_send(platform, url, score(outside, person, given=50.0 + place,
                       timestamp=clock.now() + timedelta(seconds=60)))  # fmt: skip

    found = {result.subject: result.score for result in ags.results_read(platform, url)}

    assert found == {outside.subject(p): 50.0 + place for place, p in enumerate(people)}


def test_the_roster_is_read_over_all_pages(outside: Outside) -> None:
    open_lab(outside, "teacher")
    course = Course.objects.get()

    found = nrps.members(course.platform, ags.with_query(course.memberships_url, limit="2"))

    roles = {member.subject: member.role for member in found}
    students = {outside.subject(f"student-{number}"): "learner" for number in range(1, 6)}
    assert students.items() <= roles.items()
    assert {roles[outside.subject(name)] for name in ("teacher", "head")} == {"instructor"}
    assert Identity.objects.get().subject in roles
