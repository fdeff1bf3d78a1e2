"""Devices under test as MLPerf-Tiny-style firmware makes them; any compiled-in model."""

import time
from collections.abc import Callable, Iterable

from device_agent.boards.errors import BoardError, BoardSilent
from device_agent.boards.port import Port
from firmware_specs.serial import commands, replies
from firmware_specs.serial.lines import Line, LineCutter, LineKind
from firmware_specs.serial.replies import Reply, ReplyError

NAME = "dut"
RANK = 20
SAME_LINE_AS = "lab"

_ANSWER_S = 2.0
FIRST_RUN_S = 120.0
_SYNC_TRIES = 3
_QUIET_S = 0.15
_LINES_MOST = 2000
# As the reference firmware of the streaming wake word says it, in free text.
_UNKNOWN = "Unrecognized command"
# Of one byte on the line: start, eight bits, stop.
_BIT_TIMES = 10
# Three times the expected time: boards share their clock with radios and sensors.
_PATIENCE = 3.0
# Twenty ticks of a clock of 1 kHz, the slowest that the tiny benchmarks allow.
_FIRST_WINDOW_S = 0.02
_FIRST_RUNS_MOST = 10**9

# Bytes of one input, by the model a board says it has.
INPUT_BYTES = {
    "kws01": 490,
    "ic01": 3072,
    "ic02": 3072,
    "vww01": 27_648,
    "ad01": 2560,
    "strww01": 1200,
    "sww01": 1200,
}


class Dut:
    """One board under test. Never sends before the last answer ended with `m-ready`."""

    dialect = NAME
    is_emulated = False

    def __init__(self, port: Port, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._port = port
        self._clock = clock
        self._cutter = LineCutter()
        self._needs_sync = True
        self.name = ""

    # --- talking ----------------------------------------------------------------------------
    def ask(self, command: bytes, *, timeout_s: float = _ANSWER_S) -> Reply:
        """Send one command and return the answer.

        Raises
        ------
        BoardGone
            If the port vanished.
        BoardSilent
            If `m-ready` does not come in time, or the board talks without end.
        """
        if self._needs_sync:
            self.sync()
        return self._exchange(command, timeout_s)

    def sync(self) -> str:
        """Get in step whatever was said before, and return the board's name.

        Whatever half a command the board holds makes the first try an unknown command; noise of a
        reset is read away. The answer counts only where nothing else stands in it.
        """
        last = "nothing"
        for _ in range(_SYNC_TRIES):
            self._drain()
            try:
                reply = self._exchange(commands.NAME, _ANSWER_S)
                self._drain()
                self.name = replies.name(reply)
            except (BoardSilent, ReplyError) as error:
                last = str(error)
                continue
            self._needs_sync = False
            return self.name
        raise BoardSilent(f"the board does not get in step: {last}")

    def _exchange(self, command: bytes, timeout_s: float) -> Reply:
        # Set until the answer is complete: after a failure the line is in an unknown state.
        self._needs_sync = True
        self._cutter.echo = command
        self._port.write(command)
        lines: list[Line] = []
        deadline = self._clock() + timeout_s
        is_late = False
        while not is_late and len(lines) < _LINES_MOST:
            # Before reading: an answer that waits on the line is not late because we are.
            is_late = self._clock() >= deadline
            for line in self._cutter.feed(self._port.read()):
                if line.kind is LineKind.READY:
                    self._needs_sync = False
                    return Reply(tuple(lines))
                lines.append(line)
        said = Reply(tuple(lines)).text() or "nothing"
        asked = command.decode(errors="replace")
        raise BoardSilent(f"no m-ready within {timeout_s:.1f} s after {asked!r}; it said {said}")

    def _drain(self) -> None:
        """Read until the line has been quiet for a moment."""
        deadline = self._clock() + _ANSWER_S
        quiet_since = self._clock()
        while self._clock() - quiet_since < _QUIET_S and self._clock() < deadline:
            if self._port.read():
                quiet_since = self._clock()
        self._cutter.clear()

    # --- working ----------------------------------------------------------------------------
    def model(self) -> str:
        """Return the id of the model in the firmware."""
        return replies.model(self.ask(b"profile%"))

    def load(self, parts: Iterable[bytes]) -> Reply:
        """Send the commands of a load and return the last answer."""
        commands_left = iter(parts)
        reply = self.ask(next(commands_left)).checked()
        # Shipped firmware refuses in free text, and writes past its buffer if one goes on.
        if not reply.messages("[Expecting"):
            raise BoardError(f"the board does not take this: {reply.text()}")
        for part in commands_left:
            reply = self.ask(part, timeout_s=_ANSWER_S + len(part) * _BIT_TIMES / 9600).checked()
        return reply

    def check_clock(self) -> None:
        """Make sure that the board says times, before minutes are spent on loading it.

        Raises
        ------
        BoardError
            If its firmware was built to be timed from outside.
        """
        reply = self.ask(b"timestamp%").checked()
        if any(line.text.startswith(_UNKNOWN) for line in reply.lines):
            raise BoardError(
                f"the firmware ({self.name}) has no clock and takes no input over the line: it"
                " works on what its own microphone hears; flash one that knows `db` and `infer`"
            )
        if not reply.messages("lap-us-"):
            raise BoardError(
                "the firmware is built for energy mode: it pulls a pin and says no times; flash"
                " its build for performance (EE_CFG_ENERGY_MODE 0, 115200 baud)"
            )

    def load_input(self, data: bytes) -> None:
        parts = commands.input_load(data, most=self._port.command_most)
        if not self.load(parts).messages("load-done"):
            raise BoardError("the board did not confirm its input")

    def timed(
        self, command: Callable[[int, int], bytes], runs: int, warm_ups: int, once_s: float
    ) -> tuple[float, Reply]:
        """Return the time of a window of `runs` and the answer. [s]"""
        expected_s = once_s * (runs + warm_ups)
        reply = self.ask(command(runs, warm_ups), timeout_s=_PATIENCE * expected_s + 5.0)
        taken_s = replies.window_s(reply)
        if not taken_s:
            raise BoardError(f"the board's clock stood still over {runs} runs")
        return taken_s, reply

    def first(
        self, command: Callable[[int, int], bytes], *, window_s: float = _FIRST_WINDOW_S
    ) -> float:
        """Return about the time of a single run, not knowing how long it may take. [s]

        Ten times the runs, and again, until they fill `window_s` or what a slow clock can tell.
        """
        runs, taken_s = 1, 0.0
        while runs <= _FIRST_RUNS_MOST:
            reply = self.ask(command(runs, 0), timeout_s=FIRST_RUN_S)
            _check_input_taken(reply)
            taken_s = replies.window_s(reply)
            if taken_s >= min(window_s, _FIRST_WINDOW_S):
                return taken_s / runs
            runs *= 10
        raise BoardError(f"the board's clock shows {taken_s:g} s for {runs // 10} runs")


def _check_input_taken(reply: Reply) -> None:
    """Refuse what shipped firmware times all the same: an input of a size it does not expect."""
    for line in reply.lines:
        if line.text.startswith("Input db has"):
            raise BoardError(f"the board cannot use the input it was given: {line.text}")


def recognise(port: Port) -> Dut | None:
    dut = Dut(port)
    dut.sync()
    return dut
