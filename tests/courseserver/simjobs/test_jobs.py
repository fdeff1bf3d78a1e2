"""A simulation from the wish to the result, and every way it can go astray."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.test import Client
from pytest_django import DjangoCaptureOnCommitCallbacks

from courseserver.common import clock
from courseserver.courses.models import Person
from courseserver.simjobs import running, services, tasks
from courseserver.simjobs.models import Job, JobState, JobUnit
from labs.loader import load_folder

LAB = load_folder(Path(__file__).resolve().parents[2] / "labs" / "fixture_lab")
MODEL: Any = LAB.parts[1].model.job
INPUTS = {"size": 1e6, "loss": 0.1, "packets": 1000}

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "load_lab", lambda slug: LAB)


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the ids sent to the broker, which nobody reads here."""
    sent: list[str] = []
    monkeypatch.setattr(tasks.run, "delay", sent.append)
    return sent


@pytest.fixture
def bob() -> Person:
    return Person.objects.create()


def request(person: Person, **changed: Any) -> Job:
    inputs = {**INPUTS, **changed}
    return services.job_request(person=person, lab=LAB, part_id="b", model=MODEL, inputs=inputs)


def as_client(person: Person) -> Client:
    client = Client()
    session = client.session
    session["person"] = person.pk
    session.save()
    return client


def lose(job: Job) -> None:
    """Leave the job as a worker does that was killed: running, its lease run out."""
    services.job_claim(job_id=job.pk, worker="dead")
    Job.objects.filter(pk=job.pk).update(lease_until=clock.now() - timedelta(seconds=1))


def test_a_job_runs_to_its_result(
    bob: Person, published: list[str], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        job = request(bob)
    assert published == [job.pk]

    running.job_run(job.pk)

    job.refresh_from_db()
    assert job.state == JobState.DONE
    assert job.units_done == job.units_total == JobUnit.objects.count()
    assert job.result is not None
    tries = job.result["values"]["tries"]
    assert tries["low"] < 1 / 0.9 < tries["high"] + 0.05


def test_the_same_inputs_share_one_job_and_other_inputs_do_not(bob: Person) -> None:
    dora = Person.objects.create()

    assert request(bob).pk == request(dora).pk
    assert request(bob, loss=0.5).pk != request(bob).pk


def test_a_broker_that_is_down_leaves_the_job_to_the_sweeper(
    bob: Person,
    published: list[str],
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    def down(_: str) -> None:
        raise ConnectionError("no broker")

    monkeypatch.setattr(tasks.run, "delay", down)
    with django_capture_on_commit_callbacks(execute=True):
        job = request(bob)
    assert job.state == JobState.QUEUED
    monkeypatch.setattr(tasks.run, "delay", published.append)
    Job.objects.update(published_at=clock.now() - timedelta(minutes=1))

    services.jobs_sweep()

    assert published == [job.pk]


def test_two_messages_for_one_job_give_one_worker(bob: Person) -> None:
    job = request(bob)

    assert services.job_claim(job_id=job.pk, worker="one") is not None
    assert services.job_claim(job_id=job.pk, worker="two") is None


def test_a_lost_job_goes_on_and_gives_the_same_result(
    bob: Person, published: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    job, twin = request(bob), request(bob, size=2e6)
    Job.objects.filter(pk=twin.pk).update(seed=job.seed)
    running.job_run(twin.pk)
    lose(job)
    seeds = np.random.SeedSequence(int(job.seed, 16)).spawn(job.units_total)
    for number in (0, 1, 5):
        result = MODEL.run_unit(job.inputs, seeds[number])
        JobUnit.objects.create(job=job, number=number, result=result, at=clock.now())

    assert services.jobs_sweep() == 1
    running.job_run(job.pk)

    job.refresh_from_db()
    twin.refresh_from_db()
    assert (job.state, job.losses) == (JobState.DONE, 1)
    assert job.result == twin.result


def test_a_job_lost_again_and_again_is_given_up(bob: Person, published: list[str]) -> None:
    job = request(bob)
    for _ in range(3):
        lose(job)
        services.jobs_sweep()

    job.refresh_from_db()
    assert job.state == JobState.FAILED
    assert "lost 3 times" in job.error
    assert request(bob).state == JobState.QUEUED


def test_a_worker_that_lost_its_lease_stops_and_changes_nothing(
    bob: Person, published: list[str]
) -> None:
    job = request(bob)
    slow = services.job_claim(job_id=job.pk, worker="slow")
    assert slow is not None
    Job.objects.update(lease_until=clock.now() - timedelta(seconds=1))
    assert services.job_claim(job_id=job.pk, worker="fast") is not None

    assert not services.job_beat(job=slow, worker="slow")
    assert not services.job_close(job=slow, worker="slow", state=JobState.FAILED)
    job.refresh_from_db()
    assert (job.state, job.worker) == (JobState.RUNNING, "fast")


def test_cancelling_stops_between_units(
    bob: Person, monkeypatch: pytest.MonkeyPatch, published: list[str]
) -> None:
    job = request(bob)
    run_unit = type(MODEL).run_unit

    def cancel_after_two(self: Any, inputs: Any, seed: Any) -> Any:
        if JobUnit.objects.count() == 2:
            services.job_drop(person=bob, job=job)
        return run_unit(self, inputs, seed)

    monkeypatch.setattr(type(MODEL), "run_unit", cancel_after_two)

    running.job_run(job.pk)

    job.refresh_from_db()
    assert job.state == JobState.CANCELLED
    assert JobUnit.objects.count() == 3


def test_a_cancelled_job_asked_for_again_goes_on_from_where_it_was(bob: Person) -> None:
    job = request(bob)
    JobUnit.objects.create(job=job, number=0, result={"mean": 9.0}, at=clock.now())
    services.job_drop(person=bob, job=job)

    again = request(bob)
    running.job_run(again.pk)

    again.refresh_from_db()
    assert (again.pk, again.state) == (job.pk, JobState.DONE)
    assert JobUnit.objects.get(number=0).result == {"mean": 9.0}


def test_a_job_somebody_else_waits_for_is_not_cancelled(bob: Person) -> None:
    dora = Person.objects.create()
    job = request(bob)
    request(dora)

    assert services.job_drop(person=bob, job=job).state == JobState.QUEUED
    assert services.job_drop(person=dora, job=job).state == JobState.CANCELLED


def test_a_long_run_goes_to_the_back_of_the_queue(
    bob: Person, published: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "TURN_S", -1.0)
    job = request(bob)

    running.job_run(job.pk)

    job.refresh_from_db()
    assert (job.state, job.losses) == (JobState.QUEUED, 0)
    assert published == [job.pk]


def test_a_fault_in_the_model_fails_the_job_without_a_traceback_for_people(
    bob: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: Any, inputs: Any, seed: Any) -> Any:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(type(MODEL), "run_unit", broken)
    job = request(bob)

    running.job_run(job.pk)

    job.refresh_from_db()
    assert job.state == JobState.FAILED
    assert "secret" not in job.error


def test_a_job_of_an_older_lab_says_so(bob: Person) -> None:
    job = request(bob)
    Job.objects.update(lab_version="0")

    running.job_run(job.pk)

    job.refresh_from_db()
    assert "changed to version 1" in job.error


def test_polling_costs_nothing_while_nothing_changes(bob: Person) -> None:
    job = request(bob)
    client = as_client(bob)

    first = client.get(f"/api/jobs/{job.pk}")
    again = client.get(f"/api/jobs/{job.pk}", headers={"If-None-Match": first["ETag"]})
    running.job_run(job.pk)
    after = client.get(f"/api/jobs/{job.pk}", headers={"If-None-Match": first["ETag"]})

    assert first.json()["poll_ms"] == 1000
    assert (again.status_code, again.content) == (304, b"")
    assert (after.status_code, after.json()["state"]) == (200, "done")
    assert after.json()["poll_ms"] is None


def test_polling_is_as_cheap_when_answers_travel_compressed(bob: Person) -> None:
    client = as_client(bob)
    url = f"/api/jobs/{request(bob).pk}"

    first = client.get(url, headers={"Accept-Encoding": "gzip"})
    again = client.get(url, headers={"Accept-Encoding": "gzip", "If-None-Match": first["ETag"]})

    assert again.status_code == 304


def test_a_stranger_finds_no_job_and_cannot_cancel_it(bob: Person) -> None:
    job = request(bob)
    charlie = as_client(Person.objects.create())

    assert charlie.get(f"/api/jobs/{job.pk}").status_code == 404
    assert charlie.delete(f"/api/jobs/{job.pk}").status_code == 404
    assert as_client(bob).delete(f"/api/jobs/{job.pk}").json()["state"] == "cancelled"
