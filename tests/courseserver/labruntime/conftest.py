"""Alice teaches, Bob and Dora learn, Charlie is a stranger; the lab is a small one for tests."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from courseserver.common import clock
from courseserver.courses.models import Assignment, Course, Enrolment, Person, Role
from courseserver.labruntime.models import Attempt
from courseserver.lti.models import Platform
from labs import loader

FIXTURE_LABS = Path(__file__).resolve().parents[2] / "labs" / "fixture_lab"
SLUG = "fixture-moving-bytes"


@pytest.fixture(autouse=True)
def fixture_lab(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("LABS_PATH", str(FIXTURE_LABS))
    loader.forget()
    yield
    loader.forget()


@pytest.fixture
def stopped_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no page differ from another because a minute passed."""
    noon = datetime(2026, 11, 20, 12, tzinfo=UTC)
    monkeypatch.setattr(clock, "now", lambda: noon)


@dataclass(frozen=True, kw_only=True)
class School:
    """A course with one lab, and who is in it."""

    course: Course
    assignment: Assignment
    alice: Person
    bob: Person
    dora: Person
    charlie: Person


@pytest.fixture
def school(db: None) -> School:
    platform = Platform.objects.create(
        issuer="https://lms.example", client_id="c", deployment_id="1", auth_url="https://l/a",
        token_url="https://l/t", jwks_url="https://l/j", approved=True,
    )  # fmt: skip
    course = Course.objects.create(platform=platform, context_id="ctx", title="ML Systems")
    other = Course.objects.create(platform=platform, context_id="other", title="Elsewhere")
    people = {}
    for name, role, where in (
        ("alice", Role.INSTRUCTOR, course),
        ("bob", Role.LEARNER, course),
        ("dora", Role.LEARNER, course),
        ("charlie", Role.LEARNER, other),
    ):
        people[name] = Person.objects.create()
        Enrolment.objects.create(person=people[name], course=where, role=role)
    assignment = Assignment.objects.create(
        course=course, resource_link_id="r1", lab=SLUG, title="Moving bytes"
    )
    return School(course=course, assignment=assignment, **people)


@pytest.fixture
def as_person() -> Callable[[Person], Client]:
    def client_of(person: Person) -> Client:
        client = Client()
        session = client.session
        session["person"] = person.pk
        session.save()
        return client

    return client_of


class Student:
    """Somebody at a browser: opens the lab, commits, explores, through HTTP alone."""

    def __init__(self, client: Client, person: Person, assignment: Assignment) -> None:
        self.client = client
        self.person = person
        self.assignment = assignment

    @property
    def home(self) -> str:
        return f"/labs/assignments/{self.assignment.pk}/"

    @property
    def attempt(self) -> Attempt:
        return Attempt.objects.get(
            person=self.person, assignment=self.assignment, voided_at__isnull=True
        )

    def open(self) -> Any:
        return self.client.get(self.home)

    def page(self, part: str) -> Any:
        return self.client.get(f"/labs/attempts/{self.attempt.pk}/parts/{part}/")

    def shown(self, part: str) -> Any:
        return self.page(part).context["page"]

    def api(self, part: str, what: str) -> str:
        return f"/api/attempts/{self.attempt.pk}/parts/{part}/{what}"

    def post(self, url: str, body: Any) -> Any:
        return self.client.post(url, body, content_type="application/json")

    def put(self, url: str, body: Any) -> Any:
        return self.client.put(url, body, content_type="application/json")

    def commit(self, part: str, question: str, value: str) -> Any:
        return self.post(self.api(part, "commits"), {"question": question, "value": value})

    def first_token(self, part: str, question: str) -> str:
        asked = next(q for q in self.shown(part).questions if q.id == question)
        return str(asked.options[0].token)

    def commit_a(self) -> Any:
        return self.commit("a", "time", self.first_token("a", "time"))

    def commit_b(self) -> Any:
        self.commit("b", "duration", "3 min")
        return self.commit("b", "saver", self.first_token("b", "saver"))

    def release(self, part: str, **steps: int) -> Any:
        return self.post(self.api(part, "instrument"), {"at": steps})


@pytest.fixture
def bob(school: School, as_person: Callable[[Person], Client]) -> Student:
    student = Student(as_person(school.bob), school.bob, school.assignment)
    student.open()
    return student


@pytest.fixture
def charlie(school: School, as_person: Callable[[Person], Client]) -> Student:
    return Student(as_person(school.charlie), school.charlie, school.assignment)
