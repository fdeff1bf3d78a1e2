"""An int8 matrix product through LiteRT, the runtime that edge boards run models with.

The model, one fully connected layer, is written here with LiteRT's own schema, so that no
TensorFlow is needed. Operands and scales are such that every way of rounding gives the same bytes
(`firmware_specs.drawn`): its output is checked against integer arithmetic before anything is timed.
"""

from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from device_agent import matrices
from device_agent.benchmarks.base import Arguments, DriverError, Prepared
from firmware_specs import drawn

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Powers of two, so that the output's is one as well.
_IN_SCALE, _WEIGHT_SCALE = 2.0**-6, 2.0**-7
_IDENTIFIER = b"TFL3"


def why_not() -> str:
    if find_spec("ai_edge_litert") is None:
        return (
            "LiteRT is not installed; pip install 'courseserver[agent,host,litert]' (64-bit only)"
        )
    return ""


def int8_gemm(arguments: Arguments) -> Prepared:
    from ai_edge_litert.interpreter import Interpreter

    m, n, k, nonce = (int(arguments[name]) for name in ("m", "n", "k", "nonce"))
    inputs = matrices.small_bytes(nonce, matrices.LEFT, (m, k))
    weights = matrices.small_bytes(nonce, matrices.RIGHT, (n, k))
    shift = drawn.int8_shift(k)
    interpreter = Interpreter(
        model_content=model_of(weights, m, _IN_SCALE * _WEIGHT_SCALE * 2.0**shift), num_threads=1
    )
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], inputs)
    place = interpreter.get_output_details()[0]["index"]
    interpreter.invoke()
    _check(interpreter.get_tensor(place), inputs, weights, shift)
    return Prepared(
        call=interpreter.invoke,
        environment={"runtime": _version()},
        outcome=lambda: matrices.told(interpreter.get_tensor(place)),
    )


TASKS: Mapping[str, Callable[[Arguments], Prepared]] = {"int8_gemm": int8_gemm}


def _check(
    output: "NDArray[Any]", inputs: "NDArray[Any]", weights: "NDArray[Any]", shift: int
) -> None:
    import numpy as np

    exact = inputs.astype(np.float64) @ weights.astype(np.float64).T + drawn.INT8_BIAS
    expected = np.clip(np.rint(exact / 2**shift), -128, 127)
    worst = int(np.abs(output - expected).max())
    if worst:
        raise DriverError(f"LiteRT's product is wrong by {worst} steps; nothing was timed")


def _version() -> str:
    from importlib.metadata import version

    return f"LiteRT {version('ai-edge-litert')}"


def model_of(weights: "NDArray[Any]", batch: int, out_scale: float) -> bytes:
    """Return a model file: int8 input (batch × k), weights (n × k), int8 output (batch × n)."""
    import flatbuffers
    import numpy as np
    from ai_edge_litert import schema_py_generated as schema

    n, k = weights.shape
    graph = schema.SubGraphT()
    graph.tensors = [
        _tensor(schema, "x", [batch, k], _IN_SCALE, buffer=0),
        _tensor(schema, "w", [n, k], _WEIGHT_SCALE, buffer=1),
        _tensor(
            schema, "b", [n], _IN_SCALE * _WEIGHT_SCALE, buffer=2, kind=schema.TensorType.INT32
        ),
        _tensor(schema, "y", [batch, n], out_scale, buffer=0),
    ]
    graph.inputs, graph.outputs = [0], [3]
    graph.operators = [_fully_connected(schema)]
    model = schema.ModelT()
    model.version = 3
    model.operatorCodes = [_operator_code(schema)]
    model.subgraphs = [graph]
    empty, data, bias = schema.BufferT(), schema.BufferT(), schema.BufferT()
    data.data = weights.view("uint8").reshape(-1)
    bias.data = np.full(n, drawn.INT8_BIAS, "<i4").view("uint8")
    model.buffers = [empty, data, bias]
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
    operator.inputs, operator.outputs = [0, 1, 2], [3]
    operator.builtinOptionsType = schema.BuiltinOptions.FullyConnectedOptions
    operator.builtinOptions = schema.FullyConnectedOptionsT()
    return operator


def _tensor(
    schema: Any, name: str, shape: list[int], scale: float, *, buffer: int, kind: int | None = None
) -> Any:
    tensor = schema.TensorT()
    tensor.name = name
    tensor.shape = shape
    tensor.type = schema.TensorType.INT8 if kind is None else kind
    tensor.buffer = buffer
    tensor.quantization = schema.QuantizationParametersT()
    tensor.quantization.scale = [scale]
    tensor.quantization.zeroPoint = [0]
    return tensor
