"""Energy between the edges of a sync pin: exact where it can be worked out by hand."""

from pathlib import Path

import numpy as np
import pytest

from device_agent.boards.errors import BoardError
from device_agent.boards.port import Address
from device_agent.energy_windows import (
    Recording,
    RecordingError,
    energy_of_windows,
    joules_between,
)
from device_agent.meters import replay, window_meters


def recording(**changes: object) -> Recording:
    """Return 1 kHz samples of 0.1 W, 0.3 W while the pin is high, for five windows of 0.2 s."""
    times = np.arange(0, 2.0, 1e-3)
    rises = [0.1005 + 0.35 * i for i in range(5)]
    falls = [rise + 0.2 for rise in rises]
    high = sum(((times > r) & (times < f) for r, f in zip(rises, falls, strict=True)), times < 0)
    given = {
        "meter": "by hand",
        "times_s": tuple(times.tolist()),
        "powers_w": tuple(np.where(high, 0.3, 0.1).tolist()),
        "rises_s": tuple(rises),
        "falls_s": tuple(falls),
    }
    return Recording(**(given | changes))  # type: ignore[arg-type]


def ramp() -> Recording:
    return Recording(
        meter="ramp", times_s=(0.0, 1.0, 2.0), powers_w=(0.0, 1.0, 2.0), rises_s=(), falls_s=()
    )


@pytest.mark.parametrize(
    ("begin_s", "end_s", "expected_j"), [(0, 2, 2.0), (0.5, 1.5, 1.0), (0.25, 0.75, 0.25)]
)
def test_both_ends_are_interpolated(begin_s: float, end_s: float, expected_j: float) -> None:
    assert joules_between(ramp(), begin_s, end_s) == pytest.approx(expected_j)


@pytest.mark.parametrize(("begin_s", "end_s"), [(-0.1, 1.0), (0.5, 2.1)])
def test_what_was_not_recorded_is_not_made_up(begin_s: float, end_s: float) -> None:
    with pytest.raises(RecordingError, match=r"recorded 0\.0"):
        joules_between(ramp(), begin_s, end_s)


def test_total_and_dynamic_energy_of_one_run() -> None:
    told = energy_of_windows(recording(), windows=5, runs=10)

    # 0.3 W for 0.2 s, of which 0.1 W would have flowed anyway.
    assert told.energy.total_j == pytest.approx(6e-3, rel=3e-3)
    assert told.energy.dynamic_j == pytest.approx(4e-3, rel=3e-3)
    assert told.energy.meter == "by hand"


def test_earlier_windows_of_a_warm_up_do_not_count() -> None:
    told = energy_of_windows(recording(), windows=3, runs=1)

    assert told.energy.total_j == pytest.approx(0.06, rel=3e-3)


def test_a_pin_that_did_not_move_is_a_reason_and_no_number() -> None:
    told = energy_of_windows(recording(rises_s=(), falls_s=()), windows=5, runs=1)

    assert told.energy.total_j is None
    assert "is it wired" in told.energy.why_not


def test_the_uncertainty_joins_what_a_data_sheet_says_of_the_meter() -> None:
    steady = energy_of_windows(recording(), windows=5, runs=1).uncertainty_j
    gain = energy_of_windows(recording(gain_share=0.01), windows=5, runs=1).uncertainty_j
    offset = energy_of_windows(recording(offset_w=1e-3), windows=5, runs=1).uncertainty_j
    edges = energy_of_windows(recording(edge_s=1e-3), windows=5, runs=1).uncertainty_j

    assert steady is not None
    assert steady < 1e-5
    assert gain == pytest.approx(6e-4, rel=0.01)
    assert offset == pytest.approx(2e-4, rel=0.01)
    assert edges == pytest.approx(2**0.5 * 1e-3 * 0.2, rel=0.01)


# --- the replay ---------------------------------------------------------------------------------
def trace(folder: Path) -> Path:
    rows = "".join(f"{i * 1e-3:.6f},0.1,{0.3 + 0.1 * (i % 2)}\n" for i in range(10))
    (folder / "trace.csv").write_text("time_s,idle_w,active_w\n" + rows)
    return folder / "trace.csv"


def test_a_replay_plays_the_busy_column_while_the_pin_is_high(
    tmp_path: Path,
) -> None:
    edges = tmp_path / "edges.txt"
    edges.write_text("hz 1000\n5 1\n7 0\n")
    address = Address(url="/dev/x", options={"edges": str(edges), "trace": str(trace(tmp_path))})
    (meter,) = (m for make in window_meters() if (m := make(address)) is not None)

    meter.start()
    with edges.open("a") as log:
        log.write("100 1\n200 0\n250 1\n350 0\n4")
    seen = meter.stop()

    assert (seen.rises_s, seen.falls_s) == ((0.1, 0.25), (0.2, 0.35))
    assert joules_between(seen, 0.101, 0.199) == pytest.approx(0.35 * 0.098, rel=0.01)
    assert joules_between(seen, 0.205, 0.245) == pytest.approx(0.1 * 0.04)


@pytest.mark.parametrize(
    "text",
    ["", "time_s,power_w\n0,1\n1,1\n", "time_s,idle_w,active_w\n0,1,1\n",
     "time_s,idle_w,active_w\n0,1,1\n1,1,1\n5,1,1\n", "time_s,idle_w,active_w\n0,1,x\n1,1,1\n"],
)  # fmt: skip
def test_a_trace_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "trace.csv").write_text(text)

    with pytest.raises(BoardError, match="power trace"):
        replay.trace_read(tmp_path / "trace.csv")
