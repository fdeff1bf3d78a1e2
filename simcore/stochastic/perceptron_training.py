"""Small networks trained for real, several seeds at once: accuracy is measured, not modelled.

Each seed has its own images, split and first weights; arrays carry the seeds in front, so that
ten networks train in the time of two.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from simcore.errors import NotInCatalogue, unknown

Array = NDArray[np.float64]
Labels = NDArray[np.int64]

ACTIVATIONS = ("relu", "logistic", "tanh")
_DECAY, _SQUARE_DECAY, _SMALL = 0.9, 0.999, 1e-8


@dataclass(frozen=True, slots=True, kw_only=True)
class Networks:
    """Networks of one shape, one for each of s seeds: weights (s, in, out), biases (s, 1, out)."""

    activation: str
    weights: tuple[Array, ...]
    biases: tuple[Array, ...]


def perceptrons_train(
    x: Array,
    labels: Labels,
    *,
    activation: str,
    hidden: tuple[int, ...],
    classes: int,
    seed: int,
    epochs: int = 60,
    batch: int = 32,
    rate: float = 0.01,
) -> Networks:
    """Return networks trained by Adam on cross-entropy, the rate falling to zero in a line.

    Parameters
    ----------
    x : ndarray, shape (s, n, d)
        Inputs of each seed's training set. [1]
    labels : ndarray of int, shape (s, n)
        Their classes, from 0. [1]
    activation : str
        relu, logistic or tanh.
    hidden : tuple of int
        Units of each hidden layer. [1]
    classes : int
        Outputs. [1]
    seed : int
        Of first weights and order. [1]
    epochs, batch : int
        Passes over the set, examples of one update. [1]
    rate : float
        First step size. [1]

    Returns
    -------
    Networks
        One network for each seed.

    Raises
    ------
    NotInCatalogue
        If the activation is unknown.

    References
    ----------
    D. Kingma, J. Ba, "Adam", ICLR 2015. arXiv:1412.6980; K. He et al., 2015, eq. 10 (first weights
    for ReLU). arXiv:1502.01852; X. Glorot, Y. Bengio, AISTATS 2010, eq. 12 (for the others).
    """
    if activation not in ACTIVATIONS:
        raise NotInCatalogue(unknown("activation", activation, ACTIVATIONS))
    rng = np.random.default_rng(seed)
    seeds, count, inputs = x.shape
    sizes = (inputs, *hidden, classes)
    parts = [
        part
        for n, m in pairwise(sizes)
        for part in (_first_weights(rng, seeds, n, m, activation), np.zeros((seeds, 1, m)))
    ]
    means, squares = [np.zeros_like(p) for p in parts], [np.zeros_like(p) for p in parts]
    truth = np.eye(classes)[labels]
    step, steps = 0, epochs * -(-count // batch)
    for _ in range(epochs):
        order = rng.permutation(count)
        for start in range(0, count, batch):
            chosen, step = order[start : start + batch], step + 1
            gradients = _gradients(parts, x[:, chosen], truth[:, chosen], activation)
            unbiased = (1 - _SQUARE_DECAY**step) ** 0.5 / (1 - _DECAY**step)
            size = rate * (1 - (step - 1) / steps) * unbiased
            for i, gradient in enumerate(gradients):
                means[i] += (1 - _DECAY) * (gradient - means[i])
                squares[i] += (1 - _SQUARE_DECAY) * (gradient**2 - squares[i])
                parts[i] -= size * means[i] / (np.sqrt(squares[i]) + _SMALL)
    return Networks(activation=activation, weights=tuple(parts[::2]), biases=tuple(parts[1::2]))


def weights_rounded(networks: Networks, bits: int) -> Networks:
    """Return the networks with weights on 2^bits - 1 levels around zero, one scale a layer.

    Rounding follows training, nothing is trained again; biases stay as they are.

    Parameters
    ----------
    networks : Networks
        Trained networks.
    bits : int
        Of one weight, 2 or more. [1]

    Returns
    -------
    Networks
        Rounded networks.

    Raises
    ------
    ValueError
        If there is no bit beside the sign.

    References
    ----------
    M. Nagel et al., "A white paper on neural network quantization", 2021, sec. 2.2 (symmetric
    uniform, per tensor). arXiv:2106.08295
    """
    if bits < 2:
        raise ValueError(f"bits must be 2 or more, got {bits}: one is the sign")
    levels = 2 ** (bits - 1) - 1
    scales = [np.abs(w).max(axis=(1, 2), keepdims=True) / levels for w in networks.weights]
    rounded = tuple(np.round(w / s) * s for w, s in zip(networks.weights, scales, strict=True))
    return Networks(activation=networks.activation, weights=rounded, biases=networks.biases)


def accuracy(networks: Networks, x: Array, labels: Labels) -> Array:
    """Return the share of examples each network gets right, shape (s,). [1]"""
    parts = [p for pair in zip(networks.weights, networks.biases, strict=True) for p in pair]
    scores = _forward(parts, x, networks.activation)[-1]
    return np.asarray((scores.argmax(axis=2) == labels).mean(axis=1))


def _first_weights(
    rng: np.random.Generator, seeds: int, inputs: int, outputs: int, activation: str
) -> Array:
    variance = 2 / inputs if activation == "relu" else 2 / (inputs + outputs)
    return np.asarray(rng.standard_normal((seeds, inputs, outputs)) * variance**0.5)


def _forward(parts: list[Array], x: Array, activation: str) -> list[Array]:
    """Return the input, what each hidden layer gives, and the scores."""
    values = [x]
    layers = len(parts) // 2
    for i in range(layers):
        sums = values[-1] @ parts[2 * i] + parts[2 * i + 1]
        values.append(_activated(sums, activation) if i < layers - 1 else sums)
    return values


def _activated(sums: Array, activation: str) -> Array:
    if activation == "relu":
        return np.maximum(sums, 0)
    if activation == "tanh":
        return np.tanh(sums)
    return np.asarray(0.5 * (1 + np.tanh(0.5 * sums)))


def _slope(value: Array, activation: str) -> Array:
    """Return the derivative, from what the function gave."""
    if activation == "relu":
        return np.asarray(value > 0, dtype=float)
    return 1 - value**2 if activation == "tanh" else value * (1 - value)


def _gradients(parts: list[Array], x: Array, truth: Array, activation: str) -> list[Array]:
    """Return the gradients of the mean cross-entropy, in the order of the parts."""
    values = _forward(parts, x, activation)
    scores = values.pop()
    shares = np.exp(scores - scores.max(axis=2, keepdims=True))
    shares /= shares.sum(axis=2, keepdims=True)
    back = (shares - truth) / x.shape[1]
    found: list[Array] = []
    for i in reversed(range(len(values))):
        found = [values[i].swapaxes(1, 2) @ back, back.sum(axis=1, keepdims=True), *found]
        if i:
            back = (back @ parts[2 * i].swapaxes(1, 2)) * _slope(values[i], activation)
    return found
