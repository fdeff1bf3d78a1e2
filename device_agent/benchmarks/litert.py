"""An int8 matrix product through LiteRT, the runtime that edge boards run models with.

The model, one fully connected layer, is written here with LiteRT's own schema, so that no
TensorFlow is needed. Its output is checked against integer arithmetic before anything is timed.
"""

from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from device_agent.benchmarks.base import Arguments, DriverError, Prepared

if TYPE_CHECKING:
    from numpy.typing import NDArray

_IN_SCALE, _WEIGHT_SCALE = 0.02, 0.01
# Rounding in the runtime may differ from ours by one step of the output.
_STEPS_OFF = 1
_IDENTIFIER = b"TFL3"


def why_not() -> str:
    if find_spec("ai_edge_litert") is None:
        return (
            "LiteRT is not installed; pip install 'courseserver[agent,host,litert]' (64-bit only)"
        )
    return ""


def int8_gemm(arguments: Arguments) -> Prepared:
    import numpy as np
    from ai_edge_litert.interpreter import Interpreter

    m, n, k = (int(arguments[name]) for name in ("m", "n", "k"))
    rng = np.random.default_rng(m * n * k)
    weights = rng.integers(-127, 128, (n, k), dtype=np.int8)
    inputs = rng.integers(-128, 128, (m, k), dtype=np.int8)
    out_scale = _IN_SCALE * _WEIGHT_SCALE * 60.0 * k**0.5
    interpreter = Interpreter(model_content=_model(weights, m, out_scale), num_threads=1)
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], inputs)
    interpreter.invoke()
    output = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
    _check(output, inputs, weights, out_scale)
    return Prepared(call=interpreter.invoke, environment={"runtime": _version()})


TASKS: Mapping[str, Callable[[Arguments], Prepared]] = {"int8_gemm": int8_gemm}


def _check(
    output: "NDArray[Any]", inputs: "NDArray[Any]", weights: "NDArray[Any]", out_scale: float
) -> None:
    import numpy as np

    exact = inputs.astype(np.int32) @ weights.astype(np.int32).T
    expected = np.clip(np.rint(exact * (_IN_SCALE * _WEIGHT_SCALE / out_scale)), -128, 127)
    worst = int(np.abs(output.astype(np.int32) - expected.astype(np.int32)).max())
    if worst > _STEPS_OFF:
        raise DriverError(f"LiteRT's product is wrong by {worst} steps; nothing was timed")


def _version() -> str:
    from importlib.metadata import version

    return f"LiteRT {version('ai-edge-litert')}"


def _model(weights: "NDArray[Any]", batch: int, out_scale: float) -> bytes:
    """Return a model file: int8 input (batch × k), weights (n × k), int8 output (batch × n)."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    n, k = weights.shape
    graph = schema.SubGraphT()
    graph.tensors = [
        _tensor(schema, "x", [batch, k], _IN_SCALE, buffer=0),
        _tensor(schema, "w", [n, k], _WEIGHT_SCALE, buffer=1),
        _tensor(schema, "y", [batch, n], out_scale, buffer=0),
    ]
    graph.inputs, graph.outputs = [0], [2]
    graph.operators = [_fully_connected(schema)]
    model = schema.ModelT()
    model.version = 3
    model.operatorCodes = [_operator_code(schema)]
    model.subgraphs = [graph]
    empty, data = schema.BufferT(), schema.BufferT()
    data.data = weights.view("uint8").reshape(-1)
    model.buffers = [empty, data]
    builder = flatbuffers.Builder(weights.nbytes + 4096)
    builder.Finish(model.Pack(builder), file_identifier=_IDENTIFIER)
    return bytes(builder.Output())


def _operator_code(schema: Any) -> Any:
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.FULLY_CONNECTED
    # From this version on the kernel takes int8.
    code.version = 4
    return code


def _fully_connected(schema: Any) -> Any:
    operator = schema.OperatorT()
    operator.opcodeIndex = 0
    operator.inputs, operator.outputs = [0, 1, -1], [2]
    operator.builtinOptionsType = schema.BuiltinOptions.FullyConnectedOptions
    operator.builtinOptions = schema.FullyConnectedOptionsT()
    return operator


def _tensor(schema: Any, name: str, shape: list[int], scale: float, *, buffer: int) -> Any:
    tensor = schema.TensorT()
    tensor.name = name
    tensor.shape = shape
    tensor.type = schema.TensorType.INT8
    tensor.buffer = buffer
    tensor.quantization = schema.QuantizationParametersT()
    tensor.quantization.scale = [scale]
    tensor.quantization.zeroPoint = [0]
    return tensor
