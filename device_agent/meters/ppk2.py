"""Nordic's Power Profiler Kit II: 100,000 currents a second with eight logic inputs beside them.

Options: `port`, `mv` (the board's supply, 800 to 5000), `mode` (`ampere`: the board has a supply of
its own that runs through the meter; `source`: the meter feeds it) and `pin` (the logic input at the
board's sync pin, 0; `none` where it is not wired). Facts of the protocol from the public sources of
Nordic's application and of ppk2-api; the code is our own.

A sample is 32 bits, low byte first: 14 bits of converter, three of range, one unused, six that
count, eight logic inputs. In the meter's words, with the calibration it tells about each range r:
`i = (4·adc - O) · 1.8/163840 / R`, then `UG · (i · (GS·i + GI) + S·V + I)` amperes.
"""

import re
import threading
import time
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from device_agent.boards.errors import BoardError
from device_agent.boards.port import Port, SerialPort, address_of
from device_agent.energy_budget import Accuracy
from device_agent.energy_windows import Recording, WindowMeter
from device_agent.meters.options import MeterError, Options, options_of
from device_agent.meters.sampling import NoRecorder

KIND = "ppk2"
_OWN = ("port", "mv", "mode", "pin")
_HZ = 100_000
_MODES = {"ampere": 1, "source": 2}
_AVERAGE_START, _AVERAGE_STOP, _RUNNING, _REGULATOR, _MODE, _METADATA = 6, 7, 12, 13, 17, 25
_LOW_MV, _HIGH_MV = 800, 5000
_ADC_STEP = 1.8 / 163_840
_RANGES = 5
_VALUE_MASK = (1 << 17) - 1
_COUNT_AT, _COUNT_MASK = 18, 63
_LOGIC_AT = 24
# After a change of range the meter settles: these samples keep the value before.
_SETTLING = 3
# Joules are kept every millisecond, and at each edge of the pin.
_KEEP_EVERY = 100
_LOST_MOST = 0.01
_ANSWER_S = 2.0
_IDLE_S = 10.0
_METADATA_LINE = re.compile(r"^(R|GS|GI|O|S|I|UG)([0-4]):\s*(\S+)\s*$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """How one of the five ranges turns a converter's value into amperes."""

    r: float
    gs: float = 1.0
    gi: float = 1.0
    o: float = 0.0
    s: float = 0.0
    i: float = 0.0
    ug: float = 1.0

    def ampere(self, adc: int, supply_v: float) -> float:
        plain = (4 * adc - self.o) * _ADC_STEP / self.r
        return self.ug * (plain * (self.gs * plain + self.gi) + self.s * supply_v + self.i)


# Where the meter tells nothing of a range. [ohm]
_RESISTORS = (1031.64, 101.65, 10.15, 0.94, 0.043)


def ranges_in(metadata: str) -> tuple[Range, ...]:
    """Return the calibration that the meter tells, lines such as `R0: 1031.6400`."""
    told: list[dict[str, float]] = [{"r": ohm} for ohm in _RESISTORS]
    for name, number, value in _METADATA_LINE.findall(metadata):
        try:
            told[int(number)][name.lower()] = float(value)
        except ValueError as error:
            raise MeterError(f"PPK2: calibration {name}{number} is {value[:20]!r}") from error
    for ohm, values in zip(_RESISTORS, told, strict=True):
        # Zero here would be no calibration at all.
        values["r"] = values["r"] or ohm
        values["ug"] = values.get("ug", 1.0) or 1.0
    return tuple(Range(**values) for values in told)


def regulator_command(millivolt: int) -> bytes:
    """Return the command that sets the supply: its second and third byte count up from 3, 32."""
    steps = millivolt - _LOW_MV + 32
    return bytes([_REGULATOR, 3 + steps // 256, steps % 256])


class Ppk2:
    """One meter on its port."""

    def __init__(self, options: Options, port: Port) -> None:
        self._port = port
        self._mv = options.whole("mv", 0)
        if not _LOW_MV <= self._mv <= _HIGH_MV:
            raise MeterError(
                f"ppk2: mv = {self._mv}, the board's supply, must be {_LOW_MV} to {_HIGH_MV}"
            )
        mode = options.text("mode", "ampere")
        if mode not in _MODES:
            raise MeterError(f"ppk2: mode = {mode!r} is none of {', '.join(_MODES)}")
        pin = options.text("pin", "0")
        if pin != "none" and pin not in "01234567":
            raise MeterError(f"ppk2: pin = {pin!r} is not 0 to 7 or none")
        self.pin = None if pin == "none" else int(pin)
        self.ranges = self._calibration()
        self._port.write(bytes([_MODE, _MODES[mode]]))
        self._port.write(regulator_command(self._mv))
        self._port.write(bytes([_RUNNING, 1]))

    def start(self) -> None:
        self._port.write(bytes([_AVERAGE_START]))

    def stop(self) -> None:
        self._port.write(bytes([_AVERAGE_STOP]))

    def read(self) -> bytes:
        return self._port.read()

    def power_table(self) -> "array[float]":
        """Return the power of every converter value in every range. [W]"""
        supply_v = self._mv * 1e-3
        table = array("d", bytes(8 << 17))
        for number in range(8):
            calibrated = self.ranges[min(number, _RANGES - 1)]
            for adc in range(1 << 14):
                table[number << 14 | adc] = calibrated.ampere(adc, supply_v) * supply_v
        return table

    def _calibration(self) -> tuple[Range, ...]:
        """Stop what runs, drain it, and ask for the calibration."""
        self.stop()
        deadline = time.monotonic() + _ANSWER_S
        while self._port.read():
            if time.monotonic() > deadline:
                raise MeterError("PPK2: does not stop talking; is this its port?")
        self._port.write(bytes([_METADATA]))
        told, deadline = b"", time.monotonic() + _ANSWER_S
        while b"END" not in told and time.monotonic() < deadline:
            told += self._port.read()
        if b"END" not in told:
            raise MeterError("PPK2: tells no calibration; unplug it and plug it in again")
        return ranges_in(told.decode("ascii", errors="replace").replace("\r", ""))


class Ppk2Recorder:
    """Keeps what the meter streams, and makes sense of it afterwards."""

    def __init__(self, meter: Ppk2, accuracy: Accuracy, *, idle_s: float = _IDLE_S) -> None:
        self.idle_s = idle_s
        self._meter = meter
        self._accuracy = accuracy
        self._data = bytearray()
        self._fault = ""
        self._began_s = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="ppk2", daemon=True)

    def start(self) -> None:
        self._data, self._fault = bytearray(), ""
        self._stop.clear()
        self._began_s = time.monotonic()
        self._meter.start()
        self._thread = threading.Thread(target=self._keep, name="ppk2", daemon=True)
        self._thread.start()

    def stop(self) -> Recording:
        lasted_s = time.monotonic() - self._began_s
        try:
            self._meter.stop()
        except BoardError as error:
            self._fault = self._fault or str(error)
        self._stop.set()
        self._thread.join()
        words = array("I")
        words.frombytes(bytes(self._data[: len(self._data) // 4 * 4]))
        return recording_of(
            words,
            self._meter.power_table(),
            pin=self._meter.pin,
            accuracy=self._accuracy,
            began_s=self._began_s,
            idle_s=self.idle_s,
            fault=self._fault or _too_few(len(words), lasted_s),
        )

    def _keep(self) -> None:
        try:
            while not self._stop.is_set():
                self._data += self._meter.read()
        except BoardError as error:
            self._fault = str(error)


def recording_of(
    words: Sequence[int],
    power_w: Sequence[float],
    *,
    pin: int | None,
    accuracy: Accuracy,
    began_s: float = 0.0,
    idle_s: float = 0.0,
    fault: str = "",
) -> Recording:
    """Return the energy counted up over the samples, and the pin's edges.

    `power_w` is the power of each converter value with its range. [W] A lost sample, seen in the
    samples' own count, keeps the power of the one before.
    """
    times, powers, counts = array("d"), array("d"), array("d")
    edges: tuple[list[float], list[float]] = ([], [])
    mask = 0 if pin is None else 1 << (_LOGIC_AT + pin)
    joules, place, lost = 0.0, 0, 0
    level = words[0] & mask if words else 0
    expected = words[0] >> _COUNT_AT & _COUNT_MASK if words else 0
    settled, settling, old_range = 0.0, 0, words[0] >> 14 & 7 if words else 0
    for word in words:
        missing = ((word >> _COUNT_AT) - expected) & _COUNT_MASK
        expected = ((word >> _COUNT_AT) + 1) & _COUNT_MASK
        if missing:
            lost += missing
            place += missing
            joules += missing * settled / _HZ
        new_range = word >> 14 & 7
        settling = _SETTLING if new_range != old_range else max(0, settling - 1)
        old_range = new_range
        if not settling:
            settled = power_w[word & _VALUE_MASK]
        if word & mask != level or place % _KEEP_EVERY == 0 or missing:
            times.append(began_s + place / _HZ)
            powers.append(settled)
            counts.append(joules)
        if word & mask != level:
            level = word & mask
            edges[0 if level else 1].append(began_s + place / _HZ)
        joules += settled / _HZ
        place += 1
    if lost > _LOST_MOST * max(1, place):
        fault = fault or f"{lost} of {place} samples were lost: another USB port, less load"
    return Recording(
        meter="PPK2",
        times_s=tuple(times),
        powers_w=tuple(powers),
        energies_j=tuple(counts),
        rises_s=tuple(edges[0]),
        falls_s=tuple(edges[1]),
        gain_share=accuracy.gain_share,
        offset_w=accuracy.offset_w,
        step_w=accuracy.step_w,
        lacks=accuracy.lacks,
        # The pin is sampled with the current.
        edge_s=1 / _HZ / 12**0.5,
        idle_s=idle_s,
        is_host_clock=pin is None,
        fault=fault,
    )


def _too_few(samples: int, lasted_s: float) -> str:
    """Return a fault where whole blocks vanished, which the samples' count of 64 cannot show."""
    wanted = lasted_s * _HZ
    if samples < (1 - 5 * _LOST_MOST) * wanted - _HZ / 10:
        return f"{samples} samples came in {lasted_s:.1f} s, {wanted:.0f} were due"
    return ""


class _Driver:
    """The one meter that the settings name."""

    NAME = "PPK2"
    kind = KIND
    MEASURES = "attached board"
    WINDOW_S = 0.01

    def __init__(self) -> None:
        self._held: tuple[Options, SerialPort, Ppk2] | None = None

    def why_not(self) -> str:
        try:
            self._open()
        except (OSError, BoardError) as error:
            return str(error)
        finally:
            self._close()
        return ""

    def window_meter(self, address: Any) -> WindowMeter | None:
        options = options_of(KIND)
        if options is None or address.options.get("meter", KIND) != KIND:
            return None
        try:
            return Ppk2Recorder(self._open(), _accuracy(options))
        except (OSError, BoardError) as error:
            return NoRecorder(self.NAME, str(error))

    def _open(self) -> Ppk2:
        options = options_of(KIND)
        if options is None:
            raise MeterError(f"not named in the settings; meters = '{KIND};port=...;mv=...' does")
        options.checked(_OWN)
        if not options.text("port", ""):
            raise MeterError("ppk2: port is missing, such as port=/dev/ttyACM1")
        if self._held is not None and self._held[0] == options:
            return self._held[2]
        self._close()
        port = SerialPort(address_of(options.text("port", "")))
        try:
            meter = Ppk2(options, port)
        except BaseException:
            port.close()
            raise
        self._held = (options, port, meter)
        return meter

    def _close(self) -> None:
        if self._held is not None:
            self._held[1].close()
        self._held = None


def _accuracy(options: Options) -> Accuracy:
    """Return what the owner's calibration says; the maker states no limits to reckon with."""
    told: Mapping[str, float] = {
        name: options.number(name, 1.0)
        for name in ("gain_share", "offset_w")
        if name in options.values
    }
    lacks = {"gain": "gain_share", "offset": "offset_w"}
    return Accuracy(
        gain_share=told.get("gain_share", 0.0),
        offset_w=told.get("offset_w", 0.0),
        lacks=tuple(part for part, name in lacks.items() if name not in told),
    )


METER = _Driver()
