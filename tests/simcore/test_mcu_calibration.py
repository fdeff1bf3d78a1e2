"""Rates of kernels from timed networks."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcore.equations.mcu import operator_cycles
from simcore.equations.mcu_calibration import operator_fit

MACS, OUTPUTS = np.array([100.0, 5000.0, 640.0]), np.array([40.0, 18.0, 20.0])


@given(st.floats(0.3, 300), st.floats(0, 1000))
def test_networks_that_follow_the_rates_give_them_back(per_mac: float, per_output: float) -> None:
    cycles = operator_cycles(MACS, OUTPUTS, cycles_per_mac=per_mac, cycles_per_output=per_output)

    rates = operator_fit(MACS, OUTPUTS, cycles)

    assert float(rates.cycles_per_mac) == pytest.approx(per_mac, rel=1e-6, abs=1e-6)
    assert float(rates.cycles_per_output) == pytest.approx(per_output, rel=1e-6, abs=1e-6)


def test_two_networks_by_hand() -> None:
    # 10 a + 1 b = 23, 20 a + 4 b = 52.
    rates = operator_fit([10, 20], [1, 4], [23, 52])

    assert float(rates.cycles_per_mac) == pytest.approx(2.0)
    assert float(rates.cycles_per_output) == pytest.approx(3.0)


def test_a_rate_is_never_negative() -> None:
    rates = operator_fit([100, 100], [10, 20], [1000, 900])

    assert float(rates.cycles_per_output) == 0.0
    assert 9 < float(rates.cycles_per_mac) < 10


@pytest.mark.parametrize(
    ("macs", "outputs", "cycles", "words"),
    [
        ([10, 20], [1, 2], [30, 60], "do not tell both rates apart"),
        ([10], [1], [30], "do not tell both rates apart"),
        ([10, 20], [1, 4], [0, 60], "cycles"),
        ([-1, 20], [1, 4], [5, 60], "macs"),
    ],
)
def test_what_tells_nothing_is_refused(
    macs: list[float], outputs: list[float], cycles: list[float], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        operator_fit(macs, outputs, cycles)
