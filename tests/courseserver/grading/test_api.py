from django.urls import reverse

from courseserver.courses.models import Role, SendMode
from tests.courseserver.grading.classroom import Classroom


def test_staff_read_the_gradebook_and_nobody_else_does(room: Classroom) -> None:
    room.mode(SendMode.LIVE)
    room.mark(room.submit(challenge=0.5), "full")
    room.drain()
    url = reverse("api-gradebook", args=[room.assignment.id])

    answer = room.client(room.tom).get(url)

    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    bea, bob = answer.json()["results"]
    assert (bob["name"], bob["points"], bob["lms_points"]) == ("Bob Costa", 85.0, 85.0)
    assert (bob["send_state"], bob["is_full"]) == ("in_lms", True)
    assert (bea["points"], bea["send_state"], bea["state_words"]) == (None, "", "Not started")
    assert room.client(room.bob).get(url).status_code == 403
    assert room.client(room.charlie).get(url).status_code == 404
    assert room.client(None).get(url).status_code in (401, 403)


def test_long_gradebooks_come_in_pages(room: Classroom) -> None:
    answer = room.client(room.tom).get(
        reverse("api-gradebook", args=[room.assignment.id]), {"limit": "1"}
    )

    assert answer.json()["count"] == 2
    assert len(answer.json()["results"]) == 1
    assert answer.json()["next"]


def test_owner_and_staff_read_what_became_of_an_attempt(room: Classroom) -> None:
    room.submit(attempt_id="att_bob", challenge=0.5)
    url = reverse("api-submission", args=["att_bob"])
    eve = room.person("Eve Other", Role.INSTRUCTOR, room.new_course("Another course"))

    answer = room.client(room.bob).get(url)

    assert answer.status_code == 200
    body = answer.json()
    assert (body["points"], body["is_full"], body["send_state"]) == (55.0, False, "held")
    assert body["log_levels"] == {}
    waiting = {section["id"]: section["points"] for section in body["sections"]}
    assert waiting == {"completion": 40.0, "decision_log": None, "challenge": 15.0}
    assert room.client(room.tom).get(url).status_code == 200
    assert room.client(room.bea).get(url).status_code == 404
    assert room.client(room.charlie).get(url).status_code == 404
    assert room.client(eve).get(url).status_code == 404


def test_an_attempt_not_handed_in_is_not_found(room: Classroom) -> None:
    url = reverse("api-submission", args=["att_nothing"])

    assert room.client(room.bob).get(url).status_code == 404


def test_the_view_of_an_older_attempt_says_that_another_counts(room: Classroom) -> None:
    room.submit(attempt_id="att_old")
    room.clock.pass_s(60)
    room.submit(attempt_id="att_new")

    answers = {
        name: room.client(room.bob).get(reverse("api-submission", args=[name])).json()["counts"]
        for name in ("att_old", "att_new")
    }
    assert answers == {"att_old": False, "att_new": True}
