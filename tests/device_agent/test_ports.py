"""Ports that boards are on: found, ours alone, held by others, gone and back."""

import errno
import os
import subprocess
import sys
from argparse import Namespace
from pathlib import Path

import pytest
import serial

from device_agent import dropins, meters
from device_agent.boards import dialects, find
from device_agent.boards.dialects.dut import Dut
from device_agent.boards.errors import BoardError, BoardGone
from device_agent.boards.port import Address, Port, SerialPort, address_of
from device_agent.boards.watch import BoardWatch
from device_agent.doctor import Grade, bench
from firmware_specs.serial import commands
from tests.doubles.fake_board import (
    DutFirmware,
    IoManager,
    MemoryPort,
    board_on_pty,
    serial_server,
)


def test_a_board_behind_a_pty_is_found_and_is_never_hardware() -> None:
    with board_on_pty(DutFirmware(name="ours")) as fake:
        address = address_of(f"{fake.path};evidence=measured")
        with SerialPort(address) as port:
            board = dialects.board_at(port, address)

    assert (board.name, board.dialect) == ("ours", "dut")
    assert address.evidence(says_emulated=False) == "emulated"


def test_a_port_is_ours_alone_until_it_is_closed() -> None:
    with board_on_pty(DutFirmware()) as fake:
        address = address_of(fake.path)
        with SerialPort(address), pytest.raises(BoardError, match="in use by another"):
            SerialPort(address)
        SerialPort(address).close()


def test_unplugging_is_told_from_silence() -> None:
    with board_on_pty(DutFirmware()) as fake, SerialPort(address_of(fake.path)) as port:
        dut = Dut(port)
        dut.sync()
        fake.unplug()

        with pytest.raises(BoardGone, match="gone"):
            dut.ask(b"profile%")


def test_a_port_that_another_program_holds_is_said_with_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with board_on_pty(DutFirmware()) as fake:
        # As ModemManager and most terminal programs do.
        holds = "import fcntl, os, sys, termios; fd = os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY)"
        holds += "; fcntl.flock(fd, fcntl.LOCK_EX); print(flush=True); sys.stdin.read()"
        command = [sys.executable, "-c", holds, fake.path]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
            assert other.stdout is not None
            other.stdout.readline()

            with pytest.raises(BoardError, match=f"process {other.pid}.*ModemManager"):
                SerialPort(address_of(fake.path))

            other.kill()


@pytest.mark.parametrize(
    ("number", "remedy"),
    [(errno.EACCES, "usermod -aG dialout"), (errno.EBUSY, "another program has it")],
)
def test_a_port_that_does_not_open_says_what_helps(
    monkeypatch: pytest.MonkeyPatch, number: int, remedy: str
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise serial.SerialException(number, os.strerror(number))

    monkeypatch.setattr(serial, "serial_for_url", refuse)

    with pytest.raises(BoardError, match=remedy):
        SerialPort(Address(url="/dev/ttyACM9"))


def test_a_board_whose_port_vanishes_when_it_is_opened_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = tmp_path / "ttyACM0"
    with board_on_pty(DutFirmware()) as first, board_on_pty(DutFirmware(name="back")) as second:
        link.symlink_to(first.path)
        opens = dialects.board_at

        def resets(port: Port, address: Address) -> dialects.Board:
            if os.readlink(link) == first.path:
                first.unplug()
                link.unlink()
            return opens(port, address)

        def comes_back(_: float) -> None:
            link.symlink_to(second.path)

        monkeypatch.setattr(find, "board_at", resets)
        monkeypatch.setattr(find.time, "sleep", comes_back)

        board, port = find.opened(address_of(str(link)))
        port.close()

    assert board.name == "back"


def test_a_board_behind_an_io_manager_is_loaded_and_timed() -> None:
    firmware = DutFirmware(name="ours")
    near = MemoryPort(IoManager(firmware), waiting=b"m-ready\r\n[dut]: m-ini")
    address = address_of("/dev/x;via=io-manager")

    board = dialects.board_at(near, address)
    assert isinstance(board, Dut)
    board.load_input(bytes(range(200)))

    assert board.name == "ours"
    assert bytes(firmware.loaded) == bytes(range(200))
    assert board.first(commands.infer) == pytest.approx(2.5e-3)
    assert max(len(sent) for sent in near.sent) <= 64


def test_a_port_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(BoardGone, match="cannot be opened"):
        SerialPort(address_of(str(tmp_path / "ttyNone")))


@pytest.mark.parametrize(
    ("url", "options", "says_emulated", "expected"),
    [
        ("/dev/ttyACM0", {}, False, "measured"),
        ("/dev/ttyACM0", {}, True, "emulated"),
        ("/dev/ttyACM0", {"evidence": "emulated"}, False, "emulated"),
        ("socket://bench:4000", {}, False, "emulated"),
        ("socket://bench:4000", {"evidence": "measured"}, False, "measured"),
        ("socket://bench:4000", {"evidence": "measured"}, True, "emulated"),
    ],
)
def test_evidence_is_the_lesser_in_doubt(
    url: str, options: dict[str, str], says_emulated: bool, expected: str
) -> None:
    assert Address(url=url, options=options).evidence(says_emulated=says_emulated) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        ";baud=9600",
        "/dev/x;speed=1",
        "/dev/x;baud=fast",
        "/dev/x;baud=1200",
        "/dev/x;evidence=real",
        "/dev/x;via=magic",
        "/dev/x;board=toaster",
    ],
)
def test_an_address_with_a_senseless_option_is_refused(text: str) -> None:
    with pytest.raises(BoardError):
        address_of(text)


def test_usb_finds_boards_by_identity_and_leaves_other_devices_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def port(device: str, vid: int | None, pid: int | None) -> Namespace:
        return Namespace(device=device, vid=vid, pid=pid)

    seen = [
        port("/dev/ttyS0", None, None),
        port("/dev/ttyACM0", 0x2341, 0x0043),
        # A serial bridge that any device may have.
        port("/dev/ttyUSB0", 0x10C4, 0xEA60),
    ]
    monkeypatch.setattr("serial.tools.list_ports.comports", lambda: seen)

    assert [(a.url, a.usb_board) for a in find.addresses({})] == [
        ("/dev/ttyACM0", "arduino-uno-r3")
    ]


def test_a_named_port_keeps_the_identity_that_usb_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = [Namespace(device="/dev/ttyACM0", vid=0x2341, pid=0x0043)]
    monkeypatch.setattr("serial.tools.list_ports.comports", lambda: seen)

    address = find.identified(address_of("/dev/ttyACM0;baud=9600"))

    assert (address.board, str(address)) == ("arduino-uno-r3", "/dev/ttyACM0;baud=9600")
    assert find.identified(address_of("/dev/ttyACM0;board=esp32-c3")).board == "esp32-c3"
    assert find.identified(address_of("socket://h:1")).board == ""


def test_ports_of_the_settings_come_before_usb() -> None:
    found = find.addresses({find.PORTS: "/dev/a;baud=9600, socket://b:1"})

    assert [(address.url, address.baud) for address in found] == [
        ("/dev/a", 9600),
        ("socket://b:1", 115_200),
    ]


def test_a_board_behind_a_serial_server_of_the_network_is_used() -> None:
    firmware = DutFirmware(name="far away")
    with serial_server(firmware) as address, SerialPort(address_of(address)) as port:
        assert Dut(port).sync() == "far away"


def installed(
    monkeypatch: pytest.MonkeyPatch, folder: Path, group: str, name: str, source: str
) -> None:
    """Install a package of others that offers one module under an entry point."""
    (folder / f"{name}.py").write_text(source)
    metadata = folder / f"{name}-1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
    (metadata / "entry_points.txt").write_text(f"[{group}]\ntheirs = {name}\n")
    monkeypatch.syspath_prepend(str(folder))


def test_a_dialect_of_another_package_is_asked_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = "NAME, RANK = 'theirs', 1\n\ndef recognise(port):\n    return None\n"
    installed(monkeypatch, tmp_path, dropins.DIALECTS, "their_board", source)

    assert [d.NAME for d in dialects.dialects()] == ["theirs", "lab", "dut", "edge-impulse"]
    (finding,) = bench.drivers_of_others()
    assert (finding.grade, finding.text) == (Grade.GOOD, "theirs of another package is used")


@pytest.mark.parametrize(
    ("group", "source", "words"),
    [
        (dropins.DIALECTS, "import nothing_there", "No module named 'nothing_there'"),
        (dropins.DIALECTS, "NAME = 'x'", "has no RANK, recognise"),
        (dropins.METERS, "raise SystemError('no')", "SystemError: no"),
        (dropins.METERS, "def read(", "SyntaxError"),
    ],
)
def test_a_driver_of_others_that_does_not_load_is_left_out_and_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, group: str, source: str, words: str
) -> None:
    name = f"broken_{abs(hash(source))}"
    installed(monkeypatch, tmp_path, group, name, source)

    assert [d.NAME for d in dialects.dialects()] == ["lab", "dut", "edge-impulse"]
    assert "PPK2" in {meter.NAME for meter in meters.listed()}
    (finding,) = bench.drivers_of_others()
    assert finding.grade is Grade.BAD
    assert words in finding.text


def test_the_watch_tells_a_port_that_comes_goes_or_leads_elsewhere(tmp_path: Path) -> None:
    port, asked = tmp_path / "tty", []
    watch = BoardWatch(f"{port},socket://far:1", lambda ports: (asked.append(ports), ())[1])

    assert watch.look() is None
    for device in ("one", "two"):
        (tmp_path / device).touch()
        port.unlink(missing_ok=True)
        port.symlink_to(tmp_path / device)
        assert watch.look() == ()
        assert watch.look() is None
    # Flashed within seconds: another device under the same name.
    (tmp_path / "new").touch()
    (tmp_path / "new").replace(tmp_path / "two")
    assert watch.look() == ()
    port.unlink()
    assert watch.look() == ()
    assert len(asked) == 4
