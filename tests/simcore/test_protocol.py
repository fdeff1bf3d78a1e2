import numpy as np
import pytest

from simcore.equations.protocol import mean_noise, throttled_protocol
from simcore.equations.throttling import governed_run, held_speed

AIR = {"ambient": 35.0, "thermal_resistance": 5.0}
DEVICE = {**AIR, "dynamic_power": 18.0, "idle_power": 6.0, "limit": 85.0}
HELD = held_speed(**DEVICE)
ALL = {**DEVICE, "heat_capacity": 18.0, "held": HELD, "second_variation": 0.15,
       "run_variation": 0.015}  # fmt: skip


def protocol(warm_up, window, repeats, pause):
    return throttled_protocol(warm_up=warm_up, window=window, repeats=repeats, pause=pause, **ALL)


def test_a_warm_run_has_no_bias_and_its_noise_is_by_hand():
    found = protocol(60, 60, 3, 0)

    assert found.bias == pytest.approx(0, abs=1e-12)
    assert found.noise == pytest.approx(1.96 * np.sqrt((0.15**2 / 60 + 0.015**2) / 3))
    assert found.time == 360
    assert found.error == pytest.approx(found.noise)


def test_the_first_minute_from_cold_is_mostly_full_speed():
    onset = 90 * np.log(120 / 70)
    found = protocol(0, 60, 1, 0)

    assert found.bias == pytest.approx((onset + (60 - onset) * HELD) / 60 / HELD - 1)


def test_repeats_without_a_pause_dilute_the_bias_and_a_pause_brings_it_back():
    once, thrice, rested = protocol(0, 60, [1, 3, 3], [0, 0, 300]).bias

    assert thrice == pytest.approx(once / 3)
    assert rested == pytest.approx(once, rel=0.1)


def test_every_repeat_is_followed_by_itself():
    """Three runs by hand: run, cool, run, cool, run."""
    start, total = 35.0, 0.0
    device = {**DEVICE, "heat_capacity": 18.0}
    for _ in range(3):
        opened, closed = (
            governed_run(15.0, start=start, **device),
            governed_run(25.0, start=start, **device),
        )
        total += (closed.work - opened.work) / 10.0
        start = 35.0 + (closed.temperature - 35.0) * np.exp(-30.0 / 90.0)

    assert protocol(15, 10, 3, 30).bias == pytest.approx(total / 3 / HELD - 1)


def test_windows_average_seconds_and_only_runs_average_runs():
    endless = mean_noise(1e12, [1, 4], second_variation=0.25, run_variation=0.03)

    assert endless == pytest.approx([1.96 * 0.03, 1.96 * 0.015])
    assert mean_noise(10, 4, second_variation=0.2, run_variation=0.0) == pytest.approx(
        1.96 * 0.2 / np.sqrt(40)
    )


@pytest.mark.parametrize(
    ("values", "message"),
    [((-1, 60, 3, 0), "warm_up"), ((0, 0, 3, 0), "window"), ((0, 60, 2.5, 0), "repeats"),
     ((0, 60, 3, -1), "pause")],
)  # fmt: skip
def test_senseless_protocols_are_refused(values, message):
    with pytest.raises(ValueError, match=message):
        protocol(*values)
