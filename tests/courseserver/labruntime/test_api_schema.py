"""The JSON API against its own OpenAPI description: generated requests, as three people."""

from collections.abc import Callable
from typing import Any

import pytest
import schemathesis
from django.contrib.sessions.backends.db import SessionStore
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from courseserver.courses.models import Person
from courseserver.wsgi import application
from tests.courseserver.labruntime.conftest import School, Student

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
_CSRF = "c" * 32


def _signed_in(person: Person) -> dict[str, Any]:
    session = SessionStore()
    session["person"] = person.pk
    session["_csrftoken"] = _CSRF
    session.create()
    headers = {"X-CSRFToken": _CSRF, "Accept-Encoding": "identity"}
    return {"headers": headers, "cookies": {"courseserver": session.session_key}}


def _try_every_operation(person: dict[str, Any], known: dict[str, str]) -> set[int]:
    """Send generated requests to every operation; return the statuses seen."""
    schema = schemathesis.openapi.from_wsgi("/api/schema/", application)
    seen: set[int] = set()
    for found in schema.get_all_operations():
        operation = found.ok()

        @settings(
            max_examples=8,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def send(case: Case) -> None:
            # Random ids only ever meet "not found"; real ones reach the code behind it.
            for name in set(case.path_parameters or {}) & set(known):
                case.path_parameters[name] = known[name]
            response = case.call(**person)
            seen.add(response.status_code)
            case.validate_response(response, checks=CHECKS)

        send()
    return seen


@pytest.fixture
def known(
    school: School, as_person: Callable[[Person], Any], db: None
) -> Callable[[], dict[str, str]]:
    def ids() -> dict[str, str]:
        bob = Student(as_person(school.bob), school.bob, school.assignment)
        bob.open()
        bob.commit_a()
        return {
            "attempt_id": bob.attempt.pk,
            "assignment_id": school.assignment.pk,
            "course_id": school.course.pk,
            "part": "a",
        }

    return ids


@pytest.mark.slow
def test_every_operation_keeps_its_description_for_a_student(
    school: School, known: Callable[[], dict[str, str]]
) -> None:
    seen = _try_every_operation(_signed_in(school.bob), known())

    assert {200, 403, 404} <= seen


@pytest.mark.slow
def test_every_operation_keeps_its_description_for_the_teacher(
    school: School, known: Callable[[], dict[str, str]]
) -> None:
    seen = _try_every_operation(_signed_in(school.alice), known())

    assert {200, 404} <= seen


def test_a_stranger_reaches_nothing_of_another_course(
    school: School, known: Callable[[], dict[str, str]]
) -> None:
    ids = known()
    person = _signed_in(school.charlie)
    schema = schemathesis.openapi.from_wsgi("/api/schema/", application)
    answered = {}
    for found in schema.get_all_operations():
        operation = found.ok()
        if not set(ids) - {"part"} & {p.name for p in operation.path_parameters}:
            continue
        case = operation.Case(
            path_parameters={p.name: ids.get(p.name, "x") for p in operation.path_parameters},
            **({"body": {}, "media_type": "application/json"} if operation.body else {}),
        )
        answered[operation.label] = case.call(**person).status_code

    assert answered
    assert set(answered.values()) <= {403, 404}, answered
