"""The check on hardware: from the wish through the kit's measurements to the table."""

import pytest

from courseserver.common import clock
from courseserver.grading.models import Submission
from courseserver.kits.enrolment import kit_create
from courseserver.kits.models import Kit, KitJob, Measurement
from firmware_specs.wire import Outcome

from .conftest import School, Student

TASKS = ("copy_bandwidth", "gemm")


@pytest.fixture
def ready(bob: Student, school: School) -> Student:
    """Return Bob in part B, with a kit online in his course."""
    kit_create(name="bench-1", board_id="host-linux", course=school.course, actor="test")
    told = [{"task": name, "available": True, "detail": ""} for name in TASKS]
    Kit.objects.update(last_seen_at=clock.now(), presence="online", birth={"tasks": told})
    bob.commit_a()
    bob.commit_b()
    return bob


def test_a_kit_that_cannot_run_the_tasks_does_not_count(ready: Student) -> None:
    told = [{"task": name, "available": False, "detail": "not installed"} for name in TASKS]
    Kit.objects.update(birth={"tasks": told})

    assert not ready.shown("b").reality.kit_available
    assert ready.post(ready.api("b", "reality"), {"mode": "kit"}).status_code == 409


def measure(job: KitJob, name: str, value: float) -> None:
    Measurement.objects.create(
        message_id=f"m-{name}", job=job, kit=Kit.objects.get(), request_id=name, attempt=1,
        task="copy_bandwidth", outcome=Outcome.MEASURED.value, value=value, low=0.9 * value,
        high=1.1 * value, n=5, unit="s", evidence="measured", verdict="plausible",
        received_at=clock.now(),
    )  # fmt: skip


def finish(job: KitJob, state: str, message: str) -> None:
    KitJob.objects.filter(pk=job.pk).update(state=state, message=message, done=2)


def test_measurements_are_asked_for_and_shown_beside_the_prediction(ready: Student) -> None:
    asked = ready.post(ready.api("b", "reality"), {"mode": "kit"})
    assert asked.status_code == 202, asked.content
    assert asked.json()["mode"] == "running"
    assert asked.json()["poll_ms"]
    job = KitJob.objects.get()
    measure(job, "bandwidth", 1e10)
    measure(job, "copy_large", 0.008)
    finish(job, "done", "Measured on bench-1")

    polled = ready.client.get(ready.api("b", "reality")).json()
    shown = ready.shown("b").reality

    assert (polled["mode"], polled["poll_ms"]) == ("measured", None)
    assert shown.mode == "measured"
    assert shown.message == "Measured on bench-1"
    assert shown.rows[0].predicted == "6.40 ms"
    assert shown.rows[0].measured == "8.00 ms (7.20 ms to 8.80 ms), 5 runs"
    assert shown.rows[0].measured_evidence == "measured"
    assert shown.rows[0].checked == "plausible"
    assert shown.rows[0].ratio == "1.25×"
    assert shown.calibration[0].text == "10.0 GB/s"


def test_what_an_emulator_said_and_what_the_kit_doubts_are_not_called_plainly_measured(
    ready: Student,
) -> None:
    ready.post(ready.api("b", "reality"), {"mode": "kit"})
    job = KitJob.objects.get()
    measure(job, "bandwidth", 1e10)
    measure(job, "copy_large", 0.008)
    Measurement.objects.update(evidence="emulated")
    Measurement.objects.filter(request_id="copy_large").update(detail="spread 22% exceeds 15%")
    finish(job, "done", "Measured on bench-1")

    shown = ready.shown("b").reality
    page = ready.client.get(f"/labs/attempts/{ready.attempt.pk}/parts/b/").content.decode()

    assert shown.evidence == "emulated"
    assert '<span class="chip emulated">Emulated</span>' in page
    assert "emulated, 10th to 90th percentile" in page
    assert "1 of 2 measurements is doubtful: spread 22% exceeds 15%." in page


def test_what_was_measured_goes_with_the_submission_and_into_the_ledger(ready: Student) -> None:
    ready.post(ready.api("b", "reality"), {"mode": "kit"})
    job = KitJob.objects.get()
    measure(job, "bandwidth", 1e10)
    measure(job, "copy_large", 0.008)
    finish(job, "done", "Measured")
    url = f"/labs/attempts/{ready.attempt.pk}/synthesis/"

    ready.client.post(url, {"log": "word " * 12, "action": "hand-in"})

    numbers = Submission.objects.get().evidence["numbers"]
    measured = [n for n in numbers if n["evidence"] == "measured"]
    assert [(n["label"], n["value"]) for n in measured] == [("Large copy", 0.008)]
    page = ready.client.get(f"/labs/attempts/{ready.attempt.pk}/ledger/").context["page"]
    told = next(entry for entry in page.entries if entry.kind == "measured")
    assert told.text == "1 workload: measured is 1.25× the predicted time."
    assert told.evidence == "measured"


def test_what_an_own_kit_measured_is_shown_as_self_reported_and_counts_for_no_mark(
    ready: Student,
) -> None:
    Kit.objects.update(owner=ready.person)
    ready.post(ready.api("b", "reality"), {"mode": "kit"})
    job = KitJob.objects.get()
    measure(job, "bandwidth", 1e10)
    measure(job, "copy_large", 0.008)
    finish(job, "done", "Measured on bench-1")
    assert ready.shown("b").reality.message == "Measured on bench-1, self-reported by your own kit"

    url = f"/labs/attempts/{ready.attempt.pk}/synthesis/"
    ready.client.post(url, {"log": "word " * 12, "action": "hand-in"})

    numbers = Submission.objects.get().evidence["numbers"]
    assert "measured" not in {number["evidence"] for number in numbers}


def test_without_its_calibration_the_table_says_what_is_missing(ready: Student) -> None:
    ready.post(ready.api("b", "reality"), {"mode": "kit"})
    job = KitJob.objects.get()
    measure(job, "copy_large", 0.008)
    finish(job, "done", "Measured")

    shown = ready.shown("b").reality

    assert shown.mode == "none"
    assert "'bandwidth' is missing" in shown.message


def test_a_failed_or_cancelled_kit_job_leaves_the_choice_open(ready: Student) -> None:
    ready.post(ready.api("b", "reality"), {"mode": "kit"})

    asked = ready.client.delete(ready.api("b", "reality")).json()
    finish(KitJob.objects.get(), "cancelled", "Cancelled")
    cancelled = ready.client.get(ready.api("b", "reality")).json()

    assert asked["mode"] == "running", "the kit has it and must say that it stopped"
    assert "ancel" in asked["message"]
    assert cancelled["mode"] == "none"
    assert cancelled["kit_available"] is True
    assert ready.post(ready.api("b", "reality"), {"mode": "simulation"}).status_code == 202
    assert ready.shown("b").reality.mode == "simulation"


def test_hardware_is_not_asked_before_the_commit(bob: Student) -> None:
    bob.commit_a()

    assert bob.post(bob.api("b", "reality"), {"mode": "kit"}).status_code == 403
    assert KitJob.objects.count() == 0


def test_a_part_without_hardware_says_so(ready: Student) -> None:
    assert ready.client.get(ready.api("a", "reality")).status_code == 404
    assert ready.post(ready.api("a", "reality"), {"mode": "moon"}).status_code == 400
