import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcore.equations.thermal import (
    steady_temperature,
    temperature_after,
    throttled_course,
    throttled_speed,
    time_to_temperature,
)

FANLESS = {"power": 25.0, "ambient": 35.0, "thermal_resistance": 1.25}
HOT = {"power": 25.0, "idle_power": 0.0, "ambient": 35.0, "thermal_resistance": 3.0,
       "limit": 85.0, "band": 50.0}  # fmt: skip


def test_a_fanless_box_of_25_watt_ends_at_66_degrees():
    assert steady_temperature(**FANLESS) == pytest.approx(66.25)


def test_after_one_time_constant_63_per_cent_of_the_way_is_done():
    after = temperature_after(30, start=35, heat_capacity=24, **FANLESS)

    assert (after - 35) / 31.25 == pytest.approx(1 - np.exp(-1))
    assert temperature_after(0, start=50, heat_capacity=24, **FANLESS) == 50
    assert temperature_after(1e6, start=50, heat_capacity=24, **FANLESS) == pytest.approx(66.25)


def test_the_way_to_a_temperature_and_back():
    time = time_to_temperature(60, start=35, heat_capacity=24, **FANLESS)

    assert temperature_after(time, start=35, heat_capacity=24, **FANLESS) == pytest.approx(60)
    assert time_to_temperature(67, start=35, heat_capacity=24, **FANLESS) == np.inf
    assert time_to_temperature(30, start=35, heat_capacity=24, **FANLESS) == 0


def test_the_throttle_by_hand():
    # s = 1 - (35 + 75 s - 85) / 50, so 2.5 s = 2.
    found = throttled_speed(**HOT)

    assert found.speed == pytest.approx(0.8)
    assert found.temperature == pytest.approx(95)
    assert found.power == pytest.approx(20)


def test_a_cool_device_runs_at_full_speed_and_a_floor_holds():
    cool = throttled_speed(**{**HOT, "thermal_resistance": 1.25})
    held = throttled_speed(**{**HOT, "thermal_resistance": 30.0}, floor=0.3)

    assert cool.speed == 1
    assert cool.temperature == pytest.approx(66.25)
    assert held.speed == pytest.approx(0.3)


def test_a_hard_limit_is_held_and_a_falling_voltage_loses_less_speed():
    hard = throttled_speed(**{**HOT, "band": 1e-6})
    cubic = throttled_speed(**{**HOT, "band": 1e-6}, exponent=3)

    assert hard.temperature == pytest.approx(85, abs=1e-5)
    assert hard.speed == pytest.approx(50 / 75, rel=1e-6)
    assert cubic.speed == pytest.approx((50 / 75) ** (1 / 3), rel=1e-6)


@given(st.floats(0, 50), st.floats(0, 10), st.floats(0.1, 20), st.floats(1, 60),
       st.floats(0, 1), st.floats(1, 4))  # fmt: skip
def test_the_fixed_point_is_one(ambient, idle, resistance, band, floor, exponent):
    given_ = {**HOT, "ambient": ambient, "idle_power": idle, "thermal_resistance": resistance,
              "band": band}  # fmt: skip
    found = throttled_speed(**given_, floor=floor, exponent=exponent)

    asked = np.clip(1 - (found.temperature - 85) / band, floor, 1)
    assert found.speed == pytest.approx(float(asked), abs=1e-6)
    warmer = throttled_speed(**{**given_, "ambient": ambient + 5}, floor=floor, exponent=exponent)
    assert warmer.speed <= found.speed + 1e-9


def test_arrays_give_what_scalars_give():
    ambient = np.asarray([0.0, 20.0, 35.0, 60.0])
    together = throttled_speed(**{**HOT, "ambient": ambient})

    for i, value in enumerate(ambient):
        one = throttled_speed(**{**HOT, "ambient": value})
        assert together.speed[i] == pytest.approx(float(one.speed), rel=1e-12)


def test_what_has_no_meaning_is_refused():
    with pytest.raises(ValueError, match="idle_power must not exceed power"):
        throttled_speed(**{**HOT, "idle_power": 30.0})
    with pytest.raises(ValueError, match="thermal_resistance must be positive"):
        steady_temperature(1, ambient=20, thermal_resistance=0)


COURSE = {**HOT, "start": 35.0, "heat_capacity": 20.0}


def test_a_course_ends_where_the_fixed_point_says():
    for exponent in (1, 3):
        end = throttled_speed(**HOT, exponent=exponent)
        course = throttled_course([0.0, 30.0, 1000.0], **COURSE, exponent=exponent)

        assert course.temperature[0] == 35
        assert course.speed[0] == 1
        assert course.speed[-1] == pytest.approx(float(end.speed), rel=1e-4)
        assert course.temperature[-1] == pytest.approx(float(end.temperature), rel=1e-4)


def test_before_the_limit_a_course_is_the_plain_exponential():
    reached = float(time_to_temperature(85, start=35, power=25, ambient=35, thermal_resistance=3,
                                        heat_capacity=20))  # fmt: skip
    times = np.linspace(0, reached, 7)
    course = throttled_course(times, **COURSE)
    plain = temperature_after(times, start=35, power=25, ambient=35, thermal_resistance=3,
                              heat_capacity=20)  # fmt: skip

    assert course.temperature == pytest.approx(plain, rel=1e-9)
    assert np.all(course.speed[:-1] == 1)


def test_a_throttled_course_by_hand():
    # Above the limit dT/dt = (35 + 75 (1 - (T - 85) / 50) - T) / 60 s, so T - 95 falls with
    # exp(-2.5 t / 60) from -10 on.
    course = throttled_course([0.0, 24.0], **{**COURSE, "start": 85.0})

    assert course.temperature[-1] == pytest.approx(95 - 10 * np.exp(-1), abs=0.05)


def test_courses_of_several_devices_come_at_once():
    ambient = np.asarray([0.0, 35.0])
    together = throttled_course([0.0, 100.0], **{**COURSE, "ambient": ambient})

    for i, value in enumerate(ambient):
        one = throttled_course([0.0, 100.0], **{**COURSE, "ambient": value})
        assert together.temperature[i] == pytest.approx(one.temperature, rel=1e-12)
    with pytest.raises(ValueError, match="ask for less time, a wider band"):
        throttled_course([1e9], **COURSE)
    with pytest.raises(ValueError, match="times must be a list that rises"):
        throttled_course([1.0, 0.5], **COURSE)
