import numpy as np
import pytest

from simcore.equations.dispatch import (
    chain_traffic,
    queued_kernels,
    queued_step,
    repaid_after,
    served_total,
)
from simcore.equations.operators import chain_traffic_eager, chain_traffic_fused


def stepped(kernels, kernel_time, call):
    """The queue, kernel by kernel."""
    free = 0.0
    for i in range(kernels):
        free = max(free, (i + 1) * call) + kernel_time
    return free


@pytest.mark.parametrize("call", [1e-6, 5e-6, 20e-6])
@pytest.mark.parametrize(("kernels", "kernel_time"), [(1, 3e-6), (7, 5e-6), (20, 1e-6)])
def test_the_closed_form_is_the_queue_gone_through_kernel_by_kernel(kernels, kernel_time, call):
    step = queued_step(kernels, kernels * kernel_time, dispatch_time=call)

    assert step.time == pytest.approx(stepped(kernels, kernel_time, call))


@pytest.mark.parametrize("kernel_time", [1e-6, 5e-6, 9e-6])
@pytest.mark.parametrize("waits", [False, True])
def test_the_last_kernel_followed_ends_with_the_step(kernel_time, waits):
    queues = queued_kernels(8, [kernel_time], dispatch_time=5e-6, waits=waits)
    step = queued_step(8, 8 * kernel_time, dispatch_time=5e-6, waits=waits)

    assert queues.kernel_end[0, -1] == pytest.approx(step.time)
    assert np.all(queues.kernel_start >= queues.call_end - 1e-15)
    assert np.all(queues.kernel_start[0, 1:] >= queues.kernel_end[0, :-1] - 1e-15)


def test_small_kernels_wait_for_calls_and_large_ones_hide_them():
    small = queued_step(1000, 2e-3, dispatch_time=10e-6)
    large = queued_step(20, 2e-3, dispatch_time=10e-6)

    assert small.time / large.time == pytest.approx(10.002 / 2.01, rel=1e-6)
    assert small.busy == pytest.approx(0.2, rel=1e-3)
    assert large.busy == pytest.approx(0.995, rel=1e-3)
    waiting = queued_step(1000, 2e-3, dispatch_time=10e-6, waits=True)
    assert waiting.time == pytest.approx(12e-3)


def test_a_chain_fused_is_read_and_written_once_beside_its_second_tensors():
    assert chain_traffic(6, 10.0) == chain_traffic_eager(6, 10.0)
    assert chain_traffic(6, 10.0, fused=True) == chain_traffic_fused(10.0)
    ratio = chain_traffic(6, 1.0, extra=2) / chain_traffic(6, 1.0, extra=2, fused=True)
    assert ratio == 3.5


def test_a_preparation_is_repaid_after_what_it_saves():
    assert repaid_after(30.0, 4.2e-3, 4.2e-3 / 1.9) == pytest.approx(15_080, rel=1e-3)
    assert repaid_after([30.0, 30.0], 1e-3, [1e-3, 2e-3]).tolist() == [np.inf, np.inf]
    count = repaid_after(30.0, 4e-3, 2e-3)
    assert served_total(0.0, 4e-3, count) == pytest.approx(served_total(30.0, 2e-3, count))


def test_impossible_steps_are_refused():
    with pytest.raises(ValueError, match="kernels"):
        queued_step(0.5, 1.0, dispatch_time=0.0)
    with pytest.raises(ValueError, match="jobs"):
        queued_kernels(0, 1.0, dispatch_time=0.0)
    with pytest.raises(ValueError, match="dispatch_time"):
        queued_step(1, 1.0, dispatch_time=-1.0)
    with pytest.raises(ValueError, match="after"):
        repaid_after(1.0, 1.0, 0.0)
