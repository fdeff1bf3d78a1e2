"""By hand: 256 accelerators of 700 W at 40% for 30 days."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcore.equations.facility import (
    DAY,
    YEAR,
    carbon_payback,
    cooling_water,
    facility_energy,
    operational_carbon,
    ownership_cost,
    proportional_power,
    rebound,
)

KWH = 3.6e6


def test_a_month_of_256_accelerators():
    power = proportional_power(0.4, power=700, idle_share=0.3)
    energy = facility_energy(power * 256 * 30 * DAY, pue=1.06)

    assert power == pytest.approx(700 * 0.58)
    assert energy / KWH == pytest.approx(79323.9552)
    assert operational_carbon(energy, intensity=0.02 / KWH) == pytest.approx(1586.479104)
    assert cooling_water(energy, per_energy=1.8 / KWH) == pytest.approx(1.8 * 79323.9552)


def test_its_cost():
    cost = ownership_cost(25000 * 256, 118237.5936 * KWH, 30 * DAY, life=3 * YEAR,
                          price=0.12 / KWH, maintenance=0.05)  # fmt: skip

    assert cost.capital == pytest.approx(175342.46575342465)
    assert cost.energy == pytest.approx(14188.511232)
    assert cost.maintenance == pytest.approx(26301.369863013697)
    assert cost.total == pytest.approx(215832.34684843835)


def test_saved_power_pays_sooner_on_a_dirtier_grid():
    days = carbon_payback(164, saved_power=210, intensity=np.asarray([0.02, 0.82]) / KWH) / DAY

    assert days == pytest.approx([1626.984126984127, 39.68253968253968])


def test_half_the_use_and_three_times_the_volume_is_more():
    assert rebound(0.5, 3) == 1.5


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_busier_machine_never_draws_less_and_never_more_than_its_power(a, b):
    low, high = proportional_power(np.sort([a, b]), power=700, idle_share=0.3)

    assert 0.3 * 700 - 1e-9 <= low <= high <= 700 + 1e-9


def test_a_pue_below_one_is_refused():
    with pytest.raises(ValueError, match=r"pue must be 1 or more, got 0.9"):
        facility_energy(1, pue=0.9)
