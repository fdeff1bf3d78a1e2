"""API and pages over HTTP, as alice, tom, bob and strangers; each success has a refusal."""

import json
from typing import Any

import pytest
from django.test import Client

from courseserver.courses.models import Role
from courseserver.kits import queue
from courseserver.kits.models import Kit, KitJob
from courseserver.kits.states import JobState, KitHealth
from tests.courseserver.kits.conftest import Bench


def post(client: Client, path: str, body: dict[str, Any]) -> Any:
    return client.post(path, json.dumps(body), content_type="application/json")


def asked(bench: Bench, **changes: Any) -> dict[str, Any]:
    tasks = [{"id": "g", "task": "gemm", "arguments": {"m": 64, "n": 64, "k": 64}}]
    return {"course": bench.course.id, "purpose": "lab 11", "tasks": tasks, **changes}


# --- jobs ---------------------------------------------------------------------------------------
def test_a_student_asks_watches_and_reads_measurements(bench: Bench) -> None:
    kit = bench.kit()
    client = bench.client(bench.bob)

    made = post(client, "/api/kit-jobs", asked(bench))
    job = KitJob.objects.get()
    bench.hear(kit, bench.result(job, "g"))
    body = client.get(f"/api/kit-jobs/{job.id}").json()

    assert made.status_code == 201
    assert (body["state"], body["done"], body["poll_ms"]) == ("done", 1, None)
    (measured,) = body["measurements"]
    assert (measured["id"], measured["value"], measured["unit"]) == ("g", 2e-4, "s")
    assert (measured["evidence"], measured["energy_why_not"]) == ("measured", "no meter")


def test_nothing_changed_costs_no_body(bench: Bench) -> None:
    job = bench.ask()
    client = bench.client(bench.bob)

    etag = client.get(f"/api/kit-jobs/{job.id}")["ETag"]
    again = client.get(f"/api/kit-jobs/{job.id}", headers={"If-None-Match": etag})

    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("method", ["get", "delete"])
@pytest.mark.parametrize("who", ["bea", "charlie", None])
def test_somebody_elses_job_does_not_exist(bench: Bench, who: str | None, method: str) -> None:
    job = bench.ask(bench.bob)
    client = bench.client(getattr(bench, who) if who else None)

    response = getattr(client, method)(f"/api/kit-jobs/{job.id}")

    assert response.status_code == (404 if who else 401)
    assert bench.now(job).state == JobState.QUEUED


def test_staff_see_and_cancel_a_students_job(bench: Bench) -> None:
    job = bench.ask(bench.bob)

    response = bench.client(bench.tom).delete(f"/api/kit-jobs/{job.id}")

    assert response.json()["state"] == "cancelled"


def test_a_student_cancels_the_own_job(bench: Bench) -> None:
    job = bench.ask(bench.bob)

    response = bench.client(bench.bob).delete(f"/api/kit-jobs/{job.id}")

    assert response.json()["state"] == "cancelled"


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"course": "crs_none"}, 404),
        ({"tasks": []}, 422),
        ({"tasks": [{"id": "a", "task": "mine_bitcoin"}]}, 422),
        ({"tasks": [{"id": "a", "task": "gemm", "arguments": {"m": [1]}}]}, 422),
        ({"tasks": [{"id": "a", "task": "gemm", "arguments": {"m": None}}]}, 422),
        ({"tasks": "gemm"}, 400),
        ({"purpose": ""}, 400),
    ],
)
def test_a_senseless_request_is_refused(bench: Bench, changes: dict[str, Any], status: int) -> None:
    response = post(bench.client(bench.bob), "/api/kit-jobs", asked(bench, **changes))

    assert response.status_code == status
    assert KitJob.objects.count() == 0


def test_a_stranger_learns_not_even_that_the_course_exists(bench: Bench) -> None:
    assert post(bench.client(bench.charlie), "/api/kit-jobs", asked(bench)).status_code == 404


def test_a_request_without_the_sessions_token_is_refused(bench: Bench) -> None:
    client = bench.client(bench.bob)
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = client.cookies

    assert post(strict, "/api/kit-jobs", asked(bench)).status_code == 403


def test_a_student_sees_the_kits_that_are_there(bench: Bench) -> None:
    bench.kit("own", course=bench.course)
    bench.kit("shared")
    bench.kit("away", is_there=False)

    rows = bench.client(bench.bob).get(f"/api/kits?course={bench.course.id}").json()

    assert [(row["name"], row["is_shared"]) for row in rows] == [("own", False), ("shared", True)]
    assert "secret" not in json.dumps(rows)


def test_a_stranger_sees_no_kits(bench: Bench) -> None:
    bench.kit()

    response = bench.client(bench.charlie).get(f"/api/kits?course={bench.course.id}")

    assert response.status_code == 404


# --- the bench's pages --------------------------------------------------------------------------
@pytest.mark.parametrize("who", ["alice", "tom"])
def test_staff_see_who_runs_what(bench: Bench, who: str) -> None:
    bench.kit("bench-1")
    bench.ask(bench.bob, purpose="lab 11 part A")

    answer = bench.client(getattr(bench, who)).get(f"/kits/{bench.course.id}/")
    page = answer.content.decode()

    assert "no-store" in answer["Cache-Control"]
    assert "bench-1" in page
    assert "Bob Costa: lab 11 part A, 0 of 2" in page
    assert "The bridge is not running" in page


@pytest.mark.parametrize(("who", "status"), [("bob", 403), ("charlie", 404), (None, 403)])
def test_the_bench_is_closed_to_others(bench: Bench, who: str | None, status: int) -> None:
    client = bench.client(getattr(bench, who) if who else None)

    assert client.get(f"/kits/{bench.course.id}/").status_code == status


def test_another_courses_people_are_not_named_on_a_shared_kit(bench: Bench) -> None:
    other = bench.new_course("Other")
    dan = bench.person("Dan Other", Role.INSTRUCTOR, other)
    bench.kit("shared")
    bench.ask(bench.bob)

    page = bench.client(dan).get(f"/kits/{other.id}/").content.decode()

    assert "a job of another course" in page
    assert "Bob" not in page


def test_an_instructor_revokes_a_kit_of_the_course(bench: Bench) -> None:
    kit = bench.kit("own", course=bench.course)
    path = f"/kits/{bench.course.id}/kits/{kit.id}/revoke/"

    assert bench.client(bench.tom).post(path).status_code == 403
    assert Kit.objects.get(pk=kit.pk).health == KitHealth.ACTIVE
    assert bench.client(bench.alice).post(path).status_code == 302
    assert Kit.objects.get(pk=kit.pk).health == KitHealth.REVOKED


def test_revoking_is_asked_first_and_of_nobody_else(bench: Bench) -> None:
    kit = bench.kit("Bench 1", course=bench.course)
    own = bench.kit("mine", course=bench.course, owner=bench.bob)

    def path(which: Kit) -> str:
        return f"/kits/{bench.course.id}/kits/{which.id}/revoke/"

    asked = bench.client(bench.alice).get(path(kit)).content.decode()

    assert "Revoke Bench 1?" in asked
    assert Kit.objects.get(pk=kit.pk).health == KitHealth.ACTIVE
    assert "Remove mine?" in bench.client(bench.bob).get(path(own)).content.decode()
    assert bench.client(bench.bob).get(path(kit)).status_code in (403, 404)
    assert bench.client(bench.bea).get(path(own)).status_code in (403, 404)
    assert bench.client(bench.charlie).get(path(kit)).status_code == 404


def test_a_shared_kit_is_not_one_courses_to_revoke(bench: Bench) -> None:
    kit = bench.kit("shared")

    response = bench.client(bench.alice).post(f"/kits/{bench.course.id}/kits/{kit.id}/revoke/")

    assert response.status_code == 404


def test_a_sick_kit_is_put_back(bench: Bench) -> None:
    kit = bench.kit("own", course=bench.course)
    Kit.objects.filter(pk=kit.pk).update(health=KitHealth.SICK, failures=3)

    bench.client(bench.alice).post(f"/kits/{bench.course.id}/kits/{kit.id}/restore/")

    kit.refresh_from_db()
    assert (kit.health, kit.failures) == (KitHealth.ACTIVE, 0)


def press(bench: Bench, who: str, kit: Kit, what: str) -> int:
    path = f"/kits/{bench.course.id}/kits/{kit.id}/{what}/"
    return bench.client(getattr(bench, who)).post(path).status_code


def test_a_drained_kit_finishes_its_job_and_takes_no_other(bench: Bench) -> None:
    kit = bench.kit(course=bench.course)
    running = bench.ask(bench.bob, 64)

    assert press(bench, "alice", kit, "drain") == 302
    waiting = bench.ask(bench.bea, 64)
    bench.hear(kit, bench.result(running, "g64"))
    queue.jobs_assign()

    assert bench.now(running).state == "done"
    assert bench.now(waiting).state == "queued"
    assert "draining" in bench.client(bench.alice).get(f"/kits/{bench.course.id}/").content.decode()
    press(bench, "alice", kit, "restore")
    queue.jobs_assign()
    assert bench.now(waiting).state == "sent"


def test_a_kit_marked_sick_hands_its_job_to_another_at_once(bench: Bench) -> None:
    kit = bench.kit("one", course=bench.course)
    job = bench.ask(bench.bob, 64)
    other = bench.kit("two", course=bench.course)

    assert press(bench, "alice", kit, "sick") == 302
    queue.jobs_assign()

    kit.refresh_from_db()
    assert (kit.health, bench.now(job).kit_id) == ("sick", other.id)


@pytest.mark.parametrize("what", ["drain", "sick", "restore", "revoke"])
@pytest.mark.parametrize("who", ["tom", "bob", "charlie"])
def test_only_instructors_take_a_courses_kit_out_of_service(
    bench: Bench, who: str, what: str
) -> None:
    kit = bench.kit(course=bench.course)

    assert press(bench, who, kit, what) in (403, 404)

    kit.refresh_from_db()
    assert kit.health == "active"


def test_a_student_removes_the_own_kit_and_no_other(bench: Bench) -> None:
    mine = bench.kit("mine", course=bench.course, owner=bench.bob)

    assert press(bench, "bea", mine, "revoke") == 403
    assert press(bench, "bob", mine, "revoke") == 302

    mine.refresh_from_db()
    assert mine.health == "revoked"


def test_a_student_sees_how_the_own_kit_is(bench: Bench) -> None:
    own = bench.kit("mine", course=bench.course, owner=bench.bob, holds="arduino-uno-r3")
    bench.kit("hers", course=bench.course, owner=bench.bea)
    path = f"/deploy/{bench.course.id}/"

    page = bench.client(bench.bob).get(path).content.decode()
    Kit.objects.filter(pk=own.pk).update(health=KitHealth.SICK, failures=3)
    sick = bench.client(bench.bob).get(path).content.decode()

    assert "Linux host with Arduino Uno R3" in page
    assert '<span class="chip good">ready</span>' in page
    assert "hers" not in page
    assert "3 failures in a row: mend it, then ask your instructor to put it back" in sick


def test_a_kit_with_a_job_is_busy_before_it_says_so(bench: Bench) -> None:
    bench.kit("shelf", course=bench.course)
    bench.ask(bench.bob)

    page = bench.client(bench.tom).get(f"/kits/{bench.course.id}/").content.decode()

    assert '<span class="chip good">busy</span>' in page


def test_staff_see_which_board_a_bench_computer_holds(bench: Bench) -> None:
    bench.kit("shelf", course=bench.course, board="raspberry-pi-5", holds="arduino-uno-r3")

    page = bench.client(bench.tom).get(f"/kits/{bench.course.id}/").content.decode()

    assert "Raspberry Pi 5 with Arduino Uno R3" in page


def test_staff_see_whose_kit_it_is(bench: Bench) -> None:
    bench.kit("mine", course=bench.course, owner=bench.bob)

    page = bench.client(bench.tom).get(f"/kits/{bench.course.id}/").content.decode()

    assert "Bob Costa’s own" in page


def test_where_sections_are_apart_an_assistant_reads_no_name_of_another(bench: Bench) -> None:
    bench.course.sections_apart = True
    bench.course.save()
    sections = {bench.tom: "Monday", bench.bob: "Monday", bench.bea: "Tuesday"}
    for person, section in sections.items():
        person.enrolments.update(sections=[section])
    bench.ask(bench.bob)
    bench.ask(bench.bea, 32)
    bench.kit("hers", course=bench.course, owner=bench.bea)

    path = f"/kits/{bench.course.id}/"
    assistants = bench.client(bench.tom).get(path).content.decode()
    instructors = bench.client(bench.alice).get(path).content.decode()

    assert "Bob Costa" in assistants
    assert "Bea Wei" not in assistants
    assert "A student of another section" in assistants
    assert "Bea Wei" in instructors


def test_where_sections_are_apart_an_assistant_reaches_no_job_of_another(bench: Bench) -> None:
    bench.course.sections_apart = True
    bench.course.save()
    sections = {bench.tom: "Monday", bench.bob: "Monday", bench.bea: "Tuesday"}
    for person, section in sections.items():
        person.enrolments.update(sections=[section])
    near, far = bench.ask(bench.bob), bench.ask(bench.bea, 32)
    client = bench.client(bench.tom)

    path = f"/kits/{bench.course.id}/"
    assert client.get(f"/api/kit-jobs/{near.id}").status_code == 200
    assert client.get(f"/api/kit-jobs/{far.id}").status_code == 404
    assert f"jobs/{near.id}/cancel" in client.get(path).content.decode()
    assert f"jobs/{far.id}/cancel" not in client.get(path).content.decode()
    assert client.post(f"{path}jobs/{far.id}/cancel/").status_code == 404
    assert bench.now(far).state == JobState.QUEUED


def test_staff_cancel_from_the_bench(bench: Bench) -> None:
    job = bench.ask(bench.bob)
    path = f"/kits/{bench.course.id}/jobs/{job.id}/cancel/"

    assert bench.client(bench.bob).post(path).status_code == 403
    bench.client(bench.tom).post(path)

    assert bench.now(job).state == JobState.CANCELLED
