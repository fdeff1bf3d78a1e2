"""Models as they are sent to a board (`reference/core/model.h` reads them).

Little-endian: `FSM1`, layers, 0, inputs; each layer a header of 16 bytes, a bias of 4 bytes an
output, weights, padded to 4. Integer layers compute

    y = clamp(round((sum(w x) + bias) * multiplier / 2^(16 + shift)) + zero)

with the zero point of x folded into the bias. `multiplier` uses 16 bits, so that an 8-bit core
needs no 64-bit product: that is the gemmlowp scheme with a shorter mantissa.
"""

import struct
from dataclasses import dataclass
from enum import IntEnum
from itertools import pairwise

MAGIC = b"FSM1"
LAYERS_MOST = 4
_MODEL = struct.Struct("<4sBBH")
_LAYER = struct.Struct("<BBHHHBbHI")
_SPARSE_MOST = 255


class LayerKind(IntEnum):
    INT8 = 1
    INT4 = 2
    SPARSE8 = 3
    FP32 = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One fully connected layer.

    `bias` has one number an output; `weights` is row by row, outputs times inputs, floats for
    fp32, whole numbers otherwise (-8 to 7 for int4). A sparse layer sends only what is not zero.
    """

    kind: LayerKind
    inputs: int
    outputs: int
    weights: tuple[float, ...]
    bias: tuple[float, ...]
    is_relu: bool = False
    multiplier: int = 0
    shift: int = 0
    zero: int = 0

    def __post_init__(self) -> None:
        if len(self.weights) != self.inputs * self.outputs or len(self.bias) != self.outputs:
            raise ValueError(
                f"{len(self.weights)} weights and {len(self.bias)} biases for a layer of"
                f" {self.inputs} inputs and {self.outputs} outputs"
            )
        if not (0 <= self.multiplier < 1 << 16 and 0 <= self.shift <= 30):
            raise ValueError(f"multiplier {self.multiplier} or shift {self.shift} out of range")


def model_pack(layers: tuple[Layer, ...]) -> bytes:
    """Return the blob of a model.

    Raises
    ------
    ValueError
        If the layers do not fit together or a weight does not fit its kind.
    """
    if not 1 <= len(layers) <= LAYERS_MOST:
        raise ValueError(f"{len(layers)} layers, a board takes 1 to {LAYERS_MOST}")
    for before, after in pairwise(layers):
        if before.outputs != after.inputs or _is_float(before) != _is_float(after):
            raise ValueError("layers do not fit together")
    head = _MODEL.pack(MAGIC, len(layers), 0, layers[0].inputs)
    return head + b"".join(_layer_pack(layer) for layer in layers)


def model_unpack(blob: bytes) -> tuple[Layer, ...]:
    """Return the layers of a blob.

    Raises
    ------
    ValueError
        If it is no blob of ours, or longer or shorter than its headers say.
    """
    try:
        magic, count, _, inputs = _MODEL.unpack_from(blob)
        if magic != MAGIC or not 1 <= count <= LAYERS_MOST:
            raise ValueError(
                f"a blob begins with {MAGIC.decode()} and has 1 to {LAYERS_MOST} layers"
            )
        layers, at = [], _MODEL.size
        for _ in range(count):
            layer, at = _layer_unpack(blob, at)
            layers.append(layer)
    except (struct.error, IndexError) as error:
        raise ValueError(f"the blob ends early: {error}") from error
    widths = [inputs, *(layer.outputs for layer in layers)]
    if at != len(blob) or [layer.inputs for layer in layers] != widths[:-1]:
        raise ValueError("the layers do not fit together, or more follows them")
    return tuple(layers)


def _layer_unpack(blob: bytes, at: int) -> tuple[Layer, int]:
    """Return the layer that begins at an offset, and where the next one does."""
    kind, relu, inputs, outputs, multiplier, shift, zero, _, size = _LAYER.unpack_from(blob, at)
    of = LayerKind(kind)
    at += _LAYER.size
    bias = struct.unpack_from(f"<{outputs}{'f' if of is LayerKind.FP32 else 'i'}", blob, at)
    at += 4 * outputs
    weights = blob[at : at + size]
    if len(weights) != size:
        raise ValueError(f"{len(weights)} bytes of weights instead of {size}")
    layer = Layer(
        kind=of,
        inputs=inputs,
        outputs=outputs,
        weights=_UNPACKED[of](weights, inputs, outputs),
        bias=bias,
        is_relu=bool(relu),
        multiplier=multiplier,
        shift=shift,
        zero=zero,
    )
    return layer, at + size + -size % 4


def _whole_weights(data: bytes, inputs: int, outputs: int) -> tuple[float, ...]:
    return struct.unpack(f"<{inputs * outputs}b", data)


def _float_weights(data: bytes, inputs: int, outputs: int) -> tuple[float, ...]:
    return struct.unpack(f"<{inputs * outputs}f", data)


def _nibbles(data: bytes, inputs: int, outputs: int) -> tuple[float, ...]:
    stride = (inputs + 1) // 2
    rows = (data[i * stride : (i + 1) * stride] for i in range(outputs))
    whole = ([nibble for byte in row for nibble in (byte & 15, byte >> 4)] for row in rows)
    return tuple(float(n - 16 if n > 7 else n) for row in whole for n in row[:inputs])


def _kept_weights(data: bytes, inputs: int, outputs: int) -> tuple[float, ...]:
    found, at = [0.0] * (inputs * outputs), 0
    for row in range(outputs):
        count = data[at]
        for k in range(count):
            index, weight = struct.unpack_from("<Bb", data, at + 1 + 2 * k)
            if index >= inputs:
                raise ValueError(f"weight {index} of a row of {inputs}")
            found[row * inputs + index] = float(weight)
        at += 1 + 2 * count
    return tuple(found)


_UNPACKED = {
    LayerKind.INT8: _whole_weights,
    LayerKind.INT4: _nibbles,
    LayerKind.SPARSE8: _kept_weights,
    LayerKind.FP32: _float_weights,
}


def _is_float(layer: Layer) -> bool:
    return layer.kind is LayerKind.FP32


def _layer_pack(layer: Layer) -> bytes:
    try:
        weights = _WEIGHTS[layer.kind](layer)
        bias = struct.pack(f"<{layer.outputs}{'f' if _is_float(layer) else 'i'}", *layer.bias)
    except struct.error as error:
        raise ValueError(f"a weight or bias does not fit {layer.kind.name}: {error}") from error
    head = _LAYER.pack(
        layer.kind,
        layer.is_relu,
        layer.inputs,
        layer.outputs,
        layer.multiplier,
        layer.shift,
        layer.zero,
        0,
        len(weights),
    )
    return head + bias + weights + bytes(-len(weights) % 4)


def _rows(layer: Layer) -> list[tuple[float, ...]]:
    n = layer.inputs
    return [layer.weights[i * n : (i + 1) * n] for i in range(layer.outputs)]


def _int8(layer: Layer) -> bytes:
    return struct.pack(f"<{len(layer.weights)}b", *layer.weights)


def _fp32(layer: Layer) -> bytes:
    return struct.pack(f"<{len(layer.weights)}f", *layer.weights)


def _int4(layer: Layer) -> bytes:
    packed = bytearray()
    for row in _rows(layer):
        whole = [int(w) for w in row] + [0] * (len(row) % 2)
        if not all(-8 <= w <= 7 for w in whole):
            raise ValueError("an int4 weight lies outside -8 to 7")
        pairs = zip(whole[::2], whole[1::2], strict=True)
        packed += bytes((low & 15) | (high & 15) << 4 for low, high in pairs)
    return bytes(packed)


def _sparse8(layer: Layer) -> bytes:
    if layer.inputs > _SPARSE_MOST + 1:
        raise ValueError(f"a sparse layer has at most {_SPARSE_MOST + 1} inputs")
    packed = bytearray()
    for row in _rows(layer):
        kept = [(i, int(w)) for i, w in enumerate(row) if w]
        if len(kept) > _SPARSE_MOST:
            raise ValueError(f"a sparse row keeps at most {_SPARSE_MOST} weights; send it dense")
        packed.append(len(kept))
        for index, weight in kept:
            packed += struct.pack("<Bb", index, weight)
    return bytes(packed)


_WEIGHTS = {
    LayerKind.INT8: _int8,
    LayerKind.INT4: _int4,
    LayerKind.SPARSE8: _sparse8,
    LayerKind.FP32: _fp32,
}
