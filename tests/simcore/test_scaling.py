"""Chinchilla: 5.76e23 FLOP pay for some 70 billion parameters and 1.4 trillion tokens (table 3)."""

import numpy as np
import pytest

from simcore.equations.scaling import (
    BESIROGLU_2024,
    affordable_tokens,
    fitted_loss,
    fitted_parameters,
    optimal_parameters,
    repeated_tokens,
)


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


def test_the_fit_by_hand():
    # 1.69 + 406.4 / N^0.34 + 410.7 / D^0.28: 10 billion parameters on 200 billion tokens.
    loss = fitted_loss(np.asarray([10e9, 3e9]), np.asarray([200e9, 660e9]))

    assert loss == pytest.approx([2.133, 2.135], abs=1e-3)
    assert fitted_loss(1e30, 1e30) == pytest.approx(1.69, abs=1e-4)


def test_the_fitted_optimum_is_the_least_loss_at_its_budget():
    best = float(fitted_parameters(1e21))
    around = best * np.asarray([0.8, 1.0, 1.25])

    assert np.argmin(fitted_loss(around, affordable_tokens(1e21, around))) == 1
    # Equation 4 of the paper with a = 0.45: it grows more slowly than the square root.
    assert fitted_parameters(1e23) / best == pytest.approx(100 ** (0.28 / 0.62))
    with pytest.raises(ValueError, match="tokens must be positive"):
        fitted_loss(1e9, 0)


def test_the_refit_agrees_with_twenty_tokens_a_parameter():
    best = fitted_parameters(1e21, fit=BESIROGLU_2024)

    # By hand: 2.78 billion parameters on 60 billion tokens, 21.6 for each.
    assert best == pytest.approx(2.78e9, rel=0.003)
    assert affordable_tokens(1e21, best) / best == pytest.approx(21.6, rel=0.005)
    assert affordable_tokens(1e21, fitted_parameters(1e21)) / fitted_parameters(1e21) > 45
    away = fitted_loss(16 * best, affordable_tokens(1e21, 16 * best), fit=BESIROGLU_2024)
    least = fitted_loss(best, affordable_tokens(1e21, best), fit=BESIROGLU_2024)
    floor = BESIROGLU_2024.irreducible
    assert (away - floor) / (least - floor) == pytest.approx(1.54, abs=0.01)


def test_repeated_text_fades():
    worth = repeated_tokens(1e9, np.asarray([1.0, 4.0, 16.0, 1e6])) / 1e9

    # Four epochs lose little; sixteen are worth ten; none is worth more than 1 + 15.39.
    assert worth == pytest.approx([1.0, 3.73, 10.58, 16.39], abs=0.01)
    with pytest.raises(ValueError, match=r"epochs must be 1 or more, got 0\.5"):
        repeated_tokens(1e9, 0.5)
