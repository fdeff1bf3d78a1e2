"""The doctor, on files that are a Raspberry Pi, well and ill: never without a remedy."""

import errno
import json
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from device_agent import config, doctor, environment
from device_agent.__main__ import main
from device_agent.boards import find
from device_agent.doctor import Finding, Grade, bench, machine, service
from device_agent.meters.options import METERS
from firmware_specs.wire import TaskInfo

KIT = {"device_id": "kit_1", "secret": "s3cret"}
CPU = "sys/devices/system/cpu"


@pytest.fixture
def pi(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Return a root in which all is well: four cores at full speed, cool, nothing plugged in."""
    root = tmp_path / "root"
    for core in range(4):
        write(root, f"{CPU}/cpu{core}/cpufreq/scaling_governor", "performance")
    write(root, f"{CPU}/cpu0/cpufreq/scaling_max_freq", "2400000")
    write(root, f"{CPU}/cpu0/cpufreq/cpuinfo_max_freq", "2400000")
    write(root, "sys/class/thermal/thermal_zone0/temp", "48312")
    write(root, "sys/devices/system/clocksource/clocksource0/current_clocksource",
          "arch_sys_counter")  # fmt: skip
    write(root, "proc/cpuinfo", "Model : Raspberry Pi 5 Model B Rev 1.0")
    write(root, "proc/1/comm", "systemd")
    monkeypatch.setattr(environment, "root", root)
    monkeypatch.setattr(machine.os, "getloadavg", lambda: (0.1, 0.1, 0.1))
    monkeypatch.setattr(machine.shutil, "which", lambda name: f"/usr/bin/{name}")
    answers = {"vcgencmd": "throttled=0x0", "timedatectl": "NTPSynchronized=yes"}
    monkeypatch.setattr(machine, "said", lambda command: answers[command[0]])
    monkeypatch.setattr(service, "task_listing", lambda ports: (
        TaskInfo(task="gemm", available=True), TaskInfo(task="kws", available=False, detail="no"),
    ))  # fmt: skip
    monkeypatch.delenv(METERS, raising=False)
    monkeypatch.delenv(find.PORTS, raising=False)
    return root


def write(root: Path, name: str, text: str) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(f"{text}\n")


def found(findings: Iterator[Finding]) -> dict[str, Finding]:
    return {finding.subject: finding for finding in findings}


def only(findings: Iterator[Finding]) -> Finding:
    (finding,) = findings
    return finding


def plug_in(monkeypatch: pytest.MonkeyPatch, *ports: dict[str, Any]) -> None:
    given = {
        "device": "/dev/null",
        "description": "USB serial",
        "hwid": "USB",
        "vid": None,
        "pid": None,
    }
    rows = [SimpleNamespace(**(given | port)) for port in ports]
    monkeypatch.setattr("serial.tools.list_ports.comports", lambda: rows)
    monkeypatch.setattr(bench, "holders", lambda _: iter(()))


def test_a_healthy_pi_has_nothing_to_fix(pi: Path) -> None:
    told = list(machine.look())

    assert {finding.grade for finding in told} == {Grade.GOOD}
    assert "Raspberry Pi 5 Model B" in told[0].text
    assert {finding.subject for finding in told} == {
        "machine", "governor", "load", "heat", "throttling", "clock", "timer",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "text", "subject", "words", "grade"),
    [
        (f"{CPU}/cpu3/cpufreq/scaling_governor", "ondemand", "governor", "1 × ondemand", "FIX"),
        (f"{CPU}/cpu0/cpufreq/scaling_max_freq", "1500000", "frequency", "1.50 GHz of 2.40", "FIX"),
        ("sys/class/thermal/thermal_zone1/temp", "84000", "heat", "84 °C", "FIX"),
        ("sys/class/thermal/thermal_zone0/temp", "72000", "heat", "72 °C", "note"),
        ("sys/devices/system/clocksource/clocksource0/current_clocksource", "hpet", "timer",
         "hpet is slow", "note"),
    ],
)  # fmt: skip
def test_what_ails_a_machine_is_named_with_its_remedy(
    pi: Path, name: str, text: str, subject: str, words: str, grade: str
) -> None:
    write(pi, name, text)

    finding = found(machine.look())[subject]

    assert (finding.grade.value, words in finding.text) == (grade, True)
    assert finding.remedy


def test_a_machine_that_shows_nothing_is_no_fault(
    pi: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environment, "root", pi / "empty")

    assert only(machine.governor()).grade is Grade.NOTE
    assert [*machine.frequency(), *machine.heat(), *machine.clock_source()] == []


def test_a_32_bit_system_is_told_what_to_install(pi: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    facts = environment.host_facts() | {"architecture": "armv7l"}
    monkeypatch.setattr(environment, "host_facts", lambda: facts)

    assert "64-bit Raspberry Pi OS" in list(machine.identity())[1].remedy


@pytest.mark.parametrize(
    ("flags", "grade", "words"),
    [
        ("throttled=0x0", Grade.GOOD, "none now"),
        ("throttled=0x50005", Grade.BAD, "under-voltage, throttled now"),
        ("throttled=0x80000", Grade.NOTE, "none now; soft temperature limit since"),
        ("VCHI initialization failed", Grade.NOTE, "VCHI"),
    ],
)
def test_a_raspberry_pis_throttling(
    pi: Path, monkeypatch: pytest.MonkeyPatch, flags: str, grade: Grade, words: str
) -> None:
    monkeypatch.setattr(machine, "said", lambda command: flags)

    finding = only(machine.throttling())

    assert (finding.grade, words in finding.text) == (grade, True)


def test_clocks_that_nobody_set(pi: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "said", lambda command: "NTPSynchronized=no")
    assert "set-ntp true" in only(machine.clock()).remedy
    monkeypatch.setattr(machine.shutil, "which", lambda name: None)
    assert "no timedatectl" in only(machine.clock()).text
    monkeypatch.setattr(machine, "_YEAR", 9999)
    assert only(machine.clock()).grade is Grade.BAD


def test_other_work_is_named(pi: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine.os, "getloadavg", lambda: (64.0, 1.0, 1.0))

    assert only(machine.load()).grade is Grade.BAD


# --- what is plugged in -------------------------------------------------------------------------
def test_no_port_a_known_board_an_unknown_one_and_one_not_on_usb(
    pi: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plug_in(monkeypatch)
    assert "cable that carries data" in only(bench.serial_ports()).remedy
    plug_in(monkeypatch, {"vid": 0x2341, "pid": 0x0043}, {"vid": 0x1234, "pid": 0x5678}, {})
    told = list(bench.serial_ports())
    assert "a arduino-uno-r3" in told[0].text
    assert "no board sheet names" in told[1].text
    assert "not on USB" in told[2].text


def test_a_port_with_a_second_reader_is_said(pi: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plug_in(monkeypatch, {"vid": 0x2341, "pid": 0x0043})
    monkeypatch.setattr(bench, "holders", lambda _: iter(["minicom, process 7"]))

    told = only(bench.serial_ports())

    assert told.grade is Grade.BAD
    assert "open in minicom, process 7" in told.text


def test_a_port_of_others_needs_the_group(pi: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plug_in(monkeypatch, {"device": "/dev/nobodys"})

    assert "dialout" in only(bench.serial_ports()).remedy


def test_modem_manager_is_sent_away(pi: Path) -> None:
    assert list(bench.modem_manager()) == []
    write(pi, "proc/77/comm", "ModemManager")

    assert "disable --now ModemManager" in only(bench.modem_manager()).remedy


def test_ports_that_are_no_ports_or_do_not_answer(pi: Path) -> None:
    assert only(bench.boards("/dev/x;colour=red")).grade is Grade.BAD
    assert "cannot be opened" in only(bench.boards("/dev/nowhere")).text


def test_a_meter_on_i2c_needs_the_bus(pi: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert list(bench.buses()) == []
    monkeypatch.setenv(METERS, "ina226")
    assert "raspi-config" in only(bench.buses()).remedy
    write(pi, "dev/i2c-1", "")
    assert only(bench.buses()).grade is Grade.GOOD
    # Whoever runs the tests as root may open anything.
    monkeypatch.setattr(bench.os, "access", lambda path, mode: False)
    assert "usermod -aG i2c" in only(bench.buses()).remedy


def test_a_meter_that_is_named_must_be_there(pi: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(METERS, "ina226;bus=97, ina999")
    told = [finding for finding in bench.meters() if finding.grade is Grade.BAD]

    assert ["ina999" in told[0].text, "/dev/i2c-97" in told[1].text] == [True, True]
    assert "ina219, ina226" in told[0].remedy


# --- the agent itself ---------------------------------------------------------------------------
def test_an_agent_without_settings_is_told_how_to_enrol(pi: Path, tmp_path: Path) -> None:
    told = found(doctor.examine(tmp_path / "none.toml"))

    assert told["settings"].grade is Grade.BAD
    assert "enrol --server" in told["settings"].remedy
    assert set(told) >= {"machine", "governor", "load", "clock", "serial", "power", "tasks"}


def test_a_broker_that_does_not_answer_and_a_spool_that_does(pi: Path, tmp_path: Path) -> None:
    path = tmp_path / "agent.toml"
    config.write(
        path, KIT | {"mqtt_url": "mqtt://127.0.0.1:9", "spool": str(tmp_path / "s.sqlite3")}
    )

    told = found(doctor.examine(path))

    assert "127.0.0.1:9" in told["broker"].text
    assert (told["broker"].grade, told["spool"].grade) == (Grade.BAD, Grade.GOOD)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ssl.SSLCertVerificationError("self-signed"), "ca_file name the server's authority"),
        (FileNotFoundError(errno.ENOENT, "no"), "enrol --rotate"),
        (socket.gaierror("unknown"), "spelled right"),
        (TimeoutError("no answer"), "let this port through"),
    ],
)
def test_each_way_a_broker_fails_has_its_remedy(
    pi: Path, monkeypatch: pytest.MonkeyPatch, error: OSError, words: str
) -> None:
    def refuse(*args: object, **options: object) -> socket.socket:
        raise error

    monkeypatch.setattr(service.socket, "create_connection", refuse)
    held = config.Settings(device_id="k", secret="s", mqtt_url="mqtts://h", ca_file="/ca.pem")

    assert words in only(service.broker(held)).remedy


def test_a_spool_that_cannot_be_written_or_has_no_room(
    pi: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken").write_text("this is no database" * 100)
    broken = config.Settings(device_id="k", secret="s", spool=str(tmp_path / "broken"))
    aside, opened = service.spool(broken)
    assert (aside.grade, opened.grade) == ("note", "ok")
    assert "put aside" in aside.text
    assert "Ask for those jobs again" in aside.remedy
    nowhere = config.Settings(device_id="k", secret="s", spool=str(tmp_path / "broken" / "s"))
    assert "may write" in only(service.spool(nowhere)).remedy

    usage = SimpleNamespace(free=1000)
    monkeypatch.setattr(service.shutil, "disk_usage", lambda path: usage)
    good = config.Settings(device_id="k", secret="s", spool=str(tmp_path / "s"))
    assert "Make room" in only(service.spool(good)).remedy


def test_the_exit_code_says_whether_something_must_be_fixed(
    pi: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["doctor", "--json", "--config", str(tmp_path / "none.toml")])

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert code == 1
    assert {"subject", "grade", "text", "remedy"} == set(lines[0])
    assert all(line["remedy"] for line in lines if line["grade"] != "ok")


def test_a_finding_without_a_remedy_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="says what to do"):
        Finding(subject="x", grade=Grade.NOTE, text="hm")
