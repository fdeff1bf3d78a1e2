"""Energy between the edges of a sync pin: exact where it can be worked out by hand."""

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from device_agent.boards.dialects.dut import Dut
from device_agent.boards.errors import BoardError
from device_agent.boards.port import Address
from device_agent.boards.windows import windows_of
from device_agent.energy_budget import Accuracy
from device_agent.energy_windows import (
    Mark,
    Recording,
    RecordingError,
    energy_of_windows,
    joules_between,
)
from device_agent.meters import replay, window_meters
from device_agent.meters.sampling import Sampler
from firmware_specs.serial import commands
from firmware_specs.serial.replies import Reply
from tests.doubles.fake_board import DutFirmware, MemoryPort


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


# --- windows without a pin, and the budget ------------------------------------------------------
def by_host_clock(**changes: Any) -> Recording:
    """Return 1 kHz samples of 0.1 W, 0.3 W between 3 s and 5 s, idle for 2 s at both ends."""
    times = [i * 1e-3 for i in range(8001)]
    given: dict[str, Any] = {
        "meter": "by hand", "times_s": tuple(times), "idle_s": 2.0, "is_host_clock": True,
        "powers_w": tuple(0.3 if 3 <= t <= 5 else 0.1 for t in times),
    }  # fmt: skip
    return Recording(**(given | changes))


MARKS = [Mark(earliest_s=2.98, latest_s=5.04, length_s=2.0)]


def test_without_a_pin_the_agents_marks_bound_the_window_and_the_power_says_where() -> None:
    told = energy_of_windows(by_host_clock(), windows=1, runs=10, marks=MARKS)

    # The window lies somewhere in 60 ms more than its length; the power shows where, to a sample.
    assert told.energy.total_j == pytest.approx(0.6 / 10, rel=1e-3)
    assert told.energy.dynamic_j == pytest.approx(0.4 / 10, rel=1e-3)
    assert told.facts["energy_lag_s"] == pytest.approx(-0.01, abs=3e-3)
    assert told.budget is not None
    assert told.budget.timing_j < 2**0.5 * 4e-3 / 12**0.5 * 0.2 / 10
    assert (told.facts["energy_sync"], "energy_doubt" in told.facts) == ("host clock", False)


def five_windows(late_s: float, *, averaged_s: float = 0.0, noise_w: float = 0.0) -> Recording:
    """Return five windows of 1 s from 3 s on with 20 ms between them, shown late, at 100 Hz."""
    grid = np.arange(0, 11, 1e-3)
    load = np.where((grid > 3) & (grid < 8.08) & ((grid - 3) % 1.02 < 1.0), 0.3, 0.1)
    width = max(1, round(averaged_s / 1e-3))
    seen = np.convolve(np.pad(load, (width - 1, 0), mode="edge"), np.ones(width) / width, "valid")
    times = np.arange(0, 10.5, 1e-2)
    powers = np.interp(times - late_s, grid, seen)
    powers += noise_w * np.random.default_rng(3).standard_normal(len(times))
    return by_host_clock(times_s=tuple(times.tolist()), powers_w=tuple(powers.tolist()))


FIVE = [
    Mark(earliest_s=3 + 1.02 * i - 0.004, latest_s=4 + 1.02 * i + 0.004, length_s=1.0)
    for i in range(5)
]


@pytest.mark.parametrize(
    ("late_s", "averaged_s", "noise_w"),
    [(0.0, 0.0, 0.0), (0.2, 0.0, 0.0), (0.2, 0.0, 0.01), (0.05, 0.1, 0.005), (-0.1, 0.0, 0.0)],
)
def test_how_late_a_meter_is_is_read_off_the_windows_themselves(
    late_s: float, averaged_s: float, noise_w: float
) -> None:
    meter = five_windows(late_s, averaged_s=averaged_s, noise_w=noise_w)

    told = energy_of_windows(meter, windows=5, runs=1, marks=FIVE)

    # A rolling mean is late by half of what it averages.
    assert told.facts["energy_lag_s"] == pytest.approx(late_s + averaged_s / 2, abs=0.011)
    assert told.energy.total_j == pytest.approx(0.3, rel=0.02)


@pytest.mark.parametrize(
    "meter",
    [
        five_windows(0.0, noise_w=0.5),
        by_host_clock(times_s=tuple(i * 0.01 for i in range(1050)), powers_w=(0.2,) * 1050),
        # Later than anything that is looked for.
        five_windows(1.4),
    ],
    ids=["noise", "no load", "late"],
)
def test_where_the_power_shows_no_wave_the_slack_stays_in_the_doubt(meter: Recording) -> None:
    told = energy_of_windows(meter, windows=5, runs=1, marks=FIVE)

    assert "energy_lag_s" not in told.facts
    assert told.budget is not None
    contrast = abs(told.energy.total_j / 1.0 - told.facts["idle_w"])  # type: ignore[operator]
    assert told.budget.timing_j == pytest.approx(2**0.5 * 0.008 / 12**0.5 * contrast, rel=1e-6)


def test_every_part_of_the_budget_is_worked_out_by_hand() -> None:
    told = energy_of_windows(
        by_host_clock(gain_share=0.01, offset_w=1e-3, step_w=0.012),
        windows=1, runs=1, marks=[Mark(earliest_s=3.0, latest_s=5.0, length_s=2.0)],
    )  # fmt: skip
    budget = told.budget
    assert budget is not None

    assert budget.gain_j == pytest.approx(0.006, rel=1e-3)
    assert budget.offset_j == pytest.approx(0.002)
    # The answer leaves no slack; the meter's lag is looked for in 400 steps of a second.
    timing_j = 2**0.5 * 2.5e-3 / 12**0.5 * 0.2
    assert budget.timing_j == pytest.approx(timing_j, rel=1e-3)
    # The power does not move by a step, so that rounding does not average out.
    assert budget.quantisation_j == pytest.approx(0.012 / 12**0.5 * 2.0)
    assert (budget.repeat_j, budget.idle_j) == (0.0, pytest.approx(0.0, abs=1e-9))
    assert budget.total_j == pytest.approx(
        (0.006**2 + 0.002**2 + (0.024 / 12**0.5) ** 2 + timing_j**2) ** 0.5, rel=1e-3
    )
    # Less idle, the offset cancels: 1% of 0.4 J and the steps are left.
    assert budget.dynamic_j == pytest.approx(
        (0.004**2 + (0.024 / 12**0.5) ** 2 + timing_j**2) ** 0.5, rel=1e-3
    )


def test_steps_average_out_where_the_power_moves_between_them() -> None:
    moving = tuple(0.3 if i % 2 else 0.1 for i in range(8001))
    told = energy_of_windows(
        by_host_clock(powers_w=moving, step_w=0.1), windows=1, runs=1, marks=MARKS
    )
    assert told.budget is not None

    samples = told.facts["energy_samples"]
    assert told.budget.quantisation_j == pytest.approx(0.1 / 12**0.5 * 2.0 / float(samples) ** 0.5)


def test_an_idle_power_that_drifts_and_few_samples_are_said() -> None:
    times = tuple(i * 0.05 for i in range(161))
    powers = tuple(0.3 if 3 <= t <= 5 else 0.1 if t < 3 else 0.11 for t in times)
    told = energy_of_windows(
        by_host_clock(times_s=times, powers_w=powers), windows=1, runs=1, marks=MARKS
    )
    assert told.budget is not None

    assert told.facts["energy_doubt"] == (
        "40 samples a window, 100 are wanted: longer windows; "
        "the idle power drifted by 9%, 2% is the limit"
    )
    assert told.budget.idle_j == pytest.approx(0.01 / 12**0.5 * 2.0)


class SlowBoard(Dut):
    """A device under test that takes 10 ms for a run, by its clock and by ours."""

    def __init__(self) -> None:
        super().__init__(MemoryPort(DutFirmware()))

    def first(self, command: object, *, window_s: float = 0.1) -> float:
        return 0.01

    def timed(
        self, command: object, runs: int, warm_ups: int, once_s: float
    ) -> tuple[float, Reply]:
        time.sleep(once_s * (runs + warm_ups))
        return once_s * runs, Reply(())


class Constant:
    """A sensor that always shows 2 W."""

    name = "constant"
    every_s = 0.002

    def watts(self) -> float:
        return 2.0

    def joules(self) -> None:
        return None

    def accuracy(self) -> Accuracy:
        return Accuracy(gain_share=0.01)


def test_a_meter_without_a_pin_watches_the_idle_board_and_then_its_windows() -> None:
    sampler = Sampler(Constant(), Constant().accuracy(), idle_s=0.1)
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        time.sleep(seconds)

    told = windows_of(SlowBoard(), commands.infer, window_s=0.1, meter=sampler, sleep=sleep)

    assert slept == [0.1, 0.1]
    # Ten runs in a window of a tenth of a second at 2 W, none of it more than idle.
    assert told.energy.energy.total_j == pytest.approx(0.02, rel=1e-3)
    assert told.energy.energy.dynamic_j == pytest.approx(0.0, abs=1e-5)
    assert told.energy.facts["energy_sync"] == "host clock"
    assert told.energy.facts["energy_u_gain_j"] == pytest.approx(0.0002, rel=1e-3)
