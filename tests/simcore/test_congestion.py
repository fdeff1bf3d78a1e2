import numpy as np
import pytest

from simcore.equations.congestion import overflow_time


def test_eight_senders_fill_32_megabytes_in_91_microseconds():
    time = overflow_time(8, sender_bandwidth=50e9, port_bandwidth=50e9, buffer=32e6)

    assert time == pytest.approx(32e6 / 350e9)


def test_one_sender_never_overflows_and_more_overflow_sooner():
    times = overflow_time(np.asarray([1, 2, 4]), sender_bandwidth=50e9, port_bandwidth=50e9,
                          buffer=32e6)  # fmt: skip

    assert times[0] == np.inf
    assert (np.diff(times) < 0).all()


def test_a_port_without_bandwidth_is_refused():
    with pytest.raises(ValueError, match="port_bandwidth must be positive"):
        overflow_time(2, sender_bandwidth=1, port_bandwidth=0, buffer=1)
