"""Boards with our firmware: a device under test with models over the line and micro-kernels."""

import time
import zlib
from collections.abc import Callable
from functools import partial

from device_agent.boards.dialects.dut import Dut
from device_agent.boards.errors import BoardError
from device_agent.boards.port import Port
from firmware_specs.serial import commands, replies
from firmware_specs.serial.replies import Capabilities, Outputs, Readings, ReplyError

NAME = "lab"
RANK = 10
_WRAP = 1 << 32
_PATIENCE = 3.0
# The fullest window in hex at 115,200 baud takes a second.
_SENDING_S = 10.0


class LabBoard(Dut):
    """A board that told its capabilities."""

    dialect = NAME

    def __init__(self, port: Port, *, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(port, clock=clock)
        self.sync()
        self.can: Capabilities = replies.capabilities(self.ask(b"caps%"))
        self.name = self.can.board
        self.is_emulated = self.can.is_emulated

    def load_model(self, blob: bytes) -> None:
        """Deploy a model; the board checks length, checksum and every layer."""
        if len(blob) > self.can.blob_bytes:
            raise BoardError(
                f"the model is {len(blob)} bytes, {self.can.board} has room for"
                f" {self.can.blob_bytes}: fewer units, fewer bits, or more zeros"
            )
        crc = zlib.crc32(blob)
        said = self.load(commands.blob_load(blob, crc)).message("blob-done-")
        if said != f"{crc:08x}":
            raise ReplyError(f"the board has model {said}, we sent {crc:08x}")

    def outputs(self, nonce: str) -> Outputs:
        """Return the raw outputs of the last inference, tied to a nonce."""
        return replies.outputs(self.ask(commands.command("outputs", nonce)))

    def infer(self, data: bytes) -> Outputs:
        """Return the outputs for one input."""
        self.load_input(data)
        self.ask(commands.infer(1, 0), timeout_s=60.0).checked()
        return self.outputs("0")

    def ticks(self, window_s: float) -> int:
        """Return the counter's ticks in the last window, whole wraps added from its time."""
        ticks = replies.counter_ticks(self.ask(b"counter%"))
        wraps = round((window_s * self.can.counter_hz - ticks) / _WRAP)
        return ticks + max(0, wraps) * _WRAP

    def sense(self, sensor: str, hz: int, count: int) -> Readings:
        """Record a window of a sensor on the board, and return it."""
        timeout_s = _PATIENCE * count / hz + _SENDING_S
        return replies.readings(self.ask(commands.sense(sensor, hz, count), timeout_s=timeout_s))

    def kernel(self, name: str, size: int, seed: int | None = None) -> "partial[bytes]":
        """Return the command of a micro-kernel, wanting runs and warm-ups.

        A seed only where `takes_seed`: older firmware would not read the word, and say nothing.
        """
        if name not in self.can.kernels:
            raise BoardError(f"{self.can.board} has no kernel {name}")
        if seed is not None and not self.takes_seed:
            raise BoardError(f"the firmware of {self.can.board} takes no seed; flash ours of today")
        return partial(commands.kernel, name, size, seed=seed)

    @property
    def takes_seed(self) -> bool:
        """Return whether the firmware makes a kernel's operands from a seed that it is told."""
        return "kernel" in self.can.seeds


def recognise(port: Port) -> LabBoard | None:
    return LabBoard(port)
