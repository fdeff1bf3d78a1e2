import numpy as np
import pytest

from simcore.equations.explanation import (
    batched_time,
    exact_shapley_evaluations,
    gradient_evaluations,
    kernel_shap_evaluations,
    service_energy,
)


def test_the_librarys_budget_is_two_a_feature_and_2048():
    assert kernel_shap_evaluations([20, 50, 100]) == pytest.approx([2088, 2148, 2248])


def test_no_coalition_is_asked_for_twice():
    # shap/explainers/_kernel.py: max_samples = 2**M - 2 up to 30 features.
    assert kernel_shap_evaluations([4, 10, 11]) == pytest.approx([14, 1022, 2046])
    assert kernel_shap_evaluations(12) == 2 * 12 + 2048


def test_exact_values_ask_for_every_coalition():
    assert exact_shapley_evaluations(20) == 2**20
    assert (kernel_shap_evaluations(np.arange(2, 60)) < exact_shapley_evaluations(
        np.arange(2, 60))).all()  # fmt: skip


def test_a_step_of_a_gradient_takes_three_forward_passes():
    assert gradient_evaluations(1) == 3
    assert gradient_evaluations(50) == 150
    assert gradient_evaluations(50, backward_over_forward=1) == 100


def test_rows_ride_along_up_to_a_full_batch():
    assert batched_time(2148, at_once=16, time=1e-3) == pytest.approx(135e-3)
    assert batched_time([16, 17], at_once=16, time=1.0) == pytest.approx([1, 2])


def test_a_years_account_by_hand():
    found = service_energy(trainings=52, training_energy=200.0, requests=365e6,
                           request_energy=2e-4, explained=0.1, evaluations=2148)  # fmt: skip

    assert found.training == 10_400
    assert found.answers == pytest.approx(73_000)
    assert found.growth == pytest.approx(189.0, rel=1e-3)


def test_what_has_no_meaning_is_refused():
    with pytest.raises(ValueError, match="features must be a whole number"):
        kernel_shap_evaluations(2.5)
    with pytest.raises(ValueError, match="explained"):
        service_energy(trainings=1, training_energy=1, requests=1, request_energy=1, explained=2,
                       evaluations=1)  # fmt: skip
