"""Trains readers of volume I, lab 9 on chosen digits: `python -m tests.labs.measure_selection`.

It prints the table of `labs/explore/vol1/lab_09_data_selection/measured.py`; a test trains rows of
it again. It lies here because a lab may not reach for the boards' data set, and a test may.
"""

from collections.abc import Iterator
from functools import cache
from itertools import product

import numpy as np
from numpy.typing import NDArray

from simcore.equations.distillation import softened
from simcore.stochastic.perceptron_training import Networks, accuracy, perceptrons_train, scores
from tests.labs.measure_digits import SEEDS, splits

Array = NDArray[np.float64]
Labels = NDArray[np.int64]

POOL, WIDTH, EPOCHS = 1000, 32, 60
"""Images to choose from (the others are tested on), hidden units, passes over the whole pool."""
WARM_UPS, WARM_EPOCHS = (1, 5, 10), 10
"""Short trainings that score the pool, and the passes of each."""
WRONG = (0, 10)
"""Percent of the pool's labels that are wrong."""
WAYS = ("random", "hardest", "easiest")
SHARES = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1)


@cache
def pool(wrong: int) -> tuple[Array, Labels, Array, Labels]:
    """Return pool and test set of each seed; so many percent of the pool's labels are wrong."""
    x, y = splits()
    x = x - x[:, :POOL].mean(axis=1, keepdims=True)
    labels = y[:, :POOL].copy()
    for seed in range(SEEDS):
        rng = np.random.default_rng(1000 + seed)
        chosen = rng.choice(POOL, size=POOL * wrong // 100, replace=False)
        labels[seed, chosen] = (labels[seed, chosen] + rng.integers(1, 10, len(chosen))) % 10
    return x[:, :POOL], labels, x[:, POOL:], y[:, POOL:]


def train(x: Array, labels: Labels, *, epochs: int, seed: int = 1) -> Networks:
    return perceptrons_train(
        x, labels, activation="relu", hidden=(WIDTH,), classes=10, seed=seed, epochs=epochs
    )


@cache
def said(wrong: int, warm_up: int) -> Array:
    """Return the outputs of one short training for the pool, shape (s, n, classes)."""
    x, labels, _, _ = pool(wrong)
    return softened(scores(train(x, labels, epochs=WARM_EPOCHS, seed=100 + warm_up), x), 1.0)


def difficulty(wrong: int, warm_ups: int) -> Array:
    """Return how far outputs lie from the label on average (M. Paul et al.'s EL2N), (s, n)."""
    truth = np.eye(10)[pool(wrong)[1]]
    each = [np.linalg.norm(said(wrong, i) - truth, axis=2) for i in range(warm_ups)]
    return np.asarray(np.mean(each, axis=0))


def order(way: str, wrong: int, warm_ups: int) -> NDArray[np.int64]:
    """Return the images in the order in which they are kept, shape (s, n)."""
    if way == "random":
        return np.broadcast_to(np.arange(POOL), (SEEDS, POOL))
    found = difficulty(wrong, warm_ups)
    return np.argsort(-found if way == "hardest" else found, axis=1, kind="stable")


def measure(way: str, wrong: int, warm_ups: int, share: float) -> tuple[float, float]:
    """Return mean accuracy, trained with the same number of updates, and its standard error."""
    x, labels, test, truth = pool(wrong)
    kept = order(way, wrong, warm_ups)[:, : round(share * POOL)]
    chosen = np.take_along_axis(x, kept[:, :, np.newaxis], axis=1)
    networks = train(chosen, np.take_along_axis(labels, kept, axis=1), epochs=round(EPOCHS / share))
    found = accuracy(networks, test, truth)
    return float(found.mean()), float(found.std(ddof=1) / SEEDS**0.5)


def table() -> Iterator[str]:
    for wrong, way in product(WRONG, WAYS):
        for warm_ups, share in product((0,) if way == "random" else WARM_UPS, SHARES):
            # Everything is everything, in whatever order it is kept.
            if share < 1 or way == "random":
                mean, error = measure(way, wrong, warm_ups, share)
                yield f'    ("{way}", {wrong}, {warm_ups}, {share}): ({mean:.4f}, {error:.4f}),'


if __name__ == "__main__":
    for line in table():
        print(line, flush=True)
