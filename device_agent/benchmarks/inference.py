"""Whole networks in LiteRT, on the processor or on an Edge TPU by its delegate.

The files are the owner's: `NAME.tflite`, and `NAME_edgetpu.tflite` from the Edge TPU's compiler, in
the folder `models` beside the settings (or `DEVICE_AGENT_MODELS`). Its hash says what was run.
Operators that the Edge TPU's compiler left out run on the processor and are counted.
"""

import hashlib
import os
import time
import zlib
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from device_agent.benchmarks.base import Arguments, DriverError, Prepared
from firmware_specs import drawn
from firmware_specs.wire import Scalar

_FOLDER = "~/.config/device-agent/models"
_DELEGATE = "libedgetpu.so.1"
_TPU_OPERATOR = "edgetpu-custom-op"
_MODEL_MOST = 512 * 1024 * 1024


def why_not() -> str:
    if find_spec("ai_edge_litert") is None:
        return (
            "LiteRT is not installed; pip install 'courseserver[agent,host,litert]' (64-bit only)"
        )
    return ""


def models_folder() -> Path:
    return Path(os.environ.get("DEVICE_AGENT_MODELS", "") or _FOLDER).expanduser()


def inference(arguments: Arguments) -> Prepared:
    """Return one inference of a network; the inputs are drawn by the seed."""
    import numpy as np
    from ai_edge_litert import interpreter as litert

    name, on_tpu = str(arguments["model"]), arguments["runtime"] == "edge_tpu"
    path = models_folder() / f"{name}{'_edgetpu' if on_tpu else ''}.tflite"
    content = _content(path, on_tpu=on_tpu)
    delegates = [_edge_tpu(litert)] if on_tpu else []
    try:
        network = litert.Interpreter(
            model_content=content,
            num_threads=int(arguments["threads"]),
            experimental_delegates=delegates,
        )
        network.allocate_tensors()
    except (ValueError, RuntimeError) as error:
        raise DriverError(f"{path.name}: LiteRT refuses it: {str(error)[:200]}") from error
    shown = drawn.probes(int(arguments["seed"]))
    _show(np, network, shown[0])
    began_s = time.perf_counter()
    network.invoke()
    facts: dict[str, Scalar] = {
        "runtime": f"LiteRT {_version()}{', Edge TPU' if on_tpu else ''}",
        "sha256": hashlib.sha256(content).hexdigest(),
        "file_bytes": len(content),
        "threads_asked": int(arguments["threads"]),
        # Weights are brought to an accelerator, or packed, within the first.
        "first_s": time.perf_counter() - began_s,
        **_operators(network),
    }
    return Prepared(
        call=network.invoke,
        environment=facts,
        outcome=lambda: {"answers": ";".join(_answer(np, network, seed) for seed in shown)},
    )


def _show(np: Any, network: Any, seed: int) -> None:
    rng = np.random.default_rng(seed)
    for detail in network.get_input_details():
        network.set_tensor(detail["index"], _drawn(np, rng, detail))


def _answer(np: Any, network: Any, seed: int) -> str:
    """Return the check sum of a network's answer to an input, and the place of its largest."""
    _show(np, network, seed)
    network.invoke()
    values = np.ravel(network.get_tensor(network.get_output_details()[0]["index"]))
    return f"{zlib.crc32(values.tobytes()):08x}:{int(values.argmax())}"


TASKS: Mapping[str, Callable[[Arguments], Prepared]] = {"inference": inference}


def _content(path: Path, *, on_tpu: bool) -> bytes:
    if not path.is_file():
        how = " (edgetpu_compiler makes it from the int8 file)" if on_tpu else ""
        raise DriverError(
            f"{path.name} is not in {path.parent}: put the network there{how};"
            " coral.ai/models has both kinds"
        )
    if path.stat().st_size > _MODEL_MOST:
        raise DriverError(f"{path.name} is {path.stat().st_size} bytes, at most {_MODEL_MOST}")
    return path.read_bytes()


def _edge_tpu(litert: Any) -> Any:
    """Return the delegate, which takes the first Edge TPU on USB or PCIe."""
    try:
        return litert.load_delegate(_DELEGATE)
    except (ValueError, OSError) as error:
        raise DriverError(
            f"no Edge TPU: {str(error)[:120] or _DELEGATE} (install libedgetpu1-std from"
            " Coral's packages, plug it into USB 3, and add its user to plugdev)"
        ) from error


def _drawn(np: Any, rng: Any, detail: Mapping[str, Any]) -> Any:
    shape, kind = tuple(detail["shape"]), np.dtype(detail["dtype"])
    if kind.kind == "f":
        return rng.random(shape, dtype=np.float32).astype(kind)
    limits = np.iinfo(kind)
    return rng.integers(limits.min, limits.max, shape, dtype=kind, endpoint=True)


def _operators(network: Any) -> dict[str, Scalar]:
    """Return how many operators run, and how many of them the Edge TPU took over."""
    # Underscored, yet the only way to see them; a runtime without it tells less.
    if not hasattr(network, "_get_ops_details"):
        return {}
    names = [row["op_name"] for row in network._get_ops_details() if row["op_name"] != "DELEGATE"]
    return {"operators": len(names), "operators_on_tpu": names.count(_TPU_OPERATOR)}


def _version() -> str:
    from importlib.metadata import version

    return version("ai-edge-litert")
