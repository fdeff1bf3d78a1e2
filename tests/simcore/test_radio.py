import numpy as np
import pytest

from simcore.equations.radio import (
    LIGHT,
    channel_capacity,
    duty_cycled_power,
    free_space_gain,
    reach,
    round_trip,
    transmission,
)


def test_sending_16_kilobytes_over_bluetooth_costs_13_millijoule():
    found = transmission(16e3, rate=1e6 / 8, power=0.1)

    assert found.time == pytest.approx(0.128)
    assert found.energy == pytest.approx(12.8e-3)
    assert transmission(16e3, rate=125e3, power=0.1, wake_time=1).energy == pytest.approx(112.8e-3)


def test_the_light_barrier_by_hand():
    # 1500 km of fibre: 15 ms there and back; in 10 ms light reaches 1000 km.
    assert round_trip(1.5e6) == pytest.approx(15e-3)
    assert reach(10e-3) == pytest.approx(1e6)
    assert reach(10e-3, delays=12e-3) < 0
    assert round_trip(1.5e6, speed=LIGHT) < round_trip(1.5e6)


def test_shannon_by_hand():
    # Shannon, 1949: a telephone line of 3 kHz at 30 dB carries about 30 kbit/s.
    assert channel_capacity(3000, signal_to_noise=1000) * 8 == pytest.approx(29_902, rel=1e-4)
    assert channel_capacity(1e6, signal_to_noise=0) == 0


def test_friis_by_hand():
    # 2.4 GHz over 1 m: 40.05 dB; four times as far 12.04 dB more.
    near, far = 10 * np.log10(free_space_gain(np.asarray([1.0, 4.0]), frequency=2.4e9))
    assert near == pytest.approx(-40.05, abs=0.01)
    assert near - far == pytest.approx(12.04, abs=0.01)


def test_a_sleeping_device_draws_little_on_average():
    assert duty_cycled_power(10e-3, sleep=10e-6, duty=0.001) == pytest.approx(19.99e-6)


def test_what_has_no_meaning_is_refused():
    with pytest.raises(ValueError, match="speed must be at most that of light"):
        round_trip(1.0, speed=3.1e8)
    with pytest.raises(ValueError, match="duty must lie in 0 to 1"):
        duty_cycled_power(1, sleep=0, duty=1.2)
    with pytest.raises(ValueError, match="rate must be positive"):
        transmission(1, rate=0, power=1)
