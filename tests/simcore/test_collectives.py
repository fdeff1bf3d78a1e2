"""Beside the literature: cases of the public engine mlsysim 0.3.0, same formulas."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcore.equations import collectives as c

FABRIC = {"bandwidth": 50e9, "latency": 5e-6}
NVLINK = {"bandwidth": 450e9, "latency": 0.5e-6}
devices = st.integers(2, 4096)
messages = st.floats(1e3, 1e12)


@pytest.mark.parametrize(
    ("function", "message", "n", "link", "time"),
    [
        (c.ring_allreduce, 280e9, 64, FABRIC, 11.02563),
        (c.tree_allreduce, 280e9, 64, FABRIC, 67.20006),
        (c.ring_allreduce, 10e9, 8, NVLINK, 0.03889588888888889),
        (c.tree_allreduce, 10e9, 8, NVLINK, 0.13333633333333333),
        (c.all_to_all, 1e9, 8, FABRIC, 0.017535),
    ],
)
def test_collectives_take_as_long_as_the_public_engine_says(function, message, n, link, time):
    assert function(message, n, **link).time == pytest.approx(time, rel=1e-9)


@pytest.mark.parametrize(
    ("nodes", "bandwidth", "message", "time"),
    [(8, 450e9, 280e9, 2.3139658888888888), (8, 900e9, 280e9, 1.7695214444444445),
     (32, 450e9, 140e9, 1.2228864444444443)],
)  # fmt: skip
def test_summing_inside_the_node_first_takes_as_long_as_the_public_engine_says(
    nodes, bandwidth, message, time
):
    terms = c.hierarchical_allreduce(
        message,
        nodes=nodes,
        devices_per_node=8,
        node_bandwidth=bandwidth,
        node_latency=0.5e-6,
        **FABRIC,
    )

    assert terms.time == pytest.approx(time, rel=1e-9)


def test_one_device_has_nothing_to_sum():
    for function in (c.ring_allreduce, c.tree_allreduce, c.reduce_scatter, c.all_to_all):
        assert function(1e9, 1, **FABRIC).time == 0


def test_a_ring_is_a_reduce_scatter_and_an_all_gather():
    half = c.reduce_scatter(1e9, 16, **FABRIC)

    assert c.ring_allreduce(1e9, 16, **FABRIC).time == pytest.approx(2 * half.time)


@given(devices, messages)
def test_no_ring_sends_more_than_twice_the_message(n, message):
    terms = c.ring_allreduce(message, n, **FABRIC)

    assert message / 50e9 <= terms.transfer < 2 * message / 50e9 * (1 + 1e-12)


def test_a_tree_wins_for_small_sums_among_many_and_a_ring_for_large_ones():
    small, large = (
        [f(m, 1024, **FABRIC).time for f in (c.tree_allreduce, c.ring_allreduce)]
        for m in (1e3, 1e10)
    )

    assert small[0] < small[1]
    assert large[0] > large[1]


@given(devices, messages, st.floats(1, 100))
def test_a_faster_link_is_never_slower(n, message, more):
    for function in (c.ring_allreduce, c.tree_allreduce, c.all_to_all):
        slow = function(message, n, bandwidth=50e9, latency=5e-6).time
        assert function(message, n, bandwidth=50e9 * more, latency=5e-6 / more).time <= slow


def test_arrays_give_what_scalars_give():
    n = np.array([2, 8, 64])

    together = c.ring_allreduce(1e9, n, **FABRIC).time

    assert together == pytest.approx([float(c.ring_allreduce(1e9, x, **FABRIC).time) for x in n])


def test_no_device_and_no_bandwidth_are_refused():
    with pytest.raises(ValueError, match="devices must be 1 or more and finite, got 0"):
        c.ring_allreduce(1e9, 0, **FABRIC)
    with pytest.raises(ValueError, match="bandwidth must be positive"):
        c.ring_allreduce(1e9, 8, bandwidth=0, latency=0)
