import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcore.equations.thermal import throttled_course, throttled_speed
from simcore.equations.throttling import governed_run, held_speed

CABINET = {"dynamic_power": 18.0, "idle_power": 6.0, "ambient": 35.0, "thermal_resistance": 5.0,
           "limit": 85.0}  # fmt: skip
RUN = {**CABINET, "start": 35.0, "heat_capacity": 18.0}
"""A fanless cabinet: 0.2 W/K and 90 s."""


def test_a_fanless_cabinet_by_hand():
    # 50 K at 0.2 W/K are 10 W; idle power leaves 4 of them for 18.
    assert held_speed(**CABINET) == pytest.approx(4 / 18)


def test_full_speed_where_cooling_suffices_and_none_where_idling_is_too_much():
    assert held_speed(**{**CABINET, "thermal_resistance": 2.0}) == 1
    assert held_speed(**{**CABINET, "thermal_resistance": 10.0}) == 0
    assert held_speed(**{**CABINET, "ambient": 90.0}) == 0


@given(ambient=st.floats(-10, 70), resistance=st.floats(0.5, 8))
def test_it_is_the_hard_limit_of_the_proportional_governor(ambient, resistance):
    air = {"ambient": ambient, "thermal_resistance": resistance, "limit": 85.0}
    settled = throttled_speed(24.0, idle_power=6.0, band=1e-6, **air)

    assert held_speed(**{**CABINET, **air}) == pytest.approx(settled.speed, abs=1e-6)


def test_a_run_meets_its_limit_and_is_held_there():
    onset = 90 * np.log(120 / 70)
    found = governed_run([0.0, onset / 2, onset + 1e-9, 900.0], **RUN)

    assert found.onset == pytest.approx(onset)
    assert found.speed == pytest.approx([1, 1, 4 / 18, 4 / 18])
    assert found.temperature[[0, 2, 3]] == pytest.approx([35, 85, 85])
    assert found.work == pytest.approx([0, onset / 2, onset, onset + (900 - onset) * 4 / 18])


def test_work_is_the_integral_of_speed():
    times = np.linspace(0, 400, 40_001)
    found = governed_run(times, **RUN)

    assert found.work[-1] == pytest.approx(np.sum(found.speed[:-1]) * 0.01, rel=1e-3)


def test_a_lower_cap_delays_the_limit_and_costs_nothing_later():
    free, capped = governed_run(5000.0, **RUN), governed_run(5000.0, cap=0.5, **RUN)

    assert capped.onset > free.onset
    assert capped.speed == free.speed
    assert governed_run(5000.0, cap=0.2, **RUN).onset == np.inf


def test_idle_power_alone_can_be_too_much():
    found = governed_run(1e5, **{**RUN, "thermal_resistance": 10.0})

    assert found.speed == 0
    assert found.temperature == pytest.approx(95)


def test_a_start_above_the_limit_is_refused():
    with pytest.raises(ValueError, match="above its limit"):
        governed_run(1.0, **{**RUN, "start": 86.0})


@pytest.mark.parametrize("name", ["dynamic_power", "thermal_resistance"])
def test_powers_and_resistances_are_positive(name):
    with pytest.raises(ValueError, match=name):
        held_speed(**{**CABINET, name: 0.0})


def test_a_governor_of_a_tenth_of_a_degree_comes_close():
    times = np.asarray([20.0, 60.0, 200.0])
    stepped = throttled_course(
        times, power=24.0, band=0.1, **{k: v for k, v in RUN.items() if k != "dynamic_power"}
    )
    exact = governed_run(times, **RUN)

    assert stepped.temperature == pytest.approx(exact.temperature, abs=0.11)
    assert stepped.speed == pytest.approx(exact.speed, abs=0.01)
