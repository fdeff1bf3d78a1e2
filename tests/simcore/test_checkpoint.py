import numpy as np
import pytest

from simcore.equations import checkpoint as c

HOUR = 3600.0
SAVE, MTBF, RESTART = 60.0, 3 * HOUR, 300.0


def test_the_best_interval_of_the_worked_example():
    assert c.best_interval(SAVE, MTBF) == pytest.approx(1098.8, abs=0.05)
    assert c.young_interval(SAVE, MTBF) == pytest.approx(1138.4, abs=0.05)
    assert c.daly_interval(SAVE, MTBF) == pytest.approx(1098.77, abs=0.005)


@pytest.mark.parametrize(
    ("interval", "expected"),
    [(1098.776, 0.8737), (180, 0.721), (5400, 0.739), (3 * HOUR, 0.561), (4 * HOUR, 0.461)],
)
def test_goodput_of_the_worked_example(interval, expected):
    assert c.goodput(interval, SAVE, MTBF, restart=RESTART) == pytest.approx(expected, abs=5e-4)


def test_the_best_interval_solves_its_equation_over_twelve_decades():
    x = np.logspace(-12, 1, 53)
    u = c.best_interval(x, 1.0)

    small = x < 1e-6
    left = -u - np.log1p(-u)
    assert np.all(np.diff(u) > 0)
    assert left[~small] == pytest.approx(x[~small], rel=1e-9)
    assert u[small] == pytest.approx(np.sqrt(2 * x[small]), rel=1e-3)
    assert c.best_interval(1e3, 1.0) == pytest.approx(1.0)


def test_no_interval_beats_the_best_one():
    delta_over_m = np.array([1e-4, 1e-2, 0.1, 0.5, 2.0])
    best = c.best_interval(delta_over_m, 1.0)

    for factor in (0.5, 0.9, 1.1, 2.0):
        rival = c.goodput(factor * best, delta_over_m, 1.0, restart=0.1, drain=0.02)
        assert np.all(rival < c.goodput(best, delta_over_m, 1.0, restart=0.1, drain=0.02))


def test_goodput_at_the_best_interval_is_one_minus_its_share_of_the_mtbf():
    tau = c.best_interval(SAVE, MTBF)

    assert c.best_goodput(SAVE, MTBF) == pytest.approx(1 - tau / MTBF, rel=1e-12)
    assert c.best_goodput(SAVE, MTBF, restart=RESTART, drain=40.0) == pytest.approx(
        float(c.goodput(tau, SAVE, MTBF, restart=RESTART, drain=40.0)), rel=1e-12
    )


def test_the_shares_add_up_and_contain_the_goodput():
    tau = np.geomspace(30, 6 * HOUR, 9)
    given = {"restart": RESTART, "drain": 70.0, "slowdown": 0.02}
    shares = c.goodput_shares(tau, SAVE, MTBF, **given)

    assert sum(shares.values()) == pytest.approx(np.ones(9))
    assert shares["useful"] == pytest.approx(c.goodput(tau, SAVE, MTBF, **given))
    assert all(np.all(share >= 0) for share in shares.values())


def test_a_job_that_never_fails_loses_only_its_saves():
    assert c.goodput(940.0, SAVE, 1e12, restart=RESTART) == pytest.approx(0.94, abs=1e-6)


def test_an_unfinished_drain_costs_the_factor_of_surviving_it():
    plain = c.goodput(1200.0, 5.0, MTBF)

    assert c.goodput(1200.0, 5.0, MTBF, drain=300.0) / plain == pytest.approx(np.exp(-300 / MTBF))


@pytest.mark.parametrize(("target", "fraction"), [(0.9, 187), (0.95, 773), (0.99, 19_867)])
def test_a_goodput_is_bought_with_a_short_save(target, fraction):
    longest = c.longest_save(target, MTBF)

    assert MTBF / longest == pytest.approx(fraction, rel=3e-3)
    assert c.best_goodput(longest, MTBF) == pytest.approx(target, rel=1e-9)


def test_the_inverse_counts_the_restart():
    longest = c.longest_save(0.9, MTBF, restart=RESTART)

    assert c.best_goodput(longest, MTBF, restart=RESTART) == pytest.approx(0.9, rel=1e-9)
    assert c.longest_save(0.99, MTBF, restart=RESTART) == 0
    assert c.bandwidth_for_goodput(0.99, 1e12, MTBF, restart=RESTART) == np.inf


def test_bandwidths_for_ninety_percent():
    size = 14 * np.array([70e9, 175e9, 405e9, 1e12])

    needed = c.bandwidth_for_goodput(0.9, size, MTBF) / 1e9
    assert needed == pytest.approx([16.9, 42.3, 97.9, 241.8], abs=0.05)


def test_half_is_lost_at_a_fifth_and_the_plan_is_fiction_at_four_fifths():
    assert c.best_goodput(np.log(2) - 0.5, 1.0) == pytest.approx(0.5)
    assert c.best_interval(0.7968, 1.0) == pytest.approx(0.7968, abs=1e-4)


def test_first_order_agrees_when_saves_are_short_and_overshoots_when_long():
    short, long = 0.001, 0.3

    for x, tolerance in ((short, 0.002), (long, np.inf)):
        loss = c.loss_first_order(c.young_interval(x, 1.0), x, 1.0)
        assert abs(loss - (1 - c.best_goodput(x, 1.0))) < tolerance
    assert c.loss_first_order(c.young_interval(long, 1.0), long, 1.0) > 0.77
    assert c.daly_interval(2.5, 1.0) == 1.0


def test_a_dashboard_without_rework_always_wants_rarer_saves():
    tau = np.geomspace(60, 30 * HOUR, 40)

    assert np.all(np.diff(c.goodput_without_rework(tau, SAVE, MTBF, restart=RESTART)) > 0)
    assert c.goodput_without_rework(3 * HOUR, SAVE, MTBF, restart=RESTART) == pytest.approx(
        0.967, abs=5e-4
    )


def test_published_first_order_cases():
    # PyPI mlsysim 0.3.0, CheckpointIntervalModel: delta 120 s at 5 h, delta 60 s at 3.125 h.
    for save, mtbf, interval, waste in (
        (120, 5 * HOUR, 2078.460969082653, 0.11547005383792516),
        (60, 3.125 * HOUR, 1161.8950038622252, 0.10327955589886445),
    ):
        assert c.young_interval(save, mtbf) == pytest.approx(interval, rel=1e-12)
        assert c.loss_first_order(interval, save, mtbf) == pytest.approx(waste, rel=1e-12)


@pytest.mark.parametrize(
    "call",
    [
        lambda: c.goodput(0.0, 1.0, 1.0),
        lambda: c.goodput(1.0, -1.0, 1.0),
        lambda: c.goodput(1.0, 1.0, 1.0, slowdown=1.5),
        lambda: c.best_interval(0.0, 1.0),
        lambda: c.best_goodput(1.0, -2.0),
        lambda: c.longest_save(0.0, 1.0),
        lambda: c.bandwidth_for_goodput(0.9, float("nan"), 1.0),
    ],
)
def test_what_has_no_meaning_is_refused(call):
    with pytest.raises(ValueError, match="must"):
        call()
