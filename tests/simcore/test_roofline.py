import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcore.equations.roofline import (
    arithmetic_intensity,
    attainable_rate,
    ridge_point,
    step_terms,
    step_time,
)

H100 = {"peak_flop_rate": 989e12, "bandwidth": 3.35e12}
amounts = st.floats(1e3, 1e18)
rates = st.floats(1e6, 1e16)


def test_the_ridge_of_an_h100_is_295_flop_per_byte():
    assert ridge_point(**H100) == pytest.approx(295.22, abs=0.01)


def test_a_gemm_of_512_in_fp16_reaches_572_tflops_on_an_h100():
    intensity = arithmetic_intensity(2 * 512**3, 3 * 512**2 * 2)

    assert intensity == pytest.approx(512 / 3)
    assert attainable_rate(intensity, **H100) == pytest.approx(571.7e12, rel=1e-3)


def test_at_the_ridge_both_resources_finish_together():
    terms = step_terms(295.22388e9, 1e9, **H100)

    assert terms.compute == pytest.approx(terms.memory, rel=1e-6)


def test_overhead_adds_to_the_slower_of_the_two_and_can_bind():
    terms = step_terms([1e9, 1e15, 1e3], [1e9, 1e9, 1e3], **H100, overhead=5e-6)

    assert list(terms.bound) == ["memory", "compute", "overhead"]
    assert terms.time == pytest.approx(np.maximum(terms.compute, terms.memory) + 5e-6)


def test_arrays_give_what_scalars_give():
    flop, traffic = np.array([1e9, 1e12, 1e15]), np.array([1e9, 1e9, 1e9])

    together = step_time(flop, traffic, **H100)

    singly = [step_time(f, t, **H100) for f, t in zip(flop, traffic, strict=True)]
    assert together == pytest.approx(singly)


@given(amounts, amounts, rates, rates, st.floats(1, 100))
def test_more_bandwidth_or_arithmetic_is_never_slower(flop, traffic, peak, bandwidth, more):
    slow = step_time(flop, traffic, peak_flop_rate=peak, bandwidth=bandwidth)

    assert step_time(flop, traffic, peak_flop_rate=peak, bandwidth=bandwidth * more) <= slow
    assert step_time(flop, traffic, peak_flop_rate=peak * more, bandwidth=bandwidth) <= slow


@given(amounts, amounts, rates, rates, st.floats(1e-3, 1e3), st.floats(1e-3, 1e3))
def test_scaling_the_units_of_work_scales_the_rate_the_same_way(
    flop, traffic, peak, bandwidth, f, b
):
    plain = step_time(flop, traffic, peak_flop_rate=peak, bandwidth=bandwidth)
    scaled = step_time(flop * f, traffic * b, peak_flop_rate=peak * f, bandwidth=bandwidth * b)

    assert scaled == pytest.approx(plain, rel=1e-9)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"peak_flop_rate": 0.0}, "peak_flop_rate must be positive"),
        ({"bandwidth": -1.0}, "bandwidth must be positive and finite, got -1"),
        ({"bandwidth": float("nan")}, "bandwidth must be positive"),
        ({"efficiency": 0.0}, "efficiency must be positive"),
        ({"overhead": -1e-6}, "overhead must be 0 or more"),
    ],
)
def test_senseless_input_is_refused_by_name(wrong, message):
    with pytest.raises(ValueError, match=message):
        step_terms(1e9, 1e9, **{**H100, **wrong})
