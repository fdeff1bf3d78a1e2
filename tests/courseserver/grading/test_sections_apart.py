"""An assistant who sees the own sections only, at every address of the tool and its API.

Tom assists Monday's section, where Bob is; Bea, of Tuesday's, did everything that Bob did. Nothing
that Tom opens tells of Bea, and nothing that he sends changes anything of hers.
"""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.core import serializers
from django.urls import URLPattern, URLResolver, get_resolver

from courseserver.audit.models import AuditEntry
from courseserver.benches.models import ActivityRun
from courseserver.benches.services import board_of, design_of
from courseserver.common import clock
from courseserver.courses import plans
from courseserver.courses.models import (
    Accommodation,
    Enrolment,
    Extension,
    Identity,
    Person,
    RankName,
    SendMode,
)
from courseserver.grading.models import GradeOutbox, LogMark, RegradeRequest, Score, SendState
from courseserver.grading.requests import request_ask
from courseserver.kits.models import Kit, KitJob, Measurement
from courseserver.labruntime.models import Attempt
from courseserver.labruntime.services import attempt_begin
from labs.activities import load_activity
from tests.courseserver.grading.classroom import Classroom

_ARGUMENT = re.compile(r"<(?:\w+:)?(\w+)>")
# Of other people than those of a course, or of nobody: launches, keys, kits by their own secret.
_ELSEWHERE = ("lti/", "admin/", "api/kits", "api/schema", "healthz")


def _routes(found: URLResolver, before: str = "") -> Iterator[str]:
    for pattern in found.url_patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _routes(pattern, route)
        elif isinstance(pattern, URLPattern) and not route.startswith(_ELSEWHERE):
            yield "/" + route


ROUTES = sorted(set(_routes(get_resolver())))
# Samples and a version's attempts are of all sections. Kits are theirs, too.
FOR_INSTRUCTORS = {
    "/grading/assignments/<str:assignment_id>/calibration/",
    "/grading/assignments/<str:assignment_id>/calibration/mark/",
    "/grading/assignments/<str:assignment_id>/regrade/",
}


WITH_STUDENTS = (
    "/grading/courses/<str:course_id>/",
    "/grading/courses/<str:course_id>/grades/",
    "/grading/assignments/<str:assignment_id>/",
    "/grading/assignments/<str:assignment_id>/grades/",
    "/labs/assignments/<slug:assignment_id>/class/",
)


def _busy(room: Classroom, person: Person, section: str) -> dict[str, str]:
    """Let a student do one of everything; return what an address may name of theirs."""
    enrolment = Enrolment.objects.get(person=person)
    enrolment.sections = [section]
    enrolment.save()
    attempt = attempt_begin(person=person, assignment=room.assignment, enrolment=enrolment)
    sent = room.submit(person, attempt_id=attempt.pk)
    room.mark(sent, "part")
    request_ask(submission=sent, person=person, text=f"Look again, says {section}")
    GradeOutbox.objects.filter(person=person).update(
        state=SendState.REFUSED, reason_code="server", is_held=False
    )
    Extension.objects.create(
        assignment=room.assignment, person=person, due_at=clock.now(), given_by=room.alice,
        reason=f"Ill on {section}",
    )  # fmt: skip
    Extension.objects.create(
        assignment=room.assignment, section=section, due_at=clock.now(), given_by=room.alice,
        reason=f"Storm on {section}",
    )  # fmt: skip
    Accommodation.objects.create(
        course=room.course, person=person, given_by=room.alice, reason=f"Agreed for {section}"
    )
    RankName.objects.create(course=room.course, person=person, pseudonym=f"Fox of {section}")
    kit = Kit.objects.create(name=f"Bench {section}", board="host-linux", course=room.course)
    job = KitJob.objects.create(
        course=room.course, person=person, purpose="Roofline", tasks=[], queued_at=clock.now(),
        institution_only=True,
    )  # fmt: skip
    olympics = load_activity("olympics")
    run = ActivityRun.objects.create(
        course=room.course, person=person, activity=olympics.slug, board=board_of(olympics, ""),
        design=design_of(olympics, {}), kit_job=job.pk, at=clock.now(),
    )  # fmt: skip
    Measurement.objects.create(
        message_id=section, job=job, kit=kit, request_id="1", attempt=1, task="t", value=0.01,
        outcome="measured", evidence="measured", verdict="recomputed", received_at=clock.now(),
        environment={"accuracy": 0.9, "model_bytes": 1000},
    )  # fmt: skip
    return {
        "course_id": room.course.pk,
        "assignment_id": room.assignment.pk,
        "person_id": person.pk,
        "attempt_id": attempt.pk,
        "submission_id": sent.pk,
        "request_id": str(RegradeRequest.objects.get(submission=sent).pk),
        "job_id": job.pk,
        "run_id": run.pk,
        "kit_id": kit.pk,
        "part": "a",
        "slug": "olympics",
        "form": "json",
        "name": "log",
        "pick_id": "none",
    }


@pytest.fixture
def apart(room: Classroom, monkeypatch: pytest.MonkeyPatch) -> Classroom:
    """The course of the module's docstring, with every switch on that shows more."""
    for module in ("services", "settings_change", "views.board", "views.course", "decisions"):
        monkeypatch.setattr(f"courseserver.grading.{module}.drain_soon", lambda _: None)
    room.course.sections_apart = True
    room.course.save()
    room.mode(SendMode.LIVE)
    room.assignment.shows_leaders = True
    room.assignment.save()
    Enrolment.objects.filter(person=room.tom).update(sections=["Monday"])
    plans.plan_make(
        course=room.course, actor=room.alice, map_slug="foundations",
        starts_on=room.clock.now().date(),
    )  # fmt: skip
    return room


@pytest.fixture
def his(apart: Classroom) -> dict[str, str]:
    return _busy(apart, apart.bob, "Monday")


@pytest.fixture
def hers(apart: Classroom) -> dict[str, str]:
    return _busy(apart, apart.bea, "Tuesday")


def _address(route: str, values: dict[str, str]) -> str:
    return _ARGUMENT.sub(lambda match: values[match.group(1)], route)


def _traces(person: Person, values: dict[str, str], section: str) -> list[str]:
    """Return what tells of a student, of whom nothing is to be told."""
    known = Identity.objects.get(person=person)
    own = ("attempt_id", "submission_id")
    return [
        person.pk, known.name, known.email, known.subject,
        f"Ill on {section}", f"Storm on {section}", f"Agreed for {section}",
        f"says {section}", *(values[name] for name in own),
    ]  # fmt: skip


def _opened(room: Classroom, who: Person, values: dict[str, str]) -> dict[str, tuple[int, str]]:
    """Return what each address answers this person, where something is to be read."""
    client = room.client(who)
    found = {}
    for route in ROUTES:
        for query in ("", "?projector=1"):
            answer = client.get(_address(route, values) + query)
            # What an address itself says was typed by whoever asks.
            if answer.status_code < 400:
                found[route + query] = (answer.status_code, answer.content.decode())
    return found


def test_no_page_tells_an_assistant_of_a_student_of_another_section(
    apart: Classroom, his: dict[str, str], hers: dict[str, str]
) -> None:
    secret = _traces(apart.bea, hers, "Tuesday")
    # Whoever sees all of the course meets what is looked for, so that the search finds something.
    everything = "".join(text for _, text in _opened(apart, apart.alice, hers).values())
    assert [trace for trace in secret if trace not in everything] == []

    for values in (his, hers):
        told = [
            (route, trace)
            for route, (_, text) in _opened(apart, apart.tom, values).items()
            for trace in secret
            if trace in text
        ]
        assert told == []


def test_an_assistant_opens_the_own_section_as_an_instructor_does(
    apart: Classroom, his: dict[str, str], hers: dict[str, str]
) -> None:
    may, mine = (_opened(apart, person, his) for person in (apart.alice, apart.tom))

    shut = {route.partition("?")[0] for route in may.keys() - mine.keys()}
    assert {route for route in shut if not route.startswith("/kits/")} == FOR_INSTRUCTORS
    assert "Bob Costa" in "".join(text for _, text in mine.values())


def _rows(person: Person, values: dict[str, str]) -> str:
    """Return all that stands in the database of a student, but for the log's new lines."""
    whose = [
        Enrolment.objects.filter(person=person),
        Attempt.objects.filter(person=person),
        person.submissions.all(),
        Score.objects.filter(person=person),
        GradeOutbox.objects.filter(person=person),
        LogMark.objects.filter(submission__person=person),
        RegradeRequest.objects.filter(submission__person=person),
        Extension.objects.filter(person=person),
        Accommodation.objects.filter(person=person),
        RankName.objects.filter(person=person),
        ActivityRun.objects.filter(person=person),
        AuditEntry.objects.filter(subject=person.pk),
    ]
    return serializers.serialize("json", [row for rows in whose for row in rows.order_by("pk")])


def _sent(room: Classroom, who: Person, values: dict[str, str]) -> None:
    """Send to every address all that one might."""
    client = room.client(who)
    person = values["person_id"]
    forms: list[dict[str, Any]] = [
        {},
        {"person": person, "decision": "push", "reason": "x", "points": "1", "action": "regraded"},
        {"reason": "x", "text": "x", "action": "answer"},
        {"cells": f"{values['assignment_id']}:{person}:55:1", "reason": "x", "seen_number": "1",
         "level-numbers": "full", "level-cause": "full", "level-constraint": "full"},
    ]  # fmt: skip
    for route in ROUTES:
        for form in forms:
            client.post(_address(route, values), form)
        client.delete(_address(route, values))
        client.put(_address(route, values), {}, content_type="application/json")


WORK_OF_ASSISTANTS = {"grade.retried", "log.marked", "regrade.closed", "attempt.voided"}


def done_by(actor: Person, subject: Person) -> set[str]:
    entries = AuditEntry.objects.filter(actor=actor.pk, subject=subject.pk)
    return set(entries.values_list("action", flat=True))


def test_nothing_that_an_assistant_sends_changes_a_student_of_another_section(
    apart: Classroom, his: dict[str, str], hers: dict[str, str]
) -> None:
    before = _rows(apart.bea, hers)

    _sent(apart, apart.tom, his)
    _sent(apart, apart.tom, hers)

    assert _rows(apart.bea, hers) == before
    # And of the own section all that assistants do.
    assert done_by(apart.tom, apart.bob) >= WORK_OF_ASSISTANTS


def test_an_assistant_without_a_section_reads_why_nobody_is_there(
    apart: Classroom, his: dict[str, str]
) -> None:
    def told() -> list[bool]:
        client = apart.client(apart.tom)
        return [
            "You see no student here" in client.get(_address(route, his)).content.decode()
            for route in WITH_STUDENTS
        ]

    assert told() == [False] * len(WITH_STUDENTS)
    Enrolment.objects.filter(person=apart.tom).update(sections=[])

    assert told() == [True] * len(WITH_STUDENTS)


def test_without_sections_apart_an_assistant_reaches_everybody(
    apart: Classroom, his: dict[str, str], hers: dict[str, str]
) -> None:
    apart.course.sections_apart = False
    apart.course.save()

    everything = "".join(text for _, text in _opened(apart, apart.tom, hers).values())

    assert "Bea Wei" in everything
    assert hers["attempt_id"] in everything
    _sent(apart, apart.tom, hers)
    assert done_by(apart.tom, apart.bea) >= WORK_OF_ASSISTANTS
