"""Windows of sensor data: recorded, sent, proven, and honest about a sensor that is none."""

import base64
import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from device_agent.benchmarks import DriverError, board_sensor
from device_agent.boards import bench
from device_agent.boards.dialects.lab import LabBoard
from device_agent.boards.port import Address
from firmware_specs.serial import operands
from firmware_specs.serial.replies import ReplyError
from tests.doubles.fake_board import MemoryPort

CAPS = (
    "protocol-[1]", "board-[test]", "core-[avr]", "emulated-[1]", "clock-hz-[16000000]",
    "counter-hz-[16000000]", "input-bytes-[64]", "blob-bytes-[1024]", "kernels-[mac8]",
    "layers-[int8]",
)  # fmt: skip


class SensingFirmware:
    """As much of our firmware as sensors need; `spoil` changes an answer's lines."""

    def __init__(self, sensors: str = "a0,synthetic") -> None:
        self.sensors = sensors
        self.spoil: Callable[[list[str]], list[str]] = lambda lines: lines

    def receive(self, data: bytes) -> bytes:
        answer: list[str] = []
        for command in data.decode("latin-1").split("%")[:-1]:
            answer += [*self._obey(command.split(" ")), "m-ready"]
        return "".join(f"{line}\r\n" for line in answer).encode()

    def _obey(self, words: list[str]) -> list[str]:
        if words[0] == "name":
            return ["m-name-dut-[courseserver test]"]
        if words[0] == "caps":
            told = [f"sensors-[{self.sensors}]"] if self.sensors else []
            return [f"m-cap-{line}" for line in (*CAPS, *told)]
        assert words[0] == "sense"
        count, hz = int(words[3]), int(words[2])
        axes = 3 if words[1] == "synthetic" else 1
        values = operands.synthetic_readings(count) if axes == 3 else list(range(count))
        data = struct.pack(f"<{len(values)}h", *values)
        # The board's counter wraps within the window.
        begin, end = (1 << 32) - 1000, (count * 1_000_000 // hz) - 1000
        lines = [f"m-lap-us-{begin}", f"m-lap-us-{end}", f"m-axes-{axes}", "m-late-0"]
        lines += [f"m-samples-{data[i : i + 32].hex()}" for i in range(0, len(data), 32)]
        return self.spoil([*lines, f"m-sense-done-{zlib.crc32(data):08x}"])


@pytest.fixture
def firmware(monkeypatch: pytest.MonkeyPatch) -> SensingFirmware:
    firmware = SensingFirmware()

    @contextmanager
    def board_for(kind: type[object]) -> Iterator[tuple[LabBoard, Address]]:
        port = MemoryPort(firmware)
        try:
            yield LabBoard(port, clock=port.clock), Address(url="/dev/x")
        except ReplyError as error:
            raise DriverError(str(error)) from error

    monkeypatch.setattr(bench, "board_for", board_for)
    return firmware


def record(**changes: Any) -> Any:
    given = {"sensor": "any", "hz": 100, "readings": 64}
    return board_sensor.board_sensor(given | changes)


def test_the_boards_own_sensor_is_recorded_and_comes_along(firmware: SensingFirmware) -> None:
    measured = record()

    assert measured.times_s == pytest.approx((0.01,) * 5)
    facts = measured.environment
    assert (facts["sensor"], facts["is_synthetic"], facts["axes"]) == ("a0", False, 1)
    data = base64.b64decode(facts["readings_int16le"])
    assert struct.unpack("<64h", data) == tuple(range(64))
    assert measured.evidence == "emulated"


def test_a_sensor_that_is_none_says_so_and_is_known_to_the_bit(firmware: SensingFirmware) -> None:
    firmware.sensors = "synthetic"
    facts = record(readings=512).environment

    assert (facts["sensor"], facts["is_synthetic"]) == ("synthetic", True)
    # As much as one text carries: 512 readings of three axes are 3,072 bytes.
    assert len(base64.b64decode(facts["readings_int16le"])) == 3072
    assert len(facts["readings_int16le"]) == 4096


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda lines: [line.replace("m-samples-00", "m-samples-01") for line in lines], "damaged"),
        (lambda lines: lines[:-1], "no m-sense-done"),
        (lambda lines: ["e-[it burns]"], "it burns"),
        (lambda lines: [*lines[:4], "m-samples-zz", lines[-1]], "no hex"),
        (lambda lines: [*lines[:2], "m-axes-0", *lines[3:]], "damaged"),
        (lambda lines: [*lines[:4], "m-samples-0000", "m-sense-done-41d912ff"], "1 values came"),
    ],
)
def test_damaged_data_is_a_failure_in_words(
    firmware: SensingFirmware, spoil: Callable[[list[str]], list[str]], why: str
) -> None:
    firmware.spoil = spoil

    with pytest.raises(DriverError, match=why):
        record()


def test_synthetic_values_that_are_others_are_not_believed(firmware: SensingFirmware) -> None:
    def shift(lines: list[str]) -> list[str]:
        data = bytes(96)
        return [*lines[:4], f"m-samples-{data.hex()}", f"m-sense-done-{zlib.crc32(data):08x}"]

    firmware.spoil = shift

    with pytest.raises(DriverError, match="not those that the firmware makes"):
        record(sensor="synthetic", readings=16)


def test_a_sensor_that_is_not_there_or_older_firmware_is_named(firmware: SensingFirmware) -> None:
    firmware.sensors = "synthetic"
    with pytest.raises(DriverError, match="has no sensor a0; it has synthetic"):
        record(sensor="a0")
    firmware.sensors = ""
    with pytest.raises(DriverError, match="flash the latest"):
        record()
