"""Reading what a board answered: the lines before `m-ready`."""

import re
import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from firmware_specs.serial.lines import Line, LineKind

# Counters are 32 bits wide: microseconds wrap after 71.6 minutes.
_WRAP = 1 << 32
_VALUES = re.compile(r"[^,\s]+")
# 1.0 as shipped keyword firmware prints it: ten tenths, then the two digits that are left.
_TEN_TENTHS = re.compile(r"0\.10\d\d")


class ReplyError(ValueError):
    """A board's answer that says an error, or is not what was asked for."""


@dataclass(frozen=True, slots=True)
class Reply:
    """The lines of one answer, `m-ready` left out."""

    lines: tuple[Line, ...]

    def checked(self) -> "Reply":
        """Return the reply itself.

        Raises
        ------
        ReplyError
            If the board reports an error.
        """
        for line in self.lines:
            if line.kind is LineKind.ERROR:
                raise ReplyError(f"the board says: {line.text}")
        return self

    def messages(self, prefix: str) -> list[str]:
        """Return what follows `prefix` in each message that starts with it."""
        return [
            line.text.removeprefix(prefix)
            for line in self.lines
            if line.kind is LineKind.MESSAGE and line.text.startswith(prefix)
        ]

    def message(self, prefix: str) -> str:
        """Return what follows `prefix` in the last message that starts with it."""
        found = self.messages(prefix)
        if not found:
            raise ReplyError(f"no m-{prefix} in the answer: {self.text()}")
        return found[-1]

    def text(self) -> str:
        return " | ".join(f"{line.kind}:{line.text}" for line in self.lines)[:300]


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a board with our firmware says of itself; a plain device under test says none of it."""

    board: str
    core: str
    is_emulated: bool
    clock_hz: int
    counter_hz: int
    input_bytes: int
    blob_bytes: int
    kernels: tuple[str, ...]
    layers: tuple[str, ...]
    # Firmware from before sensors says none, and of commands that take a seed.
    sensors: tuple[str, ...] = ()
    seeds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outputs:
    """Raw outputs of the last inference with the check over nonce, model, input and outputs."""

    data: bytes
    check: int = field(repr=False)

    def is_of(self, nonce: str, blob_crc: int, given: bytes) -> bool:
        """Return whether the check is that of this nonce, model and input."""
        return outputs_check(nonce, blob_crc, given, self.data) == self.check


def outputs_check(nonce: str, blob_crc: int, given: bytes, outputs: bytes) -> int:
    """Return the CRC-32 that ties outputs to nonce, model and input."""
    return zlib.crc32(nonce.encode() + struct.pack("<I", blob_crc) + given + outputs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """A window of sensor data: `axes` values a reading, one reading after another."""

    axes: int
    values: tuple[int, ...]
    window_s: float
    # Readings that came a whole period late.
    late: int

    @property
    def data(self) -> bytes:
        """Return the values as 16-bit numbers, the low byte first."""
        return struct.pack(f"<{len(self.values)}h", *self.values)


def readings(reply: Reply) -> Readings:
    """Return the sensor data of an answer, its checksum proven."""
    told, checksum = reply.checked().messages("samples-"), reply.message("sense-done-")
    try:
        data, check = bytes.fromhex("".join(told)), int(checksum, 16)
    except ValueError as error:
        raise ReplyError(f"sensor data is no hex: {reply.text()}") from error
    axes = _whole(reply.message("axes-"))
    if zlib.crc32(data) != check or axes < 1 or len(data) % (2 * axes):
        raise ReplyError(f"{len(data)} bytes of sensor data came damaged")
    return Readings(
        axes=axes,
        values=struct.unpack(f"<{len(data) // 2}h", data),
        window_s=window_s(reply),
        late=_whole(reply.message("late-")),
    )


def name(reply: Reply) -> str:
    return _bracketed(reply, "name-dut-")


def model(reply: Reply) -> str:
    return _bracketed(reply, "model-")


def window_s(reply: Reply) -> float:
    """Return the time between the two laps of an answer, over at most one wrap. [s]

    Firmware on a computer may say the microseconds of a wider clock; a window is as short.
    """
    laps = reply.checked().messages("lap-us-")
    if len(laps) != 2:
        remedy = "; firmware built for energy mode says none" if not laps else ""
        raise ReplyError(f"{len(laps)} laps instead of 2{remedy}")
    begin, end = (_whole(lap, bits=64) for lap in laps)
    if max(begin, end) < _WRAP:
        return ((end - begin) % _WRAP) * 1e-6
    if not 0 <= end - begin < _WRAP:
        raise ReplyError(f"laps of {begin} and {end} us make no window of at most 71 minutes")
    return (end - begin) * 1e-6


def counter_ticks(reply: Reply) -> int:
    """Return the counter's ticks in the last window, over at most one wrap."""
    begin, end = (_whole(value) for value in _values(reply, "counter-", count=2))
    return (end - begin) % _WRAP


def results(reply: Reply) -> tuple[float, ...]:
    """Return the printed outputs; shipped firmware writes some floats oddly, so read leniently.

    What digits cannot say, their number does: among values of three decimals `0.1000` is 1.
    """
    values = _values(reply, "results-")
    odd = {value for value in values if _TEN_TENTHS.fullmatch(value)}
    if all(len(value) > len("0.000") for value in values):
        odd = set()
    try:
        return tuple(
            1.0 + int(value[-2:]) / 1000 if value in odd else float(value) for value in values
        )
    except ValueError as error:
        raise ReplyError(f"results are no numbers: {reply.text()}") from error


def outputs(reply: Reply) -> Outputs:
    try:
        data = bytes.fromhex(_bracketed(reply, "outputs-"))
        return Outputs(data=data, check=int(reply.message("check-"), 16))
    except ValueError as error:
        raise ReplyError(f"outputs are no hex: {reply.text()}") from error


def kernel_result(reply: Reply) -> int:
    """Return the 32 bits of a micro-kernel's result."""
    return _bits(reply, "kernel-result-")


def kernel_check(reply: Reply) -> int:
    """Return the check over seed, size and result of a seeded micro-kernel."""
    return _bits(reply, "kernel-check-")


def _bits(reply: Reply, prefix: str) -> int:
    text = reply.checked().message(prefix)
    try:
        return int(text, 16)
    except ValueError as error:
        raise ReplyError(f"m-{prefix} is no hex: {reply.text()}") from error


def capabilities(reply: Reply) -> Capabilities:
    said = _capabilities(reply)
    try:
        return Capabilities(
            board=said["board"],
            core=said["core"],
            is_emulated=said["emulated"] != "0",
            clock_hz=_whole(said["clock-hz"]),
            counter_hz=_whole(said["counter-hz"]),
            input_bytes=_whole(said["input-bytes"]),
            blob_bytes=_whole(said["blob-bytes"]),
            kernels=tuple(said["kernels"].split(",")),
            layers=tuple(said["layers"].split(",")),
            sensors=tuple(said["sensors"].split(",")) if "sensors" in said else (),
            seeds=tuple(said["seeds"].split(",")) if "seeds" in said else (),
        )
    except KeyError as error:
        raise ReplyError(f"the board does not say its {error}; update its firmware") from error


def _capabilities(reply: Reply) -> Mapping[str, str]:
    pairs = (text.rstrip("]").partition("-[") for text in reply.checked().messages("cap-"))
    return {key: value for key, _, value in pairs}


def _bracketed(reply: Reply, prefix: str) -> str:
    text = reply.checked().message(prefix)
    if not (text.startswith("[") and text.endswith("]")):
        raise ReplyError(f"m-{prefix} lacks its brackets: {text[:80]!r}")
    return text[1:-1]


def _values(reply: Reply, prefix: str, *, count: int | None = None) -> Sequence[str]:
    values = _VALUES.findall(_bracketed(reply, prefix))
    if count is not None and len(values) != count:
        raise ReplyError(f"m-{prefix} has {len(values)} values instead of {count}")
    return values


def _whole(text: str, *, bits: int = 32) -> int:
    # Of more digits than 64 bits have, Python would rather not say the number.
    if not text.isdigit() or len(text) > 20 or int(text) >> bits:
        raise ReplyError(f"{text[:40]!r} is no {bits}-bit number")
    return int(text)
