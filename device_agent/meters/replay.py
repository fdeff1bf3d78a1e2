"""A recorded power trace played again beside an emulated board, on the emulator's own clock.

The port's option `trace` names a CSV file with the columns `time_s,idle_w,active_w`, evenly spaced,
that starts over at its end. Its option `edges` names the emulator's log of the sync pin: a line
`hz N`, then `cycle level` for each edge. While the pin is low the idle column is played, else the
active one. It stands for a meter that samples current and a logic input together; what is measured
with it is emulated, and so labelled.
"""

import csv
from dataclasses import dataclass
from pathlib import Path

from device_agent.boards.errors import BoardError
from device_agent.boards.port import Address
from device_agent.energy_windows import Recording, WindowMeter

_COLUMNS = ["time_s", "idle_w", "active_w"]
_SAMPLES_MOST = 5_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """Power of an idle and of a busy board, one sample every `step_s`. [W]"""

    step_s: float
    idle_w: tuple[float, ...]
    active_w: tuple[float, ...]


def window_meter(address: Address) -> WindowMeter | None:
    """Return the replay beside this port, or None where none is set up."""
    edges, trace = address.options.get("edges"), address.options.get("trace")
    if not edges or not trace:
        return None
    return ReplayMeter(trace_read(Path(trace)), Path(edges))


def trace_read(path: Path) -> Trace:
    """Read a trace.

    Raises
    ------
    BoardError
        If the file is missing, lacks a column, or is not evenly spaced.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.reader(file))
        numbers = [[float(value) for value in row] for row in rows[1:]]
    except (OSError, ValueError) as error:
        raise BoardError(f"power trace {path}: {error}") from error
    if not rows or rows[0] != _COLUMNS or len(numbers) < 2:
        raise BoardError(f"power trace {path} needs the columns {','.join(_COLUMNS)} and two rows")
    times = [row[0] for row in numbers]
    step = (times[-1] - times[0]) / (len(times) - 1)
    if step <= 0 or any(abs(t - times[0] - i * step) > step / 100 for i, t in enumerate(times)):
        raise BoardError(f"power trace {path} is not evenly spaced in time")
    return Trace(
        step_s=step,
        idle_w=tuple(row[1] for row in numbers),
        active_w=tuple(row[2] for row in numbers),
    )


class ReplayMeter:
    """Samples the trace for as long as the pin's log says that the board lived."""

    def __init__(self, trace: Trace, edges: Path) -> None:
        self._trace = trace
        self._edges = edges
        self._seen = 0
        # The emulator's own pauses are long enough.
        self.idle_s = 0.0

    def start(self) -> None:
        self._seen = len(self._read()[0])

    def stop(self) -> Recording:
        edges, hz = self._read()
        mine = [(cycle / hz, level) for cycle, level in edges[self._seen :]]
        times, powers = self._samples(mine)
        return Recording(
            meter="replayed trace",
            times_s=times,
            powers_w=powers,
            rises_s=tuple(time for time, level in mine if level),
            falls_s=tuple(time for time, level in mine if not level),
        )

    def _samples(
        self, edges: list[tuple[float, bool]]
    ) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Return the trace from a sample before the first edge to one after the last."""
        if not edges:
            return (), ()
        step = self._trace.step_s
        first, last = int(edges[0][0] / step) - 1, int(edges[-1][0] / step) + 2
        if last - first > _SAMPLES_MOST:
            raise BoardError(f"{last - first} samples of the trace, at most {_SAMPLES_MOST}")
        waiting, is_high = iter([*edges, (float("inf"), False)]), False
        next_s, next_level = next(waiting)
        times, powers = [], []
        for i in range(first, last):
            while i * step >= next_s:
                is_high = next_level
                next_s, next_level = next(waiting)
            column = self._trace.active_w if is_high else self._trace.idle_w
            times.append(i * step)
            powers.append(column[i % len(column)])
        return tuple(times), tuple(powers)

    def _read(self) -> tuple[list[tuple[int, bool]], float]:
        """Return the edges so far and the clock of their cycles."""
        try:
            rows = [line.split() for line in self._edges.read_text().splitlines()]
            hz = float(rows[0][1])
            # A line that is being written has not all of its words yet.
            edges = [(int(r[0]), r[1] == "1") for r in rows[1:] if len(r) == 2 and r[0].isdigit()]
        except (OSError, ValueError, IndexError) as error:
            raise BoardError(f"pin log {self._edges}: {error}") from error
        return edges, hz
