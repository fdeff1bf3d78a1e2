import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcore.equations.dvfs import (
    critical_speed,
    relative_frequency,
    switching_power,
    work_energy,
)

POWERS = {"dynamic_power": 4.0, "static_power": 1.0}


def test_switching_by_hand_and_the_quadratic_saving_of_a_lower_voltage():
    # Chandrakasan et al., 1992: at 5 V instead of 3.3 V, (5 / 3.3)^2 = 2.3 times the power.
    assert switching_power(1e-9, voltage=1.0, frequency=1e9) == pytest.approx(1.0)
    low, high = switching_power(1e-9, voltage=np.asarray([3.3, 5.0]), frequency=1e8)
    assert high / low == pytest.approx(2.296, rel=1e-3)


def test_the_square_law_far_above_the_threshold_is_proportional():
    assert relative_frequency(0.5, nominal=1.0, threshold=0.0, index=2) == pytest.approx(0.5)
    assert relative_frequency(1.0, nominal=1.0, threshold=0.3) == pytest.approx(1)
    near = relative_frequency(np.asarray([0.35, 0.6]), nominal=1.0, threshold=0.3)
    assert near[0] < near[1] < 1


def test_the_critical_speed_by_hand_is_the_least_energy():
    best = float(critical_speed(**POWERS))

    assert best == pytest.approx((1 / 8) ** (1 / 3))
    around = work_energy(np.asarray([0.9, 1.0, 1.1]) * best, work=1, deadline=100, **POWERS)
    assert np.argmin(around) == 1


def test_racing_wins_where_the_voltage_cannot_fall():
    assert critical_speed(**POWERS, exponent=1) == np.inf
    slow, fast = work_energy(np.asarray([0.5, 1.0]), work=1, deadline=2, **POWERS, exponent=1)
    assert fast < slow
    slow, fast = work_energy(np.asarray([0.5, 1.0]), work=1, deadline=2, **POWERS)
    assert slow < fast


def test_energy_by_hand():
    # Half speed: 4 / 8 + 1 W for 2 s, then 0.1 W for 8 s.
    found = work_energy(0.5, work=1, deadline=10, sleep_power=0.1, **POWERS)
    assert found == pytest.approx(1.5 * 2 + 0.1 * 8)


@given(st.floats(0.05, 5), st.floats(0, 5), st.floats(1.5, 4))
def test_no_speed_beats_the_critical_one(dynamic, static, exponent):
    powers = {"dynamic_power": dynamic, "static_power": static, "exponent": exponent}
    best = min(1.0, max(float(critical_speed(**{k: powers[k] for k in powers})), 1e-3))

    least = work_energy(best, work=1, deadline=1e6, **powers)
    others = work_energy(np.linspace(1e-3, 1, 50), work=1, deadline=1e6, **powers)
    assert np.all(others >= least * (1 - 1e-9))


def test_what_has_no_meaning_is_refused():
    with pytest.raises(ValueError, match=r"slowest speed 0\.5"):
        work_energy(0.4, work=1, deadline=2, **POWERS)
    with pytest.raises(ValueError, match="must exceed threshold"):
        relative_frequency(0.2, nominal=1.0, threshold=0.3)
    with pytest.raises(ValueError, match="sleep_power must not exceed"):
        critical_speed(**POWERS, sleep_power=2.0)
