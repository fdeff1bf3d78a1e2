"""What the agent sees of its machine, and what to fix: one finding per line."""

import os
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from device_agent import config, environment
from device_agent.boards import find
from device_agent.boards.dialects import board_at
from device_agent.boards.errors import BoardError
from device_agent.boards.port import SerialPort
from device_agent.meters import meters
from device_agent.spool import Spool
from device_agent.work import task_listing

_LOAD_SHARE = 0.25
_FREE_BYTES = 100_000_000
_THROTTLED_NOW = 0xF


class Grade(StrEnum):
    GOOD = "ok"
    NOTE = "note"
    BAD = "FIX"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing looked at: what is, and, where it matters, what to do."""

    subject: str
    grade: Grade
    text: str
    remedy: str = ""


def examine(path: Path | None = None) -> Iterator[Finding]:
    """Yield everything worth knowing, in the order one would fix it."""
    settings = _settings(path)
    ports = os.environ.get(find.PORTS, "")
    if isinstance(settings, Finding):
        yield settings
    else:
        kit = f"enrolled as {settings.device_id}"
        yield Finding(subject="settings", grade=Grade.GOOD, text=kit)
        yield from _broker(settings)
        yield from _spool(settings)
        ports = settings.ports
    for look in (_machine, _governor, _load, _throttling, _clock, _serial, _meters):
        yield from look()
    yield from _boards(ports)
    yield from _tasks(ports)


def _settings(path: Path | None) -> "config.Settings | Finding":
    try:
        return config.load(path)
    except config.ConfigError as error:
        return Finding(subject="settings", grade=Grade.BAD, text=str(error))


def _broker(settings: config.Settings) -> Iterator[Finding]:
    from device_agent.transport.mqtt import Broker, BrokerAddressError

    try:
        broker = Broker.from_url(settings.mqtt_url, settings.ca_path)
    except BrokerAddressError as error:
        yield Finding(subject="broker", grade=Grade.BAD, text=str(error))
        return
    where = f"{broker.host}:{broker.port}"
    try:
        with socket.create_connection((broker.host, broker.port), timeout=5) as connection:
            if broker.tls:
                context = ssl.create_default_context(cafile=settings.ca_file or None)
                context.wrap_socket(connection, server_hostname=broker.host).close()
    except OSError as error:
        remedy = "Is the server on? Does the network let this port through? Is ca_file right?"
        yield Finding(subject="broker", grade=Grade.BAD, text=f"{where}: {error}", remedy=remedy)
        return
    how = "TLS, certificate checked" if broker.tls else "plain, loopback only"
    yield Finding(subject="broker", grade=Grade.GOOD, text=f"{where} answers ({how})")


def _spool(settings: config.Settings) -> Iterator[Finding]:
    folder = settings.spool_path.parent
    try:
        spool = Spool(settings.spool_path)
        depth = spool.depth()
        spool.close()
        free = shutil.disk_usage(folder).free
    except OSError as error:
        yield Finding(subject="spool", grade=Grade.BAD, text=f"{settings.spool_path}: {error}")
        return
    text = f"{depth} unsent messages, {free / 1e9:.1f} GB free"
    if free < _FREE_BYTES:
        yield Finding(subject="spool", grade=Grade.BAD, text=text, remedy=f"Make room in {folder}.")
    else:
        yield Finding(subject="spool", grade=Grade.GOOD, text=text)


def _machine() -> Iterator[Finding]:
    facts = environment.host_facts()
    text = (
        f"{facts['cpu_model']}, {facts['cpu_count']} cores,"
        f" {int(facts['memory_bytes']) / 2**30:.1f} GiB, {facts['system']}"
    )
    yield Finding(subject="machine", grade=Grade.GOOD, text=text)
    if facts["architecture"] in ("armv6l", "armv7l"):
        yield Finding(
            subject="machine",
            grade=Grade.BAD,
            text="32-bit system",
            remedy="Install 64-bit Raspberry Pi OS: LiteRT has no 32-bit wheels.",
        )


def _governor() -> Iterator[Finding]:
    governor = environment.governor()
    if governor in ("performance", "not visible"):
        grade = Grade.GOOD if governor == "performance" else Grade.NOTE
        yield Finding(subject="governor", grade=grade, text=governor)
        return
    yield Finding(
        subject="governor",
        grade=Grade.BAD,
        text=f"{governor}: the clock changes while we measure",
        remedy="echo performance | sudo tee /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor",
    )


def _load() -> Iterator[Finding]:
    load, cores = os.getloadavg()[0], os.cpu_count() or 1
    if load > _LOAD_SHARE * cores:
        yield Finding(
            subject="load",
            grade=Grade.BAD,
            text=f"{load:.2f} on {cores} cores: other work disturbs the measurement",
            remedy="Stop it, or expect results flagged as unsteady.",
        )
    else:
        yield Finding(subject="load", grade=Grade.GOOD, text=f"{load:.2f} on {cores} cores")


def _throttling() -> Iterator[Finding]:
    """Ask a Raspberry Pi's firmware about heat and voltage."""
    if shutil.which("vcgencmd") is None:
        return
    output = _output(["vcgencmd", "get_throttled"])
    if "=" not in output:
        return
    flags = int(output.partition("=")[2], 16)
    if flags & _THROTTLED_NOW:
        yield Finding(
            subject="throttling",
            grade=Grade.BAD,
            text=f"active now ({flags:#x}): under-voltage or heat",
            remedy="Use the official power supply and a fan or heat sink.",
        )
    else:
        yield Finding(subject="throttling", grade=Grade.GOOD, text="none now")


def _clock() -> Iterator[Finding]:
    if shutil.which("timedatectl") is None:
        yield Finding(
            subject="clock",
            grade=Grade.NOTE,
            text="whether it is synchronised is not visible (no timedatectl)",
            remedy="The server stamps what it receives, so nothing depends on it.",
        )
        return
    synced = "yes" in _output(["timedatectl", "show", "-p", "NTPSynchronized"])
    grade = Grade.GOOD if synced else Grade.NOTE
    text = "synchronised by NTP" if synced else "not synchronised by NTP"
    yield Finding(subject="clock", grade=grade, text=text)


def _serial() -> Iterator[Finding]:
    try:
        from serial.tools.list_ports import comports
    except ImportError:
        yield Finding(subject="serial", grade=Grade.NOTE, text="pyserial is not installed")
        return
    ports = list(comports())
    if not ports:
        yield Finding(subject="serial", grade=Grade.NOTE, text="no serial port, no board attached")
    for port in ports:
        readable = os.access(port.device, os.R_OK | os.W_OK)
        remedy = "" if readable else "sudo usermod -aG dialout $USER, then log in again"
        grade = Grade.GOOD if readable else Grade.BAD
        text = f"{port.device}: {port.description} ({port.hwid})"
        yield Finding(subject="serial", grade=grade, text=text, remedy=remedy)


def _meters() -> Iterator[Finding]:
    for meter in meters():
        why = meter.why_not()
        grade = Grade.NOTE if why else Grade.GOOD
        yield Finding(subject="power", grade=grade, text=f"{meter.NAME}: {why or 'readable'}")


def _boards(ports: str) -> Iterator[Finding]:
    """Ask each attached board who it is, and let it go again."""
    for address in find.addresses({find.PORTS: ports}):
        try:
            with SerialPort(address) as port:
                board = board_at(port, address)
        except BoardError as error:
            remedy = f"Flash it (firmware_specs/reference), or name it in {find.PORTS}."
            yield Finding(subject="board", grade=Grade.BAD, text=str(error), remedy=remedy)
            continue
        evidence = address.evidence(says_emulated=board.is_emulated)
        text = f"{board.name} at {address.url} speaks {board.dialect}; its results are {evidence}"
        yield Finding(subject="board", grade=Grade.GOOD, text=text)


def _tasks(ports: str) -> Iterator[Finding]:
    by_detail: dict[str, list[str]] = {}
    for row in task_listing(ports):
        by_detail.setdefault(row.detail, []).append(row.task)
    for detail, names in by_detail.items():
        grade = Grade.NOTE if detail else Grade.GOOD
        text = ", ".join(names) + (f": {detail}" if detail else " can be measured")
        yield Finding(subject="tasks", grade=grade, text=text)


def _output(command: list[str]) -> str:
    try:
        done = subprocess.run(  # noqa: S603
            command, capture_output=True, text=True, timeout=5, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()
