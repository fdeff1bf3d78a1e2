"""Nordic's PPK2: its samples, its calibration, and the meter behind a pty."""

import os
import struct
import threading
import tty

import pytest

from device_agent.boards.port import Address
from device_agent.energy_budget import Accuracy
from device_agent.energy_windows import joules_between
from device_agent.meters import ppk2
from device_agent.meters.options import METERS


def word(adc: int, *, at: int, pin: bool = False, number: int = 3) -> int:
    return adc | number << 14 | (at & 63) << 18 | pin << 24


def table(milliwatt_a_count: float = 1.0) -> list[float]:
    return [(value & 0x3FFF) * milliwatt_a_count * 1e-3 for value in range(1 << 17)]


def test_ppk2_counts_energy_between_edges_of_the_pin() -> None:
    # 10 mW idle, 30 mW while the pin is high, from sample 250 to 650: 4 ms.
    words = [word(30 if 250 <= i < 650 else 10, at=i, pin=250 <= i < 650) for i in range(1000)]
    told = ppk2.recording_of(words, table(), pin=0, accuracy=Accuracy())

    assert (told.rises_s, told.falls_s) == ((250e-5,), (650e-5,))
    assert joules_between(told, 250e-5, 650e-5) == pytest.approx(30e-3 * 4e-3)
    assert joules_between(told, 100e-5, 200e-5) == pytest.approx(10e-3 * 1e-3)
    assert told.fault == ""


def test_ppk2_notices_lost_samples_and_keeps_the_time() -> None:
    words = [word(10, at=i, pin=i >= 500) for i in range(1000) if not 300 <= i < 320]
    told = ppk2.recording_of(words, table(), pin=0, accuracy=Accuracy())

    assert told.rises_s == (500e-5,)
    assert joules_between(told, 200e-5, 500e-5) == pytest.approx(10e-3 * 3e-3)
    assert "20 of 980 samples were lost" in told.fault or "20 of 1000" in told.fault


def test_ppk2_does_not_believe_a_range_before_it_settled() -> None:
    # The first three samples of another range read ten times too much.
    words = [word(10, at=i) for i in range(200)]
    words += [word(1000 if i < 203 else 10, at=i, number=4) for i in range(200, 401)]
    told = ppk2.recording_of(words, table(), pin=None, accuracy=Accuracy())

    assert joules_between(told, 0.0, 400e-5) == pytest.approx(10e-3 * 4e-3)


def test_ppk2_calibration_as_the_meter_tells_it() -> None:
    told = "Calibrated: 1\nR1: 100\nGS1: 2\nGI1: 1.5\nO1: 200\nS1: 0.001\nI1: 0.002\nUG1: 1.1\nEND"
    ranges = ppk2.ranges_in(told)

    plain = (4 * 1000 - 200) * 1.8 / 163_840 / 100
    expected = 1.1 * (plain * (2 * plain + 1.5) + 0.001 * 3.3 + 0.002)
    assert ranges[1].ampere(1000, 3.3) == pytest.approx(expected)
    # The widest range as it comes without calibration: 0.043 ohm.
    assert ranges[4].r == 0.043


@pytest.mark.parametrize(
    ("millivolt", "said"), [(800, (13, 3, 32)), (3300, (13, 12, 228)), (5000, (13, 19, 136))]
)
def test_ppk2_sets_its_regulator(millivolt: int, said: tuple[int, ...]) -> None:
    assert tuple(ppk2.regulator_command(millivolt)) == said


class FakePpk2:
    """The meter behind a pty: metadata when asked, a burst of samples when started."""

    def __init__(self) -> None:
        self._ours, slave = os.openpty()
        tty.setraw(slave)
        self._slave = slave
        self.port = os.ttyname(slave)
        self.heard = bytearray()
        words = [word(14000 if 5000 <= i < 9000 else 4000, at=i, pin=5000 <= i < 9000)
                 for i in range(12_000)]  # fmt: skip
        self._burst = struct.pack(f"<{len(words)}I", *words)
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while data := self._received():
            self.heard += data
            if 25 in data:
                os.write(self._ours, b"Calibrated: 0\r\nR3: 0.9400\r\nGS3: 0\r\nEND\r\n")
            # Commands that were written one after the other may be read as one.
            if data.endswith(b"\x06"):
                self._stream()

    def _stream(self) -> None:
        rest = self._burst
        while rest:
            rest = rest[os.write(self._ours, rest[:4096]) :]

    def _received(self) -> bytes:
        try:
            return os.read(self._ours, 64)
        except OSError:
            return b""

    def close(self) -> None:
        os.close(self._ours)
        os.close(self._slave)


def test_ppk2_over_a_port_from_calibration_to_joules(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakePpk2()
    monkeypatch.setenv(METERS, f"ppk2;port={fake.port};mv=3300;gain_share=0.02")
    meter = ppk2.METER.window_meter(Address(url="/dev/x"))
    assert isinstance(meter, ppk2.Ppk2Recorder)

    meter.start()
    while len(meter._data) < 4 * 12_000:
        threading.Event().wait(0.01)
    told = meter.stop()
    ppk2.METER._close()
    fake.close()

    # Range 3 without the quadratic term: 4·14000·1.8/163840/0.94 A at 3.3 V for 40 ms.
    expected = 4 * 14000 * 1.8 / 163_840 / 0.94 * 3.3 * 0.04
    assert joules_between(told, told.rises_s[0], told.falls_s[0]) == pytest.approx(expected)
    assert (told.gain_share, told.lacks, told.fault) == (0.02, ("offset",), "")
    assert bytes(fake.heard).startswith(b"\x07\x19\x11\x01\x0d\x0c\xe4\x0c\x01\x06")


@pytest.mark.parametrize(
    ("options", "reason"),
    [("", "not named"), ("ppk2;mv=3300", "port is missing"),
     ("ppk2;port=/dev/nowhere;mv=3300", "cannot be opened"),
     ("ppk2;port=/dev/nowhere;volts=3", "unknown volts")],
)  # fmt: skip
def test_a_ppk2_that_is_not_there_is_explained(
    monkeypatch: pytest.MonkeyPatch, options: str, reason: str
) -> None:
    monkeypatch.setenv(METERS, options)

    assert reason in ppk2.METER.why_not()
