"""Benchmarks of an NVIDIA GPU through PyTorch: memory, matrix products, attention, a decode step.

Needs torch and numpy only. Operands are random numbers, since zeros draw less power and so run
faster. Values are seconds per call; `flop` and `traffic_bytes` say what one call does, from which
the rates beside it follow.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from device_agent.meters import nvml
from firmware_specs.wire import Scalar

GIB = 1024**3
GEMM_SIZES = (256, 512, 1024, 2048, 4096, 8192, 16384)
PRECISIONS = ("fp32", "tf32", "bf16", "fp16", "fp8")
_CONTEXTS = (1024, 2048, 4096, 8192, 16384)
_BATCHES = (1, 4, 16, 64, 256)
# One block of a 7-billion-parameter decoder, eight of them: 3.2 GB in bf16, far beyond any cache.
_WIDTH, _FFN, _HEADS, _LAYERS, _CONTEXT = 4096, 11008, 32, 8, 2048
_FP8_MAX = 448.0
_HOST_COPIES = ("to_gpu", "from_gpu")
# TF32 keeps 10 bits of a fraction, fp32 23.
_LITTLE = 2.0**-13


class Unavailable(RuntimeError):
    """This GPU or this PyTorch cannot run the case; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One measurement: `build` puts operands in memory and returns the call to time.

    `work`, `size`, `columns` and `dtype` are the arguments of the task `gpu`; `about` says more.
    """

    id: str
    work: str
    build: Callable[[Any, str], Callable[[], object]]
    size: int = 1
    columns: int = 0
    dtype: str = "fp32"
    flop: float = 0.0
    traffic_bytes: float = 0.0
    with_energy: bool = False
    about: Mapping[str, Scalar] = field(default_factory=dict)

    @property
    def arguments(self) -> dict[str, Scalar]:
        return {
            "work": self.work, "size": self.size, "columns": self.columns, "dtype": self.dtype,
        }  # fmt: skip

    def facts(self, time_s: float) -> dict[str, Scalar]:
        """Return what one call does, and the rates that follow from its time."""
        found: dict[str, Scalar] = {
            **self.about, "flop": self.flop, "traffic_bytes": self.traffic_bytes,
        }  # fmt: skip
        if self.flop:
            found["flop_per_s"] = self.flop / time_s
        if self.traffic_bytes:
            found["bytes_per_s"] = self.traffic_bytes / time_s
        return found


def why_not(device: str = "cuda") -> str:
    """Return an empty string where the suite can run, else why not and the remedy."""
    try:
        import torch
    except ImportError:
        return "PyTorch is not installed; pip install torch"
    if device.startswith("cuda") and not torch.cuda.is_available():
        return "PyTorch sees no CUDA GPU; check nvidia-smi and that torch is a CUDA build"
    return ""


def facts(torch: Any, device: str) -> dict[str, Scalar]:
    """Return what GPU this is and what runs it."""
    found: dict[str, Scalar] = {"torch": torch.__version__, "device": device}
    if not device.startswith("cuda"):
        return found
    about = torch.cuda.get_device_properties(device)
    return found | {
        "gpu": about.name,
        "cuda": str(torch.version.cuda),
        "compute_capability": f"{about.major}.{about.minor}",
        "multiprocessors": about.multi_processor_count,
        "memory_bytes": about.total_memory,
        "l2_bytes": int(getattr(about, "L2_cache_size", 0)),
        "gpu_uuid": str(getattr(about, "uuid", "")),
        "gpus": torch.cuda.device_count(),
        "driver": _driver(),
    }


def _driver() -> str:
    try:
        return nvml.driver_version()
    except OSError as error:
        return f"not visible: {error}"


def case_of(arguments: Mapping[str, Scalar]) -> Case:
    """Return the case that the task `gpu` asks for.

    Raises
    ------
    Unavailable
        If there is no such work of that size.
    """
    work, size = str(arguments["work"]), int(arguments["size"])
    columns, dtype = int(arguments["columns"]), str(arguments["dtype"])
    if work == "gemm":
        return _gemm(size, columns or size, size, dtype, with_energy=True)
    if work.startswith("attention"):
        made = [*_attention(size)]
    elif work.startswith("decode"):
        made = [*_decode(size, layers=_LAYERS, width=_WIDTH)]
    else:
        # Host copies take half of what the others do.
        made = [*_overheads(), *_bandwidths(2 * size if work in _HOST_COPIES else size)]
    found = next((case for case in made if case.work == work), None)
    if found is None:
        raise Unavailable(f"no {work} of size {size}: its scores would fill the memory")
    return found


def cases(*, quick: bool = False) -> Iterator[Case]:
    """Yield every case, small and cheap first; `quick` keeps sizes that any machine can hold."""
    yield from _overheads()
    yield from _bandwidths(GIB // 64 if quick else 2 * GIB)
    sizes = GEMM_SIZES[:2] if quick else GEMM_SIZES
    for precision in PRECISIONS:
        for n in sizes:
            yield _gemm(n, n, n, precision, with_energy=n == sizes[-1] or n == 4096)
    for columns in (1, 4, 16, 64):
        yield _gemm(256 if quick else 8192, columns, 256 if quick else 8192, "bf16")
    for context in (256,) if quick else _CONTEXTS:
        yield from _attention(context)
    for batch in (1,) if quick else _BATCHES:
        yield from _decode(batch, layers=1 if quick else _LAYERS, width=256 if quick else _WIDTH)


# --- overhead and memory ------------------------------------------------------------------------
def _overheads() -> Iterator[Case]:
    def launch(torch: Any, device: str) -> Callable[[], object]:
        one = torch.ones(1, device=device)
        return lambda: one.add_(1.0)

    def round_trip(torch: Any, device: str) -> Callable[[], object]:
        one = torch.ones(1, device=device)
        return lambda: one.add_(1.0).item()

    yield Case(id="launch", work="launch", build=launch)
    yield Case(id="round_trip", work="round_trip", build=round_trip)


def _bandwidths(size: int) -> Iterator[Case]:
    def copy(torch: Any, device: str) -> Callable[[], object]:
        source = _random(torch, (size // 4,), torch.float32, device)
        target = torch.empty_like(source)
        return lambda: target.copy_(source)

    def triad(torch: Any, device: str) -> Callable[[], object]:
        b, c = (_random(torch, (size // 4,), torch.float32, device) for _ in range(2))
        a = torch.empty_like(b)
        return lambda: torch.add(b, c, alpha=3.0, out=a)

    yield Case(
        id="copy", work="copy", size=size, build=copy, traffic_bytes=2.0 * size, with_energy=True
    )
    yield Case(
        id="triad", work="triad", size=size, build=triad,
        flop=size / 2, traffic_bytes=3.0 * size, with_energy=True,
    )  # fmt: skip
    for direction in _HOST_COPIES:
        yield Case(
            id=f"pcie_{direction}", work=direction, size=size // 2,
            build=_host_copy(size // 2, direction), traffic_bytes=float(size // 2),
        )  # fmt: skip


def _host_copy(size: int, direction: str) -> Callable[[Any, str], Callable[[], object]]:
    def build(torch: Any, device: str) -> Callable[[], object]:
        host = torch.ones(size, dtype=torch.uint8)
        if device.startswith("cuda"):
            host = host.pin_memory()
        on_gpu = torch.empty(size, dtype=torch.uint8, device=device)
        if direction == "to_gpu":
            return lambda: on_gpu.copy_(host, non_blocking=True)
        return lambda: host.copy_(on_gpu, non_blocking=True)

    return build


# --- matrix products ----------------------------------------------------------------------------
def _gemm(m: int, n: int, k: int, precision: str, *, with_energy: bool = False) -> Case:
    width = {"fp32": 4, "tf32": 4, "bf16": 2, "fp16": 2, "fp8": 1}[precision]
    written = 2 if precision == "fp8" else width

    def build(torch: Any, device: str) -> Callable[[], object]:
        if precision == "fp8":
            return _fp8_product(torch, device, m, n, k)
        kind = {"fp32": torch.float32, "tf32": torch.float32, "bf16": torch.bfloat16,
                "fp16": torch.float16}[precision]  # fmt: skip
        torch.set_float32_matmul_precision("high" if precision == "tf32" else "highest")
        if precision in ("fp32", "tf32") and device.startswith("cuda"):
            _check_rounding(torch, device, m, n, k, precision)
        a = _random(torch, (m, k), kind, device)
        b = _random(torch, (k, n), kind, device)
        c = torch.empty((m, n), dtype=kind, device=device)
        return lambda: torch.matmul(a, b, out=c)

    return Case(
        id=f"gemm_{precision}_{m}x{n}x{k}",
        work="gemm",
        size=m,
        columns=0 if m == n == k else n,
        dtype=precision,
        about={"m": m, "n": n, "k": k},
        build=build,
        flop=2.0 * m * n * k,
        traffic_bytes=float(width * (m * k + k * n) + written * m * n),
        with_energy=with_energy,
    )


def _check_rounding(torch: Any, device: str, m: int, n: int, k: int, precision: str) -> None:
    """Make sure that a product of floats is worked out as its name says.

    The first numbers are 1 and a little that TF32 has no bits for; 0 is all the rest. A library
    told by its environment (`NVIDIA_TF32_OVERRIDE`) rounds whatever PyTorch was told.

    Raises
    ------
    Unavailable
        If fp32 is rounded to TF32, or TF32 is not there.
    """
    a = torch.zeros((m, k), dtype=torch.float32, device=device)
    b = torch.zeros((k, n), dtype=torch.float32, device=device)
    a[:, 0] = 1.0 + _LITTLE
    b[0, :] = 1.0
    is_exact = bool((torch.matmul(a, b) == 1.0 + _LITTLE).all().item())
    if precision == "fp32" and not is_exact:
        raise Unavailable("fp32 is rounded to TF32 here; unset NVIDIA_TF32_OVERRIDE and the like")
    if precision == "tf32" and is_exact:
        raise Unavailable("no TF32 here: this GPU or library works out these products in fp32")


def _fp8_product(torch: Any, device: str, m: int, n: int, k: int) -> Callable[[], object]:
    """Return a product of e4m3 matrices with scales of one, written as bf16."""
    if not device.startswith("cuda") or torch.cuda.get_device_capability(device) < (8, 9):
        raise Unavailable("fp8 needs a GPU of compute capability 8.9 or later")
    kind = torch.float8_e4m3fn
    a = _random(torch, (m, k), torch.float32, device).clamp(-_FP8_MAX, _FP8_MAX).to(kind)
    # The second operand must lie column by column.
    b = _random(torch, (n, k), torch.float32, device).clamp(-_FP8_MAX, _FP8_MAX).to(kind).t()
    one = torch.ones((), dtype=torch.float32, device=device)

    def call() -> object:
        return torch._scaled_mm(a, b, scale_a=one, scale_b=one, out_dtype=torch.bfloat16)

    return call


# --- attention ----------------------------------------------------------------------------------
def _attention(context: int) -> Iterator[Case]:
    batch, heads, width = max(1, 16384 // context), 16, 128
    for kernel in ("flash", "math"):
        if kernel == "math" and context > 8192:
            continue  # scores, which PyTorch keeps in fp32, would not leave room on smaller GPUs

        yield Case(
            id=f"attention_{kernel}_{context}",
            work=f"attention_{kernel}",
            size=context,
            dtype="bf16",
            about={"batch": batch, "heads": heads, "width": width},
            build=_attention_call(batch, heads, context, width, kernel),
            flop=4.0 * batch * heads * context * context * width,
            traffic_bytes=2.0 * 4 * batch * heads * context * width,
            with_energy=context == 4096,
        )  # fmt: skip


def _attention_call(
    batch: int, heads: int, context: int, width: int, kernel: str
) -> Callable[[Any, str], Callable[[], object]]:
    def build(torch: Any, device: str) -> Callable[[], object]:
        from torch.nn.attention import SDPBackend, sdpa_kernel

        backend = SDPBackend.FLASH_ATTENTION if kernel == "flash" else SDPBackend.MATH
        q, k, v = (
            _random(torch, (batch, heads, context, width), torch.bfloat16, device) for _ in range(3)
        )

        def call() -> object:
            with sdpa_kernel(backend):
                return torch.nn.functional.scaled_dot_product_attention(q, k, v)

        return call

    return build


# --- one decode step ----------------------------------------------------------------------------
def _decode(batch: int, *, layers: int, width: int) -> Iterator[Case]:
    ffn, heads, context = _FFN * width // _WIDTH, _HEADS, _CONTEXT
    weights = layers * (4 * width * width + 3 * width * ffn)
    cache = layers * 2 * batch * context * width
    for mode in ("eager", "graph"):
        yield Case(
            id=f"decode_{mode}_{batch}",
            work=f"decode_{mode}",
            size=batch,
            dtype="bf16",
            about={
                "layers": layers, "width": width, "ffn": ffn, "heads": heads, "context": context,
            },
            build=_decode_call(batch, layers, width, ffn, context, mode),
            flop=2.0 * batch * weights + 4.0 * layers * batch * context * width,
            traffic_bytes=2.0 * (weights + cache),
            with_energy=mode == "graph",
        )  # fmt: skip


def _decode_call(
    batch: int, layers: int, width: int, ffn: int, context: int, mode: str
) -> Callable[[Any, str], Callable[[], object]]:
    def build(torch: Any, device: str) -> Callable[[], object]:
        blocks = [_Block(torch, device, batch, width, ffn, context) for _ in range(layers)]
        x = _random(torch, (batch, width), torch.bfloat16, device)

        def step() -> object:
            value = x
            for block in blocks:
                value = block(value)
            return value

        return _as_graph(torch, device, step) if mode == "graph" else step

    return build


class _Block:
    """One decoder block at one token: projections, attention over the cache, SwiGLU."""

    def __init__(
        self, torch: Any, device: str, batch: int, width: int, ffn: int, context: int
    ) -> None:
        def weight(rows: int, columns: int) -> Any:
            return _random(torch, (rows, columns), torch.bfloat16, device) * rows**-0.5

        self.torch = torch
        self.qkv, self.out = weight(width, 3 * width), weight(width, width)
        self.gate_up, self.down = weight(width, 2 * ffn), weight(ffn, width)
        shape = (batch, _HEADS, context, width // _HEADS)
        self.keys, self.values = (_random(torch, shape, torch.bfloat16, device) for _ in range(2))

    def __call__(self, x: Any) -> Any:
        functional = self.torch.nn.functional
        batch, width = x.shape
        query = (_norm(self.torch, x) @ self.qkv)[:, :width]
        query = query.view(batch, _HEADS, 1, width // _HEADS)
        mixed = functional.scaled_dot_product_attention(query, self.keys, self.values)
        x = x + mixed.reshape(batch, width) @ self.out
        gate, up = (_norm(self.torch, x) @ self.gate_up).chunk(2, dim=-1)
        return x + (functional.silu(gate) * up) @ self.down


def _norm(torch: Any, x: Any) -> Any:
    return x * torch.rsqrt(x.float().pow(2).mean(-1, keepdim=True) + 1e-5).to(x.dtype)


def _as_graph(torch: Any, device: str, step: Callable[[], object]) -> Callable[[], object]:
    """Return the step recorded as a CUDA graph, so that no launch overhead remains."""
    if not device.startswith("cuda"):
        raise Unavailable("CUDA graphs need a GPU")
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            step()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()
    return _Replay(graph, step)


@dataclass(frozen=True, slots=True)
class _Replay:
    """A recorded step. The graph knows addresses alone: what lies there must live as long."""

    graph: Any
    step: Callable[[], object]

    def __call__(self) -> object:
        return self.graph.replay()


def _random(torch: Any, shape: tuple[int, ...], kind: Any, device: str) -> Any:
    return torch.randn(shape, dtype=torch.float32, device=device).to(kind)
