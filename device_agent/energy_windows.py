"""Energy of timed windows from what a meter recorded, idle before and after included.

Best is a meter that samples the board's sync pin beside the power: its edges bound each window and
host clocks play no part. Without the pin the agent's own marks do: a window of known length lies
somewhere between a command sent and its answer. How late the meter shows it is read off the square
wave that the windows themselves make in the power (`energy_lag`); where they make none, the slack
between command and answer enters the doubt.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import isfinite
from typing import Protocol

from device_agent.energy_budget import Accuracy, Budget, budget_of
from device_agent.energy_lag import Wave, lag_of
from firmware_specs.wire import Energy, Scalar

# Idle stretches nearer to an edge than this may still hold a line being said or read.
_MARGIN_SHARE = 0.05
# What a mean power wants at least, and what an idle board may drift.
_SAMPLES_LEAST = 100
_DRIFT_MOST = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """What a meter saw: power samples by time, and the pin's edges on the same clock.

    `gain_share` is the meter's relative error, `offset_w` its error at no load, `step_w` one step
    of a sample, `edge_s` how well an edge is known in time, all as standard uncertainties.
    """

    meter: str
    times_s: tuple[float, ...]
    powers_w: tuple[float, ...]
    rises_s: tuple[float, ...] = ()
    falls_s: tuple[float, ...] = ()
    # Where the meter itself adds up energy, its counter at each time; else empty.
    energies_j: tuple[float, ...] = ()
    gain_share: float = 0.0
    offset_w: float = 0.0
    step_w: float = 0.0
    edge_s: float = 0.0
    lacks: tuple[str, ...] = ()
    # For so long the board did nothing at the begin and at the end.
    idle_s: float = 0.0
    # Whether times are those of `time.monotonic`, so that marks of the agent may stand for a pin.
    is_host_clock: bool = False
    # Why the recording must not be used, in words.
    fault: str = ""


class WindowMeter(Protocol):
    """A meter that records power, and the sync pin where it sees one, from `start` to `stop`."""

    # For so long the board must be left alone after `start` and before `stop`.
    idle_s: float

    def start(self) -> None: ...

    def stop(self) -> Recording: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A window as the agent's clock bounds it: it lasted `length_s` between the two moments."""

    earliest_s: float
    latest_s: float
    length_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowEnergy:
    """Energy of one run, and where the doubt in it comes from."""

    energy: Energy
    budget: Budget | None = None
    facts: Mapping[str, Scalar] = field(default_factory=dict)

    @property
    def uncertainty_j(self) -> float | None:
        return self.budget.total_j if self.budget else None


class RecordingError(ValueError):
    """A recording that does not hold what was measured: says what is missing."""


def joules_between(recording: Recording, begin_s: float, end_s: float) -> float:
    """Return the energy between two moments. [J]

    By trapezoids with both ends interpolated; a meter that counts energy itself is interpolated
    between its counts.
    """
    times = recording.times_s
    if not times or begin_s < times[0] or end_s > times[-1]:
        raise RecordingError(
            f"the meter recorded {_span(times)}, the window is {begin_s:.6f} to {end_s:.6f} s"
        )
    if recording.energies_j:
        counts = recording.energies_j
        return _value_at(times, counts, end_s) - _value_at(times, counts, begin_s)
    powers = recording.powers_w
    inside = range(bisect_right(times, begin_s), bisect_left(times, end_s))
    points = [
        (begin_s, _value_at(times, powers, begin_s)),
        *((times[i], powers[i]) for i in inside),
        (end_s, _value_at(times, powers, end_s)),
    ]
    return sum((p + q) / 2 * (u - t) for (t, p), (u, q) in pairwise(points))


def energy_of_windows(
    recording: Recording, *, windows: int, runs: int, marks: Sequence[Mark] = ()
) -> WindowEnergy:
    """Return the energy of one run, the median of the last `windows` windows. [J]

    The idle power is that before the first and after the last window where the meter was given
    time for it, else that of the pauses between; it is subtracted for `dynamic_j`.
    """
    try:
        spans, edge_s, sync = _spans(recording, windows, marks)
        totals = [joules_between(recording, begin, end) for begin, end in spans]
        before_w, after_w = _idle_powers(recording, spans)
        if _median(totals) <= 0:
            raise RecordingError(
                f"{_median(totals):.3g} J in a window: is it wired the other way round?"
            )
    except RecordingError as error:
        return WindowEnergy(energy=Energy(why_not=f"{recording.meter}: {error}"))
    idle_w = (before_w + after_w) / 2
    lengths = [end - begin for begin, end in spans]
    dynamics = [total - idle_w * length for total, length in zip(totals, lengths, strict=True)]
    inside = _inside(recording, spans[0])
    budget = budget_of(
        accuracy=_accuracy(recording),
        totals_j=totals,
        length_s=_median(lengths),
        idle_w=idle_w,
        idle_drift_w=after_w - before_w,
        edge_s=edge_s,
        runs=runs,
        samples=len(inside),
        scatter_w=_scatter(inside),
    )
    energy = Energy(
        total_j=_median(totals) / runs, dynamic_j=_median(dynamics) / runs, meter=recording.meter
    )
    facts: dict[str, Scalar] = {
        **sync,
        "energy_samples": len(inside),
        "idle_w": idle_w,
        **budget.facts(),
    }
    doubts = "; ".join([*_doubts(len(inside), before_w, after_w), *_frozen(recording)])
    return WindowEnergy(
        energy=energy, budget=budget, facts=facts | ({"energy_doubt": doubts} if doubts else {})
    )


def _spans(
    recording: Recording, count: int, marks: Sequence[Mark]
) -> tuple[list[tuple[float, float]], float, dict[str, Scalar]]:
    """Return the last `count` windows, how well their edges are known, and by what. [s]"""
    if recording.fault:
        raise RecordingError(recording.fault)
    _check_sane(recording)
    if recording.rises_s or not (recording.is_host_clock and marks):
        return _windows_of_pin(recording, count), recording.edge_s, {"energy_sync": "pin"}
    marks = marks[-count:]
    slacks = [max(0.0, mark.latest_s - mark.earliest_s - mark.length_s) for mark in marks]
    begins = [mark.earliest_s + slack / 2 for mark, slack in zip(marks, slacks, strict=True)]
    spans = [(at, at + mark.length_s) for at, mark in zip(begins, marks, strict=True)]
    sync: dict[str, Scalar] = {"energy_sync": "host clock"}
    edge_s = _median(slacks) / 12**0.5
    wave = Wave.of(recording.times_s, recording.powers_w, spans)
    lag = lag_of(wave, slack_s=max(slacks)) if wave else None
    if lag is not None:
        spans = [(begin + lag.shift_s, end + lag.shift_s) for begin, end in spans]
        sync["energy_lag_s"] = lag.shift_s
        # What all windows share is known now; how each lies in its own slack is not.
        edge_s = float((lag.step_s**2 + (max(slacks) - min(slacks)) ** 2) ** 0.5 / 12**0.5)
    return spans, float((edge_s**2 + recording.edge_s**2) ** 0.5), sync


def _check_sane(recording: Recording) -> None:
    """Refuse what no working meter records."""
    for values in (recording.times_s, recording.powers_w, recording.energies_j):
        if not all(map(isfinite, values)):
            raise RecordingError("it told what is no number")
    if any(later < earlier for earlier, later in pairwise(recording.times_s)):
        raise RecordingError("its clock goes back")
    many = len(recording.times_s) >= _SAMPLES_LEAST
    if many and recording.energies_j and len(set(recording.energies_j)) == 1:
        raise RecordingError("its counter does not move")


def _windows_of_pin(recording: Recording, count: int) -> list[tuple[float, float]]:
    """Return the last `count` stretches with the pin high."""
    spans = []
    for rise in recording.rises_s:
        at = bisect_right(recording.falls_s, rise)
        if at < len(recording.falls_s):
            spans.append((rise, recording.falls_s[at]))
    if len(spans) < count:
        raise RecordingError(f"{len(spans)} windows of the pin, {count} were timed: is it wired?")
    return spans[-count:]


def _idle_powers(recording: Recording, spans: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Return the power of the idle board before and after the windows. [W]"""
    if recording.idle_s > 0:
        first, last = recording.times_s[0], recording.times_s[-1]
        margin = _MARGIN_SHARE * recording.idle_s
        length = recording.idle_s - 2 * margin
        before = joules_between(recording, first + margin, first + margin + length)
        after = joules_between(recording, last - margin - length, last - margin)
        return before / length, after / length
    pauses = [
        (fall + _MARGIN_SHARE * (rise - fall), rise - _MARGIN_SHARE * (rise - fall))
        for (_, fall), (rise, _) in pairwise(spans)
        if rise > fall
    ]
    if not pauses:
        raise RecordingError("no pause between windows to see the idle power in")
    middle = (len(pauses) + 1) // 2
    return _mean_power(recording, pauses[:middle]), _mean_power(recording, pauses[-middle:])


def _mean_power(recording: Recording, spans: Sequence[tuple[float, float]]) -> float:
    energy = sum(joules_between(recording, begin, end) for begin, end in spans)
    return energy / sum(end - begin for begin, end in spans)


def _accuracy(recording: Recording) -> Accuracy:
    return Accuracy(
        gain_share=recording.gain_share,
        offset_w=recording.offset_w,
        step_w=recording.step_w,
        lacks=recording.lacks,
    )


def _doubts(samples: int, before_w: float, after_w: float) -> list[str]:
    """Return what a reader should know before trusting the figure."""
    doubts = []
    if samples < _SAMPLES_LEAST:
        doubts.append(f"{samples} samples a window, {_SAMPLES_LEAST} are wanted: longer windows")
    drift = abs(after_w - before_w) / max(before_w, after_w, 1e-12)
    if drift > _DRIFT_MOST:
        doubts.append(f"the idle power drifted by {drift:.0%}, {_DRIFT_MOST:.0%} is the limit")
    return doubts


def _frozen(recording: Recording) -> list[str]:
    powers = recording.powers_w
    if recording.energies_j or len(powers) < _SAMPLES_LEAST or len(set(powers)) > 1:
        return []
    return [
        f"it showed {powers[0]:.3g} W all the time, idle or busy: frozen, or too coarse for this"
    ]


def _inside(recording: Recording, span: tuple[float, float]) -> tuple[float, ...]:
    """Return the power samples of one window. [W]"""
    times = recording.times_s
    first, last = bisect_left(times, span[0]), bisect_right(times, span[1])
    return recording.powers_w[first:last]


def _scatter(powers_w: Sequence[float]) -> float:
    if not powers_w:
        return 0.0
    mean = sum(powers_w) / len(powers_w)
    return float((sum((power - mean) ** 2 for power in powers_w) / len(powers_w)) ** 0.5)


def _value_at(times: Sequence[float], values: Sequence[float], at_s: float) -> float:
    after = bisect_left(times, at_s)
    if after == 0 or times[after] == at_s:
        return values[after]
    share = (at_s - times[after - 1]) / (times[after] - times[after - 1])
    return values[after - 1] + share * (values[after] - values[after - 1])


def _median(values: Sequence[float]) -> float:
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def _span(times: Sequence[float]) -> str:
    return f"{times[0]:.6f} to {times[-1]:.6f} s" if times else "nothing"
