"""Noticing boards that are plugged in or out while no job runs."""

import os
from collections.abc import Callable

from device_agent.boards import find
from device_agent.boards.errors import BoardError
from firmware_specs.wire import TaskInfo

Listing = Callable[[str], tuple[TaskInfo, ...]]


class BoardWatch:
    """Says what can be measured, anew, whenever the ports are others than at the last look.

    Ports of the network cannot be seen without opening them and count as always there.
    """

    def __init__(self, ports: str, listing: Listing) -> None:
        self._ports = ports
        self._listing = listing
        self._seen = self._now()

    def tasks(self) -> tuple[TaskInfo, ...]:
        return self._listing(self._ports)

    def look(self) -> tuple[TaskInfo, ...] | None:
        """Return the tasks where a port came or went, else None; cheap where nothing did."""
        now = self._now()
        if now == self._seen:
            return None
        self._seen = now
        return self.tasks()

    def _now(self) -> tuple[tuple[str, str], ...]:
        try:
            addresses = find.addresses({find.PORTS: self._ports})
        except BoardError:
            # A senseless setting stays so; the listing says what is wrong with it.
            return ()
        return tuple(sorted((a.url, _device(a.url)) for a in addresses))


def _device(url: str) -> str:
    """Return the device that a path leads to now, or nothing where there is none.

    One that was away between two looks, to be flashed, has another inode under the same name.
    """
    if "://" in url:
        return url
    try:
        return f"{os.path.realpath(url)} {os.stat(url).st_ino}"
    except OSError:
        return ""
