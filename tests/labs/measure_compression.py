"""Rounds, prunes and teaches digit readers for volume I, lab 10.

`python -m tests.labs.measure_compression` prints the tables of
`labs/explore/vol1/lab_10_model_compress/measured.py`; a test makes rows of them again. It lies here
because a lab may not reach for the boards' data set, and a test may.
"""

from collections.abc import Iterator, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from simcore.stochastic.perceptron_training import (
    Networks,
    Teaching,
    accuracy,
    perceptrons_train,
    scores,
    smallest_dropped,
    two_of_four,
    units_dropped,
    weights_rounded,
)
from tests.labs.measure_digits import SEEDS, TRAINED, splits

Array = NDArray[np.float64]
Masks = Sequence[NDArray[np.bool_]]

WIDTH, TEACHER = 32, 256
WIDTHS = (6, 8, 12, 16, 24, 32, 48)
BITS = (32, 8, 6, 5, 4, 3)
ROUNDED = (10, 8, 7, 6, 5, 4, 3, 2)
SPARSITIES = (0.0, 0.5, 0.7, 0.8)
PRUNED = (0.5, 0.7, 0.8, 0.9, 0.95)
UNITS = (16, 10, 6, 3, 2)
"""Units left of 32 when about the same shares go as whole units."""
TEMPERATURE, SHARE = 4.0, 0.7
AGAIN, AGAIN_RATE = 20, 0.003
"""Epochs and step size of training after pruning."""


@cache
def data() -> tuple[Array, NDArray[np.int64], int]:
    """Return centred pixels (s, n, 64), labels, and how many of them are for training."""
    x, y = splits()
    cut = round(TRAINED * x.shape[1])
    return x - x[:, :cut].mean(axis=1, keepdims=True), y, cut


def train(
    width: int, *, teaching: Teaching | None = None, first: Networks | None = None,
    kept: Masks | None = None,
) -> Networks:  # fmt: skip
    x, y, cut = data()
    again = {} if first is None else {"epochs": AGAIN, "rate": AGAIN_RATE}
    return perceptrons_train(
        x[:, :cut], y[:, :cut], activation="relu", hidden=(width,), classes=10, seed=1,
        first=first, kept=kept, teaching=teaching, **again,
    )  # fmt: skip


@cache
def teaching() -> Teaching:
    x, _, cut = data()
    return Teaching(scores=scores(train(TEACHER), x[:, :cut]), temperature=TEMPERATURE, share=SHARE)


@cache
def trained(width: int, taught: bool = False) -> Networks:
    return train(width, teaching=teaching() if taught else None)


def pruned(width: int, sparsity: float, *, taught: bool = False) -> Networks:
    """Return networks without their smallest weights, trained again."""
    before = trained(width, taught)
    if not sparsity:
        return before
    kept = smallest_dropped(before, sparsity)
    return train(width, first=before, kept=kept, teaching=teaching() if taught else None)


def masked(networks: Networks, kept: Masks) -> Networks:
    weights = tuple(w * mask for w, mask in zip(networks.weights, kept, strict=True))
    return Networks(activation=networks.activation, weights=weights, biases=networks.biases)


def tested(networks: Networks) -> tuple[float, float]:
    """Return the mean accuracy of ten seeds and its standard error."""
    x, y, cut = data()
    found = accuracy(networks, x[:, cut:], y[:, cut:])
    return float(found.mean()), float(found.std(ddof=1) / SEEDS**0.5)


def rounded_noise(networks: Networks, bits: int, *, by_unit: bool) -> float:
    """Return signal over rounding noise of the first layer's weights. [dB]"""
    before = networks.weights[0]
    error = weights_rounded(networks, bits, by_unit=by_unit).weights[0] - before
    return float(10 * np.log10(np.mean(before**2) / np.mean(error**2)))


def sparse_rounded(networks: Networks, bits: int) -> Networks:
    return networks if bits == 32 else weights_rounded(networks, bits)


def tables() -> Iterator[str]:
    yield f"TEACHER_ACCURACY = {tuple(round(v, 4) for v in tested(trained(TEACHER)))}"
    yield "ROUNDED"
    for by_unit in (False, True):
        for bits in ROUNDED:
            found = weights_rounded(trained(WIDTH), bits, by_unit=by_unit)
            mean, error = tested(found)
            noise = rounded_noise(trained(WIDTH), bits, by_unit=by_unit)
            yield f"    ({bits}, {by_unit}): ({mean:.4f}, {error:.4f}, {noise:.1f}),"
    yield "PRUNED"
    before = trained(WIDTH)
    for sparsity in PRUNED:
        kept = smallest_dropped(before, sparsity)
        found = (masked(before, kept), train(WIDTH, first=before, kept=kept))
        for again, networks in zip((False, True), found, strict=True):
            mean, error = tested(networks)
            yield f'    ("scattered", {sparsity}, {again}): ({mean:.4f}, {error:.4f}),'
    kept = two_of_four(before)
    for again, networks in ((False, masked(before, kept)),
                            (True, train(WIDTH, first=before, kept=kept))):  # fmt: skip
        mean, error = tested(networks)
        yield f'    ("2:4", 0.5, {again}): ({mean:.4f}, {error:.4f}),'
    for sparsity, units in zip(PRUNED, UNITS, strict=True):
        left = units_dropped(before, units)
        for again, networks in ((False, left), (True, train(units, first=left))):
            mean, error = tested(networks)
            yield f'    ("units", {sparsity}, {again}): ({mean:.4f}, {error:.4f}),'
    yield "READERS"
    for width in WIDTHS:
        for taught in (False, True):
            for sparsity in SPARSITIES:
                networks = pruned(width, sparsity, taught=taught)
                found = [tested(sparse_rounded(networks, bits)) for bits in BITS]
                row = ", ".join(f"{mean:.4f}" for mean, _ in found)
                yield f"    ({width}, {taught}, {sparsity}): ({row}, {found[0][1]:.4f}),"


if __name__ == "__main__":
    for line in tables():
        print(line, flush=True)
