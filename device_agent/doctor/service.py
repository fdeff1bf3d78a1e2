"""Findings about the agent itself: settings, broker, spool, what it can measure."""

import shutil
import socket
import sqlite3
import ssl
from collections.abc import Iterator
from pathlib import Path

from device_agent import config
from device_agent.clock_offset import offset_by
from device_agent.doctor.finding import Finding
from device_agent.spool import Spool, SpoolFull, SpoolUnusable
from device_agent.work import task_listing

_FREE_BYTES = 100_000_000
_WAITING_MOST = 1000
_OFFSET_MOST_S = 60.0
_ENROL = "python -m device_agent enrol --server https://YOUR-HOST, then enter the code it shows"


def settings(path: Path | None) -> "config.Settings | Finding":
    """Return the settings, or what is wrong with them."""
    try:
        return config.load(path)
    except config.ConfigError as error:
        return Finding.bad("settings", str(error), f"Correct the file, or: {_ENROL}")
    except OSError as error:
        remedy = "Run as the user that the file belongs to (sudo -u device-agent ...)."
        return Finding.bad("settings", str(error), remedy)


def wired(path: Path | None) -> tuple[str, str]:
    """Return the ports and meters that a settings file names, whatever else it lacks."""
    try:
        held = config.file_values(path or config.default_path())
    except (config.ConfigError, OSError):
        return "", ""
    return held.get("ports", ""), held.get("meters", "")


def broker(held: config.Settings) -> Iterator[Finding]:
    """Connect to the broker as the agent would, certificate and all."""
    from device_agent.transport.mqtt import Broker, BrokerAddressError

    try:
        found = Broker.from_url(held.mqtt_url, held.ca_path)
    except BrokerAddressError as error:
        yield Finding.bad("broker", str(error), "mqtt_url = 'mqtts://host:8883' in the settings")
        return
    where = f"{found.host}:{found.port}"
    try:
        with socket.create_connection((found.host, found.port), timeout=5) as connection:
            if found.tls:
                context = ssl.create_default_context(cafile=held.ca_file or None)
                context.wrap_socket(connection, server_hostname=found.host).close()
    except OSError as error:
        yield Finding.bad("broker", f"{where}: {error}", _broker_remedy(error, held))
        return
    how = "TLS, certificate checked" if found.tls else "plain, loopback only"
    yield Finding.good("broker", f"{where} answers ({how})")


def _broker_remedy(error: OSError, held: config.Settings) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        authority = held.ca_file or "the system's authorities"
        return (
            f"Checked against {authority}: does ca_file name the server's authority, is the"
            " computer's date right, is the host in mqtt_url the certificate's?"
        )
    if isinstance(error, FileNotFoundError):
        return f"ca_file {held.ca_file} is not there: enrol --rotate writes it anew."
    if isinstance(error, socket.gaierror):
        return "The name is not known here: is the network up, is mqtt_url spelled right?"
    return "Is the server on? Does the network let this port through (8883 for TLS)?"


def server_clock(held: config.Settings) -> Iterator[Finding]:
    """Compare our clock with the server's, where we know the server."""
    offset = offset_by(held.server_url) if held.server_url else None
    if offset is None:
        return
    text = (
        f"{abs(offset.offset_s):.1f} s {'behind' if offset.offset_s > 0 else 'ahead of'} the server"
    )
    if abs(offset.offset_s) > _OFFSET_MOST_S + offset.within_s:
        yield Finding.bad("clock", text, "sudo timedatectl set-ntp true, or date -s: TLS needs it")
    else:
        yield Finding.good("clock", f"{text}, within {offset.within_s:.1f} s")


def spool(held: config.Settings) -> Iterator[Finding]:
    """Open the spool, and look for room beside it."""
    folder = held.spool_path.parent
    try:
        opened = Spool(held.spool_path)
        depth = opened.depth()
        opened.close()
        free = shutil.disk_usage(folder).free
    except (OSError, sqlite3.Error, SpoolFull, SpoolUnusable) as error:
        remedy = f"Make {folder} a folder that this user may write."
        yield Finding.bad("spool", f"{held.spool_path}: {error}", remedy)
        return
    for damaged in folder.glob(f"{held.spool_path.name}.damaged-*[0-9]"):
        yield Finding.note(
            "spool",
            f"{damaged} was damaged and put aside; what was unsent in it did not arrive",
            "Ask for those jobs again, then remove it; `sqlite3 FILE .recover` may read it.",
        )
    text = f"{depth} unsent messages, {free / 1e9:.1f} GB free"
    if free < _FREE_BYTES:
        yield Finding.bad("spool", text, f"Make room in {folder}: results wait there.")
    elif depth > _WAITING_MOST:
        remedy = "They wait for a connection: see broker, and start the service."
        yield Finding.note("spool", text, remedy)
    else:
        yield Finding.good("spool", text)


def tasks(ports: str) -> Iterator[Finding]:
    """Say what can be measured, and why the rest cannot."""
    by_detail: dict[str, list[str]] = {}
    for row in task_listing(ports):
        by_detail.setdefault(row.detail, []).append(row.task)
    for detail, names in by_detail.items():
        text = ", ".join(names)
        if detail:
            remedy = "Only if you want these: install or attach what is named."
            yield Finding.note("tasks", f"{text}: {detail}", remedy)
        else:
            yield Finding.good("tasks", f"{text} can be measured")
