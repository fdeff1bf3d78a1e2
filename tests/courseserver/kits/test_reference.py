"""The daily reference job, its alarm, and what cannot be measured at all."""

from datetime import timedelta

import pytest

from courseserver.kits import reference, sweeping
from courseserver.kits.models import Kit, KitJob, KitLog, Measurement
from courseserver.kits.states import JobKind, JobState
from firmware_specs.wire import KitState, Status
from tests.courseserver.kits.conftest import Bench

USUAL_S = 0.0100


def settled(bench: Bench, **kit: object) -> Kit:
    made = bench.kit(**kit)  # type: ignore[arg-type]
    Kit.objects.filter(pk=made.pk).update(created_at=bench.clock.now() - timedelta(hours=1))
    return made


def a_day(bench: Bench, kit: Kit, time_s: float) -> KitJob:
    """Let a day pass, and the kit answer its reference job."""
    bench.clock.pass_s(90_000)
    bench.hear(kit, Status(state=KitState.ONLINE, at_utc="now"))
    sweeping.sweep()
    job = KitJob.objects.filter(kind=JobKind.REFERENCE).latest("queued_at")
    given = {row["id"]: row["arguments"] for row in job.tasks}
    low, high = 0.98 * time_s, 1.02 * time_s
    gemm = bench.result(job, "gemm", value=time_s, low=low, high=high, arguments=given["gemm"])
    copy = bench.result(
        job, "copy_bandwidth", task="copy_bandwidth", value=1e10, low=9e9, high=1.1e10,
        unit="B/s", arguments=given["copy_bandwidth"],
    )  # fmt: skip
    bench.hear(kit, gemm, copy)
    return bench.now(job)


def test_an_idle_kit_is_checked_once_a_day(bench: Bench) -> None:
    kit = settled(bench)

    first = a_day(bench, kit, USUAL_S)
    sweeping.sweep()
    assert KitJob.objects.count() == 1
    second = a_day(bench, kit, USUAL_S)

    assert (first.state, second.state) == (JobState.DONE, JobState.DONE)
    drawn = {job.tasks[0]["arguments"]["nonce"] for job in (first, second)}
    assert len(drawn) == 2
    assert 0 not in drawn
    assert (first.person_id, first.only_kit_id) == (None, kit.id)
    kit.refresh_from_db()
    assert kit.reference_at == bench.clock.now()


@pytest.mark.parametrize("why", ["new", "busy", "away"])
def test_a_kit_that_is_not_idle_is_left_alone(bench: Bench, why: str) -> None:
    kit = bench.kit() if why == "new" else settled(bench)
    if why == "busy":
        bench.ask()
    if why == "away":
        bench.hear(kit, Status(state=KitState.OFFLINE, at_utc="now"))

    assert reference.jobs_ask() == []


def test_a_student_comes_before_the_reference(bench: Bench) -> None:
    settled(bench)
    reference.jobs_ask()

    job = bench.ask()

    assert job.state == JobState.SENT


def test_what_stands_out_from_its_history_is_told_and_the_usual_scatter_is_not(
    bench: Bench,
) -> None:
    kit = settled(bench, course=bench.course)
    for change in (1.0, 1.01, 0.99, 1.02, 0.985, 1.0):
        a_day(bench, kit, USUAL_S * change)
    kit.refresh_from_db()
    assert kit.drift == ""

    a_day(bench, kit, USUAL_S * 1.3)

    kit.refresh_from_db()
    assert kit.drift.startswith("gemm: +30%")
    assert KitLog.objects.filter(kit=kit, level="warning", text=kit.drift).exists()
    page = bench.client(bench.alice).get(f"/kits/{bench.course.id}/").content.decode()
    assert "drifting" in page
    a_day(bench, kit, USUAL_S)
    kit.refresh_from_db()
    assert kit.drift == ""


def test_an_impossible_time_is_kept_as_rejected_told_and_counted_against_the_kit(
    bench: Bench,
) -> None:
    kit = bench.kit(course=bench.course)
    job = bench.ask(bench.bob, 512)

    bench.hear(kit, bench.result(job, "g512", value=1e-9, low=1e-9, high=1e-9))

    row = Measurement.objects.get()
    assert (row.outcome, row.verdict) == ("rejected", "rejected")
    assert "not possible" in row.detail
    assert bench.now(job).state == JobState.FAILED
    kit.refresh_from_db()
    assert kit.failures == 1
    assert KitLog.objects.filter(kit=kit, level="refused", text=row.detail).exists()
