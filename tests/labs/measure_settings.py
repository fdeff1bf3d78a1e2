"""Tries settings at random for volume I, lab 3: `python -m tests.labs.measure_settings`.

It prints the table of `labs/explore/vol1/lab_03_ml_workflow/measured.py`; a test tries the first
of its settings again.
"""

from dataclasses import dataclass

import numpy as np

from simcore.stochastic.perceptron_training import ACTIVATIONS, accuracy, perceptrons_train
from tests.labs.measure_digits import TRAINED, splits

TRIALS = 300
EPOCHS = 20
WIDTHS, BATCHES, LAYERS = (4, 8, 16, 32, 64), (8, 16, 32, 64, 128), (1, 2, 3)
SLOWEST, FASTEST = 1e-4, 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    activation: str
    hidden: tuple[int, ...]
    batch: int
    rate: float


def settings() -> list[Setting]:
    """Return settings drawn at random, the step size evenly in its logarithm."""
    rng = np.random.default_rng(3)
    return [
        Setting(
            activation=str(rng.choice(ACTIVATIONS)),
            hidden=(int(rng.choice(WIDTHS)),) * int(rng.choice(LAYERS)),
            batch=int(rng.choice(BATCHES)),
            rate=float(np.exp(rng.uniform(np.log(SLOWEST), np.log(FASTEST)))),
        )
        for _ in range(TRIALS)
    ]


def read_right(setting: Setting) -> int:
    """Return how many of the digits held out a network of this setting reads right."""
    x, y = (array[:1] for array in splits())
    cut = round(TRAINED * x.shape[1])
    x = x - x[:, :cut].mean(axis=1, keepdims=True)
    with np.errstate(over="ignore", invalid="ignore"):
        trained = perceptrons_train(
            x[:, :cut], y[:, :cut], activation=setting.activation, hidden=setting.hidden,
            classes=10, seed=1, epochs=EPOCHS, batch=setting.batch, rate=setting.rate,
        )  # fmt: skip
        found = accuracy(trained, x[:, cut:], y[:, cut:])
    return round(float(found[0]) * (x.shape[1] - cut))


if __name__ == "__main__":
    for start in range(0, TRIALS, 15):
        row = ", ".join(str(read_right(one)) for one in settings()[start : start + 15])
        print(f"    {row},", flush=True)
