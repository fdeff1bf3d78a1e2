"""ONNX Runtime, and whole networks in LiteRT: right before they are timed, honest where missing.

ONNX Runtime is an extra that the tests do without: a double reads the model file with a decoder of
its own and multiplies. LiteRT is the real one.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from device_agent import benchmarks
from device_agent.benchmarks import DriverError, inference, litert, onnx
from firmware_specs import drawn


# --- ONNX Runtime -------------------------------------------------------------------------------
def fields(data: bytes) -> Iterator[tuple[int, Any]]:
    """Yield the fields of a protocol buffer: numbers, or bytes."""
    place = 0

    def varint() -> int:
        nonlocal place
        value = shift = 0
        while True:
            byte = data[place]
            place += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                return value

    while place < len(data):
        key = varint()
        if key & 7 == 0:
            yield key >> 3, varint()
        else:
            assert key & 7 == 2
            size = varint()
            yield key >> 3, data[place : place + size]
            place += size


class Session:
    """Reads the model as onnx.proto says, and multiplies."""

    off_by = 0

    def __init__(self, model: bytes, **options: Any) -> None:
        assert options["sess_options"].intra_op_num_threads == 1
        graph = dict(fields(model))[7]
        assert dict(fields(dict(fields(model))[8]))[2] == 13
        parts = dict(fields(graph))
        self.operator = dict(fields(parts[1]))[4].decode()
        tensor = list(fields(parts[5]))
        shape = [value for field, value in tensor if field == 1]
        kind = {1: np.float32, 3: np.int8}[dict(tensor)[2]]
        self.weights = np.frombuffer(dict(tensor)[9], kind).reshape(shape)

    def run(self, names: None, given: dict[str, Any]) -> list[Any]:
        wide = np.int32 if self.operator == "MatMulInteger" else np.float32
        return [given["x"].astype(wide) @ self.weights.astype(wide) + wide(self.off_by)]


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch) -> type[Session]:
    double = ModuleType("onnxruntime")
    session = type("Mine", (Session,), {})
    vars(double).update(
        __version__="double", SessionOptions=SimpleNamespace, InferenceSession=session
    )
    monkeypatch.setitem(sys.modules, "onnxruntime", double)
    return session


@pytest.mark.parametrize("dtype", ["float32", "int8"])
@pytest.mark.parametrize(("m", "n", "k"), [(1, 1, 1), (3, 200, 130)])
def test_an_onnx_model_is_what_the_format_says(
    runtime: type[Session], dtype: str, m: int, n: int, k: int
) -> None:
    bench = onnx.onnx_gemm({"m": m, "n": n, "k": k, "dtype": dtype, "nonce": 5})

    assert bench.call().shape == (m, n)  # type: ignore[attr-defined]
    assert bench.environment == {"runtime": "ONNX Runtime double"}


@pytest.mark.parametrize("dtype", ["float32", "int8"])
def test_a_wrong_onnx_product_is_not_timed(runtime: type[Session], dtype: str) -> None:
    runtime.off_by = 1

    with pytest.raises(DriverError, match="nothing was timed"):
        onnx.onnx_gemm({"m": 2, "n": 3, "k": 4, "dtype": dtype, "nonce": 5})


def test_a_model_that_the_runtime_refuses_is_a_reason(
    runtime: type[Session], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(onnx, "model_of", lambda weights, batch: b"")

    with pytest.raises(DriverError, match="refuses the model"):
        onnx.onnx_gemm({"m": 2, "n": 3, "k": 4, "dtype": "int8", "nonce": 5})


@pytest.mark.parametrize("driver", [onnx, inference, litert])
def test_a_runtime_that_is_missing_has_one_line_that_installs_it(
    monkeypatch: pytest.MonkeyPatch, driver: Any
) -> None:
    monkeypatch.setattr(driver, "find_spec", lambda name: None)

    assert "is not installed; pip install 'courseserver[agent,host," in driver.why_not()


# --- whole networks -----------------------------------------------------------------------------
@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DEVICE_AGENT_MODELS", str(tmp_path))
    return tmp_path


def network() -> bytes:
    weights = np.random.default_rng(0).integers(-127, 128, (16, 32), dtype=np.int8)
    return litert.model_of(weights, 1, 0.5)


def run(**changes: Any) -> benchmarks.Prepared:
    given = {"model": "own", "runtime": "litert", "threads": 2, "seed": 5}
    return inference.inference(given | changes)


def test_a_network_of_the_owners_is_run_and_told_by_its_hash(models: Path) -> None:
    (models / "own.tflite").write_bytes(network())

    bench = run()
    bench.call()

    assert bench.environment is not None
    assert bench.environment["file_bytes"] == len(network())
    assert len(str(bench.environment["sha256"])) == 64
    assert (bench.environment["operators"], bench.environment["operators_on_tpu"]) == (1, 0)
    answers = str(bench.outcome()["answers"]).split(";")
    early, late = drawn.repeated(5)
    assert (len(answers), len(set(answers)), answers[early]) == (4, 3, answers[late])


def test_networks_that_are_not_there_or_none_are_reasons(models: Path) -> None:
    with pytest.raises(DriverError, match=r"resnet_50\.tflite is not in .*coral\.ai/models"):
        run(model="resnet_50")
    with pytest.raises(DriverError, match="edgetpu_compiler makes it"):
        run(runtime="edge_tpu")
    (models / "own.tflite").write_bytes(b"no network")
    with pytest.raises(DriverError, match=r"own\.tflite: LiteRT refuses it"):
        run()


def test_an_edge_tpu_that_is_not_there_is_a_reason(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ai_edge_litert import interpreter

    def refuse(name: str) -> object:
        raise ValueError(f"Failed to load delegate from {name}")

    (models / "own_edgetpu.tflite").write_bytes(network())
    monkeypatch.setattr(interpreter, "load_delegate", refuse)

    with pytest.raises(DriverError, match=r"Failed to load delegate from libedgetpu.*plugdev"):
        run(runtime="edge_tpu")


def test_an_edge_tpu_takes_the_compiled_file(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ai_edge_litert import interpreter

    class Tpu:
        """An interpreter whose delegate took over two of three operators."""

        def __init__(self, *, experimental_delegates: list[object], **given: Any) -> None:
            assert experimental_delegates == ["the delegate"]
            assert given["model_content"] == b"compiled"

        def allocate_tensors(self) -> None: ...

        def invoke(self) -> None: ...

        def set_tensor(self, index: int, values: Any) -> None:
            assert (values.dtype, values.shape) == (np.uint8, (1, 4, 4, 3))

        def get_input_details(self) -> list[dict[str, Any]]:
            return [{"index": 0, "shape": np.array([1, 4, 4, 3]), "dtype": np.uint8}]

        def _get_ops_details(self) -> list[dict[str, str]]:
            return [{"op_name": name} for name in ("edgetpu-custom-op", "SOFTMAX", "DELEGATE")]

    (models / "own_edgetpu.tflite").write_bytes(b"compiled")
    monkeypatch.setattr(interpreter, "load_delegate", lambda name: "the delegate")
    monkeypatch.setattr(interpreter, "Interpreter", Tpu)

    facts = run(runtime="edge_tpu").environment

    assert facts is not None
    assert (facts["operators"], facts["operators_on_tpu"]) == (2, 1)
    assert "Edge TPU" in str(facts["runtime"])


def test_a_layer_that_the_runtime_rounds_wrongly_is_not_timed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given = {"m": 2, "n": 3, "k": 4, "nonce": 5}
    litert.int8_gemm(given)
    honest = litert.model_of
    monkeypatch.setattr(litert, "model_of", lambda w, m, scale: honest(w, m, 2 * scale))

    with pytest.raises(DriverError, match="nothing was timed"):
        litert.int8_gemm(given)
