"""Tests readers of volume I, lab 14 on images of an ageing camera: `python -m ...measure_ageing`.

It prints the table of `labs/explore/vol1/lab_14_ml_ops/measured.py`; a test makes rows of it again.
It lies here because a lab may not reach for the boards' data set, and a test may.
"""

from collections.abc import Iterator
from functools import cache

import numpy as np
from numpy.typing import NDArray

from simcore.equations.drift import stability_index
from simcore.stochastic.perceptron_training import Networks, accuracy, perceptrons_train
from tests.labs.measure_digits import SEEDS, TRAINED, splits

Array = NDArray[np.float64]

WIDTH, BINS = 32, 10
CHANGES = {
    "dimmed": (0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7),
    "moved": (0.25, 0.5, 0.75, 1.0, 1.5, 2.0),
}
"""Share of the light that is lost, and pixels by which the image lies to the right."""


def changed(pixels: Array, change: str, amount: float) -> Array:
    """Return images (s, n, 64) as the aged camera gives them."""
    if change == "dimmed":
        return pixels * (1.0 - amount)
    images = pixels.reshape(*pixels.shape[:-1], 8, 8)
    whole, part = int(amount), amount % 1
    near, far = (_moved(images, steps) for steps in (whole, whole + 1))
    return ((1 - part) * near + part * far).reshape(pixels.shape)


def _moved(images: Array, columns: int) -> Array:
    found = np.zeros_like(images)
    found[..., columns:] = images[..., : 8 - columns]
    return found


@cache
def trained() -> tuple[Networks, Array]:
    """Return networks trained on images as they were, and the mean image of each training set."""
    x, y = splits()
    cut = round(TRAINED * x.shape[1])
    mean = x[:, :cut].mean(axis=1, keepdims=True)
    networks = perceptrons_train(
        x[:, :cut] - mean, y[:, :cut], activation="relu", hidden=(WIDTH,), classes=10, seed=1
    )
    return networks, mean


def measure(change: str, amount: float) -> tuple[float, float, float]:
    """Return mean accuracy, its standard error, and the index of the images' brightness."""
    x, y = splits()
    cut = round(TRAINED * x.shape[1])
    networks, mean = trained()
    now = changed(x[:, cut:], change, amount)
    found = accuracy(networks, now - mean, y[:, cut:])
    return (
        float(found.mean()),
        float(found.std(ddof=1) / SEEDS**0.5),
        float(np.mean([_index(a, b) for a, b in zip(x[:, :cut], now, strict=True)])),
    )


def _index(reference: Array, current: Array) -> float:
    """Return the stability index of the mean brightness, over deciles of the reference."""
    limits = np.quantile(reference.mean(axis=1), np.arange(1, BINS) / BINS)
    counts = [
        np.bincount(np.searchsorted(limits, images.mean(axis=1)), minlength=BINS)
        for images in (reference, current)
    ]
    return float(stability_index(*counts))


def table() -> Iterator[str]:
    yield f'    ("dimmed", 0.0): {_row("dimmed", 0.0)},'
    for change, amounts in CHANGES.items():
        for amount in amounts:
            yield f'    ("{change}", {amount}): {_row(change, amount)},'


def _row(change: str, amount: float) -> str:
    mean, error, index = measure(change, amount)
    return f"({mean:.4f}, {error:.4f}, {index:.3f})"


if __name__ == "__main__":
    for line in table():
        print(line, flush=True)
