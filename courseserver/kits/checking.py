"""What the server itself can say about a measurement: its level of checking, with the reason.

A classifier's outputs are computed anew from the model that the kit says it ran, for the image
that the server's nonce chose; a micro-kernel's result wholly; of what else the nonce drew
(products, long arrays, a perceptron) some parts; synthetic readings wholly. Of networks that we do
not have the answers are held against one another. A time is held against what the board could do
at its very peak, an energy against what it can draw meanwhile.
"""

import base64
import binascii
import struct
import zlib
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from courseserver.kits import consistency, kernels, perceptron, power, products, requests, streams
from courseserver.kits.states import Finding, Verdict
from firmware_specs import boards
from firmware_specs.datasets import Images, digits
from firmware_specs.serial import operands
from firmware_specs.serial.blob import Layer, LayerKind, model_unpack
from firmware_specs.serial.commands import KERNELS
from firmware_specs.serial.replies import Outputs
from firmware_specs.wire import Result, Scalar
from simcore import catalog
from simcore.errors import NotInCatalogue

# A catalogue's peak may be a little low; twice as fast as it is no error of a table any more.
_SLACK = 0.5
# Of a host of which nothing else is known: above any core of today with a matrix unit, and above
# its nearest cache. Assumed.
_ANY_HOST = "host-linux"
_HOST_FLOP_S, _HOST_BYTE_S = 4e12, 2e12
_MODEL_MOST = 256 * 1024
_EMULATED = "emulated"
Work = tuple[float, float]
Given = Mapping[str, Scalar]


_NOT_SENT = Finding(verdict=Verdict.PLAUSIBLE)


def check(result: Result, *, asked: Given, board: str) -> Finding:
    """Return what the server finds out about a measured result.

    Parameters
    ----------
    asked
        The arguments as the server drew them.
    board
        The folder of `firmware_specs/boards` that the kit is enrolled as.
    """
    least = least_time_s(result, asked, board)
    if least is not None and result.value is not None and result.value < least:
        reason = (
            f"{result.value:.3g} {result.unit} is not possible on {board_of(result, board)}:"
            f" its peak allows no less than {least:.3g}"
        )
        if result.unit == "B/s":
            reason = f"{result.value:.3g} B/s is more than {board_of(result, board)} can move"
        return Finding(verdict=Verdict.REJECTED, reason=reason)
    if wrong := power.wrong_with(result, board_of(result, board)):
        return Finding(verdict=Verdict.REJECTED, reason=wrong)
    found = _outputs_found(result, asked)
    if found.verdict is Verdict.PLAUSIBLE and least is None:
        return replace(found, verdict=Verdict.UNCHECKED)
    # In an emulator no peak holds; beside real boards a made-up name would be a way around it.
    is_bounded_elsewhere = result.task in _WORK or result.unit == "B/s"
    is_boundless = least is None and is_bounded_elsewhere and result.evidence != _EMULATED
    if is_boundless and found.verdict is not Verdict.REJECTED:
        name = board_of(result, board)[:40]
        why = f"no table knows the board {name!r}, so nothing bounds its time"
        return Finding(verdict=Verdict.UNCHECKED, reason=why)
    return found


# --- the time -----------------------------------------------------------------------------------
def least_time_s(result: Result, asked: Given, board: str) -> float | None:
    """Return the least that the value may be, or None where nothing bounds it.

    For a bandwidth it is infinite where the value is above the bound, so that one comparison
    serves both.
    """
    if result.task == "sensor":
        # Between two readings, by the rate that was asked for.
        return _SLACK / float(asked["hz"])
    work = _WORK.get(result.task)
    rates = _rates(board_of(result, board), fp32=asked.get("precision", "") == "fp32")
    if rates is None:
        return None
    operations_s, bytes_s = rates
    if result.unit == "B/s":
        return float("inf") if (result.value or 0.0) > bytes_s / _SLACK else 0.0
    if work is None:
        return None
    operations, moved = work(asked)
    return _SLACK * max(operations / operations_s, moved / bytes_s)


def board_of(result: Result, board: str) -> str:
    """Return which board did the work: one on a serial line says its own name."""
    told = str(result.environment.get("board", ""))
    # A later version may know a kit's board no more; its results are stored all the same.
    sheet = boards.all_boards().get(board)
    return told if sheet is not None and sheet.kind == "host" and told else board


def _rates(board: str, *, fp32: bool) -> Work | None:
    """Return peak operations and bytes per second; None for a board that no catalogue knows."""
    try:
        sheet = boards.board(board)
    except boards.BoardError:
        return None
    if board == _ANY_HOST:
        return _HOST_FLOP_S, _HOST_BYTE_S
    try:
        item = catalog.item("hardware", sheet.catalogue)
    except NotInCatalogue:
        return None
    peaks = item.under("peak")
    peak = peaks.get("fp32") if fp32 else max(peaks.values(), default=None)
    # A host's caches are faster than the memory that the catalogue knows.
    moved = _HOST_BYTE_S if sheet.kind == "host" else item.value("bandwidth")
    return (peak, moved) if peak else None


def _products(macs: float, size: float) -> Work:
    """Return the work of products with operands of `size` bytes; one product is two operations."""
    return 2.0 * macs, 2.0 * macs * size


def _network(model: str) -> Callable[[Given], Work]:
    """Return the work of one inference of a network of the catalogue."""

    def work(asked: Given) -> Work:
        item = catalog.item("models", model)
        return 2.0 * item.value("macs.total"), 0.0

    return work


def _digits_work(asked: Given) -> Work:
    macs = 74.0 * float(asked["width"]) * (1.0 - float(asked["sparsity"]))
    return 2.0 * macs, 0.0


def _gemm(asked: Given) -> Work:
    return 2.0 * float(asked["m"]) * float(asked["n"]) * float(asked["k"]), 0.0


_WORK: Mapping[str, Callable[[Given], Work]] = {
    "mac8": lambda a: _products(float(a["size"]), 1),
    "dotf": lambda a: _products(float(a["size"]), 4),
    "digits": _digits_work,
    "digits_host": _digits_work,
    "gemm": _gemm,
    "int8_gemm": _gemm,
    "onnx_gemm": _gemm,
    "gemv": lambda a: (2.0 * float(a["n"]) ** 2, 0.0),
    "mlp": lambda a: (2.0 * float(a["batch"]) * float(a["width"]) ** 2 * float(a["layers"]), 0.0),
    "kws": _network("dscnn-kws"),
    "vww": _network("mobilenet-v1-025-vww"),
    "ic": _network("resnet8-ic"),
    "ad": _network("fc-autoencoder-ad"),
    "sww": _network("dscnn1d-sww"),
}


# --- the outputs --------------------------------------------------------------------------------
def _outputs_found(result: Result, asked: Given) -> Finding:
    recompute = _RECOMPUTED.get(result.task)
    if recompute is None:
        return _NOT_SENT
    if undrawn := requests.undrawn(result.task, asked):
        return _plausible(
            f"it was sent no {undrawn[0]} of ours, for its agent does not say that it takes one:"
            " update it"
        )
    return recompute(result, asked)


def _classifier(result: Result, asked: Given) -> Finding:
    """Recompute what the board must have answered, and how many images it gets right."""
    facts = result.environment
    if "model_0" not in facts:
        return _plausible("the model was not sent along, so not recomputed")
    return _recomputed(lambda: _wrong_with(_model_of(facts), facts, asked), "model or outputs")


def _product(result: Result, asked: Given) -> Finding:
    """Recompute some rows of a product of the matrices that the nonce drew."""
    product = products.asked_product(result.task, asked)
    if product is None or "product" not in result.environment:
        return _plausible("the product was not sent along, so not recomputed")
    if product.is_too_large:
        return _plausible("too large to recompute here")
    told = str(result.environment["product"])
    return _recomputed(lambda: products.wrong_with(product, told), "product")


def _stream(result: Result, asked: Given) -> Finding:
    """Recompute some parts of a long array that the nonce drew."""
    if "product" not in result.environment:
        return _plausible("the array's check sums were not sent along, so not recomputed")
    told = str(result.environment["product"])
    return _recomputed(lambda: streams.wrong_with(result.task, asked, told), "array")


def _kernel(result: Result, asked: Given) -> Finding:
    """Recompute what a micro-kernel makes of the operands that the nonce drew."""
    facts = result.environment
    if facts.get("takes_seed") is False:
        return _plausible(
            "the board's firmware takes no seed, so its answer is the same each time:"
            " flash the present one"
        )
    if "kernel_result" not in facts:
        return _plausible("the kernel's result was not sent along, so not recomputed")
    return _recomputed(lambda: kernels.wrong_with(result.task, asked, facts), "result")


def _perceptron(result: Result, asked: Given) -> Finding:
    """Recompute what a drawn network answers to some of its drawn inputs."""
    network = perceptron.asked_perceptron(asked)
    if "sums" not in result.environment:
        return _plausible("the answers were not sent along, so not recomputed")
    if network.is_too_large:
        return _plausible("too large to recompute here")
    told = str(result.environment["sums"])
    return _recomputed(lambda: perceptron.wrong_with(network, told), "answers")


def _consistent(result: Result, asked: Given) -> Finding:
    return consistency.found(result.task, asked, result.environment)


def _readings(result: Result, asked: Given) -> Finding:
    """Compare readings that say they are synthetic with those that the firmware makes."""
    facts = result.environment
    if facts.get("sensor") != "synthetic" or facts.get("is_synthetic") is not True:
        return _plausible("")
    return _recomputed(lambda: _wrong_with_readings(facts, asked), "readings")


def _wrong_with_readings(facts: Given, asked: Given) -> str:
    told = base64.b64decode(str(facts["readings_int16le"]), validate=True)
    expected = operands.synthetic_readings(int(asked["readings"]))
    wanted = struct.pack(f"<{len(expected)}h", *expected)
    if not told or len(told) != min(len(wanted), operands.TOLD_READINGS_BYTES):
        return f"it sends {len(told)} bytes of the {len(wanted)} of its readings"
    return "" if wanted.startswith(told) else "its synthetic readings are not the firmware's"


def _recomputed(wrong_with: Callable[[], str], what: str) -> Finding:
    try:
        wrong = wrong_with()
    except (KeyError, ValueError, TypeError, OverflowError, binascii.Error, zlib.error) as error:
        wrong = f"its {what} cannot be read: {str(error)[:120]}"
    return Finding(verdict=Verdict.REJECTED if wrong else Verdict.RECOMPUTED, reason=wrong)


def _plausible(reason: str) -> Finding:
    return Finding(verdict=Verdict.PLAUSIBLE, reason=reason)


def _model_of(facts: Given) -> bytes:
    pieces = [str(facts[name]) for i in range(16) if (name := f"model_{i}") in facts]
    unpacker = zlib.decompressobj()
    blob = unpacker.decompress(base64.b64decode("".join(pieces), validate=True), _MODEL_MOST)
    if not unpacker.eof:
        raise ValueError(f"longer than {_MODEL_MOST} bytes, or cut off")
    return blob


def _wrong_with(blob: bytes, facts: Given, asked: Given) -> str:
    """Return what contradicts the arithmetic, or an empty string."""
    layers = model_unpack(blob)
    if not _is_as_asked(layers, asked):
        return "the model is not of the width and precision that were asked for"
    if facts.get("model_bytes", len(blob)) != len(blob):
        return f"it claims a model of {facts['model_bytes']} bytes, it sent one of {len(blob)}"
    _, held_out = digits()
    chosen = held_out.pixels[int(asked["nonce"]) % len(held_out.pixels)]
    data = bytes.fromhex(str(facts.get("outputs", "")))
    expected = answers(layers, _pixels(Images(pixels=(chosen,), labels=(0,))))
    if data != expected.tobytes():
        return "its outputs for the image that we drew are not those of its model"
    seal = Outputs(data=data, check=int(str(facts.get("outputs_check", "")), 16))
    if not seal.is_of(str(asked["nonce"]), zlib.crc32(blob), chosen):
        return "its outputs are not sealed with the nonce that we drew"
    count = int(asked["images"])
    scored = answers(layers, _pixels(Images(pixels=held_out.pixels[:count], labels=())))
    right = float(np.mean(scored.argmax(axis=1) == np.asarray(held_out.labels[:count])))
    if abs(right - float(facts.get("accuracy", -1.0))) > 1e-9:
        return f"it claims another accuracy than the {right:.1%} of its model"
    return ""


def _is_as_asked(layers: tuple[Layer, ...], asked: Given) -> bool:
    kinds = {"int8": LayerKind.INT8, "int4": LayerKind.INT4, "fp32": LayerKind.FP32}
    kind = LayerKind.SPARSE8 if float(asked["sparsity"]) > 0 else kinds[str(asked["precision"])]
    shape = [(layer.inputs, layer.outputs) for layer in layers]
    width = int(asked["width"])
    return shape == [(64, width), (width, 10)] and {layer.kind for layer in layers} == {kind}


def _pixels(images: Images) -> NDArray[np.int8]:
    return np.array([list(row) for row in images.pixels], dtype=np.int8)


def answers(
    layers: tuple[Layer, ...], x: NDArray[np.int8]
) -> NDArray[np.int8] | NDArray[np.float32]:
    """Return what boards answer for rows of int8 inputs, shape (n, outputs), to the bit.

    Written from `firmware_specs.serial.blob`, apart from the agent's own reference.
    """
    if layers[0].kind is LayerKind.FP32:
        return _float_answers(layers, x.astype(np.float32))
    values = x.astype(np.int64)
    for layer in layers:
        weights = np.reshape(np.asarray(layer.weights, np.int64), (layer.outputs, layer.inputs))
        sums = (values @ weights.T + np.asarray(layer.bias, np.int64)) * layer.multiplier
        sums >>= 16
        if layer.shift:
            sums = (sums + (1 << layer.shift - 1)) >> layer.shift
        least = layer.zero if layer.is_relu else -128
        values = np.clip(sums + layer.zero, least, 127)
    return values.astype(np.int8)


def _float_answers(layers: tuple[Layer, ...], x: NDArray[np.float32]) -> NDArray[np.float32]:
    for layer in layers:
        weights = np.reshape(np.asarray(layer.weights, np.float32), (layer.outputs, layer.inputs))
        # One product after the other, each sum rounded: as the boards add.
        sums = np.zeros((len(x), layer.outputs), np.float32)
        for k in range(layer.inputs):
            sums += np.outer(x[:, k], weights[:, k])
        x = sums + np.asarray(layer.bias, np.float32)
        if layer.is_relu:
            x = np.maximum(x, 0)
    return x


_RECOMPUTED: Mapping[str, Callable[[Result, Given], Finding]] = {
    "digits": _classifier,
    "digits_host": _classifier,
    "gemm": _product,
    "gemv": _product,
    "onnx_gemm": _product,
    "int8_gemm": _product,
    **dict.fromkeys(streams.TASKS, _stream),
    **dict.fromkeys(KERNELS, _kernel),
    "mlp": _perceptron,
    "sensor": _readings,
    **dict.fromkeys(consistency.TASKS, _consistent),
}
