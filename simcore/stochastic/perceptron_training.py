"""Small networks trained for real, several seeds at once: accuracy is measured, not modelled.

Each seed has its own images, split and first weights; arrays carry the seeds in front, so that
ten networks train in the time of two.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from simcore.equations.distillation import softened
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Teaching:
    """What a student hears besides labels: a teacher's scores (s, n, classes), softened.

    The loss is (1 - share) times the labels' cross-entropy plus share times temperature^2 times
    that with the teacher's softened outputs.
    """

    scores: Array
    temperature: float
    share: float


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
    first: Networks | None = None,
    kept: Sequence[NDArray[np.bool_]] | None = None,
    teaching: Teaching | None = None,
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
    first : Networks or None
        Networks to go on from; without them first weights are drawn.
    kept : sequence of ndarray of bool, or None
        For each layer the weights (s, in, out) that may differ from zero; all without it.
    teaching : Teaching or None
        A teacher to listen to besides the labels.

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
    for ReLU). arXiv:1502.01852; X. Glorot, Y. Bengio, AISTATS 2010, eq. 12 (for the others);
    G. Hinton et al., "Distilling the knowledge in a neural network", 2015. arXiv:1503.02531
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
    if first is not None:
        parts = [part.copy() for part in _parts(first)]
    masks = {2 * i: mask for i, mask in enumerate(kept or ())}
    for i, mask in masks.items():
        parts[i] *= mask
    means, squares = [np.zeros_like(p) for p in parts], [np.zeros_like(p) for p in parts]
    truth = np.eye(classes)[labels]
    step, steps = 0, epochs * -(-count // batch)
    for _ in range(epochs):
        order = rng.permutation(count)
        for start in range(0, count, batch):
            chosen, step = order[start : start + batch], step + 1
            heard = _chosen(teaching, chosen)
            gradients = _gradients(parts, x[:, chosen], truth[:, chosen], activation, heard)
            unbiased = (1 - _SQUARE_DECAY**step) ** 0.5 / (1 - _DECAY**step)
            size = rate * (1 - (step - 1) / steps) * unbiased
            for i, gradient in enumerate(gradients):
                means[i] += (1 - _DECAY) * (gradient - means[i])
                squares[i] += (1 - _SQUARE_DECAY) * (gradient**2 - squares[i])
                parts[i] -= size * means[i] / (np.sqrt(squares[i]) + _SMALL)
                if i in masks:
                    parts[i] *= masks[i]
    return Networks(activation=activation, weights=tuple(parts[::2]), biases=tuple(parts[1::2]))


def weights_rounded(networks: Networks, bits: int, *, by_unit: bool = False) -> Networks:
    """Return the networks with weights on 2^bits - 1 levels around zero.

    The largest weight of a layer, or of each unit, sets the scale.

    Rounding follows training, nothing is trained again; biases stay as they are.

    Parameters
    ----------
    networks : Networks
        Trained networks.
    bits : int
        Of one weight, 2 or more. [1]
    by_unit : bool
        Whether each unit has a scale of its own, or all of a layer share one.

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
    levels, axes = 2 ** (bits - 1) - 1, (1,) if by_unit else (1, 2)
    largest = [np.abs(w).max(axis=axes, keepdims=True) for w in networks.weights]
    scales = [np.where(most > 0, most, 1.0) / levels for most in largest]
    rounded = tuple(np.round(w / s) * s for w, s in zip(networks.weights, scales, strict=True))
    return Networks(activation=networks.activation, weights=rounded, biases=networks.biases)


def smallest_dropped(networks: Networks, sparsity: float) -> tuple[NDArray[np.bool_], ...]:
    """Return which weights stay if the smallest of each layer go, shapes of the weights.

    Parameters
    ----------
    networks : Networks
        Trained networks.
    sparsity : float
        Share of each layer's weights to drop, 0 to below 1. [1]

    Raises
    ------
    ValueError
        If the share lies outside 0 to below 1.

    References
    ----------
    S. Han et al., "Learning both weights and connections", NeurIPS 2015. arXiv:1506.02626
    """
    if not 0 <= sparsity < 1:
        raise ValueError(f"sparsity must be 0 or more and below 1, got {sparsity}")
    return tuple(
        np.abs(w) >= np.quantile(np.abs(w), sparsity, axis=(1, 2), keepdims=True)
        for w in networks.weights
    )


def two_of_four(networks: Networks) -> tuple[NDArray[np.bool_], ...]:
    """Return which weights stay if each four inputs in a row of a unit keep their largest two.

    References
    ----------
    A. Mishra et al., "Accelerating sparse deep neural networks", 2021. arXiv:2104.08378
    """
    kept = []
    for w in networks.weights:
        seeds, inputs, outputs = w.shape
        fours = np.abs(w).reshape(seeds, inputs // 4, 4, outputs)
        ranks = fours.argsort(axis=2).argsort(axis=2)
        kept.append((ranks >= 2).reshape(w.shape))
    return tuple(kept)


def units_dropped(networks: Networks, kept: int) -> Networks:
    """Return networks of one hidden layer with its `kept` strongest units; the others are gone.

    A unit is as strong as the norm of its weights in and out together.

    References
    ----------
    H. Li et al., "Pruning filters for efficient ConvNets", ICLR 2017. arXiv:1608.08710
    """
    into, out = networks.weights
    strength = np.linalg.norm(into, axis=1) * np.linalg.norm(out, axis=2)
    best = np.sort(np.argsort(-strength, axis=1)[:, :kept], axis=1)
    return Networks(
        activation=networks.activation,
        weights=(np.take_along_axis(into, best[:, np.newaxis, :], axis=2),
                 np.take_along_axis(out, best[:, :, np.newaxis], axis=1)),
        biases=(np.take_along_axis(networks.biases[0], best[:, np.newaxis, :], axis=2),
                networks.biases[1]),
    )  # fmt: skip


def scores(networks: Networks, x: Array) -> Array:
    """Return what each network says of each example before the softmax, shape (s, n, classes)."""
    return _forward(_parts(networks), x, networks.activation)[-1]


def accuracy(networks: Networks, x: Array, labels: Labels) -> Array:
    """Return the share of examples each network gets right, shape (s,). [1]"""
    return np.asarray((scores(networks, x).argmax(axis=2) == labels).mean(axis=1))


def _parts(networks: Networks) -> list[Array]:
    """Return weights and biases in turn."""
    return [p for pair in zip(networks.weights, networks.biases, strict=True) for p in pair]


def _chosen(teaching: Teaching | None, chosen: NDArray[np.int64]) -> Teaching | None:
    if teaching is None:
        return None
    return Teaching(
        scores=teaching.scores[:, chosen], temperature=teaching.temperature, share=teaching.share
    )


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


def _score_gradient(said: Array, truth: Array, teaching: Teaching | None) -> Array:
    """Return the gradient of one example's loss on the scores."""
    from_labels = softened(said, 1.0) - truth
    if teaching is None:
        return from_labels
    t = teaching.temperature
    # T^2 times the gradient (p - q) / T of the softened cross-entropy.
    from_teacher = t * (softened(said, t) - softened(teaching.scores, t))
    return (1 - teaching.share) * from_labels + teaching.share * from_teacher


def _gradients(
    parts: list[Array],
    x: Array,
    truth: Array,
    activation: str,
    teaching: Teaching | None = None,
) -> list[Array]:
    """Return the gradients of the mean loss, in the order of the parts."""
    values = _forward(parts, x, activation)
    back = _score_gradient(values.pop(), truth, teaching) / x.shape[1]
    found: list[Array] = []
    for i in reversed(range(len(values))):
        found = [values[i].swapaxes(1, 2) @ back, back.sum(axis=1, keepdims=True), *found]
        if i:
            back = (back @ parts[2 * i].swapaxes(1, 2)) * _slope(values[i], activation)
    return found
