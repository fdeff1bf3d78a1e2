"""An I2C bus of Linux, by the kernel's own interface: no package, no library.

One transfer writes the register's number and reads its value without letting the bus go between
(`I2C_RDWR`, linux/i2c-dev.h), so that no other program can move the chip's register pointer.
"""

import ctypes
import errno
import fcntl
import os
from typing import Protocol

from device_agent.meters.options import MeterError

_I2C_RDWR = 0x0707
# Tests put a file of their own here.
device = "/dev/i2c-{}"
_READ = 0x0001
_REMEDIES = {
    errno.ENOENT: "switch I2C on (Raspberry Pi: sudo raspi-config nonint do_i2c 0) and reboot",
    errno.EACCES: "sudo usermod -aG i2c $USER, then log in again",
    errno.EREMOTEIO: "nobody answers there: is it powered, are SDA and SCL right? i2cdetect -y BUS",
    errno.EIO: "nobody answers there: is it powered, are SDA and SCL right? i2cdetect -y BUS",
    errno.EBUSY: "a kernel driver holds this chip: use it through hwmon, or unbind that driver",
}


class Bus(Protocol):
    """Chips with registers; what drivers need of a bus."""

    def read(self, address: int, register: int, count: int) -> bytes: ...

    def write(self, address: int, register: int, data: bytes) -> None: ...


class Message(ctypes.Structure):
    """`struct i2c_msg`."""

    _fields_ = [
        ("addr", ctypes.c_uint16),
        ("flags", ctypes.c_uint16),
        ("len", ctypes.c_uint16),
        ("buf", ctypes.POINTER(ctypes.c_uint8)),
    ]


class Transfer(ctypes.Structure):
    """`struct i2c_rdwr_ioctl_data`."""

    _fields_ = [("msgs", ctypes.POINTER(Message)), ("nmsgs", ctypes.c_uint32)]


class LinuxBus:
    """`/dev/i2c-N`."""

    def __init__(self, number: int) -> None:
        self._path = device.format(number)
        try:
            self._file = os.open(self._path, os.O_RDWR | os.O_CLOEXEC)
        except OSError as error:
            raise _explained(self._path, error) from error

    def read(self, address: int, register: int, count: int) -> bytes:
        asked = (ctypes.c_uint8 * 1)(register)
        answer = (ctypes.c_uint8 * count)()
        self._transfer(_message(address, 0, asked), _message(address, _READ, answer))
        return bytes(answer)

    def write(self, address: int, register: int, data: bytes) -> None:
        said = (ctypes.c_uint8 * (1 + len(data)))(register, *data)
        self._transfer(_message(address, 0, said))

    def _transfer(self, *messages: Message) -> None:
        array = (Message * len(messages))(*messages)
        try:
            fcntl.ioctl(self._file, _I2C_RDWR, Transfer(array, len(messages)))
        except OSError as error:
            raise _explained(f"{self._path} at {messages[0].addr:#04x}", error) from error


def _message(address: int, flags: int, data: "ctypes.Array[ctypes.c_uint8]") -> Message:
    pointer = ctypes.cast(data, ctypes.POINTER(ctypes.c_uint8))
    return Message(addr=address, flags=flags, len=len(data), buf=pointer)


def _explained(where: str, error: OSError) -> MeterError:
    remedy = _REMEDIES.get(error.errno or 0, "")
    reason = os.strerror(error.errno) if error.errno else str(error)
    return MeterError(f"{where}: {reason}" + (f"; {remedy}" if remedy else ""))


def signed(raw: int, bits: int) -> int:
    """Return a two's complement number of so many bits."""
    return raw - (1 << bits) if raw >> (bits - 1) & 1 else raw


def whole(data: bytes) -> int:
    """Return a register's bytes, the highest first."""
    return int.from_bytes(data, "big")
