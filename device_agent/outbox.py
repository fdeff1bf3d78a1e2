"""Sending what the spool holds, a few at a time, until each is acknowledged."""

import time
from collections.abc import Callable, Iterable

from device_agent.spool import Spool
from device_agent.transport import Transport

_WINDOW = 20
# The server batches for a tenth of a second; a minute without an answer means it was not there.
_REPEAT_S = (10.0, 60.0)


class Outbox:
    """Keeps at most a window of messages in flight; repeats what nobody acknowledged."""

    def __init__(
        self, spool: Spool, transport: Transport, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._spool = spool
        self._transport = transport
        self._clock = clock
        self._in_flight: dict[str, float] = {}
        self._repeat_s = _REPEAT_S[0]

    def drain(self) -> None:
        """Send what may be sent now."""
        self._give_up_overdue()
        room = _WINDOW - len(self._in_flight)
        if room <= 0:
            return
        for message in self._spool.waiting(limit=room, besides=self._in_flight.keys()):
            if not self._transport.publish(message.topic, message.payload):
                return
            self._in_flight[message.msg_id] = self._clock()

    def acknowledged(self, msg_ids: Iterable[str]) -> None:
        """Forget what the server keeps."""
        ids = list(msg_ids)
        self._spool.forget(ids)
        for msg_id in ids:
            self._in_flight.pop(msg_id, None)
        self._repeat_s = _REPEAT_S[0]

    def resend_all(self) -> None:
        """Treat nothing as in flight: the connection that carried it is gone."""
        self._in_flight.clear()

    def _give_up_overdue(self) -> None:
        before = self._clock() - self._repeat_s
        overdue = [msg_id for msg_id, sent in self._in_flight.items() if sent < before]
        for msg_id in overdue:
            del self._in_flight[msg_id]
        if overdue:
            self._repeat_s = min(2 * self._repeat_s, _REPEAT_S[1])
