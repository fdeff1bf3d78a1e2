import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcore.equations.parallelism import amdahl_speedup
from simcore.equations.stages import pipelined_speedup, required_factor


def test_five_per_cent_serial_need_a_factor_of_nineteen_for_ten():
    assert required_factor(0.95, 10) == pytest.approx(19)
    assert required_factor(0.95, 20) == np.inf
    assert required_factor(0.95, 1) == pytest.approx(1)


@given(share=st.floats(0.05, 0.95), factor=st.floats(1.0, 1e3))
def test_the_factor_that_is_required_gives_the_speedup(share, factor):
    assert required_factor(share, amdahl_speedup(share, factor)) == pytest.approx(factor, rel=1e-6)


def test_overlapping_stages_stop_gaining_when_the_other_is_slowest():
    # 0.55 / 0.45: the untouched stage was almost as long as the one made faster.
    assert pipelined_speedup(0.55, 10) == pytest.approx(0.55 / 0.45)
    assert pipelined_speedup(0.55, np.inf) == pipelined_speedup(0.55, 10)
    assert pipelined_speedup(0.4, 10) == 1
    assert pipelined_speedup([0.55, 0.4], 10).shape == (2,)


@given(share=st.floats(0.0, 0.99), factor=st.floats(1.0, 1e3))
def test_overlap_gains_no_more_than_the_stage_or_amdahls_bound(share, factor):
    found = pipelined_speedup(share, factor)

    assert 1 <= found <= factor * (1 + 1e-12)
    assert found <= amdahl_speedup(share, np.inf) * (1 + 1e-12)


@pytest.mark.parametrize(("share", "factor"), [(1.2, 2), (0.5, 0), (-0.1, 2)])
def test_senseless_stages_are_refused(share, factor):
    with pytest.raises(ValueError, match=r"share|factor"):
        pipelined_speedup(share, factor)


def test_a_senseless_speedup_is_refused():
    with pytest.raises(ValueError, match="speedup"):
        required_factor(0.5, 0)
