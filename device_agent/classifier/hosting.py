"""A classifier ready to be computed here: weights as arrays, few calls, the boards' bits."""

from collections.abc import Callable
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from firmware_specs.serial.blob import Layer, LayerKind

Answer = NDArray[np.int8] | NDArray[np.float32]
Images = NDArray[np.int8]
Whole = NDArray[np.int64]
Float = NDArray[np.float32]


def host_classifier(layers: tuple[Layer, ...]) -> Callable[[Images], Answer]:
    """Return what computes a network for rows of int8 images, shape (n, inputs)."""
    if layers[0].kind is LayerKind.FP32:
        floats = [_float_layer(layer) for layer in layers]
        return lambda x: reduce(lambda values, layer: layer(values), floats, x.astype(np.float32))
    wholes = [_whole_layer(layer) for layer in layers]
    return lambda x: reduce(lambda values, layer: layer(values), wholes, x.astype(np.int64)).astype(
        np.int8
    )


def _whole_layer(layer: Layer) -> Callable[[Whole], Whole]:
    weights = np.array(layer.weights, dtype=np.int64).reshape(layer.outputs, layer.inputs).T.copy()
    bias = np.array(layer.bias, dtype=np.int64)
    half = (1 << (layer.shift - 1)) if layer.shift else 0
    least = layer.zero if layer.is_relu else -128

    def compute(x: Whole) -> Whole:
        sums = ((x @ weights + bias) * layer.multiplier) >> 16
        scaled: Whole = ((sums + half) >> layer.shift) + layer.zero
        return np.minimum(np.maximum(scaled, least), 127)

    return compute


def _float_layer(layer: Layer) -> Callable[[Float], Float]:
    weights = np.array(layer.weights, dtype=np.float32).reshape(layer.outputs, layer.inputs)
    bias = np.array(layer.bias, dtype=np.float32)

    def compute(x: Float) -> Float:
        # One product after the other, each sum rounded: as the boards add.
        sums = np.add.accumulate(x[:, None, :] * weights, axis=2)[:, :, -1] + bias
        return np.maximum(sums, np.float32(0)) if layer.is_relu else sums

    return compute
