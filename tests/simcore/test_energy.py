import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcore import catalog
from simcore.equations.energy import (
    capped_speed,
    dynamic_power,
    energy_balance,
    energy_per_flop_at,
    energy_terms,
)

HBM2 = {"energy_per_flop": 0.75e-12, "energy_per_byte": 31.4e-12}
DDR = {"energy_per_flop": 2.3e-12, "energy_per_byte": 160e-12}


def test_the_catalogue_holds_both_technologies():
    for name, expected in (("hbm2-accelerator", HBM2), ("ddr-45nm", DDR)):
        found = catalog.item("technologies", name)
        assert {key: found.value(key) for key in expected} == pytest.approx(expected)


@pytest.mark.parametrize(
    ("technology", "first", "second", "ratio"),
    [(HBM2, 10, 500, 4.79), (DDR, 10, 500, 6.98), (HBM2, 10, 128, 3.90), (DDR, 4, 500, 16.1),
     (DDR, 10, 128, 5.15)],
)  # fmt: skip
def test_the_same_flop_cost_more_energy_at_low_intensity(technology, first, second, ratio):
    low, high = (energy_per_flop_at(i, **technology) for i in (first, second))

    assert low / high == pytest.approx(ratio, abs=0.05)


def test_energy_balances_near_42_flop_per_byte_where_time_balances_near_295():
    assert energy_balance(**HBM2) == pytest.approx(41.9, abs=0.05)


def test_an_h100_at_full_arithmetic_and_bandwidth_would_draw_847_watt():
    power = dynamic_power(989e12, 3.35e12, **HBM2)

    assert power == pytest.approx(847, abs=0.5)
    assert capped_speed(power, idle_power=0, limit=700) == pytest.approx(700 / 847, rel=1e-3)


def test_a_machine_below_its_limit_runs_at_full_speed_and_an_idle_hog_not_at_all():
    speeds = capped_speed([100.0, 500.0, 120.0], idle_power=[20, 20, 110], limit=110)

    assert speeds == pytest.approx([1.0, 90 / 480, 0.0])


@given(st.floats(0.1, 1e4), st.floats(1, 100))
def test_higher_intensity_never_costs_more_per_flop(intensity, more):
    before = energy_per_flop_at(intensity, **HBM2)

    assert energy_per_flop_at(intensity * more, **HBM2) <= before


def test_terms_of_arrays_are_those_of_scalars_and_add_up():
    flop, traffic = np.array([1e12, 2e12]), np.array([1e9, 1e11])

    terms = energy_terms(flop, traffic, **HBM2, idle_power=100, time=[0.1, 0.2])

    for i in range(2):
        single = energy_terms(flop[i], traffic[i], **HBM2, idle_power=100, time=[0.1, 0.2][i])
        assert terms.total[i] == pytest.approx(single.total)
    assert terms.compute == pytest.approx([0.75, 1.5])
    assert terms.idle == pytest.approx([10, 20])


def test_negative_energies_and_no_intensity_are_refused():
    with pytest.raises(ValueError, match="energy_per_byte must be 0 or more"):
        energy_terms(1, 1, energy_per_flop=1e-12, energy_per_byte=-1)
    with pytest.raises(ValueError, match="intensity must be positive"):
        energy_per_flop_at(0, **HBM2)
