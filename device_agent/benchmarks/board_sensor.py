"""Sensor data from a board with our firmware: windows at a steady rate, recorded and then sent.

What is measured is the time between two readings by the board's own clock. The last window comes
along as 16-bit numbers in base 64, and whether sending one took longer than recording one: then the
line leaves gaps.
"""

import base64
import time
from collections.abc import Callable, Mapping

from device_agent.benchmarks.base import Arguments, DriverError, Measured
from device_agent.boards import bench
from device_agent.boards.dialects.lab import LabBoard
from firmware_specs.serial import operands
from firmware_specs.serial.replies import Readings
from firmware_specs.wire import Energy, Scalar

SYNTHETIC = "synthetic"
_WINDOWS = 5


board_name = bench.board_name


def why_not() -> str:
    return bench.why_not(LabBoard)


def board_sensor(arguments: Arguments) -> Measured:
    """Record five windows of a sensor; without one, of the synthetic one, which says so."""
    hz, count = int(arguments["hz"]), int(arguments["readings"])
    with bench.board_for(LabBoard) as (board, address):
        sensor = _sensor(board, str(arguments["sensor"]))
        windows, sending = [], []
        for _ in range(_WINDOWS):
            began_s = time.monotonic()
            windows.append(board.sense(sensor, hz, count))
            sending.append(max(0.0, time.monotonic() - began_s - windows[-1].window_s))
        for window in windows:
            _check(window, sensor, count)
        return Measured(
            times_s=tuple(window.window_s / count for window in windows),
            calls=_WINDOWS * count,
            evidence=address.evidence(says_emulated=board.is_emulated),
            energy=Energy(why_not="recording a sensor is not metered"),
            environment={
                "board": bench.name_of(board, address),
                "dialect": board.dialect,
                "core": board.can.core,
                "sensor": sensor,
                # True: no sensor but numbers that the firmware makes.
                "is_synthetic": sensor == SYNTHETIC,
                **_facts(windows[-1], sorted(sending)[_WINDOWS // 2], hz),
            },
        )


TASKS: Mapping[str, Callable[[Arguments], Measured]] = {"sensor": board_sensor}


def _sensor(board: LabBoard, wanted: str) -> str:
    """Return the board's own sensor where it has one and none other is wanted."""
    if not board.can.sensors:
        raise DriverError(f"{board.name}'s firmware knows no sensors; flash the latest")
    name = board.can.sensors[0] if wanted == "any" else wanted
    if name not in board.can.sensors:
        there = ", ".join(board.can.sensors)
        raise DriverError(f"{board.name} has no sensor {name}; it has {there}")
    return name


def _check(window: Readings, sensor: str, count: int) -> None:
    if len(window.values) != count * window.axes:
        raise DriverError(f"{len(window.values)} values came, {count * window.axes} were asked for")
    if sensor == SYNTHETIC and list(window.values) != operands.synthetic_readings(count):
        raise DriverError("the synthetic readings are not those that the firmware makes")


def _facts(window: Readings, sending_s: float, hz: int) -> dict[str, Scalar]:
    readings = operands.TOLD_READINGS_BYTES // (2 * window.axes)
    return {
        "axes": window.axes,
        "asked_hz": hz,
        "late_readings": window.late,
        "send_s": sending_s,
        "keeps_up": sending_s < window.window_s,
        "readings_int16le": base64.b64encode(window.data[: readings * 2 * window.axes]).decode(),
    }
