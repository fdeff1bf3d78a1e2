import numpy as np
import pytest

from simcore.equations.privacy import (
    ORDERS,
    advanced_loss,
    composed_loss,
    gaussian_deviation,
    laplace_scale,
    noise_for_loss,
    private_sgd_loss,
    queries_within,
)


def test_noise_by_hand():
    assert laplace_scale(1, epsilon=0.1) == pytest.approx(10)
    # sqrt(2 ln(1.25e5)) = 4.84 at epsilon 1.
    assert gaussian_deviation(1, epsilon=1, delta=1e-5) == pytest.approx(4.8448, rel=1e-4)


def test_the_moments_accountant_gives_what_its_paper_gives():
    # Abadi et al., 2016, section 5.2 and figure 2: q = 0.01, sigma = 4, delta = 1e-5, 100 epochs:
    # epsilon 1.26, where strong composition gives 9.34.
    found = private_sgd_loss(4, sampling=0.01, steps=100 * 100, delta=1e-5)

    assert found == pytest.approx(1.26, abs=0.01)


def test_without_sampling_it_is_the_plain_gaussian():
    # Renyi divergence a / (2 sigma^2) of each step; least over whole a.
    by_hand = np.min(20 * ORDERS / (2 * 25) + np.log(1e5) / (ORDERS - 1))

    assert private_sgd_loss(5, sampling=1, steps=20, delta=1e-5) == pytest.approx(by_hand)


def test_more_noise_smaller_batches_and_fewer_steps_leak_less():
    loss = private_sgd_loss(
        np.asarray([1.0, 2.0, 1.0, 1.0]),
        sampling=np.asarray([0.01, 0.01, 0.005, 0.01]),
        steps=np.asarray([1000, 1000, 1000, 500]),
        delta=1e-5,
    )

    assert np.all(loss[1:] < loss[0])
    assert private_sgd_loss(1, sampling=0.01, steps=0, delta=1e-5) == 0
    assert private_sgd_loss(1, sampling=0, steps=10, delta=1e-5) == 0


def test_the_noise_that_a_loss_allows():
    noise = noise_for_loss(np.asarray([1.0, 8.0]), sampling=0.01, steps=1000, delta=1e-5)

    assert noise[0] > noise[1]
    back = private_sgd_loss(noise, sampling=0.01, steps=1000, delta=1e-5)
    assert back == pytest.approx([1, 8], rel=1e-4)


def test_composition_by_hand():
    # sqrt(2 * 100 ln 1e5) * 0.1 + 100 * 0.1 * (e^0.1 - 1)
    assert composed_loss(0.1, 100) == pytest.approx(10)
    assert advanced_loss(0.1, 100, delta=1e-5) == pytest.approx(4.799 + 1.0517, rel=1e-3)


def test_a_budget_pays_for_its_queries():
    # 10,000 queries a day at 0.01 and a budget of 10 with delta 1e-5: 2.46 days.
    days = queries_within(10, epsilon=0.01, delta=1e-5) / 10_000
    assert days == pytest.approx(2.46, abs=0.01)
    queries = queries_within(np.asarray([0.5, 10.0]), epsilon=0.01, delta=1e-5)
    assert advanced_loss(0.01, queries, delta=1e-5) == pytest.approx([0.5, 10])


def test_what_has_no_meaning_is_refused():
    with pytest.raises(ValueError, match="epsilon must lie in 0 to 1, got 2"):
        gaussian_deviation(1, epsilon=2, delta=1e-5)
    with pytest.raises(ValueError, match="delta must be above 0"):
        private_sgd_loss(1, sampling=0.01, steps=1, delta=0)
    with pytest.raises(ValueError, match="below what any noise gives"):
        noise_for_loss(1e-9, sampling=1.0, steps=1e6, delta=1e-5)
