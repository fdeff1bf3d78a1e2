"""What kits say becomes rows once, whatever the network did to it."""

import json
import random
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from django.db import IntegrityError, OperationalError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from courseserver.kits import enrolment, ingest, selectors
from courseserver.kits.ingest import Received
from courseserver.kits.models import KitLog, Measurement
from courseserver.kits.states import JobState
from firmware_specs.wire import (
    Ack,
    Energy,
    JobAnswer,
    KitState,
    Message,
    Outcome,
    Sample,
    Status,
    encode,
    topics,
)
from tests.courseserver.kits.conftest import Bench


def conversation(bench: Bench) -> tuple[list[Received], str]:
    """Return everything a kit says during one job, and the job's id."""
    kit = bench.kit()
    job = bench.ask()
    messages: list[Message] = [
        bench.answer(job, JobAnswer.ACCEPTED),
        bench.answer(job, JobAnswer.STARTED),
        Sample(msg_id="s0", job_id=job.id, name="progress", at_utc="now", value=0.0, total=2.0),
        bench.result(job, "g64"),
        Sample(msg_id="s1", job_id=job.id, name="progress", at_utc="now", value=1.0, total=2.0),
        bench.result(job, "g128", value=1e-3, low=9e-4, high=1.1e-3),
        bench.answer(job, JobAnswer.FINISHED),
        Status(state=KitState.ONLINE, at_utc="now"),
    ]
    return [bench.received(kit, message) for message in messages], job.id


def test_a_job_ends_done_with_each_measurement_once(bench: Bench) -> None:
    said, job_id = conversation(bench)

    report = ingest.ingest(said)

    view = selectors.job_view(job_id)
    assert (view.state, view.done, view.total, view.message) == ("done", 2, 2, "All measured")
    assert report.refused == 0
    rows = {row.request_id: row for row in Measurement.objects.all()}
    assert (rows["g64"].value, rows["g64"].low, rows["g64"].high) == (2e-4, 1.9e-4, 2.2e-4)
    assert rows["g64"].energy_why_not == "no meter"
    assert rows["g64"].evidence == "measured"


def test_every_message_with_an_id_is_acknowledged(bench: Bench) -> None:
    said, job_id = conversation(bench)

    (ids,) = ingest.ingest(said).acknowledge.values()

    assert {f"{job_id}.1.g64", f"{job_id}.1.g128", f"{job_id}.1.finished"} <= set(ids)


@pytest.mark.parametrize("seed", range(4))
def test_repeated_and_reordered_messages_store_the_same(bench: Bench, seed: int) -> None:
    said, job_id = conversation(bench)
    rng = random.Random(seed)
    storm = said * 3
    rng.shuffle(storm)

    while storm:
        size = rng.randint(1, 7)
        ingest.ingest(storm[:size])
        storm = storm[size:]

    assert Measurement.objects.count() == 2
    assert selectors.job_view(job_id).state == "done"


@pytest.mark.parametrize("seed", range(12))
def test_nothing_is_lost_or_doubled_by_what_a_network_and_a_crash_can_do(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Repeats, any order, cut payloads, and batches whose transaction dies at any message."""
    said, job_id = conversation(bench)
    real, rng = ingest._Batch.store, random.Random(seed)
    left = [0]

    def store(self: Any, *args: Any) -> None:
        real(self, *args)
        left[0] -= 1
        if left[0] < 0:
            raise OperationalError("the server closed the connection unexpectedly")

    monkeypatch.setattr(ingest._Batch, "store", store)
    for _ in range(6):
        left[0] = rng.randint(0, 8)
        batch = [r if rng.random() < 0.7 else Received(r.topic, r.payload[: rng.randint(0, 300)])
                 for r in rng.choices(said, k=rng.randint(1, 8))]  # fmt: skip
        with suppress(OperationalError):
            ingest.ingest(batch)
    # What the broker still holds comes again.
    left[0] = len(said)
    report = ingest.ingest(said)

    rows = Measurement.objects.filter(job=job_id)
    assert sorted(row.request_id for row in rows) == ["g128", "g64"]
    view = selectors.job_view(job_id)
    assert (view.state, view.done) == ("done", 2)
    (ids,) = report.acknowledge.values()
    assert {f"{job_id}.1.g64", f"{job_id}.1.g128", f"{job_id}.1.finished"} <= set(ids)


def test_a_repeat_is_acknowledged_again_or_the_kit_would_say_it_for_ever(bench: Bench) -> None:
    said, _ = conversation(bench)
    first = ingest.ingest(said).acknowledge

    again = ingest.ingest(said).acknowledge

    assert first == again


def test_a_truncated_or_spoiled_payload_is_refused_and_the_rest_of_the_batch_kept(
    bench: Bench,
) -> None:
    said, job_id = conversation(bench)
    result = next(r for r in said if r.topic.endswith("/result"))
    spoiled = [
        Received(result.topic, result.payload[: len(result.payload) // 2]),
        Received(result.topic, b"\x00\xff" * 50),
        Received(result.topic, b"x" * 70_000),
        Received("kit/v1/nobody_here/up/status", encode(Status(state=KitState.ONLINE, at_utc=""))),
        Received("some/other/topic", b"{}"),
        Received(result.topic.replace("/up/", "/down/"), result.payload),
    ]

    report = ingest.ingest([*spoiled, *said])

    assert report.refused == len(spoiled)
    assert selectors.job_view(job_id).state == "done"


@given(payload=st.binary(max_size=300), channel=st.sampled_from(list(topics.Up)))
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_hostile_bytes_never_raise_and_never_store(
    bench: Bench, payload: bytes, channel: topics.Up
) -> None:
    kit = bench.kit() if not bench.course.kits.exists() else bench.course.kits.get()

    report = ingest.ingest([Received(topics.up(kit.id, channel), payload)])

    assert (report.stored, report.refused) == (0, 1)
    assert Measurement.objects.count() == 0


_hostile = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=500),
    st.lists(st.integers(), max_size=3), st.dictionaries(st.text(max_size=9), st.integers()),
)  # fmt: skip


@given(data=st.data())
@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_a_message_with_hostile_fields_is_stored_sanely_or_refused(
    bench: Bench, data: st.DataObject
) -> None:
    said, job_id = conversation(bench)
    chosen = data.draw(st.sampled_from(said))
    body = json.loads(chosen.payload)
    body[data.draw(st.sampled_from(sorted(body)))] = data.draw(_hostile)

    report = ingest.ingest([Received(chosen.topic, json.dumps(body).encode())])

    assert report.stored + report.refused == 1
    for row in Measurement.objects.filter(job_id=job_id, outcome="measured"):
        assert row.low is not None
        assert row.value is not None
        assert row.high is not None
        assert 0 < row.low <= row.value <= row.high


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"value": None}, "lacks value"),
        ({"n": 0}, "lacks value"),
        ({"value": 3e-4}, "must hold"),
        ({"low": -1.0}, "must hold"),
        ({"value": 0.0, "low": 0.0}, "must hold"),
        ({"unit": "h"}, "not the task's unit"),
        ({"task": "triad"}, "did not ask for triad"),
        ({"request_id": "g999"}, "did not ask"),
    ],
)
def test_a_result_that_cannot_be_is_refused_with_a_reason_staff_can_read(
    bench: Bench, changes: dict[str, object], words: str
) -> None:
    kit = bench.kit()
    job = bench.ask()

    report = bench.hear(kit, bench.result(job, "g64", **changes))

    assert (report.stored, report.refused) == (0, 1)
    assert Measurement.objects.count() == 0
    assert words in KitLog.objects.get(level="refused").text


def test_staff_read_once_a_minute_why_a_kits_payloads_are_refused(bench: Bench) -> None:
    kit = bench.kit(course=bench.course)
    newer = b'{"v":2,"type":"status","state":"online","at_utc":"now"}'
    told = Received(topics.up(kit.id, topics.Up.STATUS), newer)

    for seconds in (0, 1, 60):
        bench.clock.pass_s(seconds)
        ingest.ingest([told, told])

    lines = KitLog.objects.filter(kit=kit, level="refused")
    assert lines.count() == 2
    assert "version 2 is not 1: update the older side" in lines[0].text
    page = bench.client(bench.alice).get(f"/kits/{bench.course.id}/").content.decode()
    assert "version 2 is not 1" in page


def test_a_refused_result_is_acknowledged_so_that_the_kit_forgets_it(bench: Bench) -> None:
    kit = bench.kit()
    job = bench.ask()

    report = bench.hear(kit, bench.result(job, "g64", unit="h"))

    assert report.acknowledge[kit.id] == [f"{job.id}.1.g64"]


def test_a_kit_cannot_speak_for_another_kits_job(bench: Bench) -> None:
    bench.kit("bench-1")
    job = bench.ask()
    other = bench.kit("bench-2")

    report = bench.hear(other, bench.result(job, "g64"), bench.answer(job, JobAnswer.REFUSED))

    assert report.refused == 2
    assert bench.now(job).state == JobState.SENT
    assert Measurement.objects.count() == 0


def test_a_revoked_kit_is_not_listened_to(bench: Bench) -> None:
    kit = bench.kit()
    job = bench.ask()
    enrolment.kit_revoke(kit=kit, actor="test")

    report = bench.hear(kit, bench.result(job, "g64"))

    assert (report.stored, report.refused, dict(report.acknowledge)) == (0, 1, {})


def test_an_emulated_result_stays_labelled_emulated_and_nothing_else_is_believed(
    bench: Bench,
) -> None:
    kit = bench.kit()
    job = bench.ask()

    bench.hear(
        kit,
        bench.result(job, "g64", evidence="emulated"),
        bench.result(job, "g128", evidence="blessed"),
    )

    found = dict(Measurement.objects.values_list("request_id", "evidence"))
    assert found == {"g64": "emulated", "g128": "measured"}


def test_energy_is_stored_with_the_name_of_its_meter(bench: Bench) -> None:
    kit = bench.kit()
    job = bench.ask()

    energy = Energy(total_j=0.02, dynamic_j=0.005, meter="RAPL")
    bench.hear(kit, bench.result(job, "g64", energy=energy))

    row = Measurement.objects.get()
    assert (row.energy_total_j, row.energy_dynamic_j, row.energy_meter) == (0.02, 0.005, "RAPL")


def test_a_job_with_a_failed_run_says_how_many_were_measured(bench: Bench) -> None:
    kit = bench.kit()
    job = bench.ask()

    failed = bench.result(job, "g128", outcome=Outcome.FAILED, value=None, detail="no memory")
    bench.hear(kit, bench.result(job, "g64"), failed)

    assert bench.now(job).message == "1 of 2 measured"
    assert set(selectors.measurements_of(job)) == {"g64"}
    assert selectors.outcomes_of(job)["g128"].detail == "no memory"


def test_a_job_that_measured_nothing_has_failed_with_the_kits_words(bench: Bench) -> None:
    kit = bench.kit()
    job = bench.ask()

    outcome = {"outcome": Outcome.INTERRUPTED, "value": None, "detail": "took longer than 75 s"}
    bench.hear(kit, bench.result(job, "g64", **outcome), bench.result(job, "g128", **outcome))

    assert (bench.now(job).state, job.message) == (JobState.FAILED, "took longer than 75 s")


def test_a_job_that_measured_nothing_is_tried_once_on_another_kit_that_is_there(
    bench: Bench,
) -> None:
    first, second = bench.kit("one"), bench.kit("two")
    job = bench.ask()
    outcome = {"outcome": Outcome.FAILED, "value": None, "detail": "the board is gone"}
    assert job.kit == first

    bench.hear(first, bench.result(job, "g64", **outcome), bench.result(job, "g128", **outcome))

    assert (bench.now(job).state, job.done) == (JobState.QUEUED, 0)
    assert "the board is gone" in job.message
    ingest.queue.jobs_assign()
    assert (bench.now(job).kit, job.done) == (second, 0)
    assert bench.runs_wanted(job) == ["g64", "g128"]
    bench.hear(second, bench.result(job, "g64"), bench.result(job, "g128", **outcome))
    assert (bench.now(job).state, job.message) == (JobState.DONE, "1 of 2 measured")


def test_a_job_that_measured_nothing_anywhere_fails_at_the_second_kit(bench: Bench) -> None:
    kits = {kit.pk: kit for kit in (bench.kit("one"), bench.kit("two"))}
    job = bench.ask(None, 64)
    outcome = {"outcome": Outcome.FAILED, "value": None, "detail": "the board is gone"}

    for _ in range(2):
        bench.hear(kits[bench.now(job).kit_id], bench.result(job, "g64", **outcome))
        ingest.queue.jobs_assign()

    assert bench.now(job).state == JobState.FAILED
    assert "the board is gone" in job.message


def test_a_refused_command_goes_back_into_the_queue_once_then_fails(bench: Bench) -> None:
    kit = bench.kit()
    job = bench.ask()

    bench.hear(kit, bench.answer(job, JobAnswer.REFUSED, detail="no such task"))
    assert bench.now(job).state == JobState.QUEUED
    ingest.queue.jobs_assign()
    bench.hear(kit, bench.answer(bench.now(job), JobAnswer.REFUSED, detail="no such task"))

    assert bench.now(job).state == JobState.FAILED
    assert "no such task" in job.message


def test_an_answer_of_an_earlier_attempt_changes_nothing(bench: Bench) -> None:
    kit = bench.kit()
    job = bench.ask()
    late = bench.answer(job, JobAnswer.REFUSED, attempt=7)

    bench.hear(kit, late)

    assert bench.now(job).state == JobState.SENT


def test_only_progress_is_kept_of_series(bench: Bench) -> None:
    kit = bench.kit()
    job = bench.ask()

    report = bench.hear(
        kit, Sample(msg_id="s", job_id=job.id, name="pulse", at_utc="now", value=60.0)
    )

    assert report.refused == 1


def test_progress_never_exceeds_what_was_asked(bench: Bench) -> None:
    kit = bench.kit()
    job = bench.ask()

    for value in (1.0, 99.0, -3.0):
        bench.hear(
            kit, Sample(msg_id="s", job_id=job.id, name="progress", at_utc="now", value=value)
        )

    assert bench.now(job).done == 1


def test_a_row_the_database_refuses_is_refused_alone(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    said, job_id = conversation(bench)
    real = ingest._HANDLERS[Ack]

    def poisoned(batch: Any, kit: Any, message: Ack) -> None:
        if message.answer is JobAnswer.ACCEPTED:
            raise IntegrityError("cannot be")
        real(batch, kit, message)

    monkeypatch.setitem(ingest._HANDLERS, Ack, poisoned)

    report = ingest.ingest(said)

    assert (report.refused, selectors.job_view(job_id).state) == (1, "done")


def test_log_lines_come_once_and_are_cut_to_what_a_row_holds(bench: Bench) -> None:
    kit = bench.kit()
    from firmware_specs.wire import Log

    line = Log(msg_id="log-1", at_utc="now", level="info", text="x" * 2000)
    received = Received(topics.up(kit.id, topics.Up.LOG), encode(line))

    ingest.ingest([received, received, Received(received.topic, encode(replace(line, text="y")))])

    assert KitLog.objects.get().text == "x" * 400
