"""Softened outputs and the pull of a teacher."""

import numpy as np
import pytest

from simcore.equations.distillation import softened, teacher_pull


def test_a_high_temperature_makes_outputs_even_and_one_is_the_softmax():
    scores = np.array([2.0, 0.0, -2.0])

    assert softened(scores, 1.0) == pytest.approx(np.exp(scores) / np.exp(scores).sum())
    assert softened(scores, 1000.0) == pytest.approx(1 / 3, abs=2e-3)
    assert softened(np.array([1e4, 0.0]), 1.0) == pytest.approx([1, 0])


def test_the_pull_falls_with_the_square_of_a_high_temperature():
    student, teacher = np.random.default_rng(3).standard_normal((2, 50, 10))

    cool, hot = (teacher_pull(student, teacher, temperature=t).mean() for t in (20.0, 40.0))

    assert cool / hot == pytest.approx(4, rel=0.01)


def test_the_pull_is_the_gradient_of_the_softened_cross_entropy():
    student, teacher = np.array([0.3, -1.0, 0.8]), np.array([1.0, 0.2, -0.5])

    def loss(scores):
        return -np.sum(softened(teacher, 3.0) * np.log(softened(scores, 3.0)))

    steps = 1e-6 * np.eye(3)
    slopes = [(loss(student + step) - loss(student - step)) / 2e-6 for step in steps]
    assert np.linalg.norm(slopes) == pytest.approx(
        float(teacher_pull(student, teacher, temperature=3.0)), rel=1e-6
    )


def test_who_agrees_is_not_pulled_and_a_temperature_of_nothing_is_refused():
    assert teacher_pull([1.0, 2.0], [1.0, 2.0], temperature=2.0) == 0
    with pytest.raises(ValueError, match="temperature"):
        softened([1.0, 2.0], 0.0)
