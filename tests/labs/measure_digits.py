"""Trains the networks of volume I, lab 5 on the digits: `python -m tests.labs.measure_digits`.

It prints the table of `labs/explore/vol1/lab_05_nn_compute/measured.py`; a test trains two rows of
it again. It lies here because a lab may not reach for the boards' data set, and a test may.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from firmware_specs.datasets import digits
from simcore.stochastic.perceptron_training import (
    ACTIVATIONS,
    accuracy,
    perceptrons_train,
    weights_rounded,
)

SEEDS = 10
TRAINED = 0.6
BITS = (8, 4, 3)
SHAPES = (*((1, width) for width in (4, 8, 16, 32, 64, 128)),
          *((2, width) for width in (8, 16, 32, 64)), (3, 8))  # fmt: skip


def splits() -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return all digits in another order for each seed: pixels (s, n, 64) of 0 to 1, labels."""
    train, held_out = digits()
    pixels = np.array([list(image) for image in (*train.pixels, *held_out.pixels)]) / 16
    labels = np.array((*train.labels, *held_out.labels))
    orders = [np.random.default_rng(seed).permutation(len(labels)) for seed in range(SEEDS)]
    return np.stack([pixels[o] for o in orders]), np.stack([labels[o] for o in orders])


def measure(activation: str, layers: int, width: int) -> tuple[float, ...]:
    """Return mean accuracies at 32, 8, 4 and 3 bits and the standard error of the first."""
    x, y = splits()
    cut = round(TRAINED * x.shape[1])
    # Centred, or some units would see only one side of their ReLU.
    x = x - x[:, :cut].mean(axis=1, keepdims=True)
    trained = perceptrons_train(
        x[:, :cut], y[:, :cut], activation=activation, hidden=(width,) * layers, classes=10, seed=1
    )
    rounded = (trained, *(weights_rounded(trained, bits) for bits in BITS))
    found = np.array([accuracy(networks, x[:, cut:], y[:, cut:]) for networks in rounded])
    error = found[0].std(ddof=1) / SEEDS**0.5
    return (*(float(mean) for mean in found.mean(axis=1)), float(error))


def table() -> Iterator[str]:
    for activation in ACTIVATIONS:
        for layers, width in SHAPES:
            row = ", ".join(f"{value:.4f}" for value in measure(activation, layers, width))
            yield f'    ("{activation}", {layers}, {width}): ({row}),'


if __name__ == "__main__":
    for line in table():
        print(line, flush=True)
