"""From bytes to lines, whatever noise comes in between."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

# A line of ours is at most 200 characters; a board's help may be longer.
_LINE_MOST = 4096
# Colours and the like, which consoles of some boards put around their lines.
_ESCAPES = re.compile(rb"\x1b\[[0-9;?]*[ -/]*[@-~]")


class LineKind(StrEnum):
    """What a line of a board is, by its first characters."""

    READY = "ready"
    MESSAGE = "message"
    ERROR = "error"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Line:
    """One line: for a message what follows `m-`, for an error what stands in its brackets."""

    kind: LineKind
    text: str


def without_escapes(raw: bytes) -> bytes:
    """Return bytes without what colours them on a terminal."""
    return _ESCAPES.sub(b"", raw)


def line_of(raw: bytes) -> Line:
    """Return what a line says, colours left out. Bytes that are no ASCII become question marks."""
    raw = without_escapes(raw).rstrip(b"\r\n")
    text = "".join(chr(b) if 32 <= b < 127 else "?" for b in raw)
    if text == "m-ready":
        return Line(LineKind.READY, "")
    if text.startswith("m-"):
        return Line(LineKind.MESSAGE, text[2:])
    if text.startswith("e-[") and text.endswith("]"):
        return Line(LineKind.ERROR, text[3:-1])
    return Line(LineKind.TEXT, text)


class LineCutter:
    """Collects bytes and yields whole lines; what never ends is dropped, not kept for ever.

    `echo` is what was sent last: a console that repeats it puts it before the first line.
    """

    def __init__(self) -> None:
        self._rest = bytearray()
        self.echo = b""

    def feed(self, data: bytes) -> Iterator[Line]:
        self._rest += data
        while (end := self._rest.find(b"\n")) >= 0:
            raw = bytes(self._rest[:end])
            del self._rest[: end + 1]
            yield line_of(raw.removeprefix(self.echo))
        if len(self._rest) > _LINE_MOST:
            self._rest.clear()

    def clear(self) -> None:
        self._rest.clear()
