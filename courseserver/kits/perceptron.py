"""A drawn network's answers, worked out for some of its inputs and compared within a tolerance.

Sums of floats depend on the order of adding up, so the kit tells the sum of each group of rows of
the last layer. Nothing there is negative and nothing cancels: an honest sum is off by no more than
the roundings of as many additions as there are, in each layer.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from courseserver.kits import drawing
from firmware_specs import drawn
from firmware_specs.wire import Scalar


@dataclass(frozen=True, slots=True, kw_only=True)
class Perceptron:
    """What was asked for: `layers` square layers with ReLU, for `batch` inputs."""

    batch: int
    width: int
    layers: int
    dtype: str
    nonce: int

    @property
    def is_too_large(self) -> bool:
        rows = -(-self.batch // drawn.PARTS)
        return self.width * (self.layers * self.width + rows) > drawing.NUMBERS_MOST

    @property
    def tolerance(self) -> float:
        """Return by what share a sum may differ: a rounding for each addition on the way."""
        return float(self.layers * self.width * np.finfo(self.dtype).eps)


def asked_perceptron(asked: Mapping[str, Scalar]) -> Perceptron:
    batch, width, layers, nonce = (int(asked[x]) for x in ("batch", "width", "layers", "nonce"))
    return Perceptron(
        batch=batch, width=width, layers=layers, dtype=str(asked["dtype"]), nonce=nonce
    )


def wrong_with(asked: Perceptron, told: str) -> str:
    """Return what contradicts the arithmetic, or an empty string.

    Raises
    ------
    ValueError
        If `told` are no sums.
    """
    groups = drawn.parts(asked.batch)
    sums = np.frombuffer(base64.b64decode(told, validate=True), dtype="<f8")
    if len(sums) != len(groups):
        return f"it tells {len(sums)} sums of {len(groups)}"
    which = drawing.groups_to_look_at(groups)
    x = np.concatenate([_inputs(asked, groups[i]) for i in which])
    for layer in range(asked.layers):
        x = np.maximum(x @ _weights(asked, layer), 0)
    sizes = [groups[i].stop - groups[i].start for i in which]
    expected = [part.sum() for part in np.split(x, np.cumsum(sizes)[:-1])]
    if np.allclose(sums[which], expected, rtol=asked.tolerance, atol=0.0):
        return ""
    return "its answers are not those of the network and inputs that we drew"


def _inputs(asked: Perceptron, rows: slice) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    which = slice(rows.start * asked.width, rows.stop * asked.width)
    return drawing.numbers(asked.nonce, drawn.LEFT, which).reshape(-1, asked.width)


def _weights(asked: Perceptron, layer: int) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    size = asked.width**2
    which = slice(layer * size, (layer + 1) * size)
    weights = drawing.numbers(asked.nonce, drawn.RIGHT, which).reshape(asked.width, asked.width)
    return weights * drawn.layer_scale(asked.width)
