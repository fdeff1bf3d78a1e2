"""Offline results: a kit signs, an instructor imports, and nothing counts twice or unsigned."""

import json
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command

from courseserver.audit.models import AuditEntry
from courseserver.kits.enrolment import kit_create, kit_revoke, kit_rotate
from courseserver.kits.models import Kit, KitJob, Measurement, OfflineBundle
from device_agent.benchmarks import host
from device_agent.bundles import bundle_of
from device_agent.config import Settings
from firmware_specs import tasks
from firmware_specs.wire import Bundle, bundle_seal, signing_key
from tests.courseserver.kits.conftest import Bench

ROWS: list[dict[str, Any]] = [
    {"id": "gemm_64", "task": "gemm", "arguments": {"m": 64, "n": 64, "k": 64},
     "outcome": "measured", "value": 2e-4, "low": 1.9e-4, "high": 2.2e-4, "unit": "s", "n": 15},
    {"id": "int8", "task": "int8_gemm", "arguments": {}, "outcome": "unavailable",
     "detail": "LiteRT is not installed"},
]  # fmt: skip


class Signed:
    """A kit with its secret, and bundles it signs."""

    def __init__(self, bench: Bench, **kit: Any) -> None:
        given = {"name": "far-bench", "board_id": "host-linux", "course": bench.course}
        self.kit, self.secret = kit_create(**(given | kit), actor="test")

    def bundle(self, **changes: Any) -> Bundle:
        settings = Settings(device_id=self.kit.id, secret=self.secret)
        return replace(bundle_of(settings, ROWS), **changes)

    def file(self, bundle: Bundle | None = None) -> bytes:
        return bundle_seal(bundle or self.bundle(), signing_key(self.secret))


@pytest.fixture
def signed(bench: Bench) -> Signed:
    return Signed(bench)


def upload(bench: Bench, payload: bytes, who: str = "alice") -> Any:
    client = bench.client(getattr(bench, who))
    file = SimpleUploadedFile("results.bundle", payload)
    return client.post(f"/kits/{bench.course.id}/offline/", {"bundle": file}, follow=True)


def test_an_instructor_imports_and_sees_that_it_was_measured_offline(
    bench: Bench, signed: Signed
) -> None:
    page = upload(bench, signed.file()).content.decode()

    assert "2 results of far-bench are imported." in page
    assert "measured offline" in page
    assert "LiteRT is not installed" in page
    rows = {row.request_id: row for row in Measurement.objects.all()}
    assert (rows["gemm_64"].value, rows["gemm_64"].flags) == (2e-4, ["offline"])
    assert rows["gemm_64"].verdict == "plausible"
    assert rows["int8"].outcome == "unavailable"
    job = KitJob.objects.get()
    assert (job.kind, job.person, job.course, job.kit) == (
        "offline", None, bench.course, signed.kit,
    )  # fmt: skip
    entry = AuditEntry.objects.filter(action="kit_bundle_import").get()
    assert (entry.actor, entry.subject) == (bench.alice.id, OfflineBundle.objects.get().pk)


@pytest.mark.parametrize("who", ["tom", "bob", "charlie"])
def test_others_neither_see_nor_import(bench: Bench, signed: Signed, who: str) -> None:
    assert upload(bench, signed.file(), who).status_code in (403, 404)
    page = bench.client(getattr(bench, who)).get(f"/kits/{bench.course.id}/offline/")
    assert page.status_code in (403, 404)
    assert not OfflineBundle.objects.exists()


def test_a_bundle_counts_once(bench: Bench, signed: Signed) -> None:
    payload = signed.file()
    upload(bench, payload)
    again = upload(bench, payload)

    assert again.status_code == 409
    assert (
        "were imported on 2026-11-20 at 10:00 UTC; a bundle counts once" in again.content.decode()
    )
    assert Measurement.objects.count() == 2


def test_a_changed_bundle_is_refused_and_nothing_of_it_kept(bench: Bench, signed: Signed) -> None:
    cover = json.loads(signed.file())
    cover["body"] = cover["body"].replace("0.0002", "0.0001", 1)
    answer = upload(bench, json.dumps(cover).encode())

    assert answer.status_code == 422
    assert "The signature is not that of far-bench: the file was changed" in answer.content.decode()
    assert not KitJob.objects.exists()


def test_a_secret_that_was_changed_signs_no_more(bench: Bench, signed: Signed) -> None:
    old = signed.file()
    signed.secret = kit_rotate(kit=signed.kit, actor="test")

    assert "another secret since" in upload(bench, old).content.decode()
    assert upload(bench, signed.file()).status_code == 200


def test_kits_that_have_no_say_are_named(bench: Bench, signed: Signed) -> None:
    far = Signed(bench, course=bench.new_course("Another"), name="theirs")
    assert "No kit of this course" in upload(bench, far.file()).content.decode()

    Kit.objects.filter(pk=signed.kit.pk).update(bundle_key_encrypted="")
    assert "no key for signatures yet" in upload(bench, signed.file()).content.decode()
    kit_revoke(kit=signed.kit, actor="test")
    assert "was revoked" in upload(bench, signed.file()).content.decode()
    assert not OfflineBundle.objects.exists()


def test_a_shared_kit_speaks_in_every_course(bench: Bench) -> None:
    assert upload(bench, Signed(bench, course=None).file()).status_code == 200


def test_what_is_signed_and_yet_senseless_is_refused_whole(bench: Bench, signed: Signed) -> None:
    bundle = signed.bundle()
    good = bundle.results[0]
    for wrong, why in [
        (replace(good, value=-1.0), "must hold"),
        (replace(good, unit="m"), "not the task"),
        (replace(good, task="teleport"), "no task"),
        (replace(good, arguments={"m": 0}), "below"),
        (replace(good, job_id="kjb_other"), "of another job"),
        (replace(good, request_id=bundle.results[1].request_id), "share a name"),
    ]:
        told = upload(bench, signed.file(replace(bundle, results=(wrong, bundle.results[1]))))
        assert (told.status_code, why in told.content.decode()) == (422, True), why
    empty = upload(bench, signed.file(replace(bundle, results=())))
    assert "holds no result" in empty.content.decode()
    assert not KitJob.objects.exists()


def test_an_impossible_time_is_kept_as_rejected(bench: Bench, signed: Signed) -> None:
    bundle = signed.bundle()
    fast = replace(bundle.results[0], value=1e-12, low=1e-12, high=1e-12)
    upload(bench, signed.file(replace(bundle, results=(fast,))))

    row = Measurement.objects.get()
    assert (row.outcome, row.verdict) == ("rejected", "rejected")


def test_no_file_is_said_at_the_field(bench: Bench) -> None:
    answer = bench.client(bench.alice).post(f"/kits/{bench.course.id}/offline/")

    assert (answer.status_code, "No file was chosen" in answer.content.decode()) == (422, True)
    assert "This is no bundle of results" in upload(bench, b"hello").content.decode()


def test_the_command_imports_files_and_names_those_it_refuses(
    bench: Bench, signed: Signed, tmp_path: Path
) -> None:
    (tmp_path / "good").write_bytes(signed.file())
    (tmp_path / "bad").write_bytes(b"{}")
    said, wrong = StringIO(), StringIO()

    with pytest.raises(CommandError, match="1 of 2 files refused"):
        call_command(
            "kit_bundle_import", tmp_path / "good", tmp_path / "bad",
            course=bench.course.id, stdout=said, stderr=wrong,
        )  # fmt: skip

    assert "2 results of far-bench imported" in said.getvalue()
    assert "is no bundle" in wrong.getvalue()


def test_a_gpus_record_is_imported_unchecked_and_says_so(bench: Bench, signed: Signed) -> None:
    work = {"work": "gemm", "size": 16384, "columns": 0, "dtype": "bf16"}
    row = {"id": "gemm_bf16", "task": "gpu", "arguments": work, "outcome": "measured", "unit": "s",
           "value": 1.2e-2, "low": 1.1e-2, "high": 1.3e-2, "n": 20, "flags": ["limited"],
           "detail": "clocks held down by power cap",
           "environment": {"gpu": "NVIDIA H200", "gpu_limited_by": "power cap"}}  # fmt: skip
    settings = Settings(device_id=signed.kit.id, secret=signed.secret)

    page = upload(bench, signed.file(bundle_of(settings, [row]))).content.decode()

    kept = Measurement.objects.get()
    assert (kept.task, kept.verdict, kept.flags) == ("gpu", "unchecked", ["limited", "offline"])
    assert kept.environment["gpu"] == "NVIDIA H200"
    assert "Clocks held down by power cap" in page
    assert "Unchecked: taken on the kit" in page


def test_what_a_bench_drew_for_itself_is_never_called_recomputed(
    bench: Bench, signed: Signed
) -> None:
    asked = tasks.task("gemv").check({"n": 64})
    work = host.TASKS["gemv"](asked)
    work.call()
    row = {"id": "gemv", "task": "gemv", "arguments": asked, "outcome": "measured", "unit": "s",
           "value": 1e-4, "low": 1e-4, "high": 1e-4, "n": 5,
           "environment": dict(work.outcome())}  # fmt: skip
    settings = Settings(device_id=signed.kit.id, secret=signed.secret)

    upload(bench, signed.file(bundle_of(settings, [row])))

    kept = Measurement.objects.get()
    assert kept.verdict == "consistent"
    assert "drew its own numbers" in kept.verdict_why


def test_a_figure_that_no_message_can_say_does_not_cost_the_whole_bundle(signed: Signed) -> None:
    settings = Settings(device_id=signed.kit.id, secret=signed.secret)
    broken = ROWS[0] | {"energy": {"total_j": float("nan")}}

    first, second = bundle_of(settings, [broken, ROWS[1]]).results

    assert (first.outcome, second.outcome) == ("failed", "unavailable")
    assert "cannot be told" in first.detail
