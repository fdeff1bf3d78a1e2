"""Trains the readers of volume I, lab 1 whose images change: `python -m tests.labs.measure_drift`.

It prints the table of `labs/explore/vol1/lab_01_ml_intro/measured.py`; a test trains rows of it
again. It lies here because a lab may not reach for the boards' data set, and a test may.
"""

from collections.abc import Callable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from simcore.stochastic.perceptron_training import (
    Networks,
    accuracy,
    perceptrons_train,
    weights_rounded,
)
from tests.labs.measure_digits import SEEDS, splits

Array = NDArray[np.float64]

OLD, FRESH = 800, 400
"""Images before the change to train on, and labelled ones after it; the rest is tested on."""
WIDTH, EPOCHS = 32, 60
STEPS = (50, 100, 200, 400)


def _shifted(rows: int, columns: int) -> Callable[[Array], Array]:
    def moved(images: Array) -> Array:
        found = np.zeros_like(images)
        ys, xs = np.arange(8 - abs(rows)), np.arange(8 - abs(columns))
        to_y, to_x = ys + max(rows, 0), xs + max(columns, 0)
        from_y, from_x = ys + max(-rows, 0), xs + max(-columns, 0)
        found[..., to_y[:, None], to_x] = images[..., from_y[:, None], from_x]
        return found

    return moved


CHANGES: Mapping[str, Callable[[Array], Array]] = {
    "right": _shifted(0, 1),
    "left": _shifted(0, -1),
    "down": _shifted(1, 0),
    "inverted": lambda images: 1 - images,
    "turned": lambda images: np.rot90(images, axes=(-2, -1)),
}


def changed(pixels: Array, change: str) -> Array:
    """Return images (s, n, 64) as the changed camera would give them."""
    images = pixels.reshape(*pixels.shape[:-1], 8, 8)
    return np.ascontiguousarray(CHANGES[change](images)).reshape(pixels.shape)


def train(x: Array, y: NDArray[np.int64], *, width: int = WIDTH, passes: int = 1) -> Networks:
    return perceptrons_train(
        x, y, activation="relu", hidden=(width,), classes=10, seed=1, epochs=EPOCHS * passes
    )


def stale() -> Networks:
    """Return networks trained on the old images."""
    x, y = splits()
    return train(x[:, :OLD], y[:, :OLD])


def fixes() -> Mapping[str, Networks]:
    """Return networks that have never seen the change, by what was spent on them."""
    x, y = splits()
    x, y = x[:, :OLD], y[:, :OLD]
    before = stale()
    return {
        "stale": before,
        "passes": train(x, y, passes=4),
        "wider": train(x, y, width=4 * WIDTH),
        "smaller": train(x, y, width=WIDTH // 4),
        "bits": weights_rounded(before, 4),
    }


def fresh(change: str, count: int) -> Networks:
    """Return networks trained on the old images and `count` labelled ones after the change."""
    x, y = splits()
    new = changed(x[:, OLD : OLD + count], change)
    return train(np.concatenate([x[:, :OLD], new], axis=1), y[:, : OLD + count])


def tested(networks: Networks, change: str | None) -> tuple[float, float]:
    """Return mean accuracy after the change (or without one), and its standard error."""
    x, y = splits()
    x, y = x[:, OLD + FRESH :], y[:, OLD + FRESH :]
    found = accuracy(networks, changed(x, change) if change else x, y)
    return float(found.mean()), float(found.std(ddof=1) / SEEDS**0.5)


def table() -> Iterator[str]:
    kept = fixes()
    yield f"BEFORE = {tuple(round(v, 4) for v in tested(kept['stale'], None))}"
    for change in CHANGES:
        rows = {name: tested(networks, change) for name, networks in kept.items()}
        rows |= {f"fresh_{n}": tested(fresh(change, n), change) for n in STEPS}
        for name, (mean, error) in rows.items():
            yield f'    ("{change}", "{name}"): ({mean:.4f}, {error:.4f}),'


if __name__ == "__main__":
    for line in table():
        print(line, flush=True)
