"""Chinchilla: 5.76e23 FLOP pay for some 70 billion parameters and 1.4 trillion tokens (table 3)."""

import numpy as np
import pytest

from simcore.equations.scaling import affordable_tokens, optimal_parameters


def test_chinchilla():
    parameters = optimal_parameters(5.76e23)

    assert parameters == pytest.approx(70e9, rel=0.02)
    assert affordable_tokens(5.76e23, parameters) == pytest.approx(1.4e12, rel=0.02)


def test_a_hundred_times_the_budget_is_ten_times_the_model():
    small, large = optimal_parameters(np.asarray([1e21, 1e23]))

    assert large == pytest.approx(10 * small)
    assert small == optimal_parameters(1e21)


def test_no_budget_is_refused():
    with pytest.raises(ValueError, match="budget must be positive"):
        optimal_parameters(0)
