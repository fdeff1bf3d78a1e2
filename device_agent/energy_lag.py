"""How much later than the agent's clock says a meter shows a load.

Windows of work with idle around them are a square wave of known lengths. Where a meter's samples
show it, the shift under which the windows hold the most energy is how late the meter is: its
averaging, the way to the board, half of the slack between command and answer.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

# A sensor that averages for longer hides its windows anyway.
_LAG_MOST_S = 0.5
# A step that stands so far above the scatter of the idle power is a step.
_CONTRAST = 5.0
_SHIFTS_MOST = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Lag:
    """By how much the windows are shown late, and how finely that was looked for. [s]"""

    shift_s: float
    step_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Wave:
    """Samples of power [W], the energy up to each of them [J], and the windows in them [s]."""

    times_s: Sequence[float]
    powers_w: Sequence[float]
    sums_j: Sequence[float]
    windows: Sequence[tuple[float, float]]

    @classmethod
    def of(
        cls,
        times_s: Sequence[float],
        powers_w: Sequence[float],
        windows: Sequence[tuple[float, float]],
    ) -> "Wave | None":
        """Return the wave, or None without samples on both sides of the windows."""
        if not powers_w or not times_s[0] < windows[0][0] <= windows[-1][1] < times_s[-1]:
            return None
        sums = [0.0]
        for i in range(1, len(times_s)):
            mean = (powers_w[i] + powers_w[i - 1]) / 2
            sums.append(sums[-1] + mean * (times_s[i] - times_s[i - 1]))
        return cls(times_s=times_s, powers_w=powers_w, sums_j=sums, windows=windows)

    def energy_j(self, shift_s: float) -> float:
        """Return the energy inside all windows, all shifted alike."""
        return sum(
            self._sum_at(end + shift_s) - self._sum_at(begin + shift_s)
            for begin, end in self.windows
        )

    def room_s(self) -> float:
        """Return how far the windows can be shifted either way within the samples."""
        before = self.windows[0][0] - self.times_s[0]
        return min(before, self.times_s[-1] - self.windows[-1][1])

    def _sum_at(self, at_s: float) -> float:
        i = min(max(1, bisect_left(self.times_s, at_s)), len(self.times_s) - 1)
        before, after = self.times_s[i - 1], self.times_s[i]
        share = (at_s - before) / (after - before)
        return self.sums_j[i - 1] + share * (self.sums_j[i] - self.sums_j[i - 1])


def lag_of(wave: Wave, *, slack_s: float) -> Lag | None:
    """Return how late the windows are shown, or None where the power shows no square wave.

    Parameters
    ----------
    slack_s
        By so much the windows may lie elsewhere for what the agent knows.
    """
    reach = min(_LAG_MOST_S + slack_s, wave.room_s())
    if reach <= 0 or not _stands_out(wave, reach):
        return None
    every = (wave.times_s[-1] - wave.times_s[0]) / (len(wave.times_s) - 1)
    steps = min(_SHIFTS_MOST, max(2, int(2 * reach / every)))
    shifts = [reach * (2 * i / steps - 1) for i in range(steps + 1)]
    energies = [wave.energy_j(shift) for shift in shifts]
    most = max(energies)
    best = [i for i, energy in enumerate(energies) if energy >= most * (1 - 1e-9)]
    if best[0] == 0 or best[-1] == steps:
        return None
    shift = (shifts[best[0]] + shifts[best[-1]]) / 2
    return Lag(shift_s=shift, step_s=max(every, 2 * reach / steps))


def _stands_out(wave: Wave, reach_s: float) -> bool:
    """Return whether work stands above idle by more than idle scatters."""
    first, last = wave.windows[0][0] - reach_s, wave.windows[-1][1] + reach_s
    idle = [*wave.powers_w[: bisect_right(wave.times_s, first)],
            *wave.powers_w[bisect_left(wave.times_s, last) :]]  # fmt: skip
    middles = [
        wave.powers_w[i]
        for begin, end in wave.windows
        for i in range(*(bisect_left(wave.times_s, t) for t in _middle(begin, end)))
    ]
    if len(idle) < 2 or not middles:
        return False
    mean = sum(idle) / len(idle)
    scatter = (sum((power - mean) ** 2 for power in idle) / len(idle)) ** 0.5
    step = sum(middles) / len(middles) - mean
    return bool(step > _CONTRAST * scatter + 1e-9 * abs(mean))


def _middle(begin_s: float, end_s: float) -> tuple[float, float]:
    quarter = (end_s - begin_s) / 4
    return begin_s + quarter, end_s - quarter
