"""Requests nobody should make: refused, logged, and without a trace in the student's work."""

from collections.abc import Callable

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from courseserver.common.errors import Conflict
from courseserver.courses.models import Enrolment, Person
from courseserver.labruntime import services
from courseserver.labruntime.models import Attempt, Commit
from courseserver.labruntime.state import state_of

from .conftest import School, Student


def refusals(caplog: pytest.LogCaptureFixture) -> list[tuple[int, str]]:
    told = [record.msg for record in caplog.records if isinstance(record.msg, dict)]
    return [(m["status"], m["path"]) for m in told if m.get("event") == "refused"]


def test_tampered_replayed_foreign_and_early_requests_are_logged(
    bob: Student,
    school: School,
    as_person: Callable[[Person], Client],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    tokens = [option.token for option in bob.shown("a").questions[0].options]
    url = bob.api("a", "commits")
    bob.commit("b", "duration", "3 s")
    bob.commit("a", "time", "tampered")
    bob.commit("a", "time", tokens[0])
    bob.commit("a", "time", tokens[1])
    as_person(school.charlie).post(
        url, {"question": "time", "value": tokens[0]}, content_type="application/json"
    )

    assert refusals(caplog) == [
        (403, bob.api("b", "commits")),
        (422, url),
        (409, url),
        (404, url),
    ]
    assert Commit.objects.count() == 1


def test_of_two_tabs_one_prediction_is_stored(bob: Student) -> None:
    tokens = [option.token for option in bob.shown("a").questions[0].options]
    other_tab = state_of(bob.attempt)
    bob.commit("a", "time", tokens[0])

    with pytest.raises(Conflict):
        services.prediction_commit(state=other_tab, part_id="a", answers={"time": tokens[1]})
    _, is_new = services.prediction_commit(
        state=other_tab, part_id="a", answers={"time": tokens[0]}
    )

    assert not is_new
    assert Commit.objects.get().text == bob.shown("a").reveals[0].predicted


def test_the_database_itself_refuses_a_second_commit_and_a_second_attempt(bob: Student) -> None:
    bob.commit_a()
    first = Commit.objects.get()
    attempt = bob.attempt

    with pytest.raises(IntegrityError, match=r"commit_once|UNIQUE"), transaction.atomic():
        Commit.objects.create(
            attempt=attempt, part="a", question="time", option="x", text="y", at=first.at
        )
    with pytest.raises(IntegrityError, match=r"attempt_one_live|UNIQUE"), transaction.atomic():
        Attempt.objects.create(
            person=attempt.person, assignment=attempt.assignment, lab="x", lab_version="1",
            track="cloud", seed="0", started_at=attempt.started_at,
        )  # fmt: skip
    with pytest.raises(TypeError, match="never changed"):
        first.save()


def test_nothing_of_a_form_is_stored_when_one_answer_is_refused(bob: Student) -> None:
    bob.commit_a()
    token = bob.first_token("b", "saver")

    response = bob.client.post(bob.shown("b").commit_url, {"q-saver": token, "q-duration": "soon"})

    assert response.status_code == 422
    assert "does not read as a number" in response.content.decode()
    assert Commit.objects.filter(part="b").count() == 0


def test_who_left_the_course_finds_nothing(bob: Student, school: School) -> None:
    Enrolment.objects.filter(person=school.bob).update(is_active=False)

    assert bob.open().status_code == 404
    assert bob.page("a").status_code == 404


def test_a_request_without_its_csrf_token_is_refused(bob: Student, school: School) -> None:
    strict = Client(enforce_csrf_checks=True)
    session = strict.session
    session["person"] = school.bob.pk
    session.save()
    body = {"question": "time", "value": bob.first_token("a", "time")}

    api = strict.post(bob.api("a", "commits"), body, content_type="application/json")
    form = strict.post(f"/labs/attempts/{bob.attempt.pk}/parts/a/", {"q-time": body["value"]})

    assert (api.status_code, form.status_code) == (403, 403)
    assert Commit.objects.count() == 0


def test_an_attempt_of_an_older_version_is_not_continued(bob: Student) -> None:
    token = bob.first_token("a", "time")
    bob.commit("a", "time", token)
    Attempt.objects.update(lab_version="0")

    assert bob.page("a").status_code == 409
    assert bob.commit("a", "time", token).status_code == 409


def test_an_attempt_without_commits_moves_to_the_new_version(bob: Student) -> None:
    Attempt.objects.update(lab_version="0")

    assert bob.open().status_code == 200
    assert bob.attempt.lab_version == "1"


@pytest.mark.parametrize(
    "body",
    [b"[]", b"{", b'{"at": 5}', b'{"at": {"size": true}}', b'""', b"[" * 99_999 + b"]" * 99_999],
    ids=len,
)
def test_bodies_that_make_no_sense_are_refused(bob: Student, body: bytes) -> None:
    bob.commit_a()
    for what in ("instrument", "commits", "challenge", "job"):
        response = bob.client.post(bob.api("a", what), body, content_type="application/json")
        assert response.status_code in (400, 404, 422), what
        assert response["Content-Type"] == "application/problem+json"
