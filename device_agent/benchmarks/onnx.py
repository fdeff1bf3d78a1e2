"""Matrix products in ONNX Runtime, in float32 and in int8.

The model, one operator, is written here as the protocol buffer that onnx.proto describes (fields of
ModelProto, GraphProto, NodeProto, TensorProto), so that the `onnx` package is not needed. What it
gives is checked before anything is timed.
"""

from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from device_agent import matrices
from device_agent.benchmarks.base import Arguments, DriverError, Prepared

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Of onnx.proto: TensorProto.DataType.
_FLOAT, _INT8, _INT32 = 1, 3, 6
# The oldest versions that hold what we use; every runtime of the last years reads them.
_IR_VERSION, _OPSET = 7, 13


def why_not() -> str:
    if find_spec("onnxruntime") is None:
        return "ONNX Runtime is not installed; pip install 'courseserver[agent,host,onnx]'"
    return ""


def onnx_gemm(arguments: Arguments) -> Prepared:
    """Return a product (m×k)·(k×n) in ONNX Runtime's CPU kernels, on one thread."""
    import onnxruntime

    m, n, k = (int(arguments[name]) for name in ("m", "n", "k"))
    nonce, dtype = int(arguments["nonce"]), str(arguments["dtype"])
    inputs = matrices.matrix(nonce, matrices.LEFT, (m, k), dtype)
    weights = matrices.matrix(nonce, matrices.RIGHT, (k, n), dtype)
    session = _session(onnxruntime, model_of(weights, m))

    def call() -> "NDArray[Any]":
        (output,) = session.run(None, {"x": inputs})
        product: NDArray[Any] = output
        return product

    _check(call(), inputs, weights)
    return Prepared(
        call=call,
        environment={"runtime": f"ONNX Runtime {onnxruntime.__version__}"},
        outcome=lambda: matrices.told(call()),
    )


TASKS: Mapping[str, Callable[[Arguments], Prepared]] = {"onnx_gemm": onnx_gemm}


def _session(onnxruntime: Any, model: bytes) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(
            model, sess_options=options, providers=["CPUExecutionProvider"]
        )
    # The runtime raises classes of its own that share no other base.
    except Exception as error:
        raise DriverError(f"ONNX Runtime refuses the model: {str(error)[:200]}") from error


def _check(output: "NDArray[Any]", inputs: "NDArray[Any]", weights: "NDArray[Any]") -> None:
    import numpy as np

    wide = np.int32 if weights.dtype == np.int8 else np.float64
    if not np.array_equal(output, inputs.astype(wide) @ weights.astype(wide)):
        raise DriverError("ONNX Runtime's product is wrong; nothing was timed")


# --- the file -----------------------------------------------------------------------------------
def model_of(weights: "NDArray[Any]", batch: int) -> bytes:
    """Return a model that multiplies its input `x` (batch × k) with weights (k × n)."""
    k, n = weights.shape
    is_int8 = weights.dtype.itemsize == 1
    kind, made = (_INT8, _INT32) if is_int8 else (_FLOAT, _FLOAT)
    node = (
        _text(1, "x") + _text(1, "w") + _text(2, "y")
        + _text(4, "MatMulInteger" if is_int8 else "MatMul")
    )  # fmt: skip
    tensor = (
        _numbers(1, k) + _numbers(1, n) + _numbers(2, kind) + _text(8, "w")
        + _bytes(9, weights.tobytes())
    )  # fmt: skip
    graph = (
        _bytes(1, node) + _text(2, "product") + _bytes(5, tensor)
        + _bytes(11, _value("x", kind, batch, k)) + _bytes(12, _value("y", made, batch, n))
    )  # fmt: skip
    opset = _text(1, "") + _numbers(2, _OPSET)
    return _numbers(1, _IR_VERSION) + _bytes(7, graph) + _bytes(8, opset)


def _value(name: str, kind: int, rows: int, columns: int) -> bytes:
    """Return a ValueInfoProto of a matrix."""
    shape = b"".join(_bytes(1, _numbers(1, size)) for size in (rows, columns))
    tensor = _numbers(1, kind) + _bytes(2, shape)
    return _text(1, name) + _bytes(2, _bytes(1, tensor))


def _numbers(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _bytes(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def _text(field: int, value: str) -> bytes:
    return _bytes(field, value.encode())


def _varint(value: int) -> bytes:
    """Return a number seven bits at a time, the lowest first."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])
