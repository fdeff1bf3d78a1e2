"""A course with alice (teacher), tom (TA), bob, bea (students) and charlie (stranger)."""

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from django.test import Client
from django.urls import reverse

from courseserver.courses.middleware import SESSION_KEY
from courseserver.courses.models import (
    Assignment,
    Course,
    Enrolment,
    Identity,
    Person,
    Role,
    SendMode,
)
from courseserver.grading import sender, services
from courseserver.grading.models import GradeOutbox, Submission
from courseserver.lti.models import Platform
from tests.doubles.gradebook import MemoryGradebook

LOG = "At 171 FLOP per byte the product reaches 58% of the peak, so memory binds."


@dataclass
class Clock:
    """A clock that moves only when told."""

    moment: datetime = datetime(2026, 11, 20, 14, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment

    def pass_s(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


@dataclass
class Classroom:
    """The course, its people, and short ways to do what tests do."""

    clock: Clock
    gradebook: MemoryGradebook = field(default_factory=MemoryGradebook)
    numbers: Any = field(default_factory=count)

    def __post_init__(self) -> None:
        self.platform = Platform.objects.create(
            issuer="https://lms.test",
            client_id="tool",
            deployment_id="1",
            auth_url="https://lms.test/auth",
            token_url="https://lms.test/token",
            jwks_url="https://lms.test/jwks",
            name="Practice",
            approved=True,
        )
        self.course = self.new_course("CS 249r")
        self.assignment = self.new_assignment(self.course)
        self.alice = self.person("Alice Adeyemi", Role.INSTRUCTOR)
        self.tom = self.person("Tom Tan", Role.TEACHING_ASSISTANT)
        self.bob = self.person("Bob Costa", Role.LEARNER)
        self.bea = self.person("Bea Wei", Role.LEARNER)
        self.charlie = self.person("Charlie Stranger", None)

    def new_course(self, title: str) -> Course:
        context = f"context-{next(self.numbers)}"
        return Course.objects.create(platform=self.platform, context_id=context, title=title)

    def new_assignment(self, course: Course, **fields: Any) -> Assignment:
        link = f"link-{next(self.numbers)}"
        return Assignment.objects.create(
            course=course,
            resource_link_id=link,
            lab="v1-11-hardware-roofline",
            title="The hardware roofline",
            line_item_url=f"https://lms.test/items/{link}",
            ags_scopes=[
                "https://purl.imsglobal.org/spec/lti-ags/scope/score",
                "https://purl.imsglobal.org/spec/lti-ags/scope/result.readonly",
            ],
            **fields,
        )

    def person(self, name: str, role: str | None, course: Course | None = None) -> Person:
        person = Person.objects.create()
        subject = f"{name.split()[0].lower()}-{next(self.numbers)}"
        Identity.objects.create(
            person=person,
            platform=self.platform,
            subject=subject,
            name=name,
            email=f"{subject}@school.test",
        )
        if role is not None:
            Enrolment.objects.create(person=person, course=course or self.course, role=role)
        return person

    def enrol(self, person: Person, course: Course, role: str = Role.INSTRUCTOR) -> None:
        Enrolment.objects.create(person=person, course=course, role=role)

    def client(self, person: Person | None) -> Client:
        client = Client(raise_request_exception=True)
        if person is not None:
            session = client.session
            session[SESSION_KEY] = person.id
            session.save()
        return client

    def mode(self, mode: SendMode) -> None:
        self.assignment.send_mode = mode
        self.assignment.save()

    def submit(self, person: Person | None = None, **changes: Any) -> Submission:
        values: dict[str, Any] = {
            "assignment": self.assignment,
            "person": person or self.bob,
            "attempt_id": f"att_{next(self.numbers)}",
            "lab_slug": "v1-11-hardware-roofline",
            "lab_version": "1",
            "completion": 1.0,
            "challenge": 0.5,
            "log_text": LOG,
            "evidence": {},
            "submitted_at": self.clock.now(),
        }
        return services.submission_receive(**(values | changes))

    def mark(self, submission: Submission, level: str = "full", **changes: Any) -> Any:
        from labs.schemes import Level

        levels = {name: Level(level) for name in ("numbers", "cause", "constraint")}
        last = submission.log_marks.order_by("-number").first()
        values: dict[str, Any] = {
            "submission": submission,
            "marker": self.tom,
            "levels": levels,
            "comment": "",
            "seen_number": last.number if last else 0,
        }
        return services.log_mark(**(values | changes))

    def row(self, person: Person | None = None) -> GradeOutbox:
        return GradeOutbox.objects.get(assignment=self.assignment, person=person or self.bob)

    def drain(self) -> int:
        return sender.lane_drain(self.platform.id, self.gradebook, rng=random.Random(1))

    def subject(self, person: Person) -> str:
        return Identity.objects.get(person=person).subject

    def name(self, person: Person) -> str:
        return Identity.objects.get(person=person).name

    def in_lms(self, person: Person | None = None) -> float | None:
        key = (self.assignment.id, self.subject(person or self.bob))
        return self.gradebook.grades.get(key)

    def set_in_lms(self, points: float | None, person: Person | None = None) -> None:
        key = (self.assignment.id, self.subject(person or self.bob))
        if points is None:
            self.gradebook.grades.pop(key, None)
        else:
            self.gradebook.grades[key] = points


def get(room: Classroom, name: str, *args: object, who: str = "alice", **query: str) -> Any:
    """Open a page by its name, as one of the room's people."""
    return room.client(getattr(room, who)).get(reverse(name, args=args), query)


def post(room: Classroom, name: str, *args: object, who: str = "alice", **data: Any) -> Any:
    """Send a form by its address' name, as one of the room's people, and follow where it leads."""
    return room.client(getattr(room, who)).post(reverse(name, args=args), data, follow=True)


def post_as_seen(
    room: Classroom, name: str, *args: object, who: str = "alice", reason: str = "x", **data: Any
) -> Any:
    """Send a form that shows first what scores it changes, and confirm what it showed."""
    shown = post(room, name, *args, who=who, reason=reason, **data)
    seen = shown.context["diff"].fingerprint
    return post(room, name, *args, who=who, seen=seen, reason=reason, **data)
