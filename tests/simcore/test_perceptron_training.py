import itertools

import numpy as np
import pytest

from simcore.errors import NotInCatalogue
from simcore.stochastic.perceptron_training import (
    ACTIVATIONS,
    Networks,
    Teaching,
    _gradients,
    accuracy,
    perceptrons_train,
    scores,
    smallest_dropped,
    two_of_four,
    units_dropped,
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


def drawn(*sizes, seeds=2):
    rng = np.random.default_rng(8)
    weights = tuple(rng.standard_normal((seeds, n, m)) for n, m in itertools.pairwise(sizes))
    biases = tuple(rng.standard_normal((seeds, 1, m)) for m in sizes[1:])
    return Networks(activation="relu", weights=weights, biases=biases)


def test_dropped_weights_are_the_smallest_and_stay_gone_in_training():
    x, labels = rings()
    networks = drawn(2, 12, 2)
    kept = smallest_dropped(networks, 0.5)

    after = perceptrons_train(
        x, labels, activation="relu", hidden=(12,), classes=2, seed=1, epochs=3,
        first=networks, kept=kept,
    )  # fmt: skip

    for w, mask, found in zip(networks.weights, kept, after.weights, strict=True):
        assert mask.mean() == pytest.approx(0.5)
        assert np.abs(w[mask]).min() > 0
        assert np.all((found != 0) == mask)
    with pytest.raises(ValueError, match="below 1, got 1"):
        smallest_dropped(networks, 1.0)


def test_two_of_every_four_inputs_stay():
    kept = two_of_four(drawn(8, 4, 4))

    for mask in kept:
        seeds, inputs, outputs = mask.shape
        assert np.all(mask.reshape(seeds, inputs // 4, 4, outputs).sum(axis=2) == 2)


def test_a_network_without_its_dead_units_says_the_same():
    networks = drawn(3, 6, 2)
    networks.weights[1][:, 4:] = 0  # the last two units are heard by nobody
    x = np.random.default_rng(1).standard_normal((2, 7, 3))

    smaller = units_dropped(networks, 4)

    assert smaller.weights[0].shape == (2, 3, 4)
    assert scores(smaller, x) == pytest.approx(scores(networks, x))


def test_a_scale_for_each_unit_rounds_no_worse():
    networks = drawn(30, 20, 5)
    before = networks.weights[0]

    errors = [
        np.abs(weights_rounded(networks, 4, by_unit=by).weights[0] - before).mean()
        for by in (False, True)
    ]

    assert errors[1] < errors[0]


def test_a_student_that_hears_only_its_teacher_learns_what_it_says():
    x, labels = rings()
    teacher = perceptrons_train(
        x, labels, activation="relu", hidden=(16,), classes=2, seed=2, rate=0.1
    )
    heard = Teaching(scores=scores(teacher, x), temperature=4.0, share=1.0)

    student = perceptrons_train(
        x, 1 - labels, activation="relu", hidden=(12,), classes=2, seed=1, rate=0.1, teaching=heard
    )

    assert accuracy(student, x, labels).min() > 0.9
