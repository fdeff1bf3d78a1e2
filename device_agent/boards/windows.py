"""Timed windows on a board's own clock: as many runs as fill one, several windows, their spread."""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from device_agent.benchmarks.base import Measured
from device_agent.boards import bench
from device_agent.boards.dialects.dut import Dut
from device_agent.boards.dialects.lab import LabBoard
from device_agent.boards.port import Address
from device_agent.energy_windows import Mark, WindowEnergy, WindowMeter, energy_of_windows
from firmware_specs.serial.replies import Reply
from firmware_specs.wire import Energy, Scalar

WINDOWS = 5
# As the tiny benchmarks ask; a clock of 1 microsecond is then known to 1 part in 10 000 000.
_RUNS_LEAST = 10
# What a board reads with `atoi` has a sign.
_RUNS_MOST = (1 << 31) - 1
_WARM_UPS = 1
_NO_METER = "no meter sees this board: `meters` in the settings names one"
Command = Callable[[int, int], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Windows:
    """What five windows of the same work took. `times_s` is the time of one run in each."""

    times_s: tuple[float, ...]
    runs: int
    # Of the board's counter, for one run; None where the board has none to read.
    ticks: float | None
    energy: WindowEnergy
    last: Reply


def windows_of(
    board: Dut,
    command: Command,
    *,
    window_s: float,
    meter: WindowMeter | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> Windows:
    """Time a command in `WINDOWS` windows of about `window_s` each.

    Raises
    ------
    BoardError
        If the board vanishes, goes silent, or answers what cannot be.
    """
    once_s = board.first(command, window_s=window_s)
    # Not one more run for the last bit of a quotient.
    runs = min(_RUNS_MOST, max(_RUNS_LEAST, math.ceil(window_s / once_s * (1 - 1e-9))))
    times, ticks, last = [], [], Reply(())
    marks: list[Mark] = []
    if meter is not None:
        meter.start()
        sleep(meter.idle_s)
    for _ in range(WINDOWS):
        sent_s = time.monotonic()
        taken_s, last = board.timed(command, runs, _WARM_UPS, once_s)
        ready_s = time.monotonic()
        times.append(taken_s / runs)
        # The warm-up comes first, so the window cannot begin before it could be over.
        marks.append(
            Mark(
                earliest_s=sent_s + _WARM_UPS * taken_s / runs,
                latest_s=ready_s,
                length_s=taken_s,
            )
        )
        if isinstance(board, LabBoard):
            ticks.append(board.ticks(taken_s) / runs)
    energy = WindowEnergy(energy=Energy(why_not=_NO_METER))
    if meter is not None:
        sleep(meter.idle_s)
        energy = energy_of_windows(meter.stop(), windows=WINDOWS, runs=runs, marks=marks)
    return Windows(
        times_s=tuple(times),
        runs=runs,
        ticks=sorted(ticks)[len(ticks) // 2] if ticks else None,
        energy=energy,
        last=last,
    )


def measured(
    board: Dut,
    address: Address,
    windows: Windows,
    *,
    amount: float | None = None,
    facts: Mapping[str, Scalar] | None = None,
) -> Measured:
    """Return the outcome of windows with what the board is."""
    environment: dict[str, Any] = {
        "board": bench.name_of(board, address),
        "dialect": board.dialect,
        "runs_per_window": windows.runs,
        **(facts or {}),
    }
    if isinstance(board, LabBoard):
        environment |= {"core": board.can.core, "clock_hz": board.can.clock_hz}
    environment |= windows.energy.facts
    if windows.ticks is not None and isinstance(board, LabBoard):
        environment |= {"counter_ticks": windows.ticks, "counter_hz": board.can.counter_hz}
    return Measured(
        times_s=windows.times_s,
        amount=amount,
        evidence=address.evidence(says_emulated=board.is_emulated),
        energy=windows.energy.energy,
        environment=environment,
        calls=windows.runs * len(windows.times_s),
    )
