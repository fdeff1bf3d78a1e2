"""Data-parallel training: volumes of the ZeRO paper, a pencil's figures, limits."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcore.equations.collectives import ring_allreduce
from simcore.equations.data_parallel import (
    exposed_sync,
    sharded_sync,
    star_exchange,
    weak_speedup,
)
from simcore.equations.memory import checkpointed_share, transformer_activations, zero_traffic_ratio
from simcore.equations.stages import step_of_stages

LINK = {"bandwidth": 1.25e9, "latency": 1e-5}


def test_eight_cards_on_ten_gigabit_are_twice_as_fast_as_one():
    # 0.355 G parameters on a V100 at 0.4 of 125 TFLOP/s, 8,192 tokens: 349 ms; the ring 994 ms.
    compute = 6 * 0.355e9 * 8192 / (0.4 * 125e12)
    ring = ring_allreduce(0.71e9, 8, **LINK).time

    assert compute == pytest.approx(0.349, abs=1e-3)
    assert ring == pytest.approx(0.994, abs=1e-3)
    assert weak_speedup(8, compute, ring) == pytest.approx(2.08, abs=0.01)
    assert weak_speedup(8, compute, 0.0) == 8
    assert star_exchange(0.71e9, 8, **LINK) == pytest.approx(9.088, abs=1e-3)


def test_with_one_micro_batch_the_traffic_is_that_of_the_zero_paper():
    times = sharded_sync(2e9, 2e9, 64, stage=[0, 1, 2, 3], micro_steps=1, **LINK)

    assert times / times[0] == pytest.approx(zero_traffic_ratio([0, 1, 2, 3]))
    assert times[0] == pytest.approx(float(ring_allreduce(2e9, 64, **LINK).time))


def test_stages_that_keep_less_send_more_with_every_micro_batch():
    times = sharded_sync(2e9, 2e9, 64, stage=[0, 1, 2, 3], micro_steps=4, **LINK)

    assert times / times[0] == pytest.approx([1, 1, 2.5, 6])
    assert sharded_sync(2e9, 2e9, 1, stage=3, micro_steps=4, **LINK) == 0


def test_the_backward_pass_hides_two_thirds_of_the_arithmetic_at_most():
    assert exposed_sync(1.0, 0.9, overlap=[0, 0.5, 1]) == pytest.approx([1, 0.7, 0.4])
    assert exposed_sync(0.5, 0.9, overlap=1) == 0


@given(st.integers(1, 4096), st.floats(1e-3, 1e3), st.floats(0, 1e3))
def test_no_exchange_makes_devices_faster_than_their_number(devices, compute, exposed):
    assert weak_speedup(devices, compute, exposed) <= devices * (1 + 1e-12)


def test_stages_add_up_or_wait_for_the_slowest():
    times = [[1.0, 1.0], [3.0, 3.0], [2.0, 2.0]]

    assert step_of_stages(times, overlapped=[False, True]) == pytest.approx([6, 3])


def test_activations_of_32_bits_keep_66_bytes_an_element_and_their_masks_stay():
    sizes = {"sequence": 1024, "batch": 4, "hidden": 1600, "layers": 48, "recompute": "selective"}

    assert transformer_activations(**sizes, element_size=4) == pytest.approx(20.76e9, rel=1e-3)
    assert transformer_activations(**sizes) == pytest.approx(10.69e9, rel=1e-3)
    wide = transformer_activations(**{**sizes, "recompute": "none"}, heads=25, element_size=4)
    narrow = transformer_activations(**{**sizes, "recompute": "none"}, heads=25)
    assert wide / narrow == pytest.approx((66 + 9 * 16) / (34 + 5 * 16))  # a s / h = 16


def test_checkpoints_keep_about_two_roots_of_the_layers():
    assert checkpointed_share([1, 4, 16, 100]) == pytest.approx([1, 4 / 5, 8 / 17, 20 / 101])


@pytest.mark.parametrize(
    ("change", "message"),
    [({"stage": 4}, "stage must be 0, 1, 2 or 3, got 4"), ({"micro_steps": 0}, "micro_steps"),
     ({"devices": 0}, "devices"), ({"bandwidth": 0}, "bandwidth"),
     ({"latency": -1}, "latency")],
)  # fmt: skip
def test_what_has_no_meaning_is_refused(change, message):
    sound = {"weights": 1e9, "gradients": 1e9, "devices": 8, "stage": 1, "micro_steps": 1, **LINK}

    with pytest.raises(ValueError, match=message):
        sharded_sync(**{**sound, **change})


def test_arrays_give_what_scalars_give():
    n = np.asarray([2, 8, 32])

    together = star_exchange(1e9, n, **LINK)

    assert together == pytest.approx([float(star_exchange(1e9, x, **LINK)) for x in n])
