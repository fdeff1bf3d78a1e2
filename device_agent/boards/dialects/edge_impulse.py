"""Boards with Edge Impulse's firmware: started by an AT command, read by what it prints."""

import re
import time
from collections.abc import Callable

from device_agent.boards.errors import BoardSilent
from device_agent.boards.port import Port
from firmware_specs.serial import edge_impulse as speech
from firmware_specs.serial.edge_impulse import Timings
from firmware_specs.serial.lines import without_escapes

NAME = "edge-impulse"
RANK = 30
_ANSWER_S = 3.0
_TEXT_MOST = 65_536
# On a line of its own, whatever is logged after it.
_PROMPT = re.compile(rf"(?:^|\n){re.escape(speech.PROMPT.decode())}")


class EdgeImpulseBoard:
    """One board; `impulses` yields the timings it prints until enough were seen."""

    dialect = NAME
    is_emulated = False

    def __init__(self, port: Port, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._port = port
        self._clock = clock
        self.name = ""

    def greet(self) -> str:
        """Stop what runs, and return the board's type."""
        self._send(speech.STOP)
        self._until_prompt(_ANSWER_S)
        self._send(speech.CONFIG)
        told = speech.config(iter(self._until_prompt(_ANSWER_S).splitlines()))
        self.name = told.get("Type") or told.get("ID") or "unnamed board"
        return self.name

    def impulses(self, count: int, *, each_s: float) -> list[Timings]:
        """Run the impulse until `count` timings were printed, and stop it. [s]

        Raises
        ------
        BoardSilent
            If no new timing comes within `each_s`.
        """
        self._send(speech.RUN)
        seen: list[Timings] = []
        text, deadline = "", self._clock() + each_s
        while len(seen) < count:
            text = (text + _plain(self._port.read()))[-_TEXT_MOST:]
            *lines, text = text.split("\n")
            found = [timing for line in lines if (timing := speech.timings(line))]
            if found:
                seen += found
                deadline = self._clock() + each_s
            elif self._clock() > deadline:
                raise BoardSilent(f"{self.name} printed {len(seen)} of {count} timings, then none")
        self._send(speech.STOP)
        self._until_prompt(_ANSWER_S)
        return seen[:count]

    def _send(self, data: bytes) -> None:
        """Write a few characters at a time: this firmware reads slowly."""
        for start in range(0, len(data), speech.PIECE_BYTES):
            self._port.write(data[start : start + speech.PIECE_BYTES])
            time.sleep(speech.PIECE_PAUSE_S)

    def _until_prompt(self, timeout_s: float) -> str:
        said, deadline = b"", self._clock() + timeout_s
        while self._clock() < deadline and len(said) < _TEXT_MOST:
            piece = self._port.read()
            said += piece
            # Quiet as well: some firmware gives a prompt for each key of a stop, or logs after it.
            if not piece and _PROMPT.search(text := _plain(said)):
                return text
        said_last = _plain(said)[-80:]
        raise BoardSilent(f"no prompt within {timeout_s:.0f} s; the board said {said_last!r}")


def _plain(said: bytes) -> str:
    return without_escapes(said).decode("ascii", errors="replace").replace("\r", "")


def recognise(port: Port) -> EdgeImpulseBoard | None:
    board = EdgeImpulseBoard(port)
    board.greet()
    return board
