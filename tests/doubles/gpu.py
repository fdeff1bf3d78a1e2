"""A GPU that is not there: as much of PyTorch as the suite asks for, on numpy, and a driver.

Products of floats are rounded to TF32 where PyTorch was told so or the environment overrides it.
Time is its own: calls and sleeps move it, and the driver's counter steps every tenth of a second.
"""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import numpy as np

# What a product, a copy or a graph takes: long, so that little numpy makes seconds of a GPU.
WORK_S, BUSY_W, IDLE_W = 0.2, 500.0, 100.0


class Tensor(np.ndarray):  # type: ignore[type-arg]
    """An array that answers to PyTorch's names."""

    time: "Time"

    def add_(self, other: float) -> "Tensor":
        self.time.advance(5e-6, IDLE_W)
        self += other
        return self

    def copy_(self, other: Any, **given: Any) -> "Tensor":
        self.time.advance(WORK_S, BUSY_W)
        self[...] = other
        return self

    def clamp(self, low: float, high: float) -> Any:
        return np.clip(self, low, high)

    def to(self, kind: Any) -> Any:
        return self.astype(kind, copy=False)

    def t(self) -> Any:
        return self.T

    def view(self, *shape: Any) -> Any:  # type: ignore[override]
        return self.reshape(shape)

    def float(self) -> Any:
        return self.astype(np.float32)

    def pow(self, n: int) -> Any:
        return self**n

    def mean(self, axis: int, *, keepdim: bool) -> Any:  # type: ignore[override]
        return _tensor(np.mean(np.asarray(self), axis=axis, keepdims=keepdim))

    def chunk(self, count: int, *, dim: int) -> Any:
        return np.split(self, count, axis=dim)

    def pin_memory(self) -> "Tensor":
        return self


def _tensor(values: Any) -> Tensor:
    return np.ndarray.view(np.asarray(values), Tensor)


class Time:
    """A clock and the energy drawn so far."""

    def __init__(self) -> None:
        self.now_s = 1000.0
        self.energy_j = 0.0
        self.shown_j = 0.0
        self.watts = IDLE_W

    def advance(self, seconds: float, watts: float) -> None:
        steps = int(self.now_s / 0.1), int((self.now_s + seconds) / 0.1)
        self.now_s += seconds
        self.energy_j += seconds * watts
        self.watts = watts
        if steps[0] != steps[1]:
            self.shown_j = self.energy_j

    def sleep(self, seconds: float) -> None:
        self.advance(seconds, IDLE_W)

    def monotonic(self) -> float:
        # Looking takes time too, or loops that wait would never end.
        self.advance(2e-5, self.watts)
        return self.now_s

    perf_counter = monotonic


class Event:
    def __init__(self, cuda: "Cuda") -> None:
        self._cuda, self.at_s = cuda, 0.0

    def record(self) -> None:
        # As in CUDA: on the stream of the current device, whichever does the work.
        self._cuda.recorded_on.add(self._cuda.current)
        self.at_s = self._cuda.time.now_s

    def synchronize(self) -> None: ...

    def elapsed_time(self, later: "Event") -> float:
        return (later.at_s - self.at_s) * 1e3


class Graph:
    """A recorded graph holds no reference to what was recorded."""

    def replay(self) -> None:
        Tensor.time.advance(WORK_S, BUSY_W)


class Cuda:
    CUDAGraph = Graph

    def __init__(self, time: Time) -> None:
        self.time, self.current, self.recorded_on = time, 0, set[int]()
        self.uuid = "1234-5678"

    def set_device(self, index: int) -> None:
        self.current = index

    def Event(self, **given: Any) -> Event:
        return Event(self)

    def Stream(self) -> Any:
        return SimpleNamespace(wait_stream=lambda other: None)

    current_stream = Stream

    @contextmanager
    def stream(self, side: Any) -> Iterator[None]:
        yield

    graph = stream

    def synchronize(self) -> None: ...

    def empty_cache(self) -> None: ...

    def is_available(self) -> bool:
        return True

    def device_count(self) -> int:
        return 2

    def get_device_capability(self, device: str) -> tuple[int, int]:
        return 9, 0

    def get_device_properties(self, device: str) -> Any:
        return SimpleNamespace(
            name="Double", major=9, minor=0, multi_processor_count=1, total_memory=1, uuid=self.uuid
        )


class Torch:
    """The part of PyTorch that the suite uses."""

    __version__ = "double"
    version = SimpleNamespace(cuda="12.0")
    float32, bfloat16, float16, uint8 = np.float32, np.float32, np.float32, np.uint8
    float8_e4m3fn = np.float32

    def __init__(self, *, overrides_tf32: bool = False) -> None:
        self.time = Tensor.time = Time()
        self.cuda = Cuda(self.time)
        self._is_tf32, self._overrides = False, overrides_tf32
        attention = SimpleNamespace(scaled_dot_product_attention=self._attention, silu=lambda x: x)
        self.nn = SimpleNamespace(functional=attention)

    def set_float32_matmul_precision(self, how: str) -> None:
        self._is_tf32 = how == "high"

    @contextmanager
    def inference_mode(self) -> Iterator[None]:
        yield

    def ones(self, shape: Any, dtype: Any = np.float32, device: str = "") -> Tensor:
        return _tensor(np.ones(shape, dtype))

    def zeros(self, shape: Any, dtype: Any = np.float32, device: str = "") -> Tensor:
        return _tensor(np.zeros(shape, dtype))

    empty = zeros

    def randn(self, shape: Any, dtype: Any = np.float32, device: str = "") -> Tensor:
        # Nobody looks at the numbers, and pages of zeros cost nothing.
        return self.zeros(shape, dtype)

    def empty_like(self, other: Tensor) -> Tensor:
        return _tensor(np.zeros_like(other))

    def add(self, b: Tensor, c: Tensor, *, alpha: float, out: Tensor) -> Tensor:
        return out.copy_(b + alpha * c)

    def rsqrt(self, x: Any) -> Any:
        return _tensor(1 / np.sqrt(x))

    def matmul(self, a: Tensor, b: Tensor, out: Tensor | None = None) -> Tensor:
        self.time.advance(WORK_S, BUSY_W)
        if a.dtype == np.float32 and (self._is_tf32 or self._overrides):
            a, b = (_tensor(np.round(x * 1024) / 1024) for x in (a, b))
        made = _tensor(a @ b)
        if out is not None:
            out[...] = made
        return made

    def _scaled_mm(self, a: Any, b: Any, **given: Any) -> Any:
        self.time.advance(WORK_S, BUSY_W)
        return a @ b

    def _attention(self, q: Any, k: Any, v: Any) -> Any:
        self.time.advance(WORK_S, BUSY_W)
        return q


class Driver:
    """NVML's library: functions that fill what a pointer points at."""

    def __init__(self, time: Time, *, gpus: int = 1, is_old: bool = False) -> None:
        self.time, self.gpus, self.limits = time, gpus, 0x4
        self.asked_for: list[str] = []
        self.counts = True
        if is_old:
            self.nvmlDeviceGetCurrentClocksEventReasons = None

    def nvmlInit_v2(self) -> int:
        return 0

    def nvmlDeviceGetCount_v2(self, value: Any) -> int:
        return self._tell(value, self.gpus)

    def nvmlSystemGetDriverVersion(self, text: Any, size: Any) -> int:
        text.value = b"580.1"
        return 0

    def nvmlDeviceGetHandleByUUID(self, uuid: bytes, handle: Any) -> int:
        self.asked_for.append(uuid.decode())
        return 0

    def nvmlDeviceGetHandleByIndex_v2(self, index: Any, handle: Any) -> int:
        self.asked_for.append(str(index.value))
        return 0

    def nvmlDeviceGetTotalEnergyConsumption(self, handle: Any, value: Any) -> int:
        return self._tell(value, round(self.time.shown_j * 1e3) if self.counts else 7)

    def nvmlDeviceGetPowerUsage(self, handle: Any, value: Any) -> int:
        return self._tell(value, round(self.time.watts * 1e3))

    def nvmlDeviceGetClockInfo(self, handle: Any, which: Any, value: Any) -> int:
        return self._tell(value, {1: 1980, 2: 3201}[which.value])

    def nvmlDeviceGetTemperature(self, handle: Any, which: Any, value: Any) -> int:
        return self._tell(value, 61)

    def nvmlDeviceGetEnforcedPowerLimit(self, handle: Any, value: Any) -> int:
        return 3  # NVML_ERROR_NOT_SUPPORTED

    def nvmlDeviceGetCurrentClocksEventReasons(self, handle: Any, value: Any) -> int:
        return self._tell(value, self.limits)

    nvmlDeviceGetCurrentClocksThrottleReasons = nvmlDeviceGetCurrentClocksEventReasons  # noqa: N815

    def _tell(self, pointer: Any, value: int) -> int:
        assert isinstance(pointer, type(ctypes.byref(ctypes.c_int())))
        pointer._obj.value = value  # type: ignore[attr-defined]
        return 0
