"""Energy of timed windows from a meter that records the board's sync pin beside the power.

The edges of the pin, sampled by the meter itself, bound each window; host clocks play no part.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

from firmware_specs.wire import Energy

# Idle stretches nearer to an edge than this may still hold a line being said or read.
_MARGIN_SHARE = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """What a meter saw: power samples by time, and the pin's edges on the same clock.

    `gain_share` is the meter's relative error, `offset_w` its error at no load, `edge_s` how well
    an edge is known in time.
    """

    meter: str
    times_s: tuple[float, ...]
    powers_w: tuple[float, ...]
    rises_s: tuple[float, ...]
    falls_s: tuple[float, ...]
    gain_share: float = 0.0
    offset_w: float = 0.0
    edge_s: float = 0.0


class WindowMeter(Protocol):
    """A meter that records power and the sync pin from `start` to `stop`."""

    def start(self) -> None: ...

    def stop(self) -> Recording: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowEnergy:
    """Energy of one run, and the standard uncertainty of its total. [J]"""

    energy: Energy
    uncertainty_j: float | None = None


class RecordingError(ValueError):
    """A recording that does not hold what was measured: says what is missing."""


def joules_between(recording: Recording, begin_s: float, end_s: float) -> float:
    """Return the energy between two moments, by trapezoids with both ends interpolated. [J]"""
    times, powers = recording.times_s, recording.powers_w
    if not times or begin_s < times[0] or end_s > times[-1]:
        raise RecordingError(
            f"the meter recorded {_span(times)}, the window is {begin_s:.6f} to {end_s:.6f} s"
        )
    inside = [(t, p) for t, p in zip(times, powers, strict=True) if begin_s < t < end_s]
    points = [
        (begin_s, _power_at(times, powers, begin_s)),
        *inside,
        (end_s, _power_at(times, powers, end_s)),
    ]
    return sum((p + q) / 2 * (u - t) for (t, p), (u, q) in pairwise(points))


def energy_of_windows(recording: Recording, *, windows: int, runs: int) -> WindowEnergy:
    """Return the energy of one run, the median of the last `windows` windows. [J]

    Idle power is that of the pauses before and after each window; it is subtracted for
    `dynamic_j`. The standard uncertainty of `total_j` joins gain, offset, edge timing and the
    spread of the windows.
    """
    try:
        spans = _windows(recording, windows)
        totals = [joules_between(recording, begin, end) for begin, end in spans]
        idle_w = _idle_power(recording, spans)
    except RecordingError as error:
        return WindowEnergy(energy=Energy(why_not=f"{recording.meter}: {error}"))
    lengths = [end - begin for begin, end in spans]
    dynamics = [total - idle_w * length for total, length in zip(totals, lengths, strict=True)]
    total = _median(totals)
    energy = Energy(total_j=total / runs, dynamic_j=_median(dynamics) / runs, meter=recording.meter)
    uncertainty = _uncertainty(recording, totals, _median(lengths), idle_w)
    return WindowEnergy(energy=energy, uncertainty_j=uncertainty / runs)


def _windows(recording: Recording, count: int) -> list[tuple[float, float]]:
    """Return the last `count` stretches with the pin high."""
    spans = []
    for rise in recording.rises_s:
        falls = [fall for fall in recording.falls_s if fall > rise]
        if falls:
            spans.append((rise, min(falls)))
    if len(spans) < count:
        raise RecordingError(f"{len(spans)} windows of the pin, {count} were timed: is it wired?")
    return spans[-count:]


def _idle_power(recording: Recording, spans: Sequence[tuple[float, float]]) -> float:
    """Return the mean power of the pauses between windows. [W]"""
    energy = time = 0.0
    for (_, fall), (rise, _) in pairwise(spans):
        margin = _MARGIN_SHARE * (rise - fall)
        energy += joules_between(recording, fall + margin, rise - margin)
        time += rise - fall - 2 * margin
    if time <= 0:
        raise RecordingError("no pause between windows to see the idle power in")
    return energy / time


def _uncertainty(
    recording: Recording, totals: Sequence[float], length_s: float, idle_w: float
) -> float:
    """Return the standard uncertainty of the median window's energy. [J]"""
    total = _median(totals)
    mean = sum(totals) / len(totals)
    spread: float = (sum((value - mean) ** 2 for value in totals) / max(1, len(totals) - 1)) ** 0.5
    edges = 2**0.5 * recording.edge_s * abs(total / length_s - idle_w)
    parts = (
        recording.gain_share * total,
        recording.offset_w * length_s,
        edges,
        spread / len(totals) ** 0.5,
    )
    return float(sum(part**2 for part in parts) ** 0.5)


def _power_at(times: Sequence[float], powers: Sequence[float], at_s: float) -> float:
    after = next(i for i, time in enumerate(times) if time >= at_s)
    if after == 0 or times[after] == at_s:
        return powers[after]
    share = (at_s - times[after - 1]) / (times[after] - times[after - 1])
    return powers[after - 1] + share * (powers[after] - powers[after - 1])


def _median(values: Sequence[float]) -> float:
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def _span(times: Sequence[float]) -> str:
    return f"{times[0]:.6f} to {times[-1]:.6f} s" if times else "nothing"
