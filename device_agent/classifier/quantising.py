"""From a trained network to the layers that a board runs, and the reference of their arithmetic."""

import math
from collections.abc import Callable
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from device_agent.classifier.training import Array, Network, logits
from firmware_specs.serial.blob import Layer, LayerKind

Images = NDArray[np.int8]
Answer = NDArray[np.int8] | NDArray[np.float32]
Whole = NDArray[np.int64]
PRECISIONS = ("int8", "int4", "fp32")
_MOST = {LayerKind.INT8: 127, LayerKind.SPARSE8: 127, LayerKind.INT4: 7}
# Of ReLU's outputs, above which they are clamped: outliers would cost all others resolution.
_CLAMPED = 0.9995


def layers_of(network: Network, x: Array, *, precision: str, is_sparse: bool) -> tuple[Layer, ...]:
    """Return the layers of a network, its activations scaled by what they are on images `x`.

    Raises
    ------
    ValueError
        If the precision is unknown, or sparse weights are asked for in other than int8.
    """
    if precision not in PRECISIONS or (is_sparse and precision != "int8"):
        raise ValueError(f"no {'sparse' if is_sparse else 'dense'} kernel for {precision!r}")
    if precision == "fp32":
        return _fp32(network)
    kind = {"int8": LayerKind.INT8, "int4": LayerKind.INT4}[precision]
    kind = LayerKind.SPARSE8 if is_sparse else kind
    hidden = np.maximum(x @ network.w1.T + network.b1, 0)
    hidden_scale = max(float(np.quantile(hidden, _CLAMPED)) / 255, 1e-6)
    output_scale = max(float(np.abs(logits(network, x)).max()) / 127, 1e-6)
    first = _layer(kind, network.w1, network.b1, (1.0, 0), (hidden_scale, -128), is_relu=True)
    second = _layer(kind, network.w2, network.b2, (hidden_scale, -128), (output_scale, 0))
    return first, second


def _fp32(network: Network) -> tuple[Layer, ...]:
    return tuple(
        Layer(
            kind=LayerKind.FP32,
            inputs=w.shape[1],
            outputs=w.shape[0],
            weights=tuple(w.ravel().tolist()),
            bias=tuple(b.tolist()),
            is_relu=is_relu,
        )
        for w, b, is_relu in ((network.w1, network.b1, True), (network.w2, network.b2, False))
    )


def _layer(
    kind: LayerKind,
    w: Array,
    b: Array,
    given: tuple[float, int],
    wanted: tuple[float, int],
    *,
    is_relu: bool = False,
) -> Layer:
    """Return an integer layer. `given`, `wanted`: scale and zero point of input and output."""
    weight_scale = max(float(np.abs(w).max()) / _MOST[kind], 1e-9)
    whole = np.rint(w / weight_scale).astype(np.int64)
    product_scale = given[0] * weight_scale
    bias = np.rint(b / product_scale).astype(np.int64) - given[1] * whole.sum(axis=1)
    multiplier, shift = _multiplier(product_scale / wanted[0])
    return Layer(
        kind=kind,
        inputs=w.shape[1],
        outputs=w.shape[0],
        weights=tuple(whole.ravel().tolist()),
        bias=tuple(bias.tolist()),
        is_relu=is_relu,
        multiplier=multiplier,
        shift=shift,
        zero=wanted[1],
    )


def _multiplier(ratio: float) -> tuple[int, int]:
    """Return m and s of ratio ≈ m / 2^(16 + s), m as large as 16 bits allow."""
    shift = min(30, max(0, -math.frexp(ratio)[1]))
    return min(65_535, round(math.ldexp(ratio, 16 + shift))), shift


def classifier_of(layers: tuple[Layer, ...]) -> Callable[[Images], Answer]:
    """Return what computes the boards' answers, to the bit, for rows of int8, shape (n, inputs).

    Weights become arrays once, so that one call costs little.
    """
    if layers[0].kind is LayerKind.FP32:
        floats = [_float_layer(layer) for layer in layers]
        return lambda x: reduce(lambda values, layer: layer(values), floats, x.astype(np.float32))
    wholes = [_whole_layer(layer) for layer in layers]
    return lambda x: reduce(lambda values, layer: layer(values), wholes, x.astype(np.int64)).astype(
        np.int8
    )


def run(layers: tuple[Layer, ...], x: Images) -> Answer:
    """Return what a board must answer, to the bit, for rows of int8 inputs, shape (n, inputs)."""
    return classifier_of(layers)(x)


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


def _float_layer(layer: Layer) -> Callable[[Array], Array]:
    weights = np.array(layer.weights, dtype=np.float32).reshape(layer.outputs, layer.inputs)
    bias = np.array(layer.bias, dtype=np.float32)

    def compute(x: Array) -> Array:
        # One product after the other, each sum rounded, beginning at nought: as the boards add.
        sums = np.add.accumulate(x[:, None, :] * weights, axis=2)[:, :, -1]
        sums = sums + np.float32(0) + bias
        return np.maximum(sums, np.float32(0)) if layer.is_relu else sums

    return compute


def products(layers: tuple[Layer, ...]) -> int:
    """Return the multiply-accumulates of one inference; sparse layers skip their zeros."""
    return sum(
        sum(w != 0 for w in layer.weights)
        if layer.kind is LayerKind.SPARSE8
        else layer.inputs * layer.outputs
        for layer in layers
    )
