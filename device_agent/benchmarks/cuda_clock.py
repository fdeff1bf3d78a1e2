"""Timing on a GPU: CUDA events around many calls, after a warm-up; energy over a long window."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from device_agent.measure import Timing, percentile
from device_agent.meters import joules_between, nvml
from firmware_specs.wire import Energy

_WARM_UP_S = 0.15
_REPEAT_S = 0.02
_REPEATS = 20
_ENERGY_S = 2.5
_IDLE_S = 3.0


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

    def wait(self) -> None:
        if self.is_cuda:
            self.torch.cuda.synchronize()

    def timing_of(self, call: Callable[[], object], *, scale: float = 1.0) -> Timing:
        """Return the time of one call; `scale` < 1 shortens everything for a trial."""
        began = time.perf_counter()
        once_s = self._warm_up(call, _WARM_UP_S * scale)
        inner = max(1, min(10_000, round(_REPEAT_S * scale / once_s)))
        times = sorted(self._repeat(call, inner) for _ in range(max(5, round(_REPEATS * scale))))
        return Timing(
            median_s=percentile(times, 0.5),
            low_s=percentile(times, 0.1),
            high_s=percentile(times, 0.9),
            n=len(times),
            calls_per_repeat=inner,
            elapsed_s=time.perf_counter() - began,
        )

    def measure_idle(self) -> None:
        """Read the idle power before any load. [W]"""
        if not self.is_cuda or nvml.why_not():
            return
        first = nvml.read(self.index)
        time.sleep(_IDLE_S)
        last = nvml.read(self.index)
        self.idle_w = joules_between(first, last) / (last.at_s - first.at_s)

    def energy_of(self, call: Callable[[], object], *, call_s: float) -> Energy:
        """Return the energy of one call over a window of seconds, or why there is none."""
        why = "not a GPU" if not self.is_cuda else nvml.why_not()
        if why:
            return Energy(why_not=why)
        calls = max(1, round(_ENERGY_S / call_s))
        self.wait()
        first = nvml.read(self.index)
        self._many(call, calls)
        last = nvml.read(self.index)
        total_j = joules_between(first, last)
        idle_j = (self.idle_w or 0.0) * (last.at_s - first.at_s)
        dynamic_j = (total_j - idle_j) / calls if self.idle_w is not None else None
        return Energy(total_j=total_j / calls, dynamic_j=dynamic_j, meter=nvml.NAME)

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
        for i in range(calls):
            call()
            # Keep the launch queue short, so that the window holds what was launched in it.
            if i % 64 == 63:
                self.wait()
        self.wait()
