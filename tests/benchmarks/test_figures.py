"""The arithmetic and the wording of the benchmarks; what they measure is not judged here."""

import json
import subprocess
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from firmware_specs.wire import Ack, Log, encode
from tests.benchmarks import peer
from tests.benchmarks.__main__ import SECTIONS, missed_words
from tests.benchmarks.drag import missed_frames
from tests.benchmarks.mqtt import ids_of
from tests.benchmarks.report import (
    Baseline,
    Figure,
    Section,
    json_of,
    lines_of,
    number,
    percentile,
    timed,
)
from tests.benchmarks.slices import points_in
from tests.benchmarks.weight import Transfer

NOTHING = Baseline(name="doing nothing", value=2.0)


def figure(**change: Any) -> Figure:
    whole: dict[str, Any] = {"name": "walk", "unit": "ms", "value": 8.0, "n": 3}
    return Figure(**{**whole, "baseline": NOTHING, **change})


def section(*figures: Figure, **change: Any) -> Section:
    whole: dict[str, Any] = {"name": "walks", "title": "Walks", "seconds": 2.0}
    return Section(**{**whole, "load_before": 0.5, "load_after": 1.5, "figures": figures, **change})


def test_a_percentile_lies_between_its_neighbours() -> None:
    values = [4.0, 1.0, 3.0, 2.0, 5.0]

    assert percentile(values, 0.5) == 3.0
    assert percentile(values, 0.95) == pytest.approx(4.8)
    assert percentile(values, 1.0) == 5.0
    assert percentile([7.0], 0.95) == 7.0


def test_no_values_have_no_percentile() -> None:
    with pytest.raises(ValueError, match="no values"):
        percentile([], 0.5)


def test_repeated_durations_give_median_tail_and_ratio() -> None:
    walk = timed("walk", [4.0, 8.0, 12.0], NOTHING, at_most=10.0)

    assert (walk.value, walk.n) == (8.0, 3)
    assert walk.p95 == pytest.approx(11.6)
    assert walk.ratio == 4.0
    assert walk.is_missed


def test_a_target_is_held_against_the_tail_where_there_is_one() -> None:
    assert figure(at_most=8.0).is_missed is False
    assert figure(at_most=7.9).is_missed is True
    assert figure(at_most=8.0, p95=8.1).is_missed is True
    assert figure(p95=1e9).is_missed is False


def test_a_ratio_may_have_a_least_value() -> None:
    assert figure(ratio_at_least=4.0).is_missed is False
    assert figure(ratio_at_least=4.1).is_missed is True
    assert (
        "at least 4.10 × the baseline: MISSED" in lines_of(section(figure(ratio_at_least=4.1)))[1]
    )
    assert figure(baseline=Baseline(name="zero", value=0.0), ratio_at_least=1.0).is_missed


def test_a_baseline_of_zero_has_no_ratio() -> None:
    still = figure(baseline=Baseline(name="standing still", value=0.0))

    assert still.ratio is None
    assert "no ratio standing still" in lines_of(section(still))[2]


def test_a_section_prints_load_unit_ratio_baseline_and_verdict() -> None:
    lines = lines_of(section(figure(p95=9.0, at_most=5.0, counts={"steps": 1200}, note="uphill")))

    assert lines == [
        "## Walks  (2 s, load average 0.5 to 1.5)",
        "  walk: p50 8.00, p95 9.00 ms (n = 3); at most 5.00 ms: MISSED",
        "      4.00 × doing nothing (2.00 ms)",
        "      steps 1,200",
        "      uphill",
    ]


def test_a_missing_program_is_reported_with_its_install_line() -> None:
    lines = lines_of(section(not_measured="chromium is not installed: apt-get install chromium"))

    assert lines[1] == "  not measured: chromium is not installed: apt-get install chromium"


@pytest.mark.parametrize(
    ("x", "text"), [(0.0, "0"), (1234567.0, "1,234,567"), (12.345, "12.3"), (0.00001, "1.00e-05")]
)
def test_numbers_have_three_digits(x: float, text: str) -> None:
    assert number(x) == text


def test_everything_printed_is_in_the_json() -> None:
    stored = json.loads(json.dumps(json_of([section(figure(p95=9.0))], {"commit": "abc"})))

    assert stored["commit"] == "abc"
    (walks,) = stored["sections"]
    assert walks["load_average"] == [0.5, 1.5]
    (walk,) = walks["figures"]
    assert walk["baseline"] == {"name": "doing nothing", "value": 2.0}
    assert (walk["value"], walk["p95"], walk["ratio"], walk["unit"]) == (8.0, 9.0, 4.0, "ms")


def test_missed_targets_are_named_at_the_end() -> None:
    assert missed_words([]) == "no target missed"
    assert missed_words([figure()]) == "missed: walk"


def test_every_section_has_a_title_and_can_be_asked() -> None:
    for name in SECTIONS:
        module = import_module(f"tests.benchmarks.{name}")

        assert module.TITLE
        assert callable(module.measure)


def test_a_peer_that_cannot_be_installed_is_skipped_with_what_was_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, 1, "", "warning\nno network\n")

    monkeypatch.setattr(peer.subprocess, "run", refuse)

    with pytest.raises(pytest.skip.Exception, match=r"mlsysim==0\.3\.0 could not.*: no network"):
        peer.peer_environment(tmp_path)


def test_frames_shown_on_time_miss_none_and_gaps_are_counted_in_frames() -> None:
    frame = 1000 / 60

    assert missed_frames([i * frame for i in range(4)]) == [0, 0, 0]
    assert missed_frames([0.0, frame, 3 * frame, 7 * frame]) == [0, 1, 3]
    assert missed_frames([0.0, 1.04 * frame]) == [0]
    assert missed_frames([0.0]) == []


def test_points_are_the_values_of_an_answer() -> None:
    moving = {
        "at": {"n": 3},
        "point": {"share": 0.5, "late": False},
        "slices": {"n": {"share": [0.1, None, 0.3], "late": [False, False, True]}},
        "curves": {"at": {"roof": [1.0, 2.0]}, "n": {"roof": [[1.0, 2.0], None]}},
    }

    assert points_in(moving) == 2 + 6 + 2 + 3


def test_bytes_are_added_by_kind_when_a_request_has_ended() -> None:
    transfer = Transfer()
    for request, kind, size in (("1", "Document", 900.0), ("2", "Font", 500.0), ("3", "Font", 7.0)):
        transfer.answered({"requestId": request, "type": kind})
        transfer.finished({"requestId": request, "encodedDataLength": size})

    assert transfer.requests == 3
    assert transfer.bytes_by_kind == {"Document": 900.0, "Font": 507.0}
    assert transfer.total == 1407.0


def test_an_acknowledgement_and_an_echo_name_their_messages() -> None:
    line = Log(msg_id="m1", at_utc="2026-11-20T00:00:00", level="info", text="x")

    assert ids_of(encode(Ack(ids=("m1", "m2")))) == ["m1", "m2"]
    assert ids_of(encode(line)) == ["m1"]
