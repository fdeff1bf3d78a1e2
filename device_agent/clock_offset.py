"""How far this machine's clock is off, by the server's: nothing measured depends on it, dates do.

Every answer of a web server carries its date, to the second. Half of the round trip and that second
bound the error. Durations come from monotonic clocks; the server stamps what it receives.
"""

import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from device_agent import __version__
from firmware_specs.wire import Scalar

_TIMEOUT_S = 10.0
_AGAIN_S = 6 * 3600.0
_RETRY_S = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Offset:
    """The server's clock less ours, and how far that may be wrong. [s]"""

    offset_s: float
    within_s: float

    def facts(self) -> dict[str, Scalar]:
        return {
            "clock_offset_s": round(self.offset_s, 2),
            "clock_offset_within_s": round(self.within_s, 2),
        }


def offset_by(
    server: str,
    *,
    wall: Callable[[], float] = time.time,
    clock: Callable[[], float] = time.monotonic,
) -> Offset | None:
    """Ask a server for its date. Return None where it cannot be asked or tells none."""
    began_s, began_wall_s = clock(), wall()
    try:
        request = urllib.request.Request(  # noqa: S310  https, or loopback: checked at enrolment
            f"{server}/healthz/",
            method="HEAD",
            headers={"User-Agent": f"device_agent/{__version__}"},
        )
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310
            date = answer.headers.get("Date", "")
    except urllib.error.HTTPError as error:
        # Any answer has a date.
        date = error.headers.get("Date", "")
    except (OSError, ValueError):
        return None
    trip_s = clock() - began_s
    try:
        server_s = parsedate_to_datetime(date).timestamp()
    except ValueError:
        return None
    # The date is cut to the second, so the true time is half a second later on average.
    return Offset(offset_s=server_s + 0.5 - (began_wall_s + trip_s / 2), within_s=0.5 + trip_s / 2)


class ServerClock:
    """Asks now and then on a thread of its own; `facts` says what is known, or nothing."""

    def __init__(self, server: str, *, ask: Callable[[str], Offset | None] = offset_by) -> None:
        self._server = server
        self._ask = ask
        self._known: Offset | None = None
        self._stop = threading.Event()

    def start(self) -> None:
        if self._server:
            threading.Thread(target=self._keep, name="server-clock", daemon=True).start()

    def stop(self) -> None:
        self._stop.set()

    def look(self) -> None:
        self._known = self._ask(self._server) or self._known

    def facts(self) -> Mapping[str, Scalar]:
        return self._known.facts() if self._known else {}

    def _keep(self) -> None:
        while not self._stop.is_set():
            self.look()
            self._stop.wait(_AGAIN_S if self._known else _RETRY_S)
