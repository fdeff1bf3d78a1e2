"""Telling systemd that we are ready and alive (sd_notify), over its socket and nothing else."""

import os
import socket
import time
from collections.abc import Callable, Mapping


class Notifier:
    """Says READY, WATCHDOG and STOPPING where systemd listens; silent anywhere else."""

    def __init__(
        self,
        environ: Mapping[str, str] = os.environ,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._address = _address(environ.get("NOTIFY_SOCKET", ""))
        self._every_s = _beat_every_s(environ)
        self._clock = clock
        self._due_s = 0.0

    def ready(self) -> None:
        self._say("READY=1\nSTATUS=Waiting for work")

    def stopping(self) -> None:
        self._say("STOPPING=1")

    def alive(self) -> None:
        """Feed the watchdog: called at every step of the loop, says so a few times an interval."""
        if self._every_s is not None and self._clock() >= self._due_s:
            self._due_s = self._clock() + self._every_s
            self._say("WATCHDOG=1")

    def _say(self, text: str) -> None:
        if not self._address:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as line:
            try:
                line.connect(self._address)
                line.sendall(text.encode())
            except OSError:
                # systemd restarts us if it hears nothing; there is nobody else to tell.
                self._address = ""


def _address(text: str) -> str:
    """Return the socket's address; a leading `@` means a name without a file."""
    return "\0" + text[1:] if text.startswith("@") else text


def _beat_every_s(environ: Mapping[str, str]) -> float | None:
    """Return how often the watchdog wants food, or None where none watches this process."""
    interval_us, pid = environ.get("WATCHDOG_USEC", ""), environ.get("WATCHDOG_PID", "")
    if not interval_us.isdigit() or int(interval_us) == 0:
        return None
    if pid and pid != str(os.getpid()):
        return None
    return int(interval_us) * 1e-6 / 3
