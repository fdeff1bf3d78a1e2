"""The last window of a sensor as a kit sent it along: to look at, and to take away as a file."""

import base64
import binascii
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from courseserver.kits.models import Measurement
from labs.text import quantity

# Of the drawing; strokes do not scale with it.
_WIDE, _HIGH = 600.0, 160.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """Readings in turn, one value for each axis. `period_s` lies between two of them."""

    period_s: float
    # shape (readings, axes), in counts of 16 bits
    values: tuple[tuple[int, ...], ...]
    sensor: str
    is_synthetic: bool
    late: int

    @property
    def axes(self) -> int:
        return len(self.values[0])

    @property
    def axis_names(self) -> tuple[str, ...]:
        return ("value",) if self.axes == 1 else tuple("xyz"[: self.axes])

    @property
    def least(self) -> int:
        return min(min(row) for row in self.values)

    @property
    def most(self) -> int:
        return max(max(row) for row in self.values)

    @property
    def unit(self) -> str:
        return "thousandths of g" if self.sensor == "imu" else "counts of 16 bits"

    @property
    def span(self) -> str:
        return f"{quantity(self.least, 'int')} to {quantity(self.most, 'int')}"

    @property
    def length(self) -> str:
        return quantity(self.period_s * len(self.values), "time")

    @property
    def lines(self) -> tuple[tuple[str, str], ...]:
        """Return each axis with its line, left to right, in a drawing of 600 by 160."""
        height = (self.most - self.least) or 1
        step = _WIDE / max(1, len(self.values) - 1)

        def place(i: int, value: int) -> str:
            return f"{i * step:.1f},{_HIGH * (self.most - value) / height:.1f}"

        return tuple(
            (name, " ".join(place(i, row[axis]) for i, row in enumerate(self.values)))
            for axis, name in enumerate(self.axis_names)
        )

    def csv(self) -> Iterator[str]:
        """Yield the lines of a file: a time, then the value of each axis."""
        yield ",".join(("time_s", *self.axis_names)) + "\r\n"
        for i, row in enumerate(self.values):
            yield ",".join((f"{i * self.period_s:.6f}", *map(str, row))) + "\r\n"


def readings_of(rows: list[Measurement]) -> Readings | None:
    """Return the window that came along with a measurement, or None where there is none whole."""
    return next((found for row in rows if (found := _readings(row)) is not None), None)


def _readings(row: Measurement) -> Readings | None:
    facts = row.environment
    axes = facts.get("axes")
    try:
        data = base64.b64decode(str(facts.get("readings_int16le", "")), validate=True)
    except binascii.Error:
        return None
    if not isinstance(axes, int) or not 1 <= axes <= 3 or not data or len(data) % (2 * axes):
        return None
    values = struct.unpack(f"<{len(data) // 2}h", data)
    late = facts.get("late_readings", 0)
    return Readings(
        period_s=row.value or 0.0,
        values=tuple(values[i : i + axes] for i in range(0, len(values), axes)),
        sensor=str(facts.get("sensor", ""))[:40],
        is_synthetic=facts.get("is_synthetic") is True,
        late=late if isinstance(late, int) else 0,
    )
