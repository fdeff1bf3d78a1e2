import numpy as np
import pytest

from simcore.equations.federated import client_round, rounds_to_gap, slowest_of

FLAT = {"clients": 10, "smoothness": 10.0, "convexity": 0.1, "gradient": 1.0}


def test_a_round_by_hand():
    # 40 MB down at 5 MB/s, 1 TFLOP at 10 GFLOP/s, a quarter of it up at 1 MB/s.
    terms = client_round(40e6, update_ratio=0.25, download_rate=5e6, upload_rate=1e6, flop=1e12,
                         flop_rate=10e9)  # fmt: skip

    assert [float(x) for x in terms] == pytest.approx([8, 100, 10])
    assert terms.time == pytest.approx(118)


def test_the_slowest_of_many_is_waited_for():
    assert slowest_of(np.asarray([1, 2, 100]), mean=10) == pytest.approx(
        [10, 15, 51.8738], rel=1e-5
    )


def test_waiting_for_the_slowest_is_what_drawing_gives():
    drawn = np.random.default_rng(3).exponential(10.0, (20_000, 30)).max(axis=1).mean()

    assert drawn == pytest.approx(float(slowest_of(30, mean=10)), rel=0.01)


def test_rounds_are_a_u_in_the_local_steps():
    # Li et al., 2020, section 3.3: both few and many local steps take many rounds.
    rounds = rounds_to_gap(0.1, local_steps=np.geomspace(1, 1000, 61), **FLAT, noise=10.0,
                           heterogeneity=1.0)  # fmt: skip

    assert 0 < np.argmin(rounds) < 60


def test_heterogeneous_clients_take_more_rounds_and_half_the_gap_twice_as_many():
    even, uneven = rounds_to_gap(0.1, local_steps=5, **FLAT, heterogeneity=np.asarray([0.0, 5.0]))
    assert uneven > even
    near, far = rounds_to_gap(np.asarray([1e-5, 2e-5]), local_steps=5, **FLAT)
    assert near / far == pytest.approx(2, rel=1e-3)


def test_one_local_step_by_hand():
    # kappa 100, gamma 800, C = 0.4, start 40: 1000 (2 * 0.4 / 0.1 + 40) - 799.
    assert rounds_to_gap(0.1, local_steps=1, **FLAT) == pytest.approx(1000 * 48 - 799)


def test_what_has_no_meaning_is_refused():
    with pytest.raises(ValueError, match="convexity must not exceed smoothness"):
        rounds_to_gap(0.1, local_steps=1, **{**FLAT, "convexity": 20.0})
    with pytest.raises(ValueError, match="clients must be a whole number"):
        slowest_of(1.5, mean=1)
