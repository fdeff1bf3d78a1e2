"""A classifier of the student's choosing: trained here, deployed to the board and scored there."""

import base64
import zlib
from collections.abc import Callable, Mapping
from importlib.util import find_spec

from device_agent.benchmarks.base import Arguments, DriverError, Measured
from device_agent.boards import bench, windows
from device_agent.boards.dialects.lab import LabBoard
from firmware_specs.datasets import Images, digits
from firmware_specs.serial import blob, commands
from firmware_specs.wire import Scalar

# A text of a message has at most 4096 characters, a message 64 KiB.
_PIECE, _PIECES_MOST = 4000, 12


board_name = bench.board_name


def why_not() -> str:
    if find_spec("numpy") is None:
        return "numpy is not installed; pip install 'courseserver[agent,host]'"
    return bench.why_not(LabBoard)


def board_digits(arguments: Arguments) -> Measured:
    """Train, deploy, score on held-out images, and time one inference."""
    from device_agent.classifier.quantising import products

    training, held_out = digits()
    layers = trained(arguments, training)
    model = blob.model_pack(layers)
    with bench.board_for(LabBoard) as (board, address):
        board.load_model(model)
        facts: dict[str, Scalar] = {
            "accuracy": _score(board, layers, model, _first(held_out, int(arguments["images"]))),
            "images": int(arguments["images"]),
            "model_bytes": len(model),
            "macs": products(layers),
            **_sealed(board, held_out, int(arguments["nonce"])),
            **enclosed(model),
        }
        taken = windows.windows_of(
            board,
            commands.infer,
            window_s=float(arguments["window_s"]),
            meter=bench.meter_for(address),
        )
        return windows.measured(board, address, taken, facts=facts)


def trained(arguments: Arguments, training: Images) -> tuple[blob.Layer, ...]:
    """Return the layers of the network that a student chose, trained on these images.

    Raises
    ------
    DriverError
        If there is no such network: its precision has no sparse layers.
    """
    from device_agent.classifier.quantising import layers_of
    from device_agent.classifier.training import network_train, pixels_of

    sparsity = float(arguments["sparsity"])
    network = network_train(training, width=int(arguments["width"]), sparsity=sparsity)
    try:
        return layers_of(
            network,
            pixels_of(training),
            precision=str(arguments["precision"]),
            is_sparse=sparsity > 0,
        )
    except ValueError as error:
        raise DriverError(f"{error}: take int8, or sparsity 0") from error


def _score(board: LabBoard, layers: tuple[blob.Layer, ...], model: bytes, images: Images) -> float:
    """Return the share of images the board gets right; every output must be the expected bits."""
    import numpy as np

    from device_agent.classifier.quantising import run

    pixels = np.array([list(row) for row in images.pixels], dtype=np.int8)
    expected = run(layers, pixels)
    right = 0
    for row, label, wanted in zip(images.pixels, images.labels, expected, strict=True):
        told = board.infer(row)
        if told.data != wanted.tobytes() or not told.is_of("0", zlib.crc32(model), row):
            raise DriverError(
                f"{board.name} answers {told.data.hex()}, not {wanted.tobytes().hex()}"
            )
        right += int(wanted.argmax()) == label
    return right / len(images.labels)


def _sealed(board: LabBoard, images: Images, nonce: int) -> dict[str, Scalar]:
    """Return raw outputs for the image that the nonce chooses, with the board's own check.

    Who knows nonce, model and image can compute both: `serial.replies.Outputs.is_of`.
    """
    board.infer(images.pixels[nonce % len(images.pixels)])
    told = board.outputs(str(nonce))
    return {"outputs": told.data.hex(), "outputs_check": f"{told.check:08x}"}


def enclosed(model: bytes) -> dict[str, Scalar]:
    """Return the model in pieces that a message takes, so that the server can compute with it.

    One too large for a message is left out: then the server takes the outputs on our word.
    """
    text = base64.b64encode(zlib.compress(model, 9)).decode("ascii")
    pieces = [text[i : i + _PIECE] for i in range(0, len(text), _PIECE)]
    return {f"model_{i}": p for i, p in enumerate(pieces)} if len(pieces) <= _PIECES_MOST else {}


def _first(images: Images, count: int) -> Images:
    return Images(pixels=images.pixels[:count], labels=images.labels[:count])


TASKS: Mapping[str, Callable[[Arguments], Measured]] = {"digits": board_digits}
