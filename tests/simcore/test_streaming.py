import numpy as np
import pytest

from simcore.equations.streaming import balancing_batch, streamed_layer

WAFER = {"flop_rate": 62.5e15, "injection_bandwidth": 1.2e12}


def test_a_layer_of_70_billion_over_80_waits_for_its_weights():
    layer = streamed_layer(70.6e9 / 80, 64, element_size=2, overhead=1e-6, **WAFER)

    assert layer.injection == pytest.approx(1.4708333e-3)
    assert layer.compute == pytest.approx(2.80736e-6)
    assert layer.time == layer.injection


def test_at_the_balancing_batch_both_take_as_long():
    batch = balancing_batch(2, **WAFER)
    layer = streamed_layer(1e9, np.asarray([batch, 2 * batch]), element_size=2, **WAFER)

    assert batch == pytest.approx(52083.33, abs=0.01)
    assert layer.compute[0] == pytest.approx(layer.injection[0])
    assert layer.compute[1] == pytest.approx(2 * layer.injection[1])


def test_no_link_is_refused():
    with pytest.raises(ValueError, match="injection_bandwidth must be positive"):
        balancing_batch(2, flop_rate=1, injection_bandwidth=0)
