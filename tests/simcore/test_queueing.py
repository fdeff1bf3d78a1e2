"""Queues in steady state, against values one can work out by hand and published tables."""

import math

import numpy as np
import pytest

from simcore.equations.queueing import (
    allen_cunneen_wait_mean,
    erlang_b,
    erlang_c,
    md1_wait_mean,
    mg1_wait_mean,
    mm1_sojourn_mean,
    mm1_sojourn_quantile,
    mm1_utilisation_limit,
    mmc_sojourn_tail,
    wait_quantile,
)


def test_at_eighty_per_cent_the_mean_is_five_services_and_the_tail_twenty_three() -> None:
    assert mm1_sojourn_mean(0.005, 0.8) == pytest.approx(0.025)
    assert mm1_sojourn_quantile(0.005, 0.8, 0.99) == pytest.approx(0.025 * math.log(100))


def test_the_published_percentiles_of_the_five_millisecond_server_hold() -> None:
    p99 = mm1_sojourn_quantile(0.005, np.array([0.5, 0.7, 0.8, 0.9]), 0.99)

    np.testing.assert_allclose(p99 * 1e3, [46.1, 76.8, 115.1, 230.3], atol=0.05)


def test_the_load_limit_is_the_inverse_of_the_quantile() -> None:
    limit = mm1_utilisation_limit(0.005, 0.050, 0.99)

    assert limit == pytest.approx(0.5395, abs=1e-4)
    assert mm1_sojourn_quantile(0.005, limit, 0.99) == pytest.approx(0.050)
    assert mm1_utilisation_limit(0.050, 0.050, 0.99) == 0.0


def test_a_full_queue_never_settles() -> None:
    assert np.isposinf(mm1_sojourn_mean(1.0, [1.0, 1.2])).all()
    assert np.isposinf(allen_cunneen_wait_mean(1.0, 1.0, 4, 0.0, 0.0))
    assert mmc_sojourn_tail(1e9, 1.0, 1.0, 4) == 1.0


def test_fixed_service_halves_the_wait() -> None:
    assert md1_wait_mean(2.0, 0.7) == pytest.approx(mg1_wait_mean(2.0, 0.7, 1.0) / 2)


def test_pollaczek_and_khinchine_give_mm1_its_wait() -> None:
    wait = mm1_sojourn_mean(2.0, 0.7) - 2.0

    assert mg1_wait_mean(2.0, 0.7, 1.0) == pytest.approx(wait)


def test_erlang_b_agrees_with_the_factorial_formula() -> None:
    load, servers = 3.5, 6
    terms = [load**k / math.factorial(k) for k in range(servers + 1)]

    assert erlang_b(servers, load) == pytest.approx(terms[-1] / sum(terms))


def test_erlang_b_agrees_with_the_printed_table() -> None:
    # Traffic tables: 10 servers carry 4.46 Erlang at 1% blocking, 5.08 at 2%.
    np.testing.assert_allclose(erlang_b(10, [4.46, 5.08]), [0.01, 0.02], rtol=0.01)


def test_erlang_c_of_one_server_is_its_load() -> None:
    rho = np.linspace(0.0, 1.0, 11)

    np.testing.assert_allclose(erlang_c(1, rho), rho)


def test_erlang_c_of_two_servers_has_its_short_form() -> None:
    rho = np.array([0.1, 0.5, 0.9])

    np.testing.assert_allclose(erlang_c(2, rho), 2 * rho**2 / (1 + rho))


def test_more_servers_at_the_same_load_wait_less() -> None:
    waits = allen_cunneen_wait_mean(1.0, 0.8, np.arange(1, 17), 1.0, 1.0)

    assert (np.diff(waits) < 0).all()


def test_the_two_moment_wait_is_exact_for_one_server_and_poisson_arrivals() -> None:
    scv = np.array([0.0, 0.5, 1.0, 4.0])

    np.testing.assert_allclose(
        allen_cunneen_wait_mean(3.0, 0.6, 1, 1.0, scv), mg1_wait_mean(3.0, 0.6, scv)
    )


def test_the_tail_of_one_server_is_exponential() -> None:
    times = np.array([0.0, 1.0, 5.0, 20.0])

    np.testing.assert_allclose(mmc_sojourn_tail(times, 1.0, 0.8, 1), np.exp(-0.2 * times))


def test_the_tail_is_smooth_where_waiting_and_service_drain_alike() -> None:
    # Two servers at one half: both drain at the same rate, the general form divides by zero.
    around = mmc_sojourn_tail(2.0, 1.0, np.array([0.5 - 1e-6, 0.5, 0.5 + 1e-6]), 2)

    assert np.ptp(around) < 1e-5


def test_the_tails_integral_is_the_mean() -> None:
    times = np.linspace(0.0, 200.0, 200_001)
    tail = mmc_sojourn_tail(times, 1.0, 0.8, 3)

    mean = 1.0 + allen_cunneen_wait_mean(1.0, 0.8, 3, 1.0, 1.0)
    assert np.trapezoid(tail, times) == pytest.approx(float(mean), rel=1e-4)


def test_the_wait_quantile_of_one_server_is_exact() -> None:
    rho = 0.8
    quantile = float(wait_quantile(rho / (1 - rho), rho, 0.99))

    assert rho * math.exp(-(1 - rho) * quantile) == pytest.approx(0.01)
    assert wait_quantile(1.0, 0.005, 0.99) == 0.0


def test_arrays_and_scalars_agree() -> None:
    rho = np.array([0.2, 0.5, 0.9])

    np.testing.assert_array_equal(
        mm1_sojourn_quantile(0.005, rho, 0.99),
        [float(mm1_sojourn_quantile(0.005, x, 0.99)) for x in rho],
    )
    np.testing.assert_array_equal(
        erlang_c([1, 4, 16], rho),
        [float(erlang_c(c, x)) for c, x in zip([1, 4, 16], rho)],  # noqa: B905
    )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: mm1_sojourn_mean(0.0, 0.5), "mean_service must be positive"),
        (lambda: mm1_sojourn_mean(1.0, -0.1), "utilisation must be 0 or more"),
        (lambda: mm1_sojourn_mean(1.0, math.nan), "utilisation must be 0 or more"),
        (lambda: mm1_sojourn_quantile(1.0, 0.5, 1.0), "probability must be below 1"),
        (lambda: erlang_c(2.5, 0.5), "servers must be a whole number, got 2.5"),
        (lambda: mg1_wait_mean(1.0, 0.5, -1.0), "service_scv must be 0 or more"),
    ],
)
def test_what_has_no_meaning_is_refused_by_name(call: object, message: str) -> None:
    assert callable(call)
    with pytest.raises(ValueError, match=message):
        call()
