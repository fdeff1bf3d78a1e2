"""From the briefing to the first reveal, through HTTP as Bob, and what others are refused."""

import gzip
from collections.abc import Callable

from django.test import Client

from courseserver.courses.models import Person
from courseserver.labruntime.models import Attempt, Commit, Exploration, FailureFound
from courseserver.labruntime.state import state_of

from .conftest import School, Student


def test_opening_the_lab_twice_keeps_one_attempt(bob: Student) -> None:
    response = bob.open()

    assert response.status_code == 200
    assert Attempt.objects.count() == 1
    assert response["Cache-Control"] == "private, no-store"
    assert response.context["page"].next_step.label == "Begin with part A"


def test_a_commit_opens_the_instrument_and_the_reveal(bob: Student) -> None:
    assert bob.shown("a").is_locked

    response = bob.commit_a()

    assert response.status_code == 201
    page = bob.shown("a")
    assert not page.is_locked
    assert page.reveals[0].predicted == response.json()["text"]
    assert page.instrument_json["point"]["time"] > 0
    assert page.next_step.url.endswith("/parts/b/")


def test_the_same_value_again_is_fine_and_another_is_refused_with_the_stored_one(
    bob: Student,
) -> None:
    tokens = [option.token for option in bob.shown("a").questions[0].options]
    stored = bob.commit("a", "time", tokens[1]).json()

    again = bob.commit("a", "time", tokens[1])
    other = bob.commit("a", "time", tokens[2])

    assert again.status_code == 200
    assert other.status_code == 409
    assert other.json()["stored"]["value"] == tokens[1]
    assert other.json()["stored"]["text"] == stored["text"]
    assert Commit.objects.count() == 1


def test_the_form_commits_without_scripts(bob: Student) -> None:
    token = bob.first_token("a", "time")

    response = bob.client.post(bob.shown("a").commit_url, {"q-time": token})

    assert response.status_code == 302
    assert not bob.shown("a").is_locked


def test_an_empty_form_is_refused_on_the_page_itself(bob: Student) -> None:
    response = bob.client.post(bob.shown("a").commit_url, {})

    assert response.status_code == 422
    assert "Answer the question first" in response.content.decode()


def test_a_number_is_echoed_before_it_is_committed(bob: Student) -> None:
    bob.commit_a()
    url = bob.shown("b").draft_urls["duration"]

    response = bob.put(url, {"value": "1.5 min"})

    assert response.json()["reading"] == "Read as 1.5 min = 90.0 s"
    question = bob.shown("b").questions[0]
    assert (question.draft, question.reading) == ("1.5 min", "Read as 1.5 min = 90.0 s")


def test_a_part_of_two_questions_opens_when_both_are_committed(bob: Student) -> None:
    bob.commit_a()

    bob.commit("b", "duration", "90")
    assert bob.shown("b").is_locked

    bob.commit("b", "saver", bob.first_token("b", "saver"))
    assert not bob.shown("b").is_locked


def test_a_release_is_recorded_exactly_and_a_failure_is_found_once(bob: Student) -> None:
    bob.commit_a()

    first = bob.release("a", size=14, link=0, compressed=0)
    bob.release("a", size=14, link=0, compressed=0)

    assert first.json()["found"] == ["late"]
    assert Exploration.objects.count() == 2
    row = Exploration.objects.first()
    assert row is not None
    assert row.settings["link"] == "sold"
    assert FailureFound.objects.count() == 1
    page = bob.shown("a")
    assert page.instrument_json["at"] == {"size": 14, "link": 0, "compressed": 0}
    assert page.failures_found == 1


def test_every_knob_has_exact_outputs_and_only_curves_it_moves(bob: Student) -> None:
    bob.commit_a()
    bob.commit_b()

    sheet = bob.client.get(bob.api("a", "instrument")).json()

    assert len(sheet["slices"]["size"]["time"]) == 15
    assert len(sheet["slices"]["link"]["bound"]) == 2
    assert list(sheet["curves"]) == ["at", "size"]
    assert list(sheet["curves"]["size"]) == ["times"]
    moved = bob.release("a", size=3, link=1, compressed=1).json()
    assert moved["point"]["time"] == sheet["slices"]["size"]["time"][3] / 4


def test_an_instrument_travels_compressed(bob: Student) -> None:
    bob.commit_a()
    plain = bob.client.get(bob.api("a", "instrument"))

    packed = bob.client.get(bob.api("a", "instrument"), headers={"Accept-Encoding": "gzip"})

    assert packed["Content-Encoding"] == "gzip"
    assert len(packed.content) < len(plain.content) / 2
    assert gzip.decompress(packed.content) == plain.content


def test_settings_that_answer_a_later_part_are_gaps_until_it_is_committed(bob: Student) -> None:
    bob.commit_a()
    asked = state_of(bob.attempt).instance("b").params["size"]
    sheet = bob.client.get(bob.api("a", "instrument")).json()
    steps = next(knob["steps"] for knob in sheet["knobs"] if knob["id"] == "size")
    there = steps.index(asked)

    hidden = bob.release("a", size=there, link=0, compressed=0).json()
    gaps = [i for i, x in enumerate(sheet["slices"]["size"]["time"]) if x is None]
    bob.commit_b()
    shown = bob.release("a", size=there, link=0, compressed=0).json()

    assert gaps == [there]
    assert sheet["curves"]["size"]["times"][there] is None
    assert hidden["withheld"] is True
    assert hidden["point"] == {"time": None, "bound": None, "late": None, "deadline": None}
    assert hidden["slices"]["link"]["time"] == [None, None]
    assert hidden["found"] == []
    assert shown["withheld"] is False
    assert None not in shown["slices"]["size"]["time"]


def test_an_early_request_is_refused(bob: Student) -> None:
    assert bob.page("b").status_code == 403
    assert bob.commit("b", "duration", "90").status_code == 403
    assert bob.client.get(bob.api("a", "instrument")).status_code == 403
    assert bob.release("a", size=0, link=0, compressed=0).status_code == 403
    assert bob.post(bob.api("a", "challenge"), {"at": {}}).status_code == 403


def test_a_tampered_value_is_refused(bob: Student) -> None:
    assert bob.commit("a", "time", "right").status_code == 422
    assert bob.commit("a", "time", "0" * 16).status_code == 422
    assert bob.commit("a", "nothing", "1").status_code == 422
    assert bob.commit("z", "time", "1").status_code == 404
    bob.commit_a()
    assert bob.release("a", size=99, link=0, compressed=0).status_code == 422
    assert bob.release("a", size=1).status_code == 422


def test_a_foreign_person_finds_nothing(
    bob: Student, school: School, as_person: Callable[[Person], Client]
) -> None:
    bob.commit_a()

    for stranger in (school.charlie, school.dora, school.alice):
        client = as_person(stranger)
        assert client.get(f"/labs/attempts/{bob.attempt.pk}/parts/a/").status_code == 404
        assert client.get(bob.api("a", "instrument")).status_code == 404
        body = {"question": "time", "value": "x"}
        posted = client.post(bob.api("a", "commits"), body, content_type="application/json")
        assert posted.status_code == 404


def test_without_a_session_nothing_opens(bob: Student) -> None:
    assert Client().get(bob.home).status_code == 403
    assert Client().get(bob.api("a", "instrument")).status_code == 401


def test_staff_void_an_attempt_and_the_next_has_a_fresh_seed(
    bob: Student, school: School, as_person: Callable[[Person], Client]
) -> None:
    bob.commit_a()
    old = bob.attempt
    url = f"/api/attempts/{old.pk}/void"

    refused = bob.post(url, {"reason": "I want another go"})
    others = as_person(school.dora).post(url, {"reason": "!"}, content_type="application/json")
    voided = as_person(school.alice).post(
        url, {"reason": "Power cut in class"}, content_type="application/json"
    )
    bob.open()

    assert refused.status_code == 403
    assert others.status_code == 404, "a classmate learns not even that the attempt exists"
    assert voided.status_code == 204
    assert bob.attempt.pk != old.pk
    assert bob.attempt.seed != old.seed
    assert bob.shown("a").is_locked
    # Who, when and why stand in the student's own history.
    trail = as_person(school.alice).get(
        f"/grading/courses/{school.course.pk}/students/{school.bob.pk}/"
    )
    assert "Attempt voided (Power cut in class)" in trail.content.decode()


def test_the_track_can_be_chosen_until_the_first_commit(bob: Student) -> None:
    url = f"/labs/attempts/{bob.attempt.pk}/track/"

    assert bob.client.post(url, {"track": "tiny"}).status_code == 302
    assert bob.attempt.track == "tiny"
    assert bob.shown("a").story.who == "Bo Ek"
    bob.commit_a()
    assert bob.client.post(url, {"track": "cloud"}).status_code == 409
    assert bob.client.post(url, {"track": "moon"}).status_code == 422
