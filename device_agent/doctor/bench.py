"""Findings about what is plugged in: ports, boards, buses, meters."""

import os
from collections.abc import Iterator
from typing import Any

from device_agent import dropins, environment
from device_agent.boards import find
from device_agent.boards.errors import BoardError
from device_agent.boards.port import DIALOUT, holders
from device_agent.doctor.finding import Finding
from device_agent.meters import kinds, listed
from device_agent.meters.options import all_options

# It asks every new serial port whether it is a modem, in the middle of our talk.
_MODEM_MANAGER = "ModemManager"


def look(ports: str) -> Iterator[Finding]:
    yield from serial_ports()
    yield from modem_manager()
    yield from boards(ports)
    yield from buses()
    yield from meters()
    yield from drivers_of_others()


def drivers_of_others() -> Iterator[Finding]:
    """Say which drivers of other packages are used, and why one is not."""
    for group in (dropins.DIALECTS, dropins.METERS):
        for found in dropins.found(group):
            if found.fault:
                remedy = "It is left out: mend it, or uninstall its package."
                yield Finding.bad("drivers", f"{found.name}, {found.fault}", remedy)
            else:
                yield Finding.good("drivers", f"{found.name} of another package is used")


def serial_ports() -> Iterator[Finding]:
    """Say of every port what USB tells, and whether we may open it."""
    try:
        from serial.tools.list_ports import comports
    except ImportError:
        remedy = "pip install pyserial, if boards are attached to this machine"
        yield Finding.note("serial", "pyserial is not installed", remedy)
        return
    ports = list(comports())
    if not ports:
        remedy = "Plug a board in with a cable that carries data, or name its port in `ports`."
        yield Finding.note("serial", "no serial port, no board attached", remedy)
    for port in ports:
        yield _port(port)


def _port(port: Any) -> Finding:
    text = f"{port.device}: {port.description} ({port.hwid})"
    if not os.access(port.device, os.R_OK | os.W_OK):
        return Finding.bad("serial", f"{text}, not ours to open", DIALOUT)
    others = "; ".join(holders(port.device))
    if others:
        return Finding.bad(
            "serial", f"{text}, open in {others}", "Close that: a port has one reader."
        )
    if port.vid is None:
        return Finding.note("serial", f"{text}, not on USB", f"ports = '{port.device}' uses it.")
    known = find.usb_boards().get(f"{port.vid:04x}:{port.pid:04x}")
    if known is None:
        remedy = f"If a board of ours answers there: ports = '{port.device}' in the settings."
        return Finding.note("serial", f"{text}, an identity that no board sheet names", remedy)
    return Finding.good("serial", f"{text}, a {known}")


def modem_manager() -> Iterator[Finding]:
    if _MODEM_MANAGER in environment.process_names():
        remedy = "sudo systemctl disable --now ModemManager"
        yield Finding.bad("serial", "ModemManager talks to every new serial port", remedy)


def boards(ports: str) -> Iterator[Finding]:
    """Ask each attached board who it is, and let it go again."""
    try:
        addresses = find.addresses({find.PORTS: ports})
    except BoardError as error:
        yield Finding.bad("board", str(error), "Correct `ports` in the settings.")
        return
    for address in addresses:
        try:
            board, port = find.opened(address)
            port.close()
        except BoardError as error:
            remedy = (
                "Flash it (firmware_specs/reference), press its reset, or correct `ports`;"
                " stop the service while you try (systemctl stop device-agent)."
            )
            yield Finding.bad("board", str(error), remedy)
            continue
        evidence = address.evidence(says_emulated=board.is_emulated)
        text = f"{board.name} at {address.url} speaks {board.dialect}; its results are {evidence}"
        yield Finding.good("board", text)


def buses() -> Iterator[Finding]:
    """Name the I2C buses where a meter in the settings needs one."""
    if not any(options.kind.startswith("ina") for options in all_options()):
        return
    found = sorted((environment.root / "dev").glob("i2c-*"))
    if not found:
        remedy = "Raspberry Pi: sudo raspi-config nonint do_i2c 0, then reboot"
        yield Finding.bad("i2c", "a meter is named, but I2C is switched off", remedy)
    for path in found:
        if os.access(path, os.R_OK | os.W_OK):
            yield Finding.good("i2c", f"{path.name} can be used")
        else:
            remedy = "sudo usermod -aG i2c $USER, then log in again"
            yield Finding.bad("i2c", f"{path.name} is not ours to open", remedy)


def meters() -> Iterator[Finding]:
    """Say of each meter whether it can be read; one that is named must."""
    named = {options.kind for options in all_options()}
    drivers = kinds()
    for unknown in sorted(named - drivers.keys()):
        known = ", ".join(sorted(drivers))
        remedy = f"`meters` in the settings names one of {known}."
        yield Finding.bad("power", f"there is no driver {unknown!r}", remedy)
    required = {drivers[kind].NAME for kind in named & drivers.keys()}
    absent = []
    for meter in listed():
        why = meter.why_not()
        if not why:
            yield Finding.good("power", f"{meter.NAME}: readable")
        elif meter.NAME in required:
            remedy = "It is named in the settings: correct its options, or its wires."
            yield Finding.bad("power", f"{meter.NAME}: {why}", remedy)
        elif "sudo" in why:
            yield Finding.note("power", f"{meter.NAME}: {why}", "Then energy is measured as well.")
        else:
            absent.append(meter.NAME)
    if absent:
        remedy = "Without any, results come without energy; those on wires are named in `meters`."
        yield Finding.note("power", f"not found: {', '.join(absent)}", remedy)
