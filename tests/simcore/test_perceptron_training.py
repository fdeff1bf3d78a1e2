import numpy as np
import pytest

from simcore.errors import NotInCatalogue
from simcore.stochastic.perceptron_training import (
    ACTIVATIONS,
    _gradients,
    accuracy,
    perceptrons_train,
    weights_rounded,
)


def rings(seeds=2, count=200):
    """Points inside and outside a circle: no line separates them."""
    rng = np.random.default_rng(5)
    x = rng.uniform(-1, 1, (seeds, count, 2))
    return x, ((x**2).sum(axis=2) > 0.6).astype(np.int64)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_a_hidden_layer_learns_what_no_line_separates(activation):
    x, labels = rings()
    options = {"activation": activation, "classes": 2, "seed": 1, "epochs": 60, "rate": 0.1}

    trained = perceptrons_train(x, labels, hidden=(12,), **options)
    again = perceptrons_train(x, labels, hidden=(12,), **options)

    assert accuracy(trained, x, labels).min() > 0.93
    assert all(np.array_equal(a, b) for a, b in zip(trained.weights, again.weights, strict=True))


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_gradients_are_the_slopes_of_the_loss(activation):
    rng = np.random.default_rng(3)
    x, truth = rng.standard_normal((1, 5, 3)), np.eye(2)[rng.integers(2, size=(1, 5))]
    shapes = [(1, 3, 4), (1, 1, 4), (1, 4, 4), (1, 1, 4), (1, 4, 2), (1, 1, 2)]
    parts = [rng.standard_normal(shape) for shape in shapes]

    def loss():
        values = x
        for i in range(3):
            values = values @ parts[2 * i] + parts[2 * i + 1]
            if i < 2:
                values = {"relu": np.maximum(values, 0), "tanh": np.tanh(values),
                          "logistic": 1 / (1 + np.exp(-values))}[activation]  # fmt: skip
        shares = np.exp(values) / np.exp(values).sum(axis=2, keepdims=True)
        return float(-np.log((shares * truth).sum(axis=2)).mean())

    for part, gradient in zip(parts, _gradients(parts, x, truth, activation), strict=True):
        at = tuple(n - 1 for n in part.shape)
        step = 1e-6
        part[at] += step
        above = loss()
        part[at] -= 2 * step
        below = loss()
        part[at] += step
        assert gradient[at] == pytest.approx((above - below) / (2 * step), abs=1e-6)


def test_rounding_leaves_as_many_levels_as_the_bits_allow():
    x, labels = rings()
    trained = perceptrons_train(
        x, labels, activation="tanh", hidden=(12,), classes=2, seed=1, epochs=5
    )

    rounded = weights_rounded(trained, 3)

    for before, after in zip(trained.weights, rounded.weights, strict=True):
        assert len(np.unique(after[0])) <= 7
        assert np.abs(after[0]).max() == pytest.approx(np.abs(before[0]).max())
    with pytest.raises(ValueError, match="sign"):
        weights_rounded(trained, 1)


def test_an_unknown_activation_is_refused():
    x, labels = rings()
    with pytest.raises(NotInCatalogue, match="logistic"):
        perceptrons_train(x, labels, activation="sigmoid", hidden=(2,), classes=2, seed=1)
