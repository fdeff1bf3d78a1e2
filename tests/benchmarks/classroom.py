"""A class in the middle of its work: one student far on, one at the start, many handed in."""

from dataclasses import dataclass

import requests
from django.contrib.sessions.backends.db import SessionStore
from django.urls import reverse

from courseserver.common import clock
from courseserver.common.ids import new_id
from courseserver.courses.models import (
    Assignment,
    Course,
    Enrolment,
    Identity,
    Person,
    Role,
)
from courseserver.demo import story
from courseserver.demo.browser import Browser
from courseserver.demo.processes import Site
from courseserver.grading.evidence import Evidence
from courseserver.grading.models import Submission
from courseserver.grading.services import submission_receive
from courseserver.labruntime.models import Attempt
from courseserver.labruntime.state import state_of
from courseserver.labruntime.submission import lab_submit
from labs.loader import all_labs, load_lab
from tests.browser.lab_steps import attempt_of, commit

LAB = "v1-11-hardware-roofline"
FIXTURE = "fixture-moving-bytes"
STUDENTS = ("amara", "ben", "chen")
CLASS_SIZE = 60
_LOG = (
    "I would optimise the memory traffic first, because the product is memory-bound and the "
    "measured share of the peak stays far below one half. The constraint is bandwidth, not the "
    "arithmetic peak: more arithmetic would cost money and change nothing left of the ridge. "
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Classroom:
    """`ahead` has committed every part of every lab and handed in the first; `behind` nothing."""

    url: str
    assignment: Assignment
    ahead: Person
    behind: Person
    teacher: Person
    attempts: dict[str, Attempt]
    first_attempt: Attempt
    submission: Submission

    def part_url(self, attempt: Attempt, part: str) -> str:
        return self.url + reverse("lab-part", args=[attempt.pk, part])

    def instrument_urls(self, lab: str) -> dict[str, str]:
        """Return the revealed pages of a lab that have an instrument, by part."""
        parts = load_lab(lab).parts
        return {p.id: self.part_url(self.attempts[lab], p.id) for p in parts if p.knobs}

    def pages(self) -> dict[str, tuple[Person, str]]:
        """Return who opens which page, by its name in the report."""
        done = self.attempts[LAB]
        staff = [self.assignment.pk]
        return {
            "briefing": (self.ahead, self.url + reverse("lab-home", args=staff)),
            "part, locked": (self.behind, self.part_url(self.first_attempt, "a")),
            "part, revealed": (self.ahead, self.part_url(done, "a")),
            "synthesis": (self.ahead, self.url + reverse("lab-synthesis", args=[done.pk])),
            "marking": (self.teacher, self.url + reverse("log-mark", args=[self.submission.pk])),
            "board": (self.teacher, self.url + reverse("sync-board", args=staff)),
        }


def real_labs() -> list[str]:
    return [lab.slug for lab in all_labs() if lab.slug != FIXTURE]


def session_key(person: Person) -> str:
    """Return the key of a session that a launch would have made."""
    session = SessionStore()
    session["person"] = person.pk
    session.save()
    return str(session.session_key)


def http_session(person: Person) -> requests.Session:
    """Return a connection that is signed in as that person."""
    http = requests.Session()
    http.trust_env = False
    http.cookies.set("courseserver", session_key(person))
    return http


def prepare(site: Site) -> Classroom:
    """Let three people launch through the LMS, then fill the class with work."""
    ahead, behind, teacher = (
        _launched(site, name) for name in (STUDENTS[0], STUDENTS[1], story.TEACHER)
    )
    assignment = Assignment.objects.get(lab=LAB)
    attempts = {slug: _finished(assignment.course, slug, ahead) for slug in real_labs()}
    log_text = _log_text()
    lab_submit(state=state_of(attempts[LAB]), log_text=log_text)
    _others_hand_in(assignment, log_text)
    return Classroom(
        url=site.tool_url,
        assignment=assignment,
        ahead=ahead,
        behind=behind,
        teacher=teacher,
        attempts=attempts,
        first_attempt=attempt_of(assignment, behind),
        submission=Submission.objects.get(attempt_id=attempts[LAB].pk),
    )


def _launched(site: Site, name: str) -> Person:
    story.open_lab(Browser(), site.lms_url, name)
    return Identity.objects.get(name__istartswith=name).person


def _finished(course: Course, lab: str, person: Person) -> Attempt:
    """Return an attempt with every part committed; a lab without a link in the LMS gets a row."""
    title = load_lab(lab).title
    assignment = Assignment.objects.filter(course=course, lab=lab).first()
    if assignment is None:
        assignment = Assignment.objects.create(
            course=course, resource_link_id=f"bench-{lab}", lab=lab, title=title
        )
    attempt = attempt_of(assignment, person)
    for part in load_lab(lab).parts:
        commit(attempt, part.id)
    return attempt


def _log_text() -> str:
    words_min = load_lab(LAB).synthesis.words_min
    return _LOG * (words_min // len(_LOG.split()) + 1)


def _others_hand_in(assignment: Assignment, log_text: str) -> None:
    """Fill the board: their scores wait for a marker, so nothing is sent meanwhile."""
    for number in range(CLASS_SIZE - len(STUDENTS)):
        person = Person.objects.create()
        Identity.objects.create(
            person=person,
            platform=assignment.course.platform,
            subject=f"bench-{number}",
            name=f"Student {number}",
        )
        Enrolment.objects.create(person=person, course=assignment.course, role=Role.LEARNER)
        submission_receive(
            assignment=assignment,
            person=person,
            attempt_id=new_id("att"),
            lab_slug=LAB,
            lab_version=load_lab(LAB).version,
            completion=1.0,
            challenge=0.5,
            log_text=log_text,
            evidence=Evidence().to_json(),
            submitted_at=clock.now(),
        )
