"""What the agent sees of its machine, and what to fix: one finding a line, with its remedy."""

import os
from collections.abc import Iterator
from pathlib import Path

from device_agent import config
from device_agent.boards import find
from device_agent.doctor import bench, machine, service
from device_agent.doctor.finding import Finding, Grade

__all__ = ["Finding", "Grade", "examine"]


def examine(path: Path | None = None, ports: str = "") -> Iterator[Finding]:
    """Yield everything worth knowing, in the order one would fix it; `ports` as in the settings."""
    ports = ports or os.environ.get(find.PORTS, "")
    settings = service.settings(path)
    if isinstance(settings, Finding):
        yield settings
        # A bench is tried before it is enrolled.
        named, meters = service.wired(path)
        ports = ports or named
        config.hand_on(meters)
    else:
        yield Finding.good("settings", f"enrolled as {settings.device_id}")
        config.hand_on(settings.meters)
        ports = ports or settings.ports
        yield from service.broker(settings)
        yield from service.server_clock(settings)
        yield from service.spool(settings)
    yield from machine.look()
    yield from bench.look(ports)
    yield from service.tasks(ports)
