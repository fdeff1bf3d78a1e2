"""By hand: 256 accelerators that read 32 images of 110 kB every 20 ms, 80% of the time."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcore.equations.ingestion import (
    input_demand,
    preparation_time,
    step_in_sequence,
    step_overlapped,
)

TIMES = st.floats(1e-4, 1e3)


def test_demand_is_bytes_of_all_consumers_per_step():
    assert input_demand(256, 32, 110e3, 0.02, busy=0.8) == pytest.approx(36.0448e9)


def test_a_host_of_one_gigabyte_a_second_prepares_256_images_in_38_ms():
    assert preparation_time(256, 150e3, rate=1e9) == pytest.approx(38.4e-3)


def test_a_step_of_300_ms_and_200_ms_of_reading():
    serial, overlapped = step_in_sequence(0.3, 0.2), step_overlapped(0.3, 0.2)

    assert (serial.time, serial.stall) == (pytest.approx(0.5), pytest.approx(0.4))
    assert (overlapped.time, overlapped.stall) == (pytest.approx(0.3), 0)


@given(TIMES, TIMES)
def test_overlap_never_waits_longer_and_saves_at_most_half(compute, reading):
    serial, overlapped = step_in_sequence(compute, reading), step_overlapped(compute, reading)

    assert overlapped.time <= serial.time <= 2 * overlapped.time * (1 + 1e-12)
    assert overlapped.stall <= serial.stall + 1e-12


def test_arrays_are_their_numbers():
    reading = np.asarray([0.1, 0.4])
    found = step_overlapped(0.3, reading)

    assert found.time.tolist() == [float(step_overlapped(0.3, t).time) for t in reading]


def test_a_step_without_time_is_refused():
    with pytest.raises(ValueError, match="step_time must be positive"):
        input_demand(1, 1, 1, 0)
    with pytest.raises(ValueError, match="busy must lie in 0 to 1"):
        input_demand(1, 1, 1, 1, busy=1.5)
