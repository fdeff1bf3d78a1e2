"""Each meter against a stand-in that behaves like the chip: figures worked out from data sheets."""

import ctypes
import errno
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from device_agent.boards.port import Address
from device_agent.energy_budget import UNKNOWN, Accuracy
from device_agent.energy_windows import Mark, Recording, energy_of_windows, joules_between
from device_agent.meters import (
    best_meter,
    hwmon,
    i2c,
    iio,
    ina219,
    ina226,
    ina228,
    jetson,
    listed,
    meters,
    pmic,
    shunt,
    sysfs,
)
from device_agent.meters.base import Reading
from device_agent.meters.options import METERS, MeterError, all_options
from device_agent.meters.sampling import SampledMeter, Sampler

ADDRESS = 0x41


# --- shunt monitors on a fake bus ---------------------------------------------------------------
@dataclass
class Chip:
    """Registers of two bytes; wider ones are given with their width. A reset restores `fresh`."""

    fresh: dict[int, int]
    wide: dict[int, int] = field(default_factory=dict)
    values: dict[int, int] = field(default_factory=dict)
    written: list[tuple[int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.values = dict(self.fresh) | self.values

    def read(self, address: int, register: int, count: int) -> bytes:
        if address != ADDRESS:
            raise MeterError("nobody answers there")
        assert count == self.wide.get(register, 2)
        # A register that the chip has not reads as zeros.
        return self.values.get(register, 0).to_bytes(count, "big")

    def write(self, address: int, register: int, data: bytes) -> None:
        value = int.from_bytes(data, "big")
        self.written.append((register, value))
        if register == 0 and value & 0x8000:
            self.values |= self.fresh
        else:
            self.values[register] = value


def chip_219() -> Chip:
    return Chip(fresh={0: 0x399F}, values={1: 2000, 2: 1250 << 3 | 0b10})


def chip_226() -> Chip:
    # The data sheet's example: 10 A through 2 milliohm, 11.98 V.
    return Chip(fresh={0: 0x4127}, values={1: 8000, 2: 9584, 0xFE: 0x5449, 0xFF: 0x2260})


def chip_228() -> Chip:
    # The data sheet's example: 6 A through 16.2 milliohm at 48 V for an hour.
    values = {4: 311_040 << 4, 5: 245_760 << 4, 9: 1_061_683_200, 0x3E: 0x5449, 0x3F: 0x2281}
    return Chip(fresh={0: 0}, wide={4: 3, 5: 3, 9: 5}, values=values)


@contextmanager
def wired(
    monkeypatch: pytest.MonkeyPatch, meter: SampledMeter, chip: Chip, options: str
) -> Iterator[SampledMeter]:
    monkeypatch.setattr(shunt, "open_bus", lambda number: chip)
    for module in (ina219, ina226, ina228):
        monkeypatch.setattr(module, "settle", lambda seconds: None)
    monkeypatch.setenv(METERS, f"{meter.kind};address={ADDRESS:#x};{options}")
    meter.forget()
    yield meter
    meter.forget()


@pytest.mark.parametrize(("shunt_counts", "watts"), [(2000, 1.0), (0x10000 - 2000, -1.0), (0, 0.0)])
def test_ina219(monkeypatch: pytest.MonkeyPatch, shunt_counts: int, watts: float) -> None:
    chip = chip_219()
    chip.values[1] = shunt_counts
    with wired(monkeypatch, ina219.METER, chip, "shunt_ohm=0.1;max_a=0.4;sees=host") as meter:
        assert meter.why_not() == ""
        # 20 mV in steps of 10 uV over 0.1 ohm are 0.2 A; 1250 steps of 4 mV are 5 V.
        assert meter._open().watts() == pytest.approx(watts)
        # 32 V, gain 1 for 40 mV, sixteen samples of 12 bits on both channels, without end.
        assert chip.written[-1] == (0, 0x2667)
        accuracy = meter.accuracy()
        assert accuracy.step_w == pytest.approx(10e-6 / 0.1 * 5)
        # 100 uV over 0.1 ohm at 5 V are 5 mW at most; the resistor's 1%, the chip's 0.5% twice,
        # and 2 mV of 5 V.
        assert accuracy.offset_w == pytest.approx(5e-3 / 3**0.5)
        assert accuracy.gain_share == pytest.approx(
            (0.01**2 + 2 * 0.005**2 + 0.0004**2) ** 0.5 / 3**0.5
        )
        assert accuracy.lacks == ()


def test_ina219_is_further_off_in_its_widest_range(monkeypatch: pytest.MonkeyPatch) -> None:
    with wired(monkeypatch, ina219.METER, chip_219(), "shunt_ohm=0.1;sees=host") as meter:
        # 200 uV over 0.1 ohm at 5 V.
        assert meter.accuracy().offset_w == pytest.approx(10e-3 / 3**0.5)


def test_ina226_reads_the_example_of_its_data_sheet(monkeypatch: pytest.MonkeyPatch) -> None:
    chip = chip_226()
    with wired(monkeypatch, ina226.METER, chip, "shunt_ohm=0.002") as meter:
        assert meter.why_not() == ""
        assert meter._open().watts() == pytest.approx(119.8)
        assert chip.written == [(0, 0x8000), (0, 0x4327)]
        # Its other example: -80 mV read as 8300h.
        chip.values[1] = 0x8300
        assert meter._open().watts() == pytest.approx(-0.08 / 0.002 * 11.98)


def test_ina228_counts_energy_as_its_data_sheet_says(monkeypatch: pytest.MonkeyPatch) -> None:
    chip = chip_228()
    with wired(monkeypatch, ina228.METER, chip, "shunt_ohm=0.0162;max_a=10") as meter:
        assert meter.why_not() == ""
        assert (2, 4050) in chip.written
        assert meter._open().watts() == pytest.approx(288.0)
        reading = meter.read()
        # 288 W for an hour.
        assert reading.energy_j == pytest.approx(1_036_800)
        assert reading.wrap_j == pytest.approx((1 << 40) * 16 * 3.2 * 10 / (1 << 19))
        chip.values[4] = ((1 << 20) - 311_040) << 4
        assert meter._open().watts() == pytest.approx(-288.0)


def test_ina228_takes_its_narrow_range_where_that_suffices(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chip = chip_228()
    with wired(monkeypatch, ina228.METER, chip, "shunt_ohm=0.1;max_a=0.4") as meter:
        meter.read()
        # Four times as fine: 13107.2e6 · 0.4 / 2^19 · 0.1 · 4, and the range bit beside the clear.
        assert (2, 4000) in chip.written
        assert chip.written[-1] == (0, 1 << 14 | 1 << 4)
        assert meter._open().shunt_v() == pytest.approx(311_040 * 78.125e-9)


@pytest.mark.parametrize(
    ("meter", "chip", "options", "reason"),
    [
        (ina219.METER, chip_226(), "", "is no INA219"),
        (ina226.METER, chip_228(), "", "is no INA"),
        (ina228.METER, chip_226(), "", "is no INA"),
        (ina226.METER, chip_226(), "max_a=2", "at most 0.041 ohm"),
        (ina226.METER, chip_226(), "address=0x10", "0x40 to 0x4f"),
        (ina226.METER, chip_226(), "shunt_ohm=zero", "is no number"),
        (ina226.METER, chip_226(), "shunt_ohm=-1", "above 0"),
        (ina226.METER, chip_226(), "ohm=1", "unknown ohm; known are address"),
        (ina226.METER, chip_226(), "sees=wall", "none of host, board"),
        (ina228.METER, chip_228(), "max_a=0.00001", "needs calibration"),
    ],
)
def test_a_wrong_chip_or_setting_is_refused_in_words(
    monkeypatch: pytest.MonkeyPatch, meter: SampledMeter, chip: Chip, options: str, reason: str
) -> None:
    with wired(monkeypatch, meter, chip, options):
        assert reason in meter.why_not()


@pytest.mark.parametrize("counts", [0x7FFF, 0x8000])
def test_a_current_beyond_the_range_is_no_reading(
    monkeypatch: pytest.MonkeyPatch, counts: int
) -> None:
    chip = chip_226()
    chip.values[1] = counts
    with wired(monkeypatch, ina226.METER, chip, "shunt_ohm=0.1") as meter:
        assert "more than 0.819 A; a smaller shunt" in meter.why_not()


def test_an_owners_calibration_replaces_the_data_sheet(monkeypatch: pytest.MonkeyPatch) -> None:
    with wired(monkeypatch, ina226.METER, chip_226(), "gain_share=0.002") as meter:
        assert meter.accuracy().gain_share == 0.002


def test_a_named_meter_that_fails_costs_the_energy_and_not_the_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with wired(monkeypatch, ina226.METER, chip_219(), "") as meter:
        recorder = meter.window_meter(Address(url="/dev/x"))
        assert recorder is not None
        recorder.start()
        told = energy_of_windows(recorder.stop(), windows=5, runs=1)

    assert "is no INA226" in told.energy.why_not


def test_a_meter_of_the_board_is_none_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    here, there = Address(url="/dev/x"), Address(url="/dev/x", options={"meter": "ppk2"})
    with wired(monkeypatch, ina226.METER, chip_226(), "") as meter:
        assert meter.MEASURES == "attached board"
        assert isinstance(meter.window_meter(here), Sampler)
        assert meter.window_meter(there) is None
        monkeypatch.setenv(METERS, f"ina226;address={ADDRESS:#x};sees=host")
        assert (meter.MEASURES, meter.window_meter(here)) == ("board", None)


def test_the_linux_bus_says_register_and_reads_in_one_transfer(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "7").touch()
    monkeypatch.setattr(i2c, "device", f"{tmp_path}/{{}}")
    seen: list[Any] = []

    def ioctl(file: int, request: int, transfer: i2c.Transfer) -> int:
        messages = [transfer.msgs[i] for i in range(transfer.nmsgs)]
        seen.append([(m.addr, m.flags, bytes(m.buf[: m.len])) for m in messages])
        assert request == 0x0707
        if messages[0].addr == 0x4F:
            raise OSError(errno.EREMOTEIO, "remote")
        if len(messages) == 2:
            ctypes.memmove(messages[1].buf, b"\x12\x34\x56", messages[1].len)
        return len(messages)

    monkeypatch.setattr(i2c.fcntl, "ioctl", ioctl)
    bus = i2c.LinuxBus(7)

    assert bus.read(0x40, 0x05, 3) == b"\x12\x34\x56"
    bus.write(0x40, 0x02, b"\x0f\xd2")
    with pytest.raises(MeterError, match=r"at 0x4f: .*nobody answers there"):
        bus.read(0x4F, 0, 2)

    assert seen[0] == [(0x40, 0, b"\x05"), (0x40, 1, b"\0\0\0")]
    assert seen[1] == [(0x40, 0, b"\x02\x0f\xd2")]
    with pytest.raises(MeterError, match="switch I2C on"):
        i2c.LinuxBus(8)


# --- the kernel's files -------------------------------------------------------------------------
def tree(monkeypatch: pytest.MonkeyPatch, root: Path, files: dict[str, object]) -> None:
    for name, value in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{value}\n")
    monkeypatch.setattr(sysfs, "root", root)
    for meter in (hwmon.METER, iio.METER, jetson.METER):
        meter.forget()


def test_hwmon_reads_microwatts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    chip = "class/hwmon/hwmon1"
    tree(monkeypatch, tmp_path, {
        "class/hwmon/hwmon0/name": "cpu_thermal", "class/hwmon/hwmon0/temp1_input": 51000,
        f"{chip}/name": "ina226", f"{chip}/power1_input": 2_345_000,
    })  # fmt: skip

    assert hwmon.METER._open().name == "hwmon ina226"
    assert hwmon.METER._open().watts() == pytest.approx(2.345)
    assert hwmon.METER.accuracy() == UNKNOWN
    (tmp_path / chip / "power1_input").unlink()
    assert "cannot be read any more" in hwmon.METER.why_not()


def test_a_named_meter_of_this_machine_goes_before_one_that_was_found(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    gpu, rail = "class/hwmon/hwmon0", "class/hwmon/hwmon1"
    tree(monkeypatch, tmp_path, {f"{gpu}/name": "amdgpu", f"{gpu}/power1_average": 9_000_000})
    # A graphics card's power is not the computer's.
    assert "no power sensor" in hwmon.METER.why_not()
    tree(monkeypatch, tmp_path, {f"{rail}/name": "ina226", f"{rail}/power1_input": 1_000_000})
    assert best_meter() is hwmon.METER

    with wired(monkeypatch, ina226.METER, chip_226(), "sees=host") as meter:
        assert best_meter() is meter


def test_hwmon_multiplies_milliamperes_and_millivolts(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    chip = "class/hwmon/hwmon0"
    tree(monkeypatch, tmp_path, {
        f"{chip}/name": "ltc2945", f"{chip}/curr1_input": 500, f"{chip}/in1_input": 5100,
    })  # fmt: skip

    assert hwmon.METER._open().watts() == pytest.approx(2.55)


def test_an_empty_tree_has_no_sensor_and_says_where_it_looked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tree(monkeypatch, tmp_path, {})

    assert f"under {tmp_path}/class/hwmon" in hwmon.METER.why_not()
    assert "iio" in iio.METER.why_not()
    assert "no INA3221" in jetson.METER.why_not()


def test_iio_scales_raw_values_to_milliwatts(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    device = "bus/iio/devices/iio:device0"
    tree(monkeypatch, tmp_path, {
        f"{device}/name": "ina226", f"{device}/in_power2_raw": 4000,
        f"{device}/in_power2_scale": 0.3, f"{device}/in_voltage0_raw": 1,
    })  # fmt: skip

    assert iio.METER._open().watts() == pytest.approx(1.2)


def test_iio_without_power_multiplies_current_and_supply(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    device = "bus/iio/devices/iio:device0"
    tree(monkeypatch, tmp_path, {
        f"{device}/in_current3_raw": 100, f"{device}/in_current3_scale": 2.5,
        f"{device}/in_voltage0_raw": 7, f"{device}/in_voltage0_scale": 0.0025,
        f"{device}/in_voltage1_raw": 4000, f"{device}/in_voltage_scale": 1.25,
    })  # fmt: skip

    # 250 mA at 5 V.
    assert iio.METER._open().watts() == pytest.approx(1.25)


def test_a_jetson_is_its_input_rail_and_no_sum(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    chip = "bus/i2c/drivers/ina3221/1-0040/hwmon/hwmon3"
    rails = {"VDD_IN": (5000, 2000), "VDD_CPU_GPU_CV": (5000, 800), "VDD_SOC": (5000, 400)}
    files: dict[str, object] = {}
    for number, (label, (millivolt, milliampere)) in enumerate(rails.items(), start=1):
        files |= {
            f"{chip}/in{number}_label": label, f"{chip}/in{number}_input": millivolt,
            f"{chip}/curr{number}_input": milliampere, f"{chip}/shunt{number}_resistor": 5000,
        }  # fmt: skip
    tree(monkeypatch, tmp_path, files)

    assert jetson.METER._open().watts() == pytest.approx(10.0)
    assert "VDD_IN" in jetson.METER._open().name
    # 80 uV over 5 milliohm at 5 V are 80 mW at most; one step of 40 uV is half of that.
    assert jetson.METER.accuracy().offset_w == pytest.approx(0.08 / 3**0.5)
    assert jetson.METER.accuracy().step_w == pytest.approx(0.04)


# --- Raspberry Pi 5 -----------------------------------------------------------------------------
_RAILS = """\
 3V7_WL_SW_A current(0)=0.00292796A
   3V3_SYS_A current(1)=0.10000000A
  VDD_CORE_A current(7)=2.00000000A
   3V3_SYS_V volt(9)=3.30000000V
  VDD_CORE_V volt(15)=0.80000000V
     EXT5V_V volt(24)=5.15000000V
      BATT_V volt(25)=0.00000000V
"""


def test_the_power_chip_sums_rails_that_show_current_and_voltage() -> None:
    assert pmic.power_in(_RAILS) == pytest.approx(0.33 + 1.6)
    assert pmic.power_in("error=2 error_msg=Invalid arguments") is None


@pytest.mark.parametrize(
    ("says", "why"), [(_RAILS, ""), ("VCHI initialization failed", "only a Raspberry Pi 5")]
)
def test_the_program_of_the_pi_is_asked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, says: str, why: str
) -> None:
    program = tmp_path / "vcgencmd"
    program.write_text(f"#!/bin/sh\n[ $1 = pmic_read_adc ] && cat <<'END'\n{says}\nEND\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    pmic.METER.forget()

    assert why in pmic.METER.why_not()
    assert bool(pmic.METER.why_not()) == bool(why)
    pmic.METER.forget()


# --- from a sensor to a meter -------------------------------------------------------------------
class Ramp:
    """Power that grows; a counter that wraps at 10 J where asked for."""

    name = "ramp"
    every_s = 0.001

    def __init__(self, *, counts: bool = False, fails_after: int = 1 << 30) -> None:
        self.taken, self._counts, self._fails_after = 0, counts, fails_after

    def watts(self) -> float:
        self.taken += 1
        if self.taken > self._fails_after:
            raise MeterError("the cable fell off")
        return 2.0

    def joules(self) -> Reading | None:
        if not self._counts:
            return None
        return Reading(at_s=float(self.taken), energy_j=(self.taken * 4.0) % 10.0, wrap_j=10.0)

    def accuracy(self) -> Accuracy:
        return Accuracy(step_w=0.1)


def recorded(sensor: Ramp, samples: int) -> Recording:
    sampler = Sampler(sensor, sensor.accuracy(), idle_s=0.0)
    sampler.start()
    while sensor.taken < samples:
        threading.Event().wait(0.002)
    return sampler.stop()


def test_a_sampler_records_on_the_agents_clock() -> None:
    told = recorded(Ramp(), 5)

    assert set(told.powers_w) == {2.0}
    assert list(told.times_s) == sorted(told.times_s)
    assert (told.step_w, told.is_host_clock, told.fault) == (0.1, True, "")


def test_a_counter_that_wraps_is_unwrapped() -> None:
    told = recorded(Ramp(counts=True), 8)

    assert told.energies_j[:8] == pytest.approx([4.0 * i for i in range(8)])
    assert joules_between(told, 1.0, 3.5) == pytest.approx(10.0)


def test_a_sensor_that_fails_spoils_the_recording_and_says_why() -> None:
    told = recorded(Ramp(fails_after=3), 4)
    result = energy_of_windows(told, windows=1, runs=1, marks=[Mark(
        earliest_s=told.times_s[0], latest_s=told.times_s[1], length_s=1e-6)])  # fmt: skip

    assert (told.fault, result.energy.total_j) == ("the cable fell off", None)
    assert "the cable fell off" in result.energy.why_not


# --- settings -----------------------------------------------------------------------------------
def test_settings_name_meters_with_options() -> None:
    found = all_options({METERS: "ina226; bus = 2;address=0x45 , ppk2;port=/dev/ttyACM1,"})

    assert [(o.kind, dict(o.values)) for o in found] == [
        ("ina226", {"bus": "2", "address": "0x45"}), ("ppk2", {"port": "/dev/ttyACM1"}),
    ]  # fmt: skip
    assert found[0].whole("address", 0) == 0x45


def test_a_driver_is_one_file_that_nothing_else_names() -> None:
    names = {driver.NAME for driver in listed()}

    assert {"INA219", "INA226", "INA228", "PPK2", "Jetson INA3221"} <= names
    assert {"RAPL package counter", "NVML energy counter", "hwmon power sensor"} <= names
    assert "PPK2" not in {meter.NAME for meter in meters()}
