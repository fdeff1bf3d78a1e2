"""Benchmarks of the agent's own processor with numpy, on one thread."""

from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from device_agent import matrices
from device_agent.benchmarks.base import Arguments, Prepared
from firmware_specs import drawn

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Half a typical second-level cache, so that a block and its partner stay inside.
_BLOCK_BYTES = 128 * 1024


def why_not() -> str:
    if find_spec("numpy") is None:
        return "numpy is not installed; pip install 'courseserver[agent,host]'"
    return ""


def copy_bandwidth(arguments: Arguments) -> Prepared:
    import numpy as np

    source = _streamed(arguments, matrices.LEFT)
    target = np.zeros_like(source)
    return Prepared(
        call=lambda: np.copyto(target, source),
        amount=2.0 * source.nbytes,
        outcome=lambda: matrices.told(target),
    )


def triad(arguments: Arguments) -> Prepared:
    import numpy as np

    b, c = (_streamed(arguments, operand) for operand in (matrices.LEFT, matrices.RIGHT))
    a = np.zeros_like(b)
    scale = a.dtype.type(3.0)
    blocks = _blocks(a)

    def call() -> None:
        for block in blocks:
            np.multiply(c[block], scale, out=a[block])
            np.add(a[block], b[block], out=a[block])

    return Prepared(call=call, amount=3.0 * a.nbytes, outcome=lambda: matrices.told(a))


def gemm(arguments: Arguments) -> Prepared:
    import numpy as np

    m, n, k = (int(arguments[name]) for name in ("m", "n", "k"))
    a = _drawn(arguments, matrices.LEFT, m, k)
    b = _drawn(arguments, matrices.RIGHT, k, n)
    c = np.zeros((m, n), dtype=a.dtype)
    return Prepared(call=lambda: np.matmul(a, b, out=c), outcome=lambda: matrices.told(c))


def gemv(arguments: Arguments) -> Prepared:
    import numpy as np

    n = int(arguments["n"])
    a = _drawn(arguments, matrices.LEFT, n, n)
    x = _drawn(arguments, matrices.RIGHT, n)
    y = np.zeros(n, dtype=a.dtype)
    return Prepared(call=lambda: np.matmul(a, x, out=y), outcome=lambda: matrices.told(y))


def fused_chain(arguments: Arguments) -> Prepared:
    import numpy as np

    x = _streamed(arguments, matrices.LEFT)
    y = np.zeros_like(x)
    steps = _steps(int(arguments["k"]), x.dtype.type(1.0000001))
    blocks = _blocks(x) if arguments["fused"] else [slice(None)]

    def call() -> None:
        for block in blocks:
            first, *rest = steps
            first(x[block], y[block])
            for step in rest:
                step(y[block], y[block])

    return Prepared(call=call, outcome=lambda: matrices.told(y))


def call_overhead(arguments: Arguments) -> Prepared:
    import numpy as np

    one = np.ones(1, dtype=np.float32)
    out = np.zeros(1, dtype=np.float32)
    return Prepared(call=lambda: np.add(one, one, out=out))


def mlp(arguments: Arguments) -> Prepared:
    import numpy as np

    batch, width, layers = (int(arguments[name]) for name in ("batch", "width", "layers"))
    weights = _drawn(arguments, matrices.RIGHT, layers, width, width)
    weights *= drawn.layer_scale(width)
    x = _drawn(arguments, matrices.LEFT, batch, width)
    buffers = [np.zeros_like(x), np.zeros_like(x)]

    def call() -> None:
        value = x
        for i, weight in enumerate(weights):
            out = buffers[i % 2]
            np.matmul(value, weight, out=out)
            np.maximum(out, 0, out=out)
            value = out

    return Prepared(call=call, outcome=lambda: matrices.told_sums(buffers[(layers - 1) % 2]))


TASKS: Mapping[str, Callable[[Arguments], Prepared]] = {
    "copy_bandwidth": copy_bandwidth,
    "triad": triad,
    "gemm": gemm,
    "gemv": gemv,
    "fused_chain": fused_chain,
    "call_overhead": call_overhead,
    "mlp": mlp,
}


def _count(arguments: Arguments) -> int:
    import numpy as np

    return int(arguments["bytes"]) // np.dtype(str(arguments["dtype"])).itemsize


def _drawn(arguments: Arguments, operand: int, *shape: int) -> "NDArray[Any]":
    return matrices.matrix(int(arguments["nonce"]), operand, shape, str(arguments["dtype"]))


def _streamed(arguments: Arguments, operand: int) -> "NDArray[Any]":
    return matrices.stream(
        int(arguments["nonce"]), operand, _count(arguments), str(arguments["dtype"])
    )


def _blocks(array: "NDArray[Any]") -> list[slice]:
    step = _BLOCK_BYTES // array.itemsize
    return [slice(start, start + step) for start in range(0, array.size, step)]


def _steps(k: int, factor: Any) -> list[Callable[[Any, Any], object]]:
    import numpy as np

    multiply: Callable[[Any, Any], object] = lambda x, y: np.multiply(x, factor, out=y)  # noqa: E731
    add: Callable[[Any, Any], object] = lambda x, y: np.add(x, factor, out=y)  # noqa: E731
    return [(multiply, add)[i % 2] for i in range(k)]
