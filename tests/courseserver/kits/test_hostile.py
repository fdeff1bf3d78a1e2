"""What broken benches and power cuts do to the server: nothing lost or left unexplained."""

import json
from typing import Any

import pytest
from django.test import Client

from courseserver.kits import broker, enrolment, queue, selectors, sweeping
from courseserver.kits.models import Kit, KitClaim, KitLog, Measurement
from courseserver.kits.states import JobState
from firmware_specs.wire import Energy, JobAnswer, KitState, Log, Status
from tests.courseserver.kits.conftest import Bench

STRANGE = "Küche‮ 🧪​ ‘;--<b>{{7*7}}%s\\"


def test_results_that_come_just_when_the_lease_ran_out_end_the_job(bench: Bench) -> None:
    kit = bench.kit()
    job = bench.ask()
    results = [bench.result(job, name) for name in ("g64", "g128")]
    bench.clock.pass_s(80)
    sweeping.sweep()
    assert bench.now(job).state == JobState.QUEUED

    report = bench.hear(kit, *results)

    kept = bench.now(job)
    assert (kept.state, kept.message, kept.done) == (JobState.DONE, "All measured", 2)
    assert len(report.acknowledge[kit.id]) == 2
    assert queue.jobs_assign() == []


def test_failures_that_come_just_when_the_lease_ran_out_leave_the_job_to_another_kit(
    bench: Bench,
) -> None:
    kit = bench.kit("one")
    job = bench.ask(None, 64)
    failed = bench.result(job, "g64", outcome="failed", detail="a cold board")
    bench.clock.pass_s(80)
    sweeping.sweep()

    bench.hear(kit, failed)

    assert bench.now(job).state in (JobState.FAILED, JobState.QUEUED)
    assert Measurement.objects.count() == 1


def test_results_for_a_job_that_was_given_up_are_kept_and_change_nothing(bench: Bench) -> None:
    kit = bench.kit()
    job = bench.ask()
    late = bench.result(job, "g64")
    for _ in range(2):
        bench.clock.pass_s(80)
        sweeping.sweep()
        bench.hear(kit, Status(state=KitState.ONLINE, at_utc="now"))
        queue.jobs_assign()
    bench.clock.pass_s(80)
    sweeping.sweep()
    assert bench.now(job).state == JobState.FAILED

    report = bench.hear(kit, late)

    assert (bench.now(job).state, report.refused) == (JobState.FAILED, 0)
    assert set(selectors.measurements_of(bench.now(job))) == {"g64"}


def test_a_kit_renamed_within_a_job_ends_it_under_its_new_name(bench: Bench) -> None:
    kit = bench.kit()
    job = bench.ask(None, 64)
    Kit.objects.filter(pk=kit.pk).update(name=STRANGE)

    bench.hear(kit, bench.answer(job, JobAnswer.STARTED), bench.result(job, "g64"))

    assert selectors.job_view(job.id).kit_name == STRANGE
    assert selectors.job_view(job.id).state == "done"


def test_strange_characters_in_every_field_are_stored_and_shown_as_text(bench: Bench) -> None:
    kit = bench.kit()
    job = bench.ask(None, 64)
    facts = {STRANGE[:60]: STRANGE, "runtime": STRANGE * 50}

    report = bench.hear(
        kit, bench.result(job, "g64", detail=STRANGE, flags=(STRANGE,), environment=facts)
    )

    row = Measurement.objects.get()
    assert (report.refused, row.detail, row.flags) == (0, STRANGE, [STRANGE])
    page = bench.client(bench.alice).get(f"/kits/{bench.course.id}/").content.decode()
    assert "<b>{{7*7}}" not in page


def test_a_megabyte_on_every_topic_is_refused_and_said(bench: Bench) -> None:
    from courseserver.kits.ingest import Received, ingest
    from firmware_specs.wire import topics

    kit = bench.kit()
    before = KitLog.objects.count()
    payloads = [b"x" * 2**20, b"[" * 2**20, b'{"v":1,"type":"' + b"a" * 2**20 + b'"}']

    report = ingest(
        [Received(topics.up(kit.id, channel), p) for channel in topics.Up for p in payloads]
    )

    assert (report.stored, report.refused) == (0, 3 * len(topics.Up))
    # One line of it for staff, however much it was.
    assert KitLog.objects.count() == before + 1


@pytest.mark.parametrize("joules", [0.0, -1.0])
def test_no_work_takes_no_energy_or_less(bench: Bench, joules: float) -> None:
    kit = bench.kit()
    job = bench.ask(None, 64)

    bench.hear(kit, bench.result(job, "g64", energy=Energy(total_j=joules, meter="ppk2")))

    row = Measurement.objects.get()
    assert (row.value, row.energy_total_j, row.energy_meter) == (2e-4, None, "")
    assert row.energy_why_not == f"ppk2 told {joules:.3g} J: no work takes that"


def test_a_kit_whose_board_an_upgrade_took_away_still_works_and_is_shown(bench: Bench) -> None:
    kit = bench.kit(course=bench.course)
    Kit.objects.update(board="board-of-old")
    job = bench.ask(None, 64)

    report = bench.hear(kit, bench.result(job, "g64"))

    assert (report.stored, bench.now(job).state) == (1, JobState.DONE)
    page = bench.client(bench.alice).get(f"/kits/{bench.course.id}/").content.decode()
    assert "board-of-old" in page


def test_a_kit_that_talks_without_end_fills_no_disk(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeping, "_LOG_MOST", 5)
    loud, quiet = bench.kit("loud"), bench.kit("quiet")
    for i in range(12):
        bench.clock.pass_s(1)
        bench.hear(loud, Log(msg_id=f"l{i}", at_utc="now", level="info", text=f"line {i}"))
    bench.hear(quiet, Log(msg_id="q", at_utc="now", level="info", text="once"))

    sweeping.sweep()

    kept = list(KitLog.objects.filter(kit=loud).order_by("at").values_list("text", flat=True))
    assert kept == [f"line {i}" for i in range(7, 12)]
    assert KitLog.objects.filter(kit=quiet).count() == 1


# --- enrolment ------------------------------------------------------------------------------------
def post(path: str, **body: Any) -> Any:
    return Client().post(path, json.dumps(body), content_type="application/json")


def test_a_secret_that_got_lost_on_its_way_is_given_again_until_the_kit_has_spoken(
    bench: Bench,
) -> None:
    told = post("/api/kits/claims", v=1, type="claim", name="far", board="host-linux",
                agent_version="0.1.0", host={}).json()  # fmt: skip
    path = f"/kits/{bench.course.id}/claim/decide/"
    bench.client(bench.alice).post(path, {"code": told["user_code"], "decision": "approve"})

    bench.clock.pass_s(3)
    lost = post("/api/kits/claims/poll", device_code=told["device_code"]).json()
    bench.clock.pass_s(3)
    given = post("/api/kits/claims/poll", device_code=told["device_code"]).json()

    kit = Kit.objects.get()
    assert given["device_id"] == kit.id
    assert broker.may_connect(kit.id, given["secret"])
    assert not broker.may_connect(kit.id, lost["secret"])
    bench.hear(kit, Status(state=KitState.ONLINE, at_utc="now"))
    bench.clock.pass_s(3)
    assert post("/api/kits/claims/poll", device_code=told["device_code"]).status_code == 400
    assert KitClaim.objects.count() == 1


def test_a_rotation_whose_answer_got_lost_can_be_asked_again(bench: Bench) -> None:
    kit, old = enrolment.kit_create(name="k", board_id="host-linux", course=bench.course, actor="t")
    fresh = "n" * 43
    asked = {"device_id": kit.id, "fresh": fresh}

    assert post("/api/kits/rotate", secret=old, **asked).json()["secret"] == fresh
    again = post("/api/kits/rotate", secret=fresh, **asked)

    assert again.json()["secret"] == fresh
    assert broker.may_connect(kit.id, fresh)
    assert not broker.may_connect(kit.id, old)


@pytest.mark.parametrize("fresh", ["short", "x" * 200, "ü" * 43, 7])
def test_a_secret_that_is_easy_to_guess_is_not_taken(bench: Bench, fresh: object) -> None:
    kit, old = enrolment.kit_create(name="k", board_id="host-linux", course=bench.course, actor="t")

    refused = post("/api/kits/rotate", device_id=kit.id, secret=old, fresh=fresh)

    assert refused.status_code == 400
    assert broker.may_connect(kit.id, old)
