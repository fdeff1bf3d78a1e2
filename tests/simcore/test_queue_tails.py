"""Tails through transforms: exact where the queue is exact, close where it is approximated."""

import math
from fractions import Fraction

import numpy as np
import pytest

from simcore.equations.queue_tails import (
    laplace_inverse,
    mgc_sojourn_quantile,
    mgc_sojourn_tail,
)
from simcore.equations.queueing import mm1_sojourn_quantile, mmc_sojourn_tail


def crommelin_wait_tail(time: float, rho: float) -> float:
    """P(wait > time) of M/D/1 with service 1, by Erlang's exact sum in whole fractions."""
    load = Fraction(rho).limit_denominator(1000)
    total = 0.0
    exact = Fraction(0)
    for k in range(math.floor(time) + 1):
        x = load * (Fraction(time).limit_denominator(1000) - k)
        # exp(x) through its own series, in fractions, since the sum alternates wildly.
        exponential, term = Fraction(1), Fraction(1)
        for i in range(1, 120):
            term = term * x / i
            exponential += term
        exact += (-x) ** k / math.factorial(k) * exponential
        total = float(exact)
    return 1.0 - float(1 - load) * total


def test_the_inverse_of_a_known_transform_is_the_known_function() -> None:
    times = np.array([0.1, 1.0, 3.0])

    np.testing.assert_allclose(
        laplace_inverse(lambda s: 1.0 / (s + 2.0), times), np.exp(-2.0 * times), atol=1e-7
    )


def test_exponential_service_gives_mm1() -> None:
    rho = np.array([0.1, 0.5, 0.8, 0.9, 0.98])

    np.testing.assert_allclose(
        mgc_sojourn_quantile(0.005, rho, 1, 1, 0.99),
        mm1_sojourn_quantile(0.005, rho, 0.99),
        rtol=1e-5,
    )


def test_exponential_service_gives_mmc() -> None:
    rho, servers = np.array([0.3, 0.7, 0.9]), np.array([2, 4, 16])
    found = mgc_sojourn_quantile(0.005, rho, servers, 1, 0.99)

    np.testing.assert_allclose(mmc_sojourn_tail(found, 0.005, rho, servers), 0.01, rtol=1e-4)


@pytest.mark.parametrize(("rho", "time"), [(0.5, 3.5), (0.8, 5.25), (0.9, 8.75)])
def test_fixed_service_gives_erlangs_exact_tail(rho: float, time: float) -> None:
    expected = crommelin_wait_tail(time, rho)

    assert mgc_sojourn_tail(time + 1.0, 1.0, rho, 1, 0) == pytest.approx(expected, rel=2e-3)


def test_fixed_service_halves_the_tail_at_high_load() -> None:
    fixed, random = mgc_sojourn_quantile(1.0, 0.9, 1, np.array([0.0, 1.0]), 0.99)

    assert 0.48 < fixed / random < 0.52


def test_an_idle_station_of_fixed_service_takes_the_service_time() -> None:
    assert mgc_sojourn_quantile(0.005, 0.05, 16, 0, 0.99) == 0.005


def test_the_quantile_is_where_the_tail_says() -> None:
    rho, servers, scv = np.meshgrid([0.05, 0.5, 0.98], [1, 3, 16], [0.25, 0.5, 2.0, 4.0])
    found = mgc_sojourn_quantile(0.01, rho, servers, scv, 0.99)

    np.testing.assert_allclose(mgc_sojourn_tail(found, 0.01, rho, servers, scv), 0.01, rtol=1e-4)


def test_time_scales_with_the_service() -> None:
    one, thousand = mgc_sojourn_quantile(np.array([1.0, 1000.0]), 0.7, 2, 2.0, 0.95)

    assert thousand == pytest.approx(1000 * one)


def test_more_load_and_more_variation_are_never_faster() -> None:
    by_load = mgc_sojourn_quantile(1.0, np.linspace(0.05, 0.98, 40), 2, 1.5, 0.99)
    by_variation = mgc_sojourn_quantile(1.0, 0.7, 2, np.array([0.25, 0.5, 1, 2, 4]), 0.99)

    assert (np.diff(by_load) > 0).all()
    assert (np.diff(by_variation) > 0).all()


def test_a_full_station_has_no_quantile() -> None:
    assert np.isposinf(mgc_sojourn_quantile(1.0, [1.0, 1.1], 2, 1, 0.99)).all()


def test_an_empty_station_is_refused() -> None:
    with pytest.raises(ValueError, match="utilisation must be positive"):
        mgc_sojourn_quantile(1.0, 0.0, 1, 1, 0.99)


def test_quantiles_of_several_probabilities_come_at_once():
    together = mgc_sojourn_quantile(5e-3, 0.8, 1, 1, [0.5, 0.99])

    assert together == pytest.approx([0.025 * np.log(2), 0.025 * np.log(100)], rel=1e-6)
