"""A board that is not there: firmware in Python behind a line in memory, or behind a real pty.

`DutFirmware` answers as shipped MLPerf-Tiny-style firmware does (the golden transcripts are played
against it), `ImpulseFirmware` as Edge Impulse's. `Faults` make the line what lines are: noise, an
answer that breaks off, silence, a board that talks for ever, one that is unplugged.
"""

import os
import random
import select
import socket
import threading
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from serial.rfc2217 import PortManager

from device_agent.boards.errors import BoardGone
from firmware_specs.serial import operands
from firmware_specs.serial.commands import COMMAND_MOST

_WRAP = 1 << 32
_BUFFER = 27_648


class Firmware(Protocol):
    def receive(self, data: bytes) -> bytes:
        """Take bytes and return what the board answers."""


@dataclass(slots=True)
class DutFirmware:
    """A device under test with a compiled-in model, whose clock moves only while it infers."""

    name: str = "unspecified"
    model: str = "kws01"
    # What it answers whatever it sees; without, scores that its input decides.
    results: tuple[float, ...] = ()
    scores: int = 12
    run_us: int = 2500
    clock_us: int = 0
    is_energy_mode: bool = False
    # A clock of 1 kHz shows whole milliseconds; one of 0 stands still.
    tick_us: int = 1
    input_bytes: int | None = None
    loaded: bytearray = field(default_factory=bytearray)
    expected: int = 0
    _half: bytearray = field(default_factory=bytearray)

    def banner(self) -> bytes:
        mode = "energy" if self.is_energy_mode else "performance"
        return self._lines(f"m-timestamp-mode-{mode}", *self._lap(), "m-init-done", "m-ready")

    def receive(self, data: bytes) -> bytes:
        self._half += data
        answer = b""
        while (end := self._half.find(b"%")) >= 0:
            command = self._half[:end].decode("latin-1")
            del self._half[: end + 1]
            answer += self._lines(*self._obey(command.split(" ")), "m-ready")
        return answer

    def _lines(self, *lines: str) -> bytes:
        return "".join(f"{line}\r\n" for line in lines).encode("latin-1")

    def _obey(self, words: list[str]) -> list[str]:
        handlers = {"db": self._db, "infer": self._infer}
        if words[0] in handlers:
            return handlers[words[0]](words[1:])
        plain = {
            "name": [f"m-name-dut-[{self.name}]"],
            "profile": [
                "m-profile-[ULPMark for tinyML Firmware V0.0.1]",
                f"m-model-[{self.model}]",
            ],
            "timestamp": self._lap(),
            "results": [self._results()],
        }
        return plain.get(words[0], [f"e-[Unknown command: {words[0]}]"])

    def _lap(self) -> list[str]:
        if self.is_energy_mode:
            return []
        shown_us = self.clock_us // self.tick_us * self.tick_us if self.tick_us else 0
        return [f"m-lap-us-{shown_us % _WRAP}"]

    def _results(self) -> str:
        values = self.results or self._scores()
        return f"m-results-[{','.join(f'{value:.3f}' for value in values)}]"

    def _scores(self) -> tuple[float, ...]:
        rng = random.Random(bytes(self.loaded))
        drawn = [rng.random() for _ in range(self.scores)]
        return tuple(value / sum(drawn) for value in drawn)

    def _infer(self, words: list[str]) -> list[str]:
        runs, warm_ups = [*(int(word) for word in words), *(1, 10)[len(words) :]]
        lines = [f"m-warmup-start-{warm_ups}", "m-warmup-done", f"m-infer-start-{runs}"]
        if self.input_bytes not in (None, len(self.loaded)):
            text = f"Input db has {len(self.loaded)} elemented, expected {self.input_bytes}"
            lines.insert(0, text)
        lines += self._lap()
        self.clock_us += runs * self.run_us
        return [*lines, *self._lap(), "m-infer-done", self._results()]

    def _db(self, words: list[str]) -> list[str]:
        if not words:
            return ["e-[Command 'db' requires a subcommand]"]
        if words[0] == "load":
            return self._load(words[1:])
        if words[0] == "print":
            rows = [self.loaded[i : i + 8] for i in range(0, len(self.loaded), 8)]
            return ["m-buffer-" + row.hex("-") for row in rows]
        return self._hex(words[0])

    def _load(self, words: list[str]) -> list[str]:
        if not words:
            return ["e-[Command 'db load' requires the # of bytes]"]
        self.expected = int(words[0])
        if not self.expected:
            return ["e-[Command 'db load' must be >0 bytes]"]
        if self.expected > _BUFFER:
            return [f"Supplied buffer size {self.expected} exceeds maximum of {_BUFFER}"]
        self.loaded.clear()
        return [f"m-[Expecting {self.expected} bytes]"]

    def _hex(self, digits: str) -> list[str]:
        if len(digits) % 2:
            return ["e-[Insufficent number of hex digits]"]
        try:
            self.loaded += bytes.fromhex(digits)
        except ValueError:
            return [f"e-[Invalid hex digit '{digits[:2]}']"]
        return ["m-load-done"] if len(self.loaded) == self.expected else []


class KernelFirmware(DutFirmware):
    """As much of our firmware as micro-kernels need; or as it was before it took seeds."""

    takes_seed = True
    asked: list[str]

    def _obey(self, words: list[str]) -> list[str]:
        if words == ["caps"]:
            said = {"board": "arduino-uno-r3", "core": "avr", "emulated": 0, "clock-hz": 16_000_000,
                    "counter-hz": 1_000_000, "input-bytes": 64, "blob-bytes": 1024,
                    "kernels": "mac8,dotf,copy", "layers": "int8"}  # fmt: skip
            said |= {"seeds": "kernel"} if self.takes_seed else {}
            return [f"m-cap-{key}-[{value}]" for key, value in said.items()]
        if words == ["counter"]:
            return [f"m-counter-[0,{self.clock_us % _WRAP}]"]
        return self._kernel(words) if words[0] == "kernel" else super()._obey(words)

    def _kernel(self, words: list[str]) -> list[str]:
        self.asked = words
        name, size, seed = words[1], int(words[2]), words[5:6] if self.takes_seed else []
        *lines, _ = self._infer(words[3:5])
        return [*lines, *self.answer(name, size, *map(int, seed))]

    def answer(self, name: str, size: int, seed: int | None = None) -> list[str]:
        """Return what a run made of its operands, sealed where there is a seed."""
        state = operands.STATE_WITHOUT_SEED if seed is None else seed
        result = operands.expected(name, size, state)
        lines = [f"m-kernel-result-{result:08x}"]
        sealed = [] if seed is None else [operands.sealed(seed, size, result)]
        return [*lines, *(f"m-kernel-check-{check:08x}" for check in sealed)]


@dataclass(slots=True)
class IoManager:
    """The tiny benchmarks' IO manager before a board: takes 64 bytes, marks the board's lines."""

    board: DutFirmware
    _half: bytearray = field(default_factory=bytearray)

    def receive(self, data: bytes) -> bytes:
        self._half += data
        answer = b""
        while (end := self._half.find(b"%")) >= 0:
            command = bytes(self._half[:end])[:64]
            del self._half[: end + 1]
            answer += self._obey(command)
        return answer

    def _obey(self, command: bytes) -> bytes:
        asked = command.removeprefix(b"dut ")
        if asked == command:
            return b"e-[Unknown command: %b]\r\nm-ready\r\n" % command
        lines = self.board.receive(asked + b"%").splitlines(keepends=True)
        said = b"".join(b"[dut]: " + line for line in lines)
        return b"m-dut-passthrough(%b)\r\nm-ready\r\n" % asked + said


@dataclass(slots=True)
class ImpulseFirmware:
    """Edge Impulse's firmware: a prompt, a description of itself, timings while it runs."""

    line: str = "Predictions (DSP: 12 ms., Classification: 34 ms., Anomaly: 0 ms.):"
    prints: int = 20
    _half: bytearray = field(default_factory=bytearray)

    def receive(self, data: bytes) -> bytes:
        self._half += data
        answer = ""
        while (end := self._half.find(b"\r")) >= 0:
            command = self._half[:end].decode("latin-1")
            del self._half[: end + 1]
            answer += self._obey(command)
        return answer.encode()

    def _obey(self, command: str) -> str:
        if command == "AT+CONFIG?":
            section = (
                "===== Device info =====\r\nID:         24:0a\r\nType:       ARDUINO_NANO33BLE"
            )
            return f"{command}\r\n{section}\r\nAT Version: 1.8.0\r\n\r\n> "
        if command == "AT+RUNIMPULSE":
            return f"Starting inferencing\r\n{self.line}\r\n    yes:    0.91\r\n" * self.prints
        if command.endswith("b"):
            return "Inferencing stopped by user\r\n> "
        return "Unknown command\r\n> "


@dataclass(slots=True)
class Faults:
    """What is wrong with the line: each is used up by the next answer."""

    noise_before: bytes = b""
    # Bytes of the answer that still come; None for all.
    keeps: int | None = None
    is_silent: bool = False
    # Answers for ever, without `m-ready`.
    is_endless: bool = False
    is_unplugged: bool = False
    # Bytes that still come before it is unplugged; None for all.
    unplugged_after: int | None = None

    def apply(self, answer: bytes) -> bytes:
        answer = self.noise_before + answer[: self.keeps]
        self.noise_before, self.keeps = b"", None
        return b"" if self.is_silent else answer


class MemoryPort:
    """A line in memory. Time is its own: it moves when nothing comes."""

    command_most = COMMAND_MOST

    def __init__(
        self, firmware: Firmware, faults: Faults | None = None, waiting: bytes = b""
    ) -> None:
        self.firmware = firmware
        self.faults = faults or Faults()
        self.now_s = 0.0
        self.sent: list[bytes] = []
        self._waiting = bytearray(waiting)

    def clock(self) -> float:
        return self.now_s

    def write(self, data: bytes) -> None:
        self._check()
        self.sent.append(data)
        self._waiting += self.faults.apply(self.firmware.receive(data))

    def read(self) -> bytes:
        self._check()
        if self.faults.is_endless:
            self.now_s += 0.001
            return b"still thinking\r\n"
        # A few bytes at a time, as a line brings them.
        piece = 7
        if self.faults.unplugged_after is not None:
            piece = min(piece, self.faults.unplugged_after)
            self.faults.unplugged_after -= piece
            self.faults.is_unplugged = piece == 0
            self._check()
        data = bytes(self._waiting[:piece])
        del self._waiting[:piece]
        self.now_s += 0.001 if data else 0.05
        return data

    def _check(self) -> None:
        if self.faults.is_unplugged:
            raise BoardGone("unplugged")


class BootingPort(MemoryPort):
    """A board that opening the port resets: deaf while its boot loader waits, then its banner."""

    def __init__(self, firmware: DutFirmware, *, boots_s: float) -> None:
        super().__init__(firmware)
        self._boots_s = boots_s
        self._banner = firmware.banner()

    def write(self, data: bytes) -> None:
        if self.now_s >= self._boots_s:
            super().write(data)

    def read(self) -> bytes:
        if self._banner and self.now_s >= self._boots_s:
            self._waiting += b"\x00\xfe" + self._banner
            self._banner = b""
        return super().read()


@contextmanager
def board_on_pty(firmware: Firmware, faults: Faults | None = None) -> Iterator["PtyBoard"]:
    """Run a fake board behind a pty until the block ends."""
    board = PtyBoard(firmware, faults or Faults())
    try:
        yield board
    finally:
        board.unplug()


class PtyBoard:
    """A thread that is a board; `path` is where to open it."""

    def __init__(self, firmware: Firmware, faults: Faults) -> None:
        self.firmware = firmware
        self.faults = faults
        self._near, far = os.openpty()
        tty.setraw(far)
        self._far: int | None = far
        self.path = os.ttyname(far)
        self._stop_reader, self._stop = os.pipe()
        self._thread = threading.Thread(target=self._serve, name="fake-board", daemon=True)
        self._thread.start()

    def say(self, data: bytes) -> None:
        os.write(self._near, data)

    def unplug(self) -> None:
        """Vanish as an unplugged board does: the port stays open at the other end and fails."""
        if self._far is None:
            return
        os.write(self._stop, b"x")
        self._thread.join(timeout=5)
        for descriptor in (self._near, self._far, self._stop, self._stop_reader):
            os.close(descriptor)
        self._far = None

    def _serve(self) -> None:
        while True:
            ready, _, _ = select.select([self._near, self._stop_reader], [], [])
            if self._stop_reader in ready:
                return
            answer = self.faults.apply(self.firmware.receive(os.read(self._near, 4096)))
            if answer:
                os.write(self._near, answer)


@dataclass(slots=True)
class _Line:
    """What pyserial's RFC 2217 server wants of a port."""

    baudrate: int = 115_200
    bytesize: int = 8
    parity: str = "N"
    stopbits: float = 1
    xonxoff: bool = False
    rtscts: bool = False
    dtr: bool = True
    rts: bool = True
    cts: bool = True
    dsr: bool = True
    ri: bool = False
    cd: bool = True
    break_condition: bool = False

    def reset_input_buffer(self) -> None: ...

    def reset_output_buffer(self) -> None: ...


@contextmanager
def serial_server(firmware: Firmware) -> Iterator[str]:
    """Serve a fake board by RFC 2217, as ser2net does, and yield its URL."""
    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=_serve_telnet, args=(listener, firmware), daemon=True)
    thread.start()
    try:
        yield f"rfc2217://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.close()
        thread.join(timeout=5)


def _serve_telnet(listener: socket.socket, firmware: Firmware) -> None:
    client, _ = listener.accept()
    with client:
        manager = PortManager(_Line(), _Connection(client))
        while data := client.recv(4096):
            plain = b"".join(manager.filter(data))
            answer = firmware.receive(plain)
            if answer:
                client.sendall(b"".join(manager.escape(answer)))


@dataclass(slots=True)
class _Connection:
    client: socket.socket

    def write(self, data: bytes) -> None:
        self.client.sendall(data)
