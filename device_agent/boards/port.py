"""One serial line, ours alone while it is open.

A path (`/dev/ttyACM0`, a pty) or a URL that pyserial knows (`socket://`, `rfc2217://`), with
options after semicolons: `socket://bench:4000;evidence=measured;baud=9600`.
"""

import errno
import fcntl
import hashlib
import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Protocol, Self

from device_agent.boards.errors import BoardError, BoardGone
from firmware_specs.boards import all_boards
from firmware_specs.serial.commands import COMMAND_MOST

_READ_S = 0.05
_WRITE_S = 5.0
_BAUD = 115_200
# Opened at this speed, Arduino boards leave their program for the boot loader.
_BAUD_OF_BOOT_LOADERS = 1200
_OPTIONS = ("baud", "board", "dialect", "evidence", "via", "edges", "trace", "meter")
DIALOUT = "sudo usermod -aG dialout $USER, then log in again"
_IO_MANAGER = "io-manager"


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a board is: the port, and what its owner says about it."""

    url: str
    options: Mapping[str, str] = field(default_factory=dict)
    # The folder of firmware_specs/boards that its USB identity names, where it has one.
    usb_board: str = ""

    @property
    def board(self) -> str:
        """Return which folder of firmware_specs/boards this is, where its owner or USB says so."""
        return self.options.get("board", self.usb_board)

    @property
    def baud(self) -> int:
        return int(self.options.get("baud", _BAUD))

    def __str__(self) -> str:
        """Return the address as it stands in the settings."""
        return ";".join([self.url, *(f"{key}={value}" for key, value in self.options.items())])

    @property
    def is_pty(self) -> bool:
        return "://" not in self.url and os.path.realpath(self.url).startswith("/dev/pts/")

    def evidence(self, *, says_emulated: bool) -> str:
        """Return `measured` or `emulated`: in doubt the lesser.

        A pty, or firmware that says so, is never hardware. Behind a network address may be an
        emulator; whoever knows better says `evidence=measured`.
        """
        if says_emulated or self.is_pty:
            return "emulated"
        remote = "://" in self.url
        return self.options.get("evidence", "emulated" if remote else "measured")


def address_of(text: str) -> Address:
    """Read an address as it stands in the settings.

    Raises
    ------
    BoardError
        If an option is unknown or senseless.
    """
    url, *pairs = text.strip().split(";")
    options = {key: value for key, _, value in (pair.partition("=") for pair in pairs)}
    unknown = sorted(set(options) - set(_OPTIONS))
    if not url or unknown:
        raise BoardError(f"port {text!r}: unknown {unknown}; known are {', '.join(_OPTIONS)}")
    if not options.get("baud", "1").isdigit():
        raise BoardError(f"port {text!r}: baud is a number")
    if options.get("board", "") not in ("", *all_boards()):
        known = ", ".join(all_boards())
        raise BoardError(f"port {text!r}: there is no board {options['board']}; known are {known}")
    if int(options.get("baud", _BAUD)) == _BAUD_OF_BOOT_LOADERS:
        raise BoardError(f"port {text!r}: 1200 baud sends Arduino boards into their boot loader")
    if options.get("via", _IO_MANAGER) != _IO_MANAGER:
        raise BoardError(f"port {text!r}: via is {_IO_MANAGER}")
    if options.get("evidence", "measured") not in ("measured", "emulated"):
        raise BoardError(f"port {text!r}: evidence is measured or emulated")
    return Address(url=url, options=options)


class Port(Protocol):
    """A line to a board; what drivers need of one."""

    @property
    def command_most(self) -> int:
        """Return how many characters of a command this line carries."""

    def write(self, data: bytes) -> None: ...

    def read(self) -> bytes:
        """Return what has come, waiting a moment for it; empty where nothing does."""


class SerialPort:
    """A port of the operating system or of the network, through pyserial."""

    command_most = COMMAND_MOST

    def __init__(self, address: Address) -> None:
        import serial

        self._lost: tuple[type[Exception], ...] = (serial.SerialException, OSError)
        # pyserial's own where the port is closed under its read.
        self._lost_reading = (*self._lost, TypeError)
        self._lock = _lock(address.url)
        try:
            # `exclusive` locks out others that use pyserial; our lock covers URLs too.
            self._serial: Any = serial.serial_for_url(
                address.url,
                baudrate=address.baud,
                timeout=_READ_S,
                # pyserial's RFC 2217 client knows no such limit.
                write_timeout=None if "://" in address.url else _WRITE_S,
                exclusive=True,
            )
        except (serial.SerialException, OSError, ValueError) as error:
            self._lock.close()
            raise _refusal(address.url, error) from error
        self._url = address.url

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def write(self, data: bytes) -> None:
        try:
            self._serial.write(data)
        except self._lost as error:
            raise self._gone(error) from error

    def read(self) -> bytes:
        try:
            return bytes(self._serial.read(max(1, self._serial.in_waiting)))
        except self._lost_reading as error:
            raise self._gone(error) from error

    def close(self) -> None:
        self._serial.close()
        self._lock.close()

    def _gone(self, error: Exception) -> BoardGone:
        return BoardGone(f"{self._url} is gone ({error}): unplugged, or reset to another port?")


class PassThrough:
    """The line of a board behind the tiny benchmarks' IO manager.

    It wants each command after `dut `, and says the board's lines after `[dut]: `, amid its own.
    """

    # Its buffer holds 64 bytes with the prefix; the public runner sends 26 bytes in hex.
    command_most = len("db ") + 2 * 26
    _PREFIX = b"[dut]: "

    def __init__(self, port: Port) -> None:
        self._port = port
        self._rest = bytearray()

    def write(self, data: bytes) -> None:
        self._port.write(b"dut " + data)

    def read(self) -> bytes:
        self._rest += self._port.read()
        *whole, rest = bytes(self._rest).split(b"\n")
        self._rest = bytearray(rest)
        ours = (line for line in whole if line.startswith(self._PREFIX))
        return b"".join(line.removeprefix(self._PREFIX) + b"\n" for line in ours)


def line_of(port: Port, address: Address) -> Port:
    """Return the line on which the board of an address answers."""
    return PassThrough(port) if address.options.get("via") == _IO_MANAGER else port


def holders(device: str) -> Iterator[str]:
    """Yield who else has a device open, as far as this user may see: `minicom, process 123`."""
    wanted = os.path.realpath(device)
    for process in Path("/proc").glob("[0-9]*"):
        if int(process.name) == os.getpid():
            continue
        try:
            if any(os.path.realpath(held) == wanted for held in (process / "fd").iterdir()):
                yield f"{(process / 'comm').read_text().strip()}, process {process.name}"
        except OSError:
            # Ended meanwhile, or another user's.
            continue


def _refusal(url: str, error: Exception) -> BoardError:
    """Return why a port does not open, and what helps."""
    why = getattr(error, "errno", None)
    cannot = f"{url} cannot be opened"
    if why == errno.ENOENT:
        return BoardGone(f"{cannot}: it is not there; plug the board in, or correct `ports`")
    if why in (errno.EACCES, errno.EPERM):
        return BoardError(f"{cannot}: it is not ours; {DIALOUT}")
    if why in (errno.EBUSY, errno.EAGAIN):
        found = "; ".join(holders(url)) or "whose, only root may see: sudo fuser -v " + url
        return BoardError(
            f"{cannot}: another program has it ({found}); close that, and if it is ModemManager:"
            " sudo systemctl disable --now ModemManager"
        )
    return BoardGone(f"{cannot}: {error}")


def _lock(url: str) -> IO[str]:
    """Return an open file whose lock says that this port is ours.

    One file for each user, who could not open another's; between users pyserial's own lock of
    the device holds.
    """
    where = os.path.realpath(url) if "://" not in url else url
    name = hashlib.sha256(where.encode()).hexdigest()[:16]
    path = Path(tempfile.gettempdir()) / f"device-agent-{os.getuid()}-{name}.lock"
    file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600), "r+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        raise BoardError(f"{url} is in use by another device_agent; stop it first") from error
    return file
