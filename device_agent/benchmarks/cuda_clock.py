"""Timing on a GPU: CUDA events around many calls, after a warm-up; energy under steady load."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from device_agent.energy import HostEnergy
from device_agent.measure import Timing, timing_from
from device_agent.meters import nvml
from firmware_specs.wire import Energy, Scalar

_WARM_UP_S = 0.15
_REPEAT_S = 0.02
_REPEATS, _REPEATS_LEAST = 20, 5
# Repeats of slow work end early, so that the whole suite takes minutes on any GPU.
_BUDGET_S = 3.0
# Power is the mean of the last second: only after one second of load it is the load's.
_SETTLE_S, _ENERGY_S, _IDLE_S = 1.2, 2.5, 3.0
# Work between two looks at the counter.
_CHUNK_S, _CHUNK_MOST = 0.02, 2000
# A counter that stands still for so long is none.
_STILL_S = 5.0
# Counter and integrated power are of one sensor; more apart than this, one of them is wrong.
_APART = 0.1
Look = tuple[float, float, float]


@dataclass(slots=True)
class GpuClock:
    """Times calls on one device. `cpu` works too, so that the suite can be tried without a GPU."""

    torch: Any
    device: str
    idle_w: float | None = None

    @property
    def is_cuda(self) -> bool:
        return self.device.startswith("cuda")

    @property
    def index(self) -> int:
        return int(self.device.partition(":")[2] or 0)

    def take(self) -> None:
        """Make this GPU the current one: events, streams and graphs belong to the current one."""
        if self.is_cuda:
            self.torch.cuda.set_device(self.index)

    def gpu(self) -> nvml.Gpu:
        """Return the driver's side of this GPU.

        Raises
        ------
        OSError
            If there is none, or nobody can say which of several it is.
        """
        about = self.torch.cuda.get_device_properties(self.device)
        uuid = str(getattr(about, "uuid", ""))
        if not uuid and nvml.count() != 1:
            raise OSError("several GPUs, and this PyTorch does not say which one is which")
        return nvml.gpu(uuid)

    def state(self) -> dict[str, Scalar]:
        """Return clocks, temperature and limits now, or why there are none."""
        if not self.is_cuda:
            return {}
        try:
            return self.gpu().state()
        except OSError as error:
            return {"gpu_state": f"not visible: {error}"}

    def wait(self) -> None:
        if self.is_cuda:
            self.torch.cuda.synchronize()

    # --- time -------------------------------------------------------------------------------
    def timing_of(self, call: Callable[[], object], *, scale: float = 1.0) -> Timing:
        """Return the time of one call; `scale` < 1 shortens everything for a trial."""
        began = time.perf_counter()
        times, calls = self.times_of(call, scale=scale)
        return timing_from(times, calls=calls, elapsed_s=time.perf_counter() - began)

    def times_of(
        self, call: Callable[[], object], *, scale: float = 1.0
    ) -> tuple[list[float], int]:
        """Return the time of one call in each repeat [s], and how many calls there were."""
        once_s = self._warm_up(call, _WARM_UP_S * scale)
        inner = max(1, min(10_000, round(_REPEAT_S * scale / once_s)))
        began = time.perf_counter()
        times: list[float] = []
        while len(times) < max(_REPEATS_LEAST, round(_REPEATS * scale)):
            times.append(self._repeat(call, inner))
            if len(times) >= _REPEATS_LEAST and time.perf_counter() - began > _BUDGET_S * scale:
                break
        return times, inner * len(times)

    def state_under(self, call: Callable[[], object], call_s: float) -> dict[str, Scalar]:
        """Return clocks and limits while the GPU works, not when it is done."""
        if not self.is_cuda:
            return {}
        for _ in range(max(1, min(1000, round(2 * _REPEAT_S / max(1e-7, call_s))))):
            call()
        found = self.state()
        self.wait()
        return found

    def _warm_up(self, call: Callable[[], object], at_least_s: float) -> float:
        """Return the time of one call once clocks, caches and libraries are warm. [s]"""
        call()
        self.wait()
        began = time.perf_counter()
        calls = 0
        while calls < 3 or time.perf_counter() - began < at_least_s:
            call()
            self.wait()
            calls += 1
        return max(1e-7, (time.perf_counter() - began) / calls)

    def _repeat(self, call: Callable[[], object], inner: int) -> float:
        if not self.is_cuda:
            start = time.perf_counter()
            self._many(call, inner)
            return (time.perf_counter() - start) / inner
        begin, end = (self.torch.cuda.Event(enable_timing=True) for _ in range(2))
        begin.record()
        for _ in range(inner):
            call()
        end.record()
        end.synchronize()
        return float(begin.elapsed_time(end)) * 1e-3 / inner

    def _many(self, call: Callable[[], object], calls: int) -> None:
        for _ in range(calls):
            call()
        self.wait()

    # --- energy -----------------------------------------------------------------------------
    def measure_idle(self) -> None:
        """Read the power of the idle GPU, its context open, before any load. [W]"""
        if not self.is_cuda:
            return
        self.torch.cuda.synchronize()
        try:
            looks = self._looks(lambda: time.sleep(_CHUNK_S), _IDLE_S)
        except OSError:
            return
        self.idle_w = (looks[-1][1] - looks[0][1]) / (looks[-1][0] - looks[0][0])

    def energy_of(self, call: Callable[[], object], *, call_s: float) -> HostEnergy:
        """Return the energy of one call under steady load, or why there is none.

        From one step of the driver's counter to another, so that no step is cut in two; beside it
        what the integral of the driver's power says.
        """
        if not self.is_cuda:
            return HostEnergy(energy=Energy(why_not="not a GPU"))
        chunk = max(1, min(_CHUNK_MOST, round(_CHUNK_S / max(1e-7, call_s))))
        try:
            self._settle(call, chunk)
            looks = self._looks(lambda: self._many(call, chunk), _ENERGY_S)
        except OSError as error:
            return HostEnergy(energy=Energy(why_not=f"{nvml.NAME}: {error}"))
        calls = chunk * (len(looks) - 1)
        first, last = looks[0], looks[-1]
        total_j, length_s = last[1] - first[1], last[0] - first[0]
        idle_j = (self.idle_w or 0.0) * length_s
        dynamic_j = (total_j - idle_j) / calls if self.idle_w is not None else None
        energy = Energy(total_j=total_j / calls, dynamic_j=dynamic_j, meter=nvml.NAME)
        return HostEnergy(energy=energy, facts=_facts(looks, total_j, calls))

    def _settle(self, call: Callable[[], object], chunk: int) -> None:
        began = time.monotonic()
        while time.monotonic() - began < _SETTLE_S:
            self._many(call, chunk)

    def _looks(self, work: Callable[[], object], lasting_s: float) -> list[Look]:
        """Return time, counter and power after each piece of work, from a step to a step.

        Raises
        ------
        OSError
            If the counter cannot be read, or does not move.
        """
        gpu = self.gpu()
        looks: list[Look] = [_look(gpu)]
        first = None
        while True:
            work()
            looks.append(_look(gpu))
            (_, before, _), (now_s, after, _) = looks[-2:]
            if now_s - looks[0][0] > lasting_s + _STILL_S:
                raise OSError(f"the counter does not move: {after:g} J")
            if after == before:
                continue
            if first is None:
                first, looks = now_s, looks[-1:]
            elif now_s - first >= lasting_s:
                return looks


def _look(gpu: nvml.Gpu) -> Look:
    return time.monotonic(), gpu.energy_j(), gpu.power_w()


def _facts(looks: Sequence[Look], total_j: float, calls: int) -> dict[str, Scalar]:
    """Return what the integral of the power says beside the counter, and a doubt in words."""
    integral_j = sum((a[2] + b[2]) / 2 * (b[0] - a[0]) for a, b in pairwise(looks))
    facts: dict[str, Scalar] = {
        "energy_calls": calls,
        "energy_window_s": looks[-1][0] - looks[0][0],
        "energy_by_power_j": integral_j / calls,
        "power_w": total_j / (looks[-1][0] - looks[0][0]),
    }
    if abs(integral_j / total_j - 1) > _APART:
        facts["energy_doubt"] = (
            f"the counter says {total_j:.1f} J, its own power over the time {integral_j:.1f} J"
        )
    return facts
