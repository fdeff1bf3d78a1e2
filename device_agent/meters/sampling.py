"""From a sensor that shows power to a meter: samples on a thread, added up by trapezoids."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Protocol

from device_agent.energy_budget import Accuracy
from device_agent.energy_windows import Recording, WindowMeter
from device_agent.meters.base import Reading
from device_agent.meters.options import MeterError, Options, options_of

# An idle board is watched for so long before and after the windows.
_IDLE_S = 10.0


class PowerSensor(Protocol):
    """Something that shows power now, or counts energy itself."""

    name: str
    # Samples closer than this would repeat one another.
    every_s: float

    def watts(self) -> float:
        """Return the power now.

        Raises
        ------
        OSError
            If it cannot be read, or reads beyond its range: says why.
        """

    def joules(self) -> Reading | None:
        """Return the sensor's own counter of energy, or None where it has none."""

    def accuracy(self) -> Accuracy: ...


class SampledMeter:
    """A driver over a sensor: of this machine, or of the board on its serial line."""

    def __init__(
        self,
        name: str,
        *,
        kind: str,
        sensor: Callable[[Options], PowerSensor],
        own_options: tuple[str, ...] = (),
        is_found: bool = True,
    ) -> None:
        """`is_found` says that the sensor shows itself; else only the settings know of it."""
        self.NAME = name
        self.kind = kind
        self._sensor = sensor
        self._own_options = own_options
        self._is_found = is_found
        self._counter: _Counter | None = None

    @property
    def MEASURES(self) -> str:  # noqa: N802
        return "board" if self._sees() == "host" else "attached board"

    @property
    def WINDOW_S(self) -> float:  # noqa: N802
        return self._open().every_s * 5

    def why_not(self) -> str:
        try:
            self._open().watts()
        except OSError as error:
            return str(error)
        return ""

    def read(self) -> Reading:
        """Return the energy since some start, counted by the sensor or added up here."""
        sensor = self._open()
        counted = sensor.joules()
        if counted is not None:
            return counted
        if self._counter is None:
            self._counter = _Counter(sensor)
        return self._counter.reading()

    def accuracy(self) -> Accuracy:
        return _as_told(self._open().accuracy(), self._options())

    def window_meter(self, address: Any) -> WindowMeter | None:
        """Return a recorder of the board at a port, where this meter is wired to that."""
        if options_of(self.kind) is None or self._sees() != "board":
            return None
        if address.options.get("meter", self.kind) != self.kind:
            return None
        try:
            return Sampler(self._open(), self.accuracy())
        except OSError as error:
            return NoRecorder(self.NAME, str(error))

    def forget(self) -> None:
        """Look anew for the sensor at the next call."""
        self._counter = None
        self.__dict__.pop("_opened", None)

    def _options(self) -> Options:
        return options_of(self.kind) or Options(kind=self.kind, values={})

    def _sees(self) -> str:
        try:
            return self._options().sees("host" if self._is_found else "board")
        except MeterError:
            return "board"

    def _open(self) -> PowerSensor:
        """Return the sensor, opened once for each wording of the settings."""
        options = self._options()
        kept = self.__dict__.get("_opened")
        if kept is not None and kept[0] == options:
            sensor: PowerSensor = kept[1]
            return sensor
        if not self._is_found and options_of(self.kind) is None:
            raise MeterError(f"not named in the settings; meters = {self.kind!r} names it")
        options.sees("host")
        sensor = self._sensor(options.checked(self._own_options))
        self.__dict__["_opened"] = (options, sensor)
        return sensor


class Sampler:
    """Records a sensor on a thread, on the agent's clock."""

    def __init__(self, sensor: PowerSensor, accuracy: Accuracy, *, idle_s: float = _IDLE_S) -> None:
        self.idle_s = idle_s
        self._sensor = sensor
        self._accuracy = accuracy
        self._rows: list[tuple[float, float, float | None]] = []
        self._fault = ""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._sample, name="meter", daemon=True)

    def start(self) -> None:
        self._rows, self._fault = [], ""
        # However late the thread gets its turn, the recording reaches from here to `stop`.
        self._take_or_note()
        self._stop.clear()
        self._thread = threading.Thread(target=self._sample, name="meter", daemon=True)
        self._thread.start()

    def stop(self) -> Recording:
        self._stop.set()
        self._thread.join()
        self._take_or_note()
        times = tuple(row[0] for row in self._rows)
        counts = [row[2] for row in self._rows if row[2] is not None]
        return Recording(
            meter=self._sensor.name,
            times_s=times,
            powers_w=tuple(row[1] for row in self._rows),
            energies_j=tuple(counts) if len(counts) == len(times) else (),
            gain_share=self._accuracy.gain_share,
            offset_w=self._accuracy.offset_w,
            step_w=self._accuracy.step_w,
            lacks=self._accuracy.lacks,
            # A sample stands for the time since the one before.
            edge_s=self._sensor.every_s / 12**0.5,
            idle_s=self.idle_s,
            is_host_clock=True,
            fault=self._fault,
        )

    def _sample(self) -> None:
        due_s = time.monotonic() + self._sensor.every_s
        self._stop.wait(self._sensor.every_s)
        while not self._stop.is_set():
            if not self._take_or_note():
                return
            due_s = max(due_s + self._sensor.every_s, time.monotonic())
            self._stop.wait(due_s - time.monotonic())

    def _take_or_note(self) -> bool:
        """Take a sample. Return whether the sensor still works; its first failure is noted."""
        try:
            if not self._fault:
                self._take()
        except OSError as error:
            self._fault = str(error)
        return not self._fault

    def _take(self) -> None:
        counted = self._sensor.joules()
        before_s = time.monotonic()
        power_w = self._sensor.watts()
        # The moment of a slow reading is its middle.
        at_s = (before_s + time.monotonic()) / 2
        if counted is None:
            self._rows.append((at_s, power_w, None))
        else:
            self._rows.append((counted.at_s, power_w, self._unwrapped(counted)))

    def _unwrapped(self, counted: Reading) -> float:
        last = self._rows[-1][2] if self._rows else None
        if last is None or counted.wrap_j is None:
            return counted.energy_j
        wraps = max(0, round((last - counted.energy_j) / counted.wrap_j))
        return counted.energy_j + wraps * counted.wrap_j


class NoRecorder:
    """In place of a meter that cannot be read: a measurement goes on without energy."""

    idle_s = 0.0

    def __init__(self, name: str, why: str) -> None:
        self._recording = Recording(meter=name, times_s=(), powers_w=(), fault=why)

    def start(self) -> None: ...

    def stop(self) -> Recording:
        return self._recording


class _Counter:
    """Adds power up by trapezoids while anyone reads."""

    def __init__(self, sensor: PowerSensor) -> None:
        self._sensor = sensor
        self._lock = threading.Lock()
        self._at_s, self._power_w, self._energy_j = time.monotonic(), sensor.watts(), 0.0
        self._fault = ""
        threading.Thread(target=self._sample, name="power", daemon=True).start()

    def reading(self) -> Reading:
        if self._fault:
            raise MeterError(self._fault)
        self._step()
        with self._lock:
            return Reading(at_s=self._at_s, energy_j=self._energy_j)

    def _sample(self) -> None:
        while True:
            time.sleep(self._sensor.every_s)
            try:
                self._step()
            except OSError as error:
                self._fault = str(error)
                return

    def _step(self) -> None:
        power_w = self._sensor.watts()
        now_s = time.monotonic()
        with self._lock:
            self._energy_j += (power_w + self._power_w) / 2 * (now_s - self._at_s)
            self._at_s, self._power_w = now_s, power_w


def _as_told(accuracy: Accuracy, options: Options) -> Accuracy:
    """Return what the owner's calibration says in place of the data sheet."""
    lacks = tuple(part for part in accuracy.lacks if not _is_told(part, options))
    gain = options.number("gain_share", accuracy.gain_share or 1.0)
    offset = options.number("offset_w", accuracy.offset_w or 1.0)
    return replace(
        accuracy,
        gain_share=gain if "gain_share" in options.values else accuracy.gain_share,
        offset_w=offset if "offset_w" in options.values else accuracy.offset_w,
        lacks=lacks,
    )


def _is_told(part: str, options: Options) -> bool:
    return {"gain": "gain_share", "offset": "offset_w"}[part] in options.values
