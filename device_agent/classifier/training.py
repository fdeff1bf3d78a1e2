"""Training a network of two fully connected layers on the digits, in seconds and repeatably."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from firmware_specs.datasets import Images

Array = NDArray[np.float32]
_CLASSES = 10
_EPOCHS, _BATCH = 40, 64
_RATE = 0.01
_WHITE = 16
_DECAY = (0.9, 0.999)


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """Weights w1 (width × 64), b1, w2 (10 × width), b2; ReLU in between. Pixels are 0 to 16."""

    w1: Array
    b1: Array
    w2: Array
    b2: Array

    def parts(self) -> tuple[Array, Array, Array, Array]:
        return self.w1, self.b1, self.w2, self.b2


def network_train(images: Images, *, width: int, sparsity: float = 0.0, seed: int = 1) -> Network:
    """Return a network trained by Adam on cross-entropy.

    Parameters
    ----------
    width
        Hidden units. [1]
    sparsity
        Share of weights, the smallest of each layer, that become zero halfway and stay so. [1]
    """
    given, labels = pixels_of(images), np.asarray(images.labels)
    # Centred, or most units would see only one side of their ReLU.
    mean = given.mean(axis=0)
    x = (given - mean) / np.float32(_WHITE)
    rng = np.random.default_rng(seed)
    network = Network(
        w1=_first_weights(rng, width, x.shape[1]),
        b1=np.zeros(width, np.float32),
        w2=_first_weights(rng, _CLASSES, width),
        b2=np.zeros(_CLASSES, np.float32),
    )
    network = _fit(network, x, labels, rng, None)
    if sparsity > 0:
        masks = tuple(_mask(w, sparsity) for w in (network.w1, network.w2))
        network = _fit(network, x, labels, rng, masks)
    w1 = network.w1 / np.float32(_WHITE)
    return replace(network, w1=w1, b1=network.b1 - w1 @ mean)


def pixels_of(images: Images) -> Array:
    """Return the images as rows of numbers, shape (n, pixels)."""
    return np.array([list(row) for row in images.pixels], dtype=np.float32)


def logits(network: Network, x: Array) -> Array:
    """Return the outputs for rows of pixels, shape (n, 10)."""
    hidden = np.maximum(x @ network.w1.T + network.b1, 0)
    scores: Array = hidden @ network.w2.T + network.b2
    return scores


def _first_weights(rng: np.random.Generator, outputs: int, inputs: int) -> Array:
    # K. He et al., 2015, arXiv:1502.01852, eq. 10: for ReLU.
    scale = (2 / inputs) ** 0.5
    weights: Array = (rng.standard_normal((outputs, inputs)) * scale).astype(np.float32)
    return weights


def _mask(weights: Array, sparsity: float) -> Array:
    least = np.quantile(np.abs(weights), sparsity)
    mask: Array = (np.abs(weights) > least).astype(np.float32)
    return mask


def _fit(
    network: Network,
    x: Array,
    labels: NDArray[np.int_],
    rng: np.random.Generator,
    masks: tuple[Array, ...] | None,
) -> Network:
    parts = [part.copy() for part in network.parts()]
    mean = [np.zeros_like(part) for part in parts]
    square = [np.zeros_like(part) for part in parts]
    step, steps = 0, _EPOCHS * -(-len(x) // _BATCH)
    for _ in range(_EPOCHS):
        order = rng.permutation(len(x))
        for start in range(0, len(x), _BATCH):
            chosen = order[start : start + _BATCH]
            step += 1
            gradients = _gradients(parts, x[chosen], labels[chosen])
            for i, gradient in enumerate(gradients):
                mean[i] = _DECAY[0] * mean[i] + (1 - _DECAY[0]) * gradient
                square[i] = _DECAY[1] * square[i] + (1 - _DECAY[1]) * gradient**2
                rate = _RATE * (1 - step / steps) * _unbiased(step)
                parts[i] = parts[i] - np.float32(rate) * mean[i] / (square[i] ** 0.5 + 1e-8)
            if masks is not None:
                parts[0] *= masks[0]
                parts[2] *= masks[1]
    w1, b1, w2, b2 = (part.astype(np.float32) for part in parts)
    return Network(w1=w1, b1=b1, w2=w2, b2=b2)


def _unbiased(step: int) -> float:
    """Return Adam's correction of its first means (D. Kingma, J. Ba, 2015, arXiv:1412.6980)."""
    factor: float = (1 - _DECAY[1] ** step) ** 0.5 / (1 - _DECAY[0] ** step)
    return factor


def _gradients(parts: list[Array], x: Array, labels: NDArray[np.int_]) -> list[Array]:
    """Return the gradient of the mean cross-entropy."""
    w1, b1, w2, b2 = parts
    hidden = np.maximum(x @ w1.T + b1, 0)
    scores = hidden @ w2.T + b2
    scores -= scores.max(axis=1, keepdims=True)
    shares = np.exp(scores)
    shares /= shares.sum(axis=1, keepdims=True)
    shares[np.arange(len(labels)), labels] -= 1
    shares /= len(labels)
    back = (shares @ w2) * (hidden > 0)
    return [back.T @ x, back.sum(axis=0), shares.T @ hidden, shares.sum(axis=0)]
