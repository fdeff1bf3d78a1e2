"""Batches: filling, windows, and where a request's time goes."""

import math

import numpy as np
import pytest

from simcore.equations.batching import (
    batch_fill_mean,
    batch_fill_quantile,
    batch_latency,
    batch_window,
    full_batches,
)


def test_a_batch_of_thirty_two_at_five_hundred_a_second_fills_in_thirty_one_ms_on_average() -> None:
    assert batch_fill_mean(500, 32) == pytest.approx(0.031)


def test_a_batch_of_one_waits_for_nobody() -> None:
    assert batch_fill_mean(500, 1) == 0.0
    assert batch_fill_quantile(500, 1, 0.99) == 0.0


def test_the_quantile_of_one_more_arrival_is_exponential() -> None:
    assert batch_fill_quantile(4.0, 2, 0.99) == pytest.approx(math.log(100) / 4.0)


@pytest.mark.parametrize(
    ("batch", "chi_square_99"), [(6, 23.209), (11, 37.566), (16, 50.892), (51, 135.807)]
)
def test_fill_quantiles_agree_with_the_chi_square_table(batch: int, chi_square_99: float) -> None:
    # 2 * rate * Erlang(k) is chi-square with 2k degrees of freedom.
    assert batch_fill_quantile(1.0, batch, 0.99) == pytest.approx(chi_square_99 / 2, rel=1e-4)


def test_arrays_and_scalars_agree() -> None:
    batches = np.array([1, 2, 16, 64, 300])

    np.testing.assert_allclose(
        batch_fill_quantile(7.0, batches, 0.99),
        [float(batch_fill_quantile(7.0, int(b), 0.99)) for b in batches],
        rtol=1e-12,
    )


def test_without_a_window_batches_are_full() -> None:
    formed = batch_window(500, 32, np.inf)

    assert formed.size_mean == pytest.approx(32)
    assert formed.fill_mean == pytest.approx(float(batch_fill_mean(500, 32)))
    assert formed.interval_scv == pytest.approx(1 / 32)


def test_a_window_of_nothing_makes_batches_of_one() -> None:
    formed = batch_window(500, 32, 0.0)

    assert formed.size_mean == 1.0
    assert formed.fill_mean == 0.0
    assert formed.interval_scv == pytest.approx(1.0)


def test_a_window_long_before_filling_bounds_the_first_wait_and_halves_the_others() -> None:
    formed = batch_window(100.0, 64, 0.05)

    assert formed.size_mean == pytest.approx(1 + 5.0)
    assert formed.first_fill_mean == pytest.approx(0.05)
    # Five of six arrive evenly inside the window and wait half of it; the first waits it all.
    assert formed.fill_mean == pytest.approx((0.05 + 5 * 0.025) / 6)


def test_windows_agree_with_drawn_batches() -> None:
    rate, batch, window = 500.0, 32, 0.055
    rng = np.random.default_rng(5)
    arrivals = np.cumsum(rng.exponential(1 / rate, (200_000, batch - 1)), axis=1)
    closed = np.minimum(arrivals[:, -1], window)[:, None]
    sizes = 1 + (arrivals <= closed).sum(axis=1)
    waits = closed[:, 0] + np.maximum(0.0, closed - arrivals).sum(axis=1)
    gaps = closed[:, 0] + rng.exponential(1 / rate, sizes.size)

    formed = batch_window(rate, batch, window)

    assert formed.size_mean == pytest.approx(sizes.mean(), rel=0.002)
    assert formed.size_variance == pytest.approx(sizes.var(), rel=0.02)
    assert formed.fill_mean == pytest.approx(waits.sum() / sizes.sum(), rel=0.002)
    assert formed.interval_mean == pytest.approx(gaps.mean(), rel=0.002)
    assert formed.interval_scv == pytest.approx(gaps.var() / gaps.mean() ** 2, rel=0.02)


def test_latency_over_batch_size_falls_and_rises_again() -> None:
    batches = np.array([1, 2, 4, 8, 16, 32, 64])
    found = batch_latency(2000.0, batches, setup=5e-4, per_request=1e-4)

    assert found.utilisation[0] == pytest.approx(1.2)
    assert np.isposinf(found.total[0])
    best = int(np.argmin(found.total))
    assert 0 < best < 6
    assert (np.diff(found.total[best:]) > 0).all()


def test_an_overloaded_server_passes_on_what_it_can() -> None:
    found = batch_latency(2000.0, 1, setup=5e-4, per_request=1e-4)

    assert found.throughput == pytest.approx(1 / 6e-4)


def test_a_negative_window_is_refused() -> None:
    with pytest.raises(ValueError, match="window must be 0 or more"):
        batch_window(1.0, 2, -1.0)


def test_full_batches_back_to_back_by_hand():
    found = full_batches([1, 8, 64], setup=3e-3, per_request=0.36e-3)

    assert found.time == pytest.approx([3.36e-3, 5.88e-3, 26.04e-3])
    assert found.throughput == pytest.approx([297.6, 1360.5, 2457.8], rel=1e-4)


def test_a_full_batch_has_whole_requests():
    with pytest.raises(ValueError, match="batch"):
        full_batches(1.5, setup=0.0, per_request=1.0)
