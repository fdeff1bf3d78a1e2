import math

import numpy as np
import pytest

from simcore.equations import reliability as r

HOUR = 3600.0


def test_sixteen_thousand_parts_of_five_years_stop_the_job_every_three_hours():
    assert r.series_mtbf(50_000 * HOUR, 16_384) / HOUR == pytest.approx(3.0518, abs=1e-4)
    assert r.series_survival(3 * HOUR, 50_000 * HOUR, 16_384) == pytest.approx(0.374, abs=5e-4)
    assert r.series_survival(24 * HOUR, 50_000 * HOUR, 16_384) == pytest.approx(4e-4, abs=5e-5)


def test_a_third_survives_to_the_mean_and_half_to_the_median():
    m = r.series_mtbf(1000.0, 10)

    assert r.series_survival(m, 1000.0, 10) == pytest.approx(math.exp(-1))
    assert r.series_survival(math.log(2) * m, 1000.0, 10) == pytest.approx(0.5)


def test_survival_falls_with_parts_and_time_and_arrays_equal_scalars():
    parts = np.array([1, 10, 100, 1000])
    together = r.series_survival(HOUR, 5000 * HOUR, parts)

    assert np.all(np.diff(together) < 0)
    assert together.tolist() == [float(r.series_survival(HOUR, 5000 * HOUR, n)) for n in parts]
    assert r.series_survival(0.0, 1.0, 5) == 1


def test_shape_one_is_the_constant_rate_and_smaller_shapes_kill_new_parts_early():
    arguments = (3 * HOUR, 50_000 * HOUR, 16_384)

    assert r.series_survival_weibull_new(*arguments, shape=1.0) == pytest.approx(
        r.series_survival(*arguments)
    )
    assert r.series_survival_weibull_new(*arguments, shape=0.7) < 0.01


def test_the_weibull_scale_gives_back_the_mean_life():
    rng = np.random.default_rng(6)
    lives = r.weibull_scale(10.0, 0.7) * rng.weibull(0.7, 400_000)

    assert lives.mean() == pytest.approx(10.0, rel=0.01)
    assert r.weibull_scale(10.0, 1.0) == pytest.approx(10.0)


def test_waiting_for_a_node_is_a_truncated_poisson_of_nodes_away():
    spares, away = np.arange(8), 3.93
    terms = away ** np.arange(9) / np.array([math.factorial(n) for n in range(9)])

    assert r.short_of_a_node(spares, away, 1.0) == pytest.approx((terms / np.cumsum(terms))[1:])
    assert r.short_of_a_node(0, 0.0, 1.0) == 0
    assert 0 < r.short_of_a_node(999, 900.0, 1.0) < 1e-3


def test_spares_save_the_job_from_waiting():
    mtbf = 6250 * HOUR / 2048
    waiting = r.short_of_a_node([4, 8, 11], 12 * HOUR, mtbf)

    assert waiting == pytest.approx([0.193, 0.0122, 0.00056], rel=0.01)


def test_k_of_n_is_all_of_n_at_one_end_and_any_of_n_at_the_other():
    assert r.at_least_k_of_n(5, 5, 0.9) == pytest.approx(0.9**5)
    assert r.fewer_than_k_of_n(1, 5, 0.9) == pytest.approx(0.1**5)
    assert r.at_least_k_of_n(6, 5, 0.9) == 0
    assert r.at_least_k_of_n(0, 5, 0.0) == 1
    assert r.at_least_k_of_n(3, 5, 1.0) == 1


def test_k_of_n_matches_a_binomial_summed_by_hand():
    k, n, a = 12, 15, 0.98
    by_hand = sum(math.comb(n, i) * a**i * (1 - a) ** (n - i) for i in range(k))

    assert r.fewer_than_k_of_n(k, n, a) == pytest.approx(by_hand, rel=1e-10)


@pytest.mark.parametrize(
    ("k", "a", "target", "owned"),
    [(6, 0.99, 0.9999, 8), (12, 0.98, 0.999, 15), (6, 0.995, 0.999, 7), (1, 0.5, 0.4, 1)],
)
def test_units_for_k_is_the_first_number_that_reaches_the_target(k, a, target, owned):
    assert r.units_for_k(k, a, target) == owned
    assert r.at_least_k_of_n(k, owned, a) >= target
    assert r.at_least_k_of_n(k, owned - 1, a) < target


def test_a_constant_rate_renews_at_that_rate_and_any_law_does_in_the_long_run():
    times = np.array([0.1, 1.0, 10.0])

    assert r.expected_renewals(times, 1.0, shape=1.0) == pytest.approx(times, rel=1e-4)
    for shape in (0.7, 3.0):
        later = r.expected_renewals([9.0, 10.0], 1.0, shape=shape)
        assert later[1] - later[0] == pytest.approx(1.0, abs=0.01)


def test_renewals_of_young_nodes_match_counted_ones():
    # 2,048 new nodes of 6,250 h, shape 0.7, simulated with a clock each: 555 stops in 30 days.
    stops = 2048 * r.expected_renewals(30 * 24 * HOUR, 6250 * HOUR, shape=0.7)

    assert stops == pytest.approx(555, rel=0.01)
    assert stops > 2048 * r.early_failures(30 * 24 * HOUR, 6250 * HOUR, 1, shape=0.7)


@pytest.mark.parametrize(
    "call",
    [
        lambda: r.series_mtbf(0.0, 10),
        lambda: r.series_mtbf(1.0, float("nan")),
        lambda: r.series_survival(-1.0, 1.0, 10),
        lambda: r.short_of_a_node(-1, 1.0, 1.0),
        lambda: r.fewer_than_k_of_n(1, 2, 1.1),
        lambda: r.units_for_k(3, 0.9, 1.0),
        lambda: r.units_for_k(30, 1e-9, 0.9),
        lambda: r.weibull_scale(1.0, 0.0),
    ],
)
def test_what_has_no_meaning_is_refused(call):
    with pytest.raises(ValueError, match=r"must|no number"):
        call()
