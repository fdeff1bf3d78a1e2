"""What the agent sees of its machine, and what to fix: one finding a line, with its remedy."""

import os
from collections.abc import Iterator
from pathlib import Path

from device_agent import config
from device_agent.boards import find
from device_agent.doctor import bench, machine, service
from device_agent.doctor.finding import Finding, Grade

__all__ = ["Finding", "Grade", "examine"]


def examine(path: Path | None = None) -> Iterator[Finding]:
    """Yield everything worth knowing, in the order one would fix it."""
    ports = os.environ.get(find.PORTS, "")
    settings = service.settings(path)
    if isinstance(settings, Finding):
        yield settings
    else:
        yield Finding.good("settings", f"enrolled as {settings.device_id}")
        config.hand_on(settings.meters)
        ports = settings.ports
        yield from service.broker(settings)
        yield from service.server_clock(settings)
        yield from service.spool(settings)
    yield from machine.look()
    yield from bench.look(ports)
    yield from service.tasks(ports)
