import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcore.equations.lognormal import lognormal_above, lognormal_quantile
from simcore.stochastic.laws import ServiceLaw, draw_times


@pytest.mark.parametrize(
    ("deviation", "factor"), [(0.3, 1.92), (0.6, 3.37), (0.8, 4.67), (1.0, 6.21), (1.42, 9.92)]
)
def test_the_99th_percentile_over_the_mean(deviation, factor):
    found = lognormal_quantile(0.99, mean=1.0, deviation=deviation)

    assert found == pytest.approx(factor, rel=2e-3)


def test_the_median_lies_below_the_mean_and_no_spread_is_no_tail():
    assert lognormal_quantile(0.5, mean=2.0, deviation=1.0) == pytest.approx(2 * np.exp(-0.5))
    assert lognormal_quantile(0.99, mean=2.0, deviation=0.0) == 2


@given(p=st.floats(0.01, 0.999), deviation=st.floats(0.05, 2.0), mean=st.floats(0.01, 100))
def test_share_above_a_quantile_is_the_rest(p, deviation, mean):
    value = lognormal_quantile(p, mean=mean, deviation=deviation)

    assert lognormal_above(value, mean=mean, deviation=deviation) == pytest.approx(1 - p, abs=1e-9)


def test_drawn_times_follow_it():
    times = draw_times(np.random.default_rng(3), 200_000, mean=5.0, law=ServiceLaw.LOG_NORMAL,
                       scv=float(np.expm1(0.8**2)))  # fmt: skip
    p99 = float(lognormal_quantile(0.99, mean=5.0, deviation=0.8))

    assert np.mean(times > p99) == pytest.approx(0.01, rel=0.1)


@pytest.mark.parametrize(
    ("name", "values"),
    [("probability", {"probability": 1.0}), ("mean", {"mean": 0.0}),
     ("deviation", {"deviation": -1.0})],
)  # fmt: skip
def test_senseless_laws_are_refused(name, values):
    with pytest.raises(ValueError, match=name):
        lognormal_quantile(**{"probability": 0.5, "mean": 1.0, "deviation": 1.0, **values})


def test_a_senseless_value_is_refused():
    with pytest.raises(ValueError, match="value"):
        lognormal_above(0.0, mean=1.0, deviation=1.0)
