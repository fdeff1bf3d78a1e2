import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcore.equations.calibration import (
    Calibration,
    Spread,
    fit_machine,
    predict_times,
    spread_before_and_after,
    spread_of_median,
)
from simcore.equations.operators import gemm_flop, gemm_traffic

N = 1536
FLOP, TRAFFIC = float(gemm_flop(N, N, N)), float(gemm_traffic(N, N, N, element_size=4))


def tight(value, ratio=1.02):
    return Spread(value=value, low=value / ratio, high=value * ratio)


def host():
    return Calibration(bandwidth=tight(37.6e9), flop_rate=tight(107.2e9), overhead=tight(0.77e-6))


def test_a_fit_returns_the_machine_that_made_the_measurements():
    fitted = fit_machine(
        bandwidth=tight(37.6e9),
        product_time=tight(FLOP / 107.2e9 + 0.77e-6),
        product_flop=FLOP,
        product_traffic=TRAFFIC,
        overhead=tight(0.77e-6),
    )

    assert fitted.flop_rate.value == pytest.approx(107.2e9)
    assert fitted.ridge == pytest.approx(2.85, abs=0.01)
    assert fitted.flop_rate.high / fitted.flop_rate.value == pytest.approx(1.02, rel=1e-6)


def test_the_median_of_many_runs_is_known_better_than_one_run():
    few, many = (spread_of_median(1.0, 0.9, 1.1, n) for n in (9, 36))

    assert math.log(few.high) == pytest.approx(2 * math.log(many.high))
    assert few.low < 1 < few.high


def test_the_interval_of_a_median_covers_the_truth_about_19_times_in_20():
    rng = np.random.default_rng(7)
    runs = np.exp(rng.normal(0.0, 0.1, size=(4000, 15)))
    p10, median, p90 = np.percentile(runs, [10, 50, 90], axis=1)

    spreads = [spread_of_median(*row, 15) for row in zip(median, p10, p90, strict=True)]

    covered = np.mean([s.low <= 1 <= s.high for s in spreads])
    assert 0.88 < covered < 0.98


def test_a_prediction_is_overhead_bound_then_memory_bound_then_compute_bound():
    small = predict_times(host(), [100, 1e3, FLOP], [100, 1e8, TRAFFIC])

    assert list(small.terms.bound) == ["overhead", "memory", "compute"]
    assert np.all((small.low < small.time) & (small.time < small.high))


def test_the_interval_is_that_of_the_roof_that_binds():
    wide = Calibration(
        bandwidth=tight(37.6e9, 1.5), flop_rate=tight(107.2e9), overhead=tight(0.77e-6)
    )

    compute, memory = (
        predict_times(wide, flop, traffic) for flop, traffic in ((FLOP, TRAFFIC), (1e3, 1e9))
    )

    assert compute.high / compute.time == pytest.approx(1.02, rel=1e-3)
    assert memory.high / memory.time == pytest.approx(1.5, rel=1e-2)


def test_kernel_scatter_widens_and_a_slower_precision_lengthens():
    plain = predict_times(host(), FLOP, TRAFFIC)
    scattered = predict_times(host(), FLOP, TRAFFIC, kernel_scatter=0.1)
    double = predict_times(host(), FLOP, 2 * TRAFFIC, peak_ratio=0.5)

    assert scattered.high > plain.high
    assert scattered.time == plain.time
    assert double.time == pytest.approx(2 * plain.time, rel=1e-3)


@given(st.floats(1e3, 1e13), st.floats(1e3, 1e11), st.floats(1, 10))
def test_more_work_never_takes_less_time(flop, traffic, more):
    now = predict_times(host(), flop, traffic).time

    assert predict_times(host(), flop * more, traffic).time >= now
    assert predict_times(host(), flop, traffic * more).time >= now


def test_two_calibrations_that_disagree_span_both():
    both = spread_before_and_after(tight(100.0), tight(25.0))

    assert both.value == pytest.approx(50)
    assert (both.low, both.high) == pytest.approx((25 / 1.02, 102))


def test_measurements_that_cannot_calibrate_are_refused_with_the_remedy():
    good = {
        "bandwidth": tight(37.6e9), "product_time": tight(0.07), "product_flop": FLOP,
        "product_traffic": TRAFFIC, "overhead": tight(1e-6),
    }  # fmt: skip

    with pytest.raises(ValueError, match="no longer than one call"):
        fit_machine(**{**good, "overhead": tight(0.1)})
    with pytest.raises(ValueError, match="memory binds the product"):
        fit_machine(**{**good, "bandwidth": tight(1e8)})
    with pytest.raises(ValueError, match="p10 <= median <= p90"):
        spread_of_median(1.0, 1.1, 1.2, 5)
    with pytest.raises(ValueError, match="runs must be positive"):
        spread_of_median(1.0, 0.9, 1.2, 0)
    with pytest.raises(ValueError, match="0 < low <= value"):
        Spread(value=1, low=2, high=3)
