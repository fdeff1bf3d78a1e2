import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcore.equations.leakage import critical_power, leaking_temperature
from simcore.equations.thermal import steady_temperature

CHIP = {"leakage": 2.0, "reference": 60.0, "doubling": 25.0, "ambient": 25.0,
        "thermal_resistance": 2.0}  # fmt: skip


def test_without_leakage_it_is_the_plain_rise():
    found = leaking_temperature(10, **{**CHIP, "leakage": 0.0})

    assert found == pytest.approx(float(steady_temperature(10, ambient=25, thermal_resistance=2)))


def test_by_hand():
    # 60 = 25 + 2 (P + 2): at 15.5 W it settles at the reference, where 2 W leak.
    assert leaking_temperature(15.5, **CHIP) == pytest.approx(60, rel=1e-9)


def test_beyond_the_critical_power_it_runs_away():
    limit = float(critical_power(**CHIP))
    below, above = leaking_temperature(np.asarray([limit - 1e-6, limit + 1e-6]), **CHIP)

    assert np.isfinite(below)
    assert above == np.inf
    # There one degree more leaks as much as it cools: R L 2^((T - 60) / 25) ln 2 / 25 = 1.
    assert 4 * 2 ** ((below - 60) / 25) * np.log(2) / 25 == pytest.approx(1, rel=1e-3)


@given(st.floats(0, 60), st.floats(0.01, 10), st.floats(10, 60), st.floats(0.2, 5))
def test_a_settled_chip_balances_and_is_stable(power, leakage, doubling, resistance):
    chip = {**CHIP, "leakage": leakage, "doubling": doubling, "thermal_resistance": resistance}
    found = float(leaking_temperature(power, **chip))

    if np.isfinite(found):
        heat = power + leakage * 2 ** ((found - 60) / doubling)
        assert found == pytest.approx(25 + resistance * heat, rel=1e-6)
        slope = resistance * leakage * 2 ** ((found - 60) / doubling) * np.log(2) / doubling
        assert slope <= 1 + 1e-6
        assert power <= critical_power(**chip) + 1e-6
    else:
        assert power >= critical_power(**chip) - 1e-6


def test_what_has_no_meaning_is_refused():
    with pytest.raises(ValueError, match="doubling must be positive"):
        leaking_temperature(1, **{**CHIP, "doubling": 0.0})
    with pytest.raises(ValueError, match="leakage must be positive"):
        critical_power(**{**CHIP, "leakage": 0.0})
